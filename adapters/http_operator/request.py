"""From a request as data and the messages it is for to what is written on the wire. Pure.

Every value is escaped for where it stands: percent-encoded in an address, a query and a form, without control
characters and in ASCII in a header, quoted by the encoder in JSON.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus

import msgspec

from adapters.http_operator.fields import Fields, as_text, follow_options
from router.http_calls import (
    BATCH_FIELDS,
    ITEM,
    MESSAGE_ID,
    MESSAGES,
    Auth,
    Batch,
    Each,
    Field,
    HttpRequest,
    Json,
    JsonList,
    JsonObject,
    QueryAuth,
    Template,
)

_UNSAFE_IN_HEADER: Final = re.compile(r"[^\x20-\x7e]")
_encode = msgspec.json.Encoder().encode

Get = Callable[[str], Any]


class Prepared(NamedTuple):
    """A request as it is written, without what tells who we are."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


class _Nothing:
    """A value that is left out."""


_NOTHING: Final = _Nothing()


def prepare(request: HttpRequest, many: Sequence[Fields], batch: Batch | None, auth: Auth = None) -> Prepared:
    """The request for these messages: one, or several in a batch, for which outside of what is repeated the first one
    speaks."""
    get = _getter(many, batch)
    query = [(name, given) for name, template in request.query if (given := _optional(template, get)) is not None]
    if isinstance(auth, QueryAuth):
        query.append((auth.name, auth.value))
    return _finish(request, many, get, query)


def prepare_question(request: HttpRequest, fields: Fields, smsc_message_id: str, auth: Auth = None) -> Prepared:
    """The request that asks what became of a message."""

    def get(name: str) -> Any:
        return smsc_message_id if name == MESSAGE_ID else fields.get(name)

    query = [(name, given) for name, template in request.query if (given := _optional(template, get)) is not None]
    if isinstance(auth, QueryAuth):
        query.append((auth.name, auth.value))
    return _finish(request, (fields,), get, query)


def _finish(request: HttpRequest, many: Sequence[Fields], get: Get, query: list[tuple[str, str]]) -> Prepared:
    url = "".join([piece if isinstance(piece, str) else quote(_text(piece, get), safe="") for piece in request.url])
    if query:
        url += ("&" if "?" in url else "?") + form_encoded(query)
    headers = {
        name: header_safe(given)
        for name, template in request.headers
        if (given := _optional(template, get)) is not None
    }
    body = None
    if request.json is not None:
        document = _json(request.json, get, many, None)
        body = _encode({} if document is _NOTHING else document)
        headers.setdefault("Content-Type", "application/json")
    elif request.form is not None:
        pairs = [(name, given) for name, template in request.form if (given := _optional(template, get)) is not None]
        body = form_encoded(pairs).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return Prepared(request.method, url, headers, body)


class Kind(NamedTuple):
    """A request and what it uses of a message.

    `same` has to be the same for messages to go in one request: the fields outside of what it repeats for each of them.
    `key`: the carrier can tell that it has had it before. `data` and `header`: it has a place for binary content, and
    for a user data header.
    """

    request: HttpRequest
    same: tuple[str, ...]
    key: bool
    data: bool
    header: bool


def kind_of(request: HttpRequest) -> Kind:
    templates = [request.url, *(one for _, one in (*request.query, *request.headers, *(request.form or ())))]
    outside = dict.fromkeys(piece.name for template in templates for piece in template if isinstance(piece, Field))
    every = dict(outside)
    if request.json is not None:
        _collect(request.json, outside)
        _collect(request.json, every, within=True)
    same = tuple(
        name for name in outside if name not in BATCH_FIELDS and not name.startswith(ITEM + ".") and name != ITEM
    )
    data = "data_hex" in every or "data_base64" in every
    return Kind(request, same, "idempotency_key" in every, data, "udh_hex" in every)


def render(template: Template, fields: Fields) -> str:
    """The text of a template for one message."""
    return _whole(template, fields.get)


def form_encoded(pairs: Sequence[tuple[str, str]]) -> str:
    """application/x-www-form-urlencoded, UTF-8."""
    return "&".join([f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs])


def header_safe(value: str) -> str:
    """A value that ends no header line and is ASCII: what is not is percent-encoded."""
    return _UNSAFE_IN_HEADER.sub(lambda found: quote(found[0], safe="", errors="replace"), value).strip()


# --- templates -----------------------------------------------------------------------------------------------


def _getter(many: Sequence[Fields], batch: Batch | None) -> Get:
    first = many[0]
    if batch is None:
        return first.get

    def get(name: str) -> Any:
        if name in BATCH_FIELDS:
            numbers = [one.get("to" if name == "recipients" else "to_digits") for one in many]
            return _Numbers(numbers, batch.separator)
        return first.get(name)

    return get


class _Numbers(list[str]):
    """The recipients of a batch: a list in JSON, in text with the batch's own separator."""

    def __init__(self, numbers: Sequence[str], separator: str) -> None:
        super().__init__(numbers)
        self.separator = separator


def _said(value: Any) -> str:
    return value.separator.join(value) if isinstance(value, _Numbers) else as_text(value)


def _text(piece: Field, get: Get) -> str:
    value = get(piece.name)
    return _said(value) if value is not None else piece.default or ""


def _whole(template: Template, get: Get) -> str:
    return "".join([piece if isinstance(piece, str) else _text(piece, get) for piece in template])


def _optional(template: Template, get: Get) -> str | None:
    """The text, None where a single placeholder has nothing."""
    if len(template) == 1 and isinstance(template[0], Field) and template[0].default is None:
        value = get(template[0].name)
        return None if value is None else _said(value)
    return _whole(template, get)


def _json(shape: Json, get: Get, many: Sequence[Fields], item: Any) -> Any:
    """What a shape becomes; `item` is what the innermost repetition stands at."""
    if isinstance(shape, tuple):
        if len(shape) == 1 and isinstance(shape[0], Field):
            value = _value(shape[0].name, get, item)
            if value is None:
                return shape[0].default if shape[0].default is not None else _NOTHING
            return list(value) if isinstance(value, _Numbers) else value
        return _whole(shape, lambda name: _value(name, get, item))
    if isinstance(shape, JsonObject):
        members = [(name, _json(one, get, many, item)) for name, one in shape.members]
        left = {name: value for name, value in members if value is not _NOTHING}
        return left if left or not members else _NOTHING
    if isinstance(shape, JsonList):
        return _json_list(shape, get, many, item)
    assert not isinstance(shape, Each)
    return shape


def _json_list(shape: JsonList, get: Get, many: Sequence[Fields], item: Any) -> list[Any]:
    values: list[Any] = []
    for one in shape.items:
        if not isinstance(one, Each):
            values.append(_json(one, get, many, item))
        elif one.of == MESSAGES:
            values += [_json(one.shape, fields.get, (fields,), item) for fields in many]
        else:
            things = _value(one.of, get, item)
            values += [_json(one.shape, get, many, thing) for thing in things] if isinstance(things, list) else []
    return [value for value in values if value is not _NOTHING]


def _value(name: str, get: Get, item: Any) -> Any:
    if name == ITEM:
        return item
    if name.startswith(ITEM + "."):
        return follow_options(item, name.split(".")[1:])
    return get(name)


def _collect(shape: Json, found: dict[str, None], within: bool = False) -> None:
    """The fields of a shape; with `within` also those that are repeated for each message."""
    if isinstance(shape, tuple):
        found.update(dict.fromkeys(piece.name for piece in shape if isinstance(piece, Field)))
    elif isinstance(shape, JsonObject):
        for _, one in shape.members:
            _collect(one, found, within)
    elif isinstance(shape, JsonList):
        for one in shape.items:
            _collect(one, found, within)
    elif isinstance(shape, Each) and (within or shape.of != MESSAGES):
        found[shape.of] = None
        _collect(shape.shape, found, within)
