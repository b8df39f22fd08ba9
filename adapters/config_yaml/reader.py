"""YAML files as nodes that know their line, and the shapes they may have.

A parser takes a Value and returns what it stands for; what is wrong it reports and raises Refused. The shapes below
(`record`, `listing`, `mapping`) go on with the next key or item, so that one load finds every error.
"""

import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml

from adapters.config_yaml.errors import ConfigError, Refused

T = TypeVar("T")
K = TypeVar("K")

QUOTATION = re.compile(r"""(?<=\s)(?:'(?!<)(?:[^'\\]|\\.){2,}'|"(?:[^"\\]|\\.){2,}")""")
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HIDDEN = re.compile("\ue000\ue000([A-Za-z_][A-Za-z0-9_]*)\ue001")
TAGS = frozenset(
    f"tag:yaml.org,2002:{tag}" for tag in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value")
)


class Loader(yaml.SafeLoader):
    """Takes ${NAME} without quotes between braces and brackets too, where YAML would see a mapping begin.

    The loader in C is faster, but deep nesting overflows its stack and would end the daemon.
    """

    def __init__(self, text: str) -> None:
        # As long as what it stands for, so that every position stays true.
        super().__init__(REFERENCE.sub("\ue000\ue000\\1\ue001", text))

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        node.value = HIDDEN.sub(r"${\1}", node.value)
        return node


class Source:
    """One file of the configuration; the errors of all files of one load gather in `errors`."""

    __slots__ = ("environ", "errors", "name", "path")

    def __init__(self, path: Path, environ: Mapping[str, str], errors: list[ConfigError]) -> None:
        self.path = path.absolute()
        self.environ = environ
        self.errors = errors
        self.name = name_for_people(path)

    def beside(self, path: str | Path) -> "Source":
        """Another file of the same load; a relative path starts at this file's folder."""
        return Source(self.path.parent / path, self.environ, self.errors)

    def report(self, line: int, reason: str) -> None:
        self.errors.append(ConfigError(self.name, line, reason))

    def fail(self, line: int, reason: str) -> NoReturn:
        self.report(line, reason)
        raise Refused

    def text(self, named_by: "Value | None" = None) -> str:
        """The file's content. A file that cannot be read is an error of the value that names it."""
        try:
            data = self.path.read_bytes()
        except (OSError, ValueError) as error:
            reason = f"cannot read {self.name}: {why(error)}"
            named_by.fail(reason) if named_by else self.fail(1, reason)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.fail(data.count(b"\n", 0, error.start) + 1, "is not UTF-8")

    def root(self, named_by: "Value | None" = None) -> "Value":
        """The file's one document; an empty file is an empty mapping."""
        text = self.text(named_by)
        try:
            node = yaml.compose(text, Loader=Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            # What YAML quotes may be a piece of a secret.
            problem = QUOTATION.sub("…", error.problem or error.context or "")
            self.fail(mark.line + 1 if mark else 1, f"is not YAML: {problem}")
        except yaml.reader.ReaderError as error:
            self.fail(text.count("\n", 0, error.position) + 1, "is not YAML: a character that is not printable")
        except RecursionError:
            self.fail(1, "is not configuration: nested too deeply")
        except (ValueError, OverflowError):
            self.fail(1, "is not YAML: an escape in quotes is not a character")
        if node is None:
            start = yaml.Mark(self.name, 0, 0, 0, None, 0)
            node = yaml.MappingNode("tag:yaml.org,2002:map", [], start, start)
        return Value(self, node, "")


class Value:
    """A node with its place; `key` is the way to it from the top of its file, such as link.port."""

    __slots__ = ("key", "node", "source")

    def __init__(self, source: Source, node: yaml.Node, key: str) -> None:
        self.source = source
        self.node = node
        self.key = key

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def place(self) -> str:
        return f"{self.source.name}:{self.line}"

    @property
    def quoted(self) -> bool:
        return getattr(self.node, "style", None) in ("'", '"')

    def report(self, reason: str) -> None:
        self.source.report(self.line, f"{self.key}: {reason}" if self.key else reason)

    def fail(self, reason: str) -> NoReturn:
        self.report(reason)
        raise Refused

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_boolean(self) -> bool:
        return self.is_scalar and self.node.tag == "tag:yaml.org,2002:bool"

    def scalar(self, what: str) -> str:
        """The characters as they were written; `what` says in an error what should be there."""
        self._no_tag()
        if not self.is_scalar:
            self.fail(f"must be {what}, not a {kind(self.node)}")
        if self.node.tag == "tag:yaml.org,2002:null":
            self.fail(f"has no value: give {what} or leave the key out")
        return str(self.node.value)

    def items(self) -> list["Value"]:
        self._no_tag()
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail(f"must be a list, not a {kind(self.node)}")
        return [Value(self.source, node, self.key) for node in self.node.value]

    def entries(self) -> list[tuple["Value", "Value"]]:
        """Keys and values in the order of the file. A key given twice is reported and left out the second time."""
        self._no_tag()
        if not isinstance(self.node, yaml.MappingNode):
            self.fail(f"must be a mapping of keys, not a {kind(self.node)}")
        entries: dict[str, tuple[Value, Value]] = {}
        for key_node, node in self.node.value:
            key = Value(self.source, key_node, self.key)
            if key_node.tag == "tag:yaml.org,2002:merge":
                key.report("merge keys (<<) are not supported: write the keys out")
            elif not isinstance(key_node, yaml.ScalarNode):
                key.report("a key must be text")
            elif key_node.value in entries:
                key.report(f"key {key_node.value!r} is already given in line {entries[key_node.value][0].line}")
            else:
                path = f"{self.key}.{key_node.value}" if self.key else key_node.value
                shown = path if path.isprintable() else ascii(path)
                entries[key_node.value] = (key, Value(self.source, node, shown))
        return list(entries.values())

    def _no_tag(self) -> None:
        if self.node.tag not in TAGS:
            self.fail("tags (!) are not supported: quote the value where it begins with !")


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
        name = key.node.value
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
                key.report(f"{key.node.value!r} is given twice")
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


def kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


def why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "not a path"


def name_for_people(path: Path) -> str:
    """Relative to the working directory where the file lies below it, else as it was given."""
    plain = Path(os.path.normpath(path.absolute()))
    try:
        return str(plain.relative_to(Path.cwd()))
    except ValueError:
        return os.path.normpath(path)
