"""Documents from outside, which may be anything at all: read within bounds, and followed by ways. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from msgspec import DecodeError
from msgspec.json import Decoder

from adapters.web.forms import MOST_FIELDS, multipart_fields
from router.http_calls import Way

FORM: Final = "application/x-www-form-urlencoded"

MOST_ITEMS: Final = 10_000
_LONGEST_TEXT: Final = 64 * 1024

_decode = Decoder().decode
_PLACE: Final = re.compile(r"[0-9]{1,5}")


class Unreadable(Exception):
    """The octets are not what they should be."""


def read_json(body: bytes) -> Any:
    """Raises Unreadable."""
    try:
        return _decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable from None


def read_form(body: bytes) -> dict[str, str]:
    """The first of each name. Raises Unreadable."""
    try:
        found: dict[str, str] = {}
        for name, value in parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
        ):
            found.setdefault(name, value)
        return found
    except ValueError:
        raise Unreadable from None


def media_of(headers: dict[str, str]) -> str:
    """The media type that a Content-Type names, in small letters; "" for none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def read_multipart(body: bytes, media: str) -> dict[str, str]:
    """The first of each name (RFC 7578), without files; `media` is the whole Content-Type. Raises Unreadable."""
    try:
        return multipart_fields(body, media, "replace")
    except ValueError:
        raise Unreadable from None


def step(value: Any, key: str) -> Any:
    """One step of a way, None where it leads nowhere."""
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and _PLACE.fullmatch(key) and int(key) < len(value):
        return value[int(key)]
    return None


def follow(value: Any, way: Sequence[str]) -> Any:
    """The value at the end of the way, None where it leads nowhere."""
    for key in way:
        value = step(value, key)
        if value is None:
            return None
    return value


def items(value: Any, way: Way) -> Iterator[tuple[Any, ...]]:
    """Every value that a way with `*` leads to, each with what it stands in, innermost first. At most MOST_ITEMS."""
    left = [MOST_ITEMS]
    yield from _items((value,), way, left)


def _items(scopes: tuple[Any, ...], way: Sequence[str], left: list[int]) -> Iterator[tuple[Any, ...]]:
    if not way:
        if left[0] > 0:
            left[0] -= 1
            yield scopes
        return
    value = scopes[0]
    if way[0] != "*":
        below = step(value, way[0])
        if below is not None:
            yield from _items((below, *scopes), way[1:], left)
        return
    inside = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    for one in inside:
        if left[0] <= 0:
            return
        yield from _items((one, *scopes), way[1:], left)


def find(scopes: Sequence[Any], way: Way) -> Any:
    """What stands at the way in the innermost scope that has it, None where none has."""
    for scope in scopes:
        found = follow(scope, way)
        if found is not None:
            return found
    return None


def text_of(value: Any, most: int = _LONGEST_TEXT) -> str | None:
    """A text or a number as text; None for anything else, and for what is longer than could be meant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        value = str(value)
    return value if isinstance(value, str) and len(value) <= most else None
