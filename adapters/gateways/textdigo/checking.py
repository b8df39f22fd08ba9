"""Reading a request into its shape, with everything that is wrong in it and not only the first (TD-7, TD-8)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeVar, cast

from msgspec import DecodeError, ValidationError, convert
from msgspec.inspect import (
    DictType,
    IntType,
    ListType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)
from msgspec.json import Decoder
from msgspec.json import decode as decode_any

from router.refusal import Refusal

T = TypeVar("T")

Code = Literal["required", "type", "too_long", "too_short", "out_of_range", "enum", "format", "unknown"]

_MOST = 100
"""So many problems are told of one request."""

BODY = "body"
"""The field of what is wrong with a body as a whole."""


class Problem(NamedTuple):
    """`wanted` is what the field should be: the kind of a value, the words of an enumeration, a bound."""

    field: str
    code: Code
    wanted: str = ""


class Invalid(Refusal):
    """The request is not as its operation takes it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("invalid_request", "the request is not valid", problems[0].field)
        self.problems = problems


def read(decoder: Decoder[T], body: bytes) -> T:
    """A JSON body in its shape. Raises Invalid."""
    try:
        return decoder.decode(body)
    except ValidationError:
        raise _refused(decoder.type, body) from None
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid(Problem(BODY, "format")) from None


def read_query(given: Mapping[str, str], shape: type[T]) -> T:
    """Parameters of a query in their shape; numbers are written as text there, and a name may stand there again. Raises
    Invalid, also for that: nobody knows which of the two is meant."""
    counts = Counter(name for name, _ in given.items())
    if twice := [name[:100] for name in counts if counts[name] > 1]:
        raise Invalid(*(Problem(name, "format") for name in twice[:_MOST]))
    numbers = _numbers_of(cast(Any, shape))
    values = {
        name: int(value) if name in numbers and _WHOLE.fullmatch(value) else value for name, value in given.items()
    }
    return check(values, shape, "")


def check(value: Any, shape: type[T], place: str) -> T:
    """A part of a body, at `place`, in its shape. Raises Invalid."""
    try:
        return convert(value, shape)
    except ValidationError:
        raise Invalid(*_some(_problems(value, _described(cast(Any, shape)), place))) from None


_WHOLE = re.compile(r"-?[0-9]{1,15}")


def _refused(shape: Any, body: bytes) -> Invalid:
    try:
        value = decode_any(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return Invalid(Problem(BODY, "format"))
    return Invalid(*_some(_problems(value, _described(cast(Any, shape)), "")))


def _some(problems: Iterator[Problem]) -> list[Problem]:
    # What a shape refuses in a way that is not looked for below is wrong all the same.
    return list(islice(problems, _MOST)) or [Problem(BODY, "format")]


@lru_cache(maxsize=256)
def _described(shape: Any) -> Type:
    return type_info(shape)


@lru_cache(maxsize=64)
def _numbers_of(shape: Any) -> frozenset[str]:
    """The fields of a Struct that are whole numbers."""
    described = cast(StructType, _described(shape))
    return frozenset(one.encode_name for one in described.fields if isinstance(one.type, IntType))


def _problems(value: Any, wanted: Type, place: str) -> Iterator[Problem]:
    match wanted:
        case UnionType():
            yield from _of_any(value, wanted, place)
        case StructType():
            yield from _of_object(value, wanted, place)
        case ListType():
            yield from _of_list(value, wanted, place)
        case DictType():
            if not isinstance(value, dict):
                yield Problem(place, "type", "object")
            else:
                for name, item in value.items():
                    yield from _problems(item, wanted.value_type, f"{place}.{name}")
        case LiteralType():
            if not isinstance(value, str):
                yield Problem(place, "type", "string")
            elif value not in wanted.values:
                yield Problem(place, "enum", " | ".join(map(str, wanted.values)))
        case StrType():
            yield from _of_text(value, wanted, place)
        case IntType():
            yield from _of_number(value, wanted, place)


def _of_any(value: Any, wanted: UnionType, place: str) -> Iterator[Problem]:
    """Optional fields: null, or what the other one says."""
    if value is not None:
        for one in wanted.types:
            if not isinstance(one, NoneType):
                yield from _problems(value, one, place)


def _of_object(value: Any, wanted: StructType, place: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(place or BODY, "type", "object")
        return
    before = f"{place}." if place else ""
    known = {field.encode_name: field for field in wanted.fields}
    for name, field in known.items():
        if name in value:
            yield from _problems(value[name], field.type, before + name)
        elif field.required:
            yield Problem(before + name, "required")
    for name in value:
        if name not in known:
            yield Problem(before + name[:100], "unknown")


def _of_list(value: Any, wanted: ListType, place: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(place, "type", "array")
    elif wanted.min_length is not None and len(value) < wanted.min_length:
        yield Problem(place, "too_short", str(wanted.min_length))
    elif wanted.max_length is not None and len(value) > wanted.max_length:
        yield Problem(place, "too_long", str(wanted.max_length))
    else:
        for index, item in enumerate(value):
            yield from _problems(item, wanted.item_type, f"{place}.{index}")


def _of_text(value: Any, wanted: StrType, place: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(place, "type", "string")
    elif wanted.min_length is not None and len(value) < wanted.min_length:
        yield Problem(place, "too_short", str(wanted.min_length))
    elif wanted.max_length is not None and len(value) > wanted.max_length:
        yield Problem(place, "too_long", str(wanted.max_length))
    elif wanted.pattern is not None and not re.search(wanted.pattern, value):
        yield Problem(place, "format")


def _of_number(value: Any, wanted: IntType, place: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Problem(place, "type", "integer")
    elif (wanted.ge is not None and value < wanted.ge) or (wanted.le is not None and value > wanted.le):
        yield Problem(place, "out_of_range", f"{wanted.ge}–{wanted.le}")
