"""What our webhooks share: a POST to an address of somebody else's choice, and the pauses after those that failed."""
