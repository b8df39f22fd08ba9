"""Headers of our own for requests to somebody's server."""

import re

from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import mapping
from adapters.config_yaml.values import secret_text, text

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110 section 5.6.2
_OURS = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")


def headers(value: Value) -> tuple[tuple[str, str], ...]:
    """Names and values, in their order."""
    return tuple(_headers(value).items())


def _header(value: Value) -> str:
    name = text(value)
    if not _HEADER.fullmatch(name) or name.lower() in _OURS:
        value.fail(f"{name!r} is not the name of a header that can be set")
    return name


def _header_value(value: Value) -> str:
    written = secret_text(value)
    if not (written.isascii() and written.isprintable()):
        value.fail("must be printable ASCII")
    return written


_headers = mapping(_header, _header_value)
