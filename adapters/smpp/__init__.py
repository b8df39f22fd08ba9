"""SMPP 3.4 towards operators: codec and session without IO, and the binds that run them."""
