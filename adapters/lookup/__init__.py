"""Which network a number is with today: from a table of ported numbers, or from an HLR provider."""
