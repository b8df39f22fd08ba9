"""The shapes that the files may have.

A parser takes a Value and returns what it stands for; what is wrong it reports and raises Refused. The shapes
(`record`, `listing`, `mapping`) go on with the next key or item, so that one load finds every error.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import Value

T = TypeVar("T")
K = TypeVar("K")

Parser = Callable[[Value], T]
Schema = Mapping[str, Parser[Any]]


def as_it_is(value: Value) -> Value:
    """The parser for what can only be understood together with something else."""
    return value


def attempt(parse: Parser[T], value: Value) -> T | None:
    """What `parse` makes of the value, None where that failed (and is reported)."""
    try:
        return parse(value)
    except Refused:
        return None


def read_fields(value: Value, needed: Schema, optional: Schema) -> tuple[dict[str, Any], bool]:
    """The keys that are given and right, and whether nothing at all was wrong."""
    errors = value.source.errors
    before = len(errors)
    given: dict[str, Any] = {}
    missing = dict.fromkeys(needed)
    for key, child in value.entries():
        name = key.written
        missing.pop(name, None)
        parse = needed.get(name) or optional.get(name)
        if parse is None:
            key.report(f"unknown key {name!r}{nearest(name, [*needed, *optional])}")
            continue
        try:
            given[name] = parse(child)
        except Refused:
            continue
    for name in missing:
        value.source.report(value.line, f"{value.key}.{name} is missing" if value.key else f"{name} is missing")
    return given, len(errors) == before


def record(build: Callable[..., T], needed: Schema, optional: Schema | None = None) -> Parser[T]:
    """A mapping with these keys and no others, as the arguments of `build`; what is left out keeps its default."""
    optional = optional or {}

    def parse(value: Value) -> T:
        given, sound = read_fields(value, needed, optional)
        if not sound:
            raise Refused
        return build(**given)

    return parse


def dictionary(needed: Schema, optional: Schema | None = None) -> Parser[dict[str, Any]]:
    """As `record`, into a plain dictionary of what is given."""
    return record(lambda **given: given, needed, optional)


def listing(parse: Parser[T], least: int = 0, distinct: bool = False) -> Parser[tuple[T, ...]]:
    """A list of things of one kind, with at least `least` of them; `distinct` refuses one that comes twice."""

    def parse_all(value: Value) -> tuple[T, ...]:
        items = value.items()
        if len(items) < least:
            value.fail(f"must have at least {least} item{'s' if least > 1 else ''}")
        errors = value.source.errors
        before = len(errors)
        things: list[T] = []
        for item in items:
            try:
                thing = parse(item)
            except Refused:
                continue
            if distinct and thing in things:
                item.report(f"{thing!r} is given twice")
            things.append(thing)
        if len(errors) > before:
            raise Refused
        return tuple(things)

    return parse_all


def mapping(parse_key: Parser[K], parse: Parser[T]) -> Parser[dict[K, T]]:
    """A mapping whose keys are names or numbers of the user's choice."""

    def parse_all(value: Value) -> dict[K, T]:
        errors = value.source.errors
        before = len(errors)
        things: dict[K, T] = {}
        for key, child in value.entries():
            name, thing = attempt(parse_key, key), attempt(parse, child)
            if name is None or thing is None:
                continue
            if name in things:
                key.report(f"{key.written!r} is given twice")
            things[name] = thing
        if len(errors) > before:
            raise Refused
        return things

    return parse_all


def nearest(word: str, known: list[str]) -> str:
    """The end of a sentence about an unknown word: what may have been meant, or all there is."""
    found = get_close_matches(word, known, 1)
    if found:
        return f", did you mean {found[0]!r}?"
    return f" (known: {', '.join(sorted(known))})" if known and len(known) <= 30 else ""
