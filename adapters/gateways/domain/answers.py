"""How answers are written."""

from datetime import UTC, datetime

JSON = (
    b"Content-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
)
"""The header lines of a JSON answer."""


def seconds_utc(at: int) -> str:
    """A time in ms as 2024-01-15T10:30:00Z."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds_utc(at: int) -> str:
    """A time in ms as 2024-01-15T10:30:00.000Z."""
    return f"{seconds_utc(at)[:-1]}.{at % 1000:03d}Z"
