"""As much of PromQL as is needed to say which metrics and labels a query uses.

Strings, durations and numbers are recognised as such; every other word must be a function, a keyword, a label within
braces or after by/on/…, or a metric. What is none of these is an error, so nothing goes by unseen.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<range>\[[^\]]*\])
      |(?P<duration>\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*)|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)
      |(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)|(?P<mark>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},])""",
    re.VERBOSE,
)
_RANGE = re.compile(r"\[(?:\$__rate_interval|(?:\d+(?:ms|[smhdwy]))+)\]")
_FUNCTIONS = frozenset(
    (
        "absent", "avg", "changes", "count", "histogram_quantile", "increase", "max", "min", "min_over_time",
        "predict_linear", "rate", "sum",
    )
)  # fmt: skip
_GROUPINGS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))
_OPERATORS = frozenset(("and", "or", "unless", "offset", "bool"))


@dataclass
class Selector:
    """A metric with the labels that it is asked by; a value is the exact one, or None for a pattern."""

    name: str
    labels: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Query:
    selectors: list[Selector] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)
    """Labels that results are grouped or matched by."""


def read(text: str) -> Query:
    """Raises ValueError for what is not understood."""
    tokens = _tokens(text)
    query = Query()
    place = 0
    while place < len(tokens):
        kind, token = tokens[place]
        place += 1
        follows = tokens[place][1] if place < len(tokens) else ""
        if kind == "range" and not _RANGE.fullmatch(token):
            raise ValueError(f"range {token}")
        if kind != "word" or token in _OPERATORS:
            continue
        if token in _GROUPINGS:
            labels, place = _list(tokens, place)
            query.grouped.update(labels)
        elif follows == "(" or (token in _FUNCTIONS and follows in _GROUPINGS):
            if token not in _FUNCTIONS:
                raise ValueError(f"function {token}")
        else:
            selector = Selector(token)
            if follows == "{":
                selector.labels, place = _matchers(tokens, place)
            query.selectors.append(selector)
    if sum(token == "(" for _, token in tokens) != sum(token == ")" for _, token in tokens):
        raise ValueError("parentheses")
    return query


Tokens = list[tuple[str, str]]


def _tokens(text: str) -> Tokens:
    found: Tokens = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{text[place : place + 20]!r}")
        place = match.end()
        if match.lastgroup != "space":
            found.append((str(match.lastgroup), match.group()))
    return found


def _list(tokens: Tokens, place: int) -> tuple[list[str], int]:
    """The words between parentheses, and the place behind them."""
    end = next(at for at in range(place, len(tokens)) if tokens[at][1] == ")")
    if tokens[place][1] != "(":
        raise ValueError("a list of labels has to follow")
    return [token for kind, token in tokens[place + 1 : end] if kind == "word"], end + 1


def _matchers(tokens: Tokens, place: int) -> tuple[dict[str, str | None], int]:
    labels: dict[str, str | None] = {}
    place += 1
    while tokens[place][1] != "}":
        (_, label), (_, operator), (kind, value) = tokens[place : place + 3]
        if kind != "string" or operator not in ("=", "=~", "!=", "!~"):
            raise ValueError(f"matcher of {label}")
        labels[label] = value[1:-1] if operator == "=" else None
        place += 3
        if tokens[place][1] == ",":
            place += 1
    return labels, place + 1
