"""YAML files as nodes that know their file and line."""

import os
import re
from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn, TextIO

import yaml

from adapters.config_yaml.errors import ConfigError, Refused
from adapters.config_yaml.files import Files

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50
QUOTATION = re.compile(r"""(?<=\s)(?:'(?!<)(?:[^'\\]|\\.){2,}'|"(?:[^"\\]|\\.){2,}")""")
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HIDDEN = re.compile("\ue000\ue000([A-Za-z_][A-Za-z0-9_]*)\ue001")
TAGS = frozenset(
    f"tag:yaml.org,2002:{tag}" for tag in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value")
)


class Source:
    """One file of the configuration; the errors of all files of one load gather in `errors`."""

    __slots__ = ("environ", "errors", "files", "name", "path")

    def __init__(self, path: Path, environ: Mapping[str, str], errors: list[ConfigError], files: Files) -> None:
        self.path = path.absolute()
        self.environ = environ
        self.errors = errors
        self.files = files
        self.name = name_for_people(path) + files.label(self.path)

    def beside(self, path: str | Path) -> "Source":
        """Another file of the same load; a relative path starts at this file's folder."""
        return Source(self.path.parent / path, self.environ, self.errors, self.files)

    def within(self, name: str) -> "Source":
        """A file of the folder that this is."""
        return Source(self.path / name, self.environ, self.errors, self.files)

    def report(self, line: int, reason: str) -> None:
        self.errors.append(ConfigError(self.name, line, reason))

    def fail(self, line: int, reason: str) -> NoReturn:
        self.report(line, reason)
        raise Refused

    def text(self, named_by: "Value | None" = None) -> str:
        """The file's content. A file that cannot be read is an error of the value that names it."""
        return self._decoded(self._content(named_by))

    def lines(self, named_by: "Value") -> TextIO:
        """The file's content line by line, for large ones."""
        content = self._content(named_by)
        self._decoded(content)
        return TextIOWrapper(BytesIO(content), "utf-8-sig", newline="")

    def _content(self, named_by: "Value | None") -> bytes:
        try:
            return self.files.read(self.path)
        except (OSError, ValueError) as error:
            reason = f"cannot read {self.name}: {why(error)}"
            if named_by is not None:
                named_by.fail(reason)
            self.fail(1, reason)

    def _decoded(self, content: bytes) -> str:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.fail(content.count(b"\n", 0, error.start) + 1, "is not UTF-8")

    def root(self, named_by: "Value | None" = None) -> "Value":
        """The file's one document; an empty file is an empty mapping."""
        text = self.text(named_by)
        stranger = yaml.reader.Reader.NON_PRINTABLE.search(text)
        if stranger:
            self.fail(text.count("\n", 0, stranger.start()) + 1, "is not YAML: a character that is not printable")
        # ${NAME} stands between braces without quotes too, where YAML would see a mapping begin. What is put in its
        # place is as long, so that every position stays true.
        text = REFERENCE.sub("\ue000\ue000\\1\ue001", text)
        try:
            self._check_depth(text)
            node = yaml.compose(text, Loader=LOADER)
        except yaml.MarkedYAMLError as error:
            # What YAML quotes may be a piece of a secret.
            problem = QUOTATION.sub("…", error.problem or error.context or "")
            self.fail(line_of(error.problem_mark or error.context_mark), f"is not YAML: {problem}")
        except (ValueError, OverflowError):
            self.fail(1, "is not YAML: an escape in quotes is not a character")
        return Value(self, node, "") if node is not None else nothing(self, "")

    def _check_depth(self, text: str) -> None:
        """Composing is recursive, in C too, where it would end the daemon."""
        depth = 0
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST:
                    self.fail(line_of(event.start_mark), "is not configuration: nested too deeply")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1


class Value:
    """A node with its place; `key` is the way to it from the top of its file, such as link.port."""

    __slots__ = ("key", "node", "source")

    def __init__(self, source: Source, node: yaml.Node, key: str) -> None:
        self.source = source
        self.node = node
        self.key = key

    @property
    def line(self) -> int:
        return line_of(self.node.start_mark)

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
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_empty(self) -> bool:
        return not self.is_scalar and not self.node.value

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
        return self.written

    @property
    def written(self) -> str:
        """The characters of a key or a single value."""
        return HIDDEN.sub(r"${\1}", self.node.value)

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
            elif not key.is_scalar:
                key.report("a key must be text")
            elif (name := key.written) in entries:
                key.report(f"key {name!r} is already given in line {entries[name][0].line}")
            else:
                path = f"{self.key}.{name}" if self.key else name
                shown = path if path.isprintable() else ascii(path)
                entries[name] = (key, Value(self.source, node, shown))
        return list(entries.values())

    def _no_tag(self) -> None:
        if self.node.tag not in TAGS:
            self.fail("tags (!) are not supported: quote the value where it begins with !")


def nothing(source: Source, key: str) -> Value:
    """A mapping without keys, in place of one that is not given."""
    start = yaml.Mark(source.name, 0, 0, 0, None, 0)
    return Value(source, yaml.MappingNode("tag:yaml.org,2002:map", [], start, start), key)


def kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


def line_of(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "not a path"


def name_for_people(path: Path) -> str:
    """Relative to the working directory where the file lies below it, else as it was given."""
    plain = Path(os.path.normpath(path.absolute()))
    try:
        return str(plain.relative_to(Path.cwd()))
    except ValueError:
        return os.path.normpath(path)
