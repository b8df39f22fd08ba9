"""Requests of HTTP carriers as they are written in an operator's file: text and JSON with placeholders."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import REFERENCE, Value
from adapters.config_yaml.shapes import Parser, nearest
from adapters.config_yaml.values import CONTROL, NUMBER, WHOLE, flag, secret_text
from router.http_calls import (
    BATCH_FIELDS,
    FIELDS,
    ITEM,
    MESSAGE_ID,
    MESSAGES,
    Each,
    Field,
    Json,
    JsonList,
    JsonObject,
    Template,
)

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_DEEPER = re.compile(r"(options|item)(\.[^.\s{}|]{1,64}){1,8}")
_LONGEST = 4096
_EACH, _ITEM = "$each", "$item"


class Placeholders:
    """Which placeholders one link may use, and which it does (`used`, and `outside` of what is repeated for each
    message of a batch). `secrets` are those that its templates hold."""

    def __init__(self, values: Iterable[str], batch: bool) -> None:
        self._known = {*FIELDS, *values, *(BATCH_FIELDS if batch else ())}
        self._batch = batch
        self.used: set[str] = set()
        self.outside: set[str] = set()
        self.secrets: list[str] = []
        self._items = 0
        self._of_message = False

    def for_status(self) -> "Placeholders":
        """The same for a request that asks about one message."""
        other = Placeholders((), False)
        other._known = (self._known - set(BATCH_FIELDS)) | {MESSAGE_ID}
        other.secrets = self.secrets
        return other

    def refer(self, value: Value, name: str) -> str:
        """The name of a field, where it is one."""
        if name in self._known or (name == ITEM and self._items):
            pass
        elif not (deeper := _DEEPER.fullmatch(name)) or (deeper[1] == ITEM and not self._items):
            value.fail(f"unknown placeholder {name!r}{nearest(name, sorted(self._known))}")
        self.used.add(name)
        if not self._of_message:
            self.outside.add(name)
        return name

    def field(self, value: Value) -> str:
        """The parser of a field's name."""
        return self.refer(value, value.scalar("the name of a field"))

    def template(self, value: Value) -> Template:
        """The parser of text with placeholders; ${NAME} in it is a secret."""
        written = value.scalar("text")
        if len(written) > _LONGEST or CONTROL.search(written):
            value.fail(f"must be one line of at most {_LONGEST} characters")
        pieces: list[str | Field] = []
        at = 0
        for reference in REFERENCE.finditer(written):
            self._plain(value, written[at : reference.start()], pieces)
            pieces.append(self.secret(value, reference[0]))
            at = reference.end()
        self._plain(value, written[at:], pieces)
        return _joined(pieces)

    def secret(self, value: Value, written: str | None = None) -> str:
        """The parser of a secret; it is remembered."""
        if written is None:
            found = secret_text(value)
        else:
            found = value.source.environ.get(written[2:-1], "")
            if not found or CONTROL.search(found):
                value.fail(f"environment variable {written[2:-1]} is not set, empty or not one line of text")
        self.secrets.append(found)
        return found

    def _plain(self, value: Value, written: str, pieces: list[str | Field]) -> None:
        if "${" in written:
            value.fail("a reference must be ${NAME}")
        at = 0
        for token in _TOKEN.finditer(written):
            pieces.append(written[at : token.start()])
            at = token.end()
            if token[0] in ("{{", "}}"):
                pieces.append(token[0][0])
            elif token[1] is None:
                value.fail("a brace without its other: write {{ or }} for one that is none of a placeholder")
            else:
                name, bar, default = token[1].partition("|")
                pieces.append(Field(self.refer(value, name), default if bar else None))
        pieces.append(written[at:])

    def json(self, value: Value) -> JsonObject | JsonList:
        """The parser of a JSON body."""
        if value.is_scalar:
            value.fail("must be a mapping or a list, written as YAML")
        parsed = self._json(value)
        if not isinstance(parsed, JsonObject | JsonList):
            value.fail(f"{_EACH} stands in a list")
        return parsed

    def _json(self, value: Value, in_list: bool = False) -> Json:
        if value.is_scalar:
            return self._scalar(value)
        errors = value.source.errors
        before = len(errors)
        parsed: Json
        if value.is_list:
            parsed = JsonList(tuple(_all(value.items(), lambda item: self._json(item, in_list=True))))
        else:
            entries = value.entries()
            if any(key.written in (_EACH, _ITEM) for key, _ in entries):
                return self._each(value, {key.written: child for key, child in entries}, in_list)
            members = _all(entries, lambda entry: (entry[0].written, self._json(entry[1])))
            parsed = JsonObject(tuple(members))
        if len(errors) > before:
            raise Refused
        return parsed

    def _each(self, value: Value, given: dict[str, Value], in_list: bool) -> Each:
        if set(given) != {_EACH, _ITEM}:
            value.fail(f"needs {_EACH} and {_ITEM}, and nothing else")
        if not in_list:
            value.fail(f"{_EACH} stands in a list")
        of = given[_EACH].scalar("the name of a list")
        if of == MESSAGES:
            if not self._batch:
                given[_EACH].fail("messages are repeated in a batch only: give batch")
            if self._of_message:
                given[_EACH].fail("messages are repeated once only")
            self.used.add(MESSAGES)
            self._of_message = True
            try:
                return Each(of, self._json(given[_ITEM]))
            finally:
                self._of_message = False
        self.refer(given[_EACH], of)
        self._items += 1
        try:
            return Each(of, self._json(given[_ITEM]))
        finally:
            self._items -= 1

    def _scalar(self, value: Value) -> Json:
        tag = value.node.tag.rpartition(":")[2]
        written = value.written
        if not value.quoted:
            if tag == "null":
                return None
            if tag == "bool":
                return flag(value)
            if tag == "int" and WHOLE.fullmatch(written):
                return int(written, 0)
            if tag == "float" and NUMBER.fullmatch(written):
                return float(written)
        return self.template(value)


def pairs(parse_key: Parser[str], parse: Parser[Template]) -> Parser[tuple[tuple[str, Template], ...]]:
    """Names and what they are given, in the order of the file."""

    def parse_all(value: Value) -> tuple[tuple[str, Template], ...]:
        errors = value.source.errors
        before = len(errors)
        found = _all(value.entries(), lambda entry: (parse_key(entry[0]), parse(entry[1])))
        if len(errors) > before:
            raise Refused
        return tuple(found)

    return parse_all


def _all(things: Iterable[Any], parse: Callable[[Any], Any]) -> list[Any]:
    """What can be parsed; what cannot has been reported."""
    found = []
    for thing in things:
        try:
            found.append(parse(thing))
        except Refused:
            continue
    return found


def _joined(pieces: Iterable[str | Field]) -> Template:
    """Without empty pieces, and text beside text made one."""
    joined: list[str | Field] = []
    for piece in pieces:
        if isinstance(piece, Field):
            joined.append(piece)
        elif piece and joined and not isinstance(joined[-1], Field):
            joined[-1] += piece
        elif piece:
            joined.append(piece)
    return tuple(joined)
