"""Carrier Router: decides how every message travels; does no IO itself."""
