"""Parsers of single values: text, numbers, choices, secrets, files, names."""

import re
from collections.abc import Callable, Hashable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast

from adapters.config_yaml import words
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import REFERENCE, Source, Value, why
from adapters.config_yaml.shapes import Parser, nearest

T = TypeVar("T")

WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})|0x[0-9A-Fa-f]{1,15}")
NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
SECRET_MAX = 64 * 1024


def text(value: Value) -> str:
    """One line of at least one and at most 320 characters."""
    written = value.scalar("text")
    if not written:
        value.fail("must not be empty")
    return _line(value, written)


def text_or_empty(value: Value) -> str:
    return _line(value, value.scalar("text"))


def _line(value: Value, written: str) -> str:
    if "${" in written:
        value.fail("${…} is for secrets only")
    if len(written) > 320 or CONTROL.search(written):
        value.fail("must be one line of at most 320 characters")
    return written


def word(convert: Callable[[str], T]) -> Parser[T]:
    """Text with a form of its own; `convert` raises ValueError with the reason."""

    def parse(value: Value) -> T:
        written = text_or_empty(value)
        try:
            return convert(written)
        except ValueError as error:
            value.fail(str(error))

    return parse


def secret(value: Value) -> str:
    """As written, or `${NAME}` from the environment, or `file:PATH` from a file, where `${NAME}` may stand for a folder
    of the path. Never part of an error."""
    written = value.scalar("text")
    if written.startswith("file:"):
        written = _file_content(value, written.removeprefix("file:"))
    elif "${" in written:
        reference = REFERENCE.fullmatch(written)
        if not reference:
            value.fail("a reference must be ${NAME} and nothing else")
        written = _from_environment(value, reference[1])
    if not written:
        value.fail("must not be empty")
    if CONTROL.search(written):
        value.fail("must be one line of text")
    return written


def secret_text(value: Value) -> str:
    """As `secret`, but ${NAME} may also stand within other text, once or more often."""
    written = value.scalar("text")
    if "${" not in written or REFERENCE.fullmatch(written) or written.startswith("file:"):
        return secret(value)
    if "${" in REFERENCE.sub("", written):
        value.fail("a reference must be ${NAME}")
    written = REFERENCE.sub(lambda reference: _from_environment(value, reference[1]), written)
    if CONTROL.search(written):
        value.fail("must be one line of text")
    return written


def _from_environment(value: Value, name: str) -> str:
    found = value.source.environ.get(name)
    if not found:
        value.fail(f"environment variable {name} is {'not set' if found is None else 'empty'}")
    return found


def _file_content(value: Value, written: str) -> str:
    if "${" in REFERENCE.sub("", written):
        value.fail("a reference must be ${NAME}")
    path = REFERENCE.sub(lambda reference: _from_environment(value, reference[1]), written)
    source = value.source.beside(path)
    # What a variable holds is not shown: it may have been meant as a secret.
    name = source.name if path == written else written
    try:
        with source.path.open("rb") as file:
            data = file.read(SECRET_MAX + 1)
        if len(data) > SECRET_MAX:
            value.fail(f"{name} is too large for a secret")
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        value.fail(f"{name} is not UTF-8")
    except (OSError, ValueError) as error:
        value.fail(f"cannot read {name}: {why(error)}")


def secret_word(convert: Callable[[str], T]) -> Parser[T]:
    """A secret with a form of its own; the reason that `convert` raises must not show it."""

    def parse(value: Value) -> T:
        written = secret(value)
        try:
            return convert(written)
        except ValueError as error:
            value.fail(str(error))

    return parse


def octets(limit: int, read: Parser[str] = text_or_empty) -> Parser[str]:
    """A C-octet string of SMPP: Latin-1, `limit` octets without its closing NUL."""

    def parse(value: Value) -> str:
        written = read(value)
        if len(written) > limit:
            value.fail(f"must have at most {limit} characters")
        if any(ord(character) > 255 for character in written):
            value.fail("has a character that SMPP cannot carry (Latin-1 only)")
        return written

    return parse


def whole(least: int, most: int = 2**53) -> Parser[int]:
    def parse(value: Value) -> int:
        written = value.scalar("a whole number")
        if value.quoted or not WHOLE.fullmatch(written):
            value.fail("must be a whole number, without quotes")
        number = int(written, 0)
        if not least <= number <= most:
            value.fail(f"{written} is out of range ({_span(least, most)})")
        return number

    return parse


def number(least: int, most: int = 2**53) -> Parser[float]:
    def parse(value: Value) -> float:
        written = value.scalar("a number")
        if value.quoted or not NUMBER.fullmatch(written):
            value.fail("must be a number, without quotes")
        amount = float(written)
        if not least <= amount <= most:
            value.fail(f"{written} is out of range ({_span(least, most)})")
        return amount

    return parse


def _span(least: int, most: int) -> str:
    return f"at least {least}" if most == 2**53 else f"{least} to {most}"


def number_key(most: int) -> Parser[int]:
    """A key such as "0x0000000B" or 11, from 1 to `most`."""

    def parse(value: Value) -> int:
        written = value.scalar("a number")
        if not WHOLE.fullmatch(written):
            value.fail(f"{written!r} must be a whole number, such as {most:#x}")
        number = int(written, 0)
        if not 1 <= number <= most:
            value.fail(f"{written} is out of range (1 to {most:#x})")
        return number

    return parse


def flag(value: Value) -> bool:
    written = value.scalar("true or false").lower()
    if value.quoted or not value.is_boolean or written not in BOOLEANS:
        value.fail("must be true or false, without quotes")
    return BOOLEANS[written]


def one_of(choices: type[StrEnum] | tuple[str, ...]) -> Parser[Any]:
    """One of some fixed words; of an enumeration, its member."""
    members = {str(choice): choice for choice in choices}

    def parse(value: Value) -> Any:
        # `off` would be a boolean to YAML; here it is the word that was written.
        written = value.scalar(f"one of {', '.join(members)}")
        if written not in members:
            value.fail(f"{written!r} is not one of {', '.join(members)}")
        return members[written]

    return parse


def file(value: Value) -> Path:
    """The absolute path of a file that can be read."""
    source = value.source.beside(text(value))
    try:
        with source.path.open("rb"):
            return source.path
    except (OSError, ValueError) as error:
        value.fail(f"cannot read {source.name}: {why(error)}")


def unique(kind: str, parse: Parser[T], by: Callable[[T], Hashable] = lambda thing: cast(Hashable, thing)) -> Parser[T]:
    """Refuses a value that was already met, told apart `by` this; it may be secret and is not shown."""
    places: dict[Hashable, str] = {}

    def parse_once(value: Value) -> T:
        thing = parse(value)
        if by(thing) in places:
            value.fail(f"this {kind} is already given in {places[by(thing)]}")
        places[by(thing)] = value.place
        return thing

    return parse_once


class Names:
    """The names of one kind of thing. While some could not be read (`complete` is off), none is called unknown."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.places: dict[str, str] = {}
        self.complete = True

    def define(self, value: Value) -> str:
        try:
            name = word(words.name)(value)
        except Refused:
            self.complete = False
            raise
        if name in self.places:
            value.fail(f"{self.kind} {name!r} is already defined in {self.places[name]}")
        self.places[name] = value.place
        return name

    def refer(self, value: Value) -> str:
        name = text(value)
        if self.complete and name not in self.places:
            value.fail(f"unknown {self.kind} {name!r}{nearest(name, list(self.places))}")
        return name


def named_source(value: Value) -> tuple[Source, Value]:
    """Another file of the configuration, and the value to blame where it cannot be read."""
    return value.source.beside(text(value)), value
