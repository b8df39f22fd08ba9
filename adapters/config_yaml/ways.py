"""How a place in a document, a header and a choice of values are written."""

import re

from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import listing
from adapters.config_yaml.values import text
from router.http_calls import Way

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110 section 5.6.2
_OURS = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")
_KEY = re.compile(r"[^\s.]{1,64}")


def way(value: Value) -> Way:
    """The way to a value; `\\.` is a dot within a key."""
    keys = text(value).replace("\\.", "\0").split(".")
    if not all(_KEY.fullmatch(key) for key in keys):
        value.fail("must be the way to a value, such as status or results.0.id")
    return tuple(key.replace("\0", ".") for key in keys)


def ways(value: Value) -> tuple[Way, ...]:
    """One way, or several of which the first that leads anywhere counts."""
    return (way(value),) if value.is_scalar else listing(way, least=1, distinct=True)(value)


def header(value: Value) -> str:
    name = text(value)
    if not _HEADER.fullmatch(name) or name.lower() in _OURS:
        value.fail(f"{name!r} is not the name of a header that can be set")
    return name


def choices(value: Value) -> tuple[str, ...]:
    """One value or several as text; none for `present`, which is any at all."""
    if value.is_scalar:
        written = value.scalar("a value, a list of them, or present")
        return () if written == "present" and not value.quoted else (written,)
    return listing(any_text, least=1, distinct=True)(value)


def any_text(value: Value) -> str:
    return value.scalar("text")
