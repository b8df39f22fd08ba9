"""What the engine asks of the outside. The contracts stand here; adapters keep them."""
