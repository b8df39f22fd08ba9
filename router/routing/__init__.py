"""Which operator, and why. Pure."""
