"""Operators that are reached by HTTP, as data describes them."""
