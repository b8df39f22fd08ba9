"""The console: a web page for the person on call, its sessions, and the stream of numbers that feeds it."""

from adapters.http.console.calls import console_calls

__all__ = ["console_calls"]
