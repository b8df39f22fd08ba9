"""The internal HTTP API: submits, messages, events, previews, control of the daemon, and its own documentation."""

from adapters.http.app import http_server
from adapters.http.services import Services

__all__ = ["Services", "http_server"]
