"""Which keys of two values differ, and how they read. Secrets are never shown."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from msgspec import Struct, structs

_LONGEST_TEXT = 200

# Values have names that Python allows; the files and the API say it in this way.
_WORDS = {"traffic_class": "class"}


class Change(Struct, frozen=True):
    """One key with its value before and after; null is absent, durations are seconds. Of a secret only that it is
    another."""

    key: str
    before: str | None
    after: str | None
    secret: bool = False


def changes(before: Any, after: Any, key: str, skip: tuple[str, ...] = (), secret: bool = False) -> Iterator[Change]:
    """The keys below `key` that differ; what a dataclass keeps out of its repr is secret."""
    if before is after or (not skip and before == after):
        return
    parts = _shared_parts(before, after)
    if parts is None:
        # Of something that is all secret, only that it comes or goes can be said.
        hidden = secret or (before is not None and after is not None and bool(_names(after)) and not _shown(after))
        yield Change(key, None, None, True) if hidden else Change(key, _text(before), _text(after))
        return
    for name, old, new, hidden in parts:
        if name not in skip:
            word = _WORDS.get(name, name)
            yield from changes(old, new, f"{key}.{word}" if key else word, (), secret or hidden)


def _shared_parts(before: Any, after: Any) -> list[tuple[str, Any, Any, bool]] | None:
    """Name, both values and whether they are secret, for two of a kind; None for what has no parts to compare."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [(str(name), before.get(name), after.get(name), False) for name in {**before, **after}]
    if type(before) is not type(after) or not _shown(before):
        return None
    return [(name, getattr(before, name), getattr(after, name), hidden) for name, hidden in _names(before)]


def _names(value: Any) -> list[tuple[str, bool]]:
    """The fields of a value and whether each is secret."""
    if is_dataclass(value):
        return [(one.name, not one.repr) for one in fields(value)]
    return [(one.name, False) for one in structs.fields(value)] if isinstance(value, Struct) else []


def _shown(value: Any) -> list[str]:
    return [name for name, hidden in _names(value) if not hidden]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = text_of(value)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def text_of(value: Any) -> str:
    """A value as the files would say it, nearly."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.15g}"
        case Enum():
            return str(value.value)
        case bytes():
            return f"{len(value)} octets"
        case dict():
            return _braces({str(name): one for name, one in value.items()})
        case set() | frozenset():
            return text_of(sorted(value))
        case list() | tuple():
            return f"[{', '.join(text_of(one) for one in value)}]"
    if _names(value):
        shown = {_WORDS.get(name, name): getattr(value, name) for name in _shown(value)}
        return _braces(shown) if shown else "set"
    return str(value)


def _braces(given: dict[str, Any]) -> str:
    inside = ", ".join(f"{name}: {text_of(one)}" for name, one in given.items() if one is not None)
    return f"{{{inside}}}"
