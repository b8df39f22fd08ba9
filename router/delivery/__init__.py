"""When, how fast and how often; what an outcome or a receipt means for a message. Pure."""
