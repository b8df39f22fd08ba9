"""The link of an operator that is an HTTP carrier: its requests and what its answers mean."""

import re
from base64 import b64encode
from typing import Any, get_args
from urllib.parse import urlsplit

from adapters.config_yaml import words
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.http_callbacks import callbacks, receipt_keys, receipt_shape
from adapters.config_yaml.link_parts import link_tls, pauses
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, as_it_is, attempt, listing, mapping, read_fields, record
from adapters.config_yaml.templates import Placeholders, pairs
from adapters.config_yaml.values import number, one_of, text, whole, word
from adapters.config_yaml.ways import any_text, choices, header, way
from router.http_calls import (
    FIELDS,
    MESSAGES,
    Answer,
    Auth,
    BasicAuth,
    Batch,
    CancelCall,
    Condition,
    Field,
    HeaderAuth,
    HttpRequest,
    Mapped,
    OAuth2,
    Pick,
    QueryAuth,
    StatusCall,
    Template,
)
from router.operator import HttpLink, LongForm, Override, Reconnect, Tls

_NAMES = re.compile(r"[a-z][a-z0-9_]{0,63}")
_STATUSES = re.compile(r"([1-5])xx|([1-5][0-9]{2})")
_BASE = re.compile(r"https?://[^/?#]+(/|$)")

_NEEDED_FOR_PARTS: dict[str, set[str]] = {
    "udh8": {"udh_hex"},
    "udh16": {"udh_hex"},
    "sar": {"part", "parts", "concat_reference"},
}


def http_link(value: Value, long: LongForm) -> HttpLink:
    """The parser of the link. `long` is how the operator takes long texts. Raises Refused."""
    given, sound = read_fields(
        value,
        {"request": as_it_is},
        {
            "values": as_it_is,
            "batch": _batch,
            "auth": as_it_is,
            "answer": as_it_is,
            "codes": mapping(text, one_of(get_args(Override))),
            "status": as_it_is,
            "cancel": as_it_is,
            "callbacks": as_it_is,
            "window": whole(1, 10_000),
            "tps": number(0),
            "connect_timeout": word(words.duration),
            "response_timeout": word(words.duration),
            "keep_alive": word(words.duration),
            "reconnect": pauses(record(Reconnect, {}, {"initial": word(words.duration), "max": word(words.duration)})),
            "tls": link_tls,
        },
    )
    batch: Batch | None = given.get("batch")
    own = attempt(_values, given["values"]) if "values" in given else {}
    sound = sound and own is not None
    names = Placeholders(own or {}, batch is not None)
    readers: dict[str, Parser[Any]] = {
        "request": _requests(names),
        "auth": _auth(names),
        "answer": _answer(names),
        "status": _status(names.for_status()),
        "cancel": _cancel(names.for_status()),
        "callbacks": callbacks(names),
    }
    for key, read in readers.items():
        if key in given:
            given[key] = attempt(read, given[key])
            sound = sound and (given[key] is not None or key == "auth")
    if not sound:
        raise Refused
    requests: tuple[HttpRequest, ...] = given.pop("request")
    _check(value, requests, given, names, long)
    base = urlsplit(str(requests[0].url[0]))
    if base.scheme == "http" and given.get("tls"):
        value.fail("tls goes with an https address")
    given["values"] = own
    given["tls"] = given.get("tls") or Tls()
    return HttpLink(
        host=base.hostname or "",
        port=base.port or (443 if base.scheme == "https" else 80),
        secure=base.scheme == "https",
        requests=requests,
        secrets=tuple(dict.fromkeys(names.secrets)),
        **given,
    )


def _check(
    value: Value, requests: tuple[HttpRequest, ...], given: dict[str, Any], names: Placeholders, long: LongForm
) -> None:
    """What is only right or wrong together."""
    batch, taken = given.get("batch"), given.get("callbacks")
    if any(not one.when for one in requests[:-1]):
        value.fail("request: only the last of several may be without `when`, for it takes all that is left")
    missing = _NEEDED_FOR_PARTS.get(long, set()) - names.used
    if missing:
        value.fail(f"text.long {long} needs the placeholder {{{sorted(missing)[0]}}}, for the parts to be one message")
    if batch is not None:
        if not names.used & {MESSAGES, "recipients", "recipients_digits"}:
            value.fail("batch: a request needs `$each: messages` or the placeholder {recipients}")
        alone = names.outside & {"idempotency_key", "id", "to", "to_digits"}
        if alone:
            value.fail(f"batch: {{{sorted(alone)[0]}}} is one message's, and stands where the request has many")
    if "callback_url" in names.used and (taken is None or taken.public_url is None):
        value.fail("the placeholder {callback_url} needs callbacks.public_url, where the provider reaches us")


def _values(value: Value) -> dict[str, Mapped]:
    plain = Placeholders((), False)

    def name(key: Value) -> str:
        written = key.scalar("a name")
        if not _NAMES.fullmatch(written) or written in FIELDS or written in ("options", "item"):
            key.fail(f"{written!r} cannot be the name of a value: small letters, digits, underscore, and not taken")
        return written

    def said(value: Value) -> Any:
        parsed = plain._scalar(value) if value.is_scalar else value.fail("must be a single value")
        if isinstance(parsed, tuple):
            if any(isinstance(piece, Field) for piece in parsed):
                value.fail("must be plain text, without placeholders")
            return "".join(str(piece) for piece in parsed)
        if parsed is None:
            value.fail("must be a single value")
        return parsed

    def mapped(**given: Any) -> Mapped:
        return Mapped(given["of"], given["words"])

    return mapping(name, record(mapped, {"of": plain.field, "words": mapping(any_text, said)}))(value)


# --- requests ------------------------------------------------------------------------------------------------


def _requests(names: Placeholders) -> Parser[tuple[HttpRequest, ...]]:
    one = _request(names)
    several = listing(one, least=1)
    return lambda value: several(value) if value.is_list else (one(value),)


def _request(names: Placeholders, methods: tuple[str, ...] = ("GET", "POST", "PUT")) -> Parser[HttpRequest]:
    def build(**given: Any) -> HttpRequest:
        return HttpRequest(**given)

    parse = record(
        build,
        {"url": lambda value: _url(value, names)},
        {
            "method": one_of(methods),
            "query": pairs(text, names.template),
            "headers": pairs(header, names.template),
            "json": names.json,
            "form": pairs(text, names.template),
            "when": _when(names),
        },
    )

    def parse_one(value: Value) -> HttpRequest:
        request = parse(value)
        if request.json is not None and request.form is not None:
            value.fail("has a json or a form, not both")
        if request.method in ("GET", "DELETE") and (request.json is not None or request.form is not None):
            value.fail(f"a {request.method} has no body: use query")
        return request

    return parse_one


def _url(value: Value, names: Placeholders) -> Template:
    template = names.template(value)
    base = _BASE.match(template[0]) if template and isinstance(template[0], str) else None
    if base is None or (len(template) > 1 and not base[1]):
        value.fail("must begin with http:// or https:// and a host; placeholders stand behind that")
    try:
        words.url(str(template[0]))
    except ValueError as error:
        value.fail(str(error))
    if any(isinstance(piece, str) and set(piece) & set(' #"<>\\^`') for piece in template):
        value.fail("has a character that cannot stand in an address")
    return template


def _when(names: Placeholders) -> Parser[tuple[Condition, ...]]:
    def parse(value: Value) -> tuple[Condition, ...]:
        given = mapping(names.field, choices)(value)
        return tuple(Condition(field, values) for field, values in given.items())

    return parse


# --- answers -------------------------------------------------------------------------------------------------


def pick(value: Value) -> Pick:
    """Where an answer has something: a way in its JSON, {header: NAME} or {regex: PATTERN}."""
    if value.is_scalar:
        return Pick("json", way(value))
    given, sound = read_fields(value, {}, {"header": header, "regex": _pattern})
    if not sound:
        raise Refused
    if len(given) != 1:
        value.fail("must be a way in the JSON, such as messages.0.id, or {header: NAME} or {regex: PATTERN}")
    return Pick("header" if "header" in given else "regex", word=next(iter(given.values())))


def _pattern(value: Value) -> str:
    written = value.scalar("a regular expression")
    try:
        if re.compile(written).groups > 1:
            value.fail("must have at most one group, which is what is taken")
    except re.error as error:
        value.fail(f"is not a regular expression: {error}")
    return written


def _answer(names: Placeholders) -> Parser[Answer]:
    def own(value: Value) -> Pick | Template:
        if not value.is_scalar and [key.written for key, _ in value.entries()] == ["own"]:
            return names.template(value.entries()[0][1])
        return pick(value)

    def build(**given: Any) -> Answer:
        success = given.pop("success", {})
        if isinstance(given.get("id"), tuple):
            given["own_id"] = given.pop("id")
        return Answer(**given, **success)

    return record(build, {}, {"success": _success, "id": own, "code": pick})


def _success(value: Value) -> dict[str, Any]:
    given, sound = read_fields(value, {}, {"status": _statuses, "at": pick, "is": choices})
    if not sound:
        raise Refused
    if "is" in given and "at" not in given:
        value.fail("`is` needs `at`, where the value stands")
    names = {"status": "statuses", "at": "check", "is": "values"}
    return {names[key]: one for key, one in given.items()}


def _statuses(value: Value) -> tuple[tuple[int, int], ...]:
    def one(value: Value) -> tuple[int, int]:
        found = _STATUSES.fullmatch(value.scalar("a status"))
        if not found:
            value.fail("must be an HTTP status such as 200, or 2xx for all that begin so")
        return (int(found[1]) * 100, int(found[1]) * 100 + 99) if found[1] else (int(found[2]), int(found[2]))

    return (one(value),) if value.is_scalar else listing(one, least=1, distinct=True)(value)


_batch = record(
    Batch,
    {"most": whole(2, 10_000)},
    {"wait": word(words.duration), "results": way, "to": way, "separator": any_text},
)


def _status(names: Placeholders) -> Parser[StatusCall]:
    def build(**given: Any) -> StatusCall:
        return StatusCall(given.pop("request"), receipt_shape(given))

    return record(build, {"request": _request(names), "state": way}, receipt_keys())


def _cancel(names: Placeholders) -> Parser[CancelCall]:
    def build(**given: Any) -> CancelCall:
        return CancelCall(given["request"], Answer(**given.get("success", {})))

    request = _request(names, ("GET", "POST", "PUT", "DELETE"))
    return record(build, {"request": request}, {"success": _success})


# --- who we are ----------------------------------------------------------------------------------------------


def _auth(names: Placeholders) -> Parser[Auth]:
    def basic(**given: str) -> BasicAuth:
        pair = f"{given['username']}:{given['password']}"
        names.secrets.append(b64encode(pair.encode()).decode())
        return BasicAuth(**given)

    def bearer(value: Value) -> HeaderAuth:
        return HeaderAuth("Authorization", f"Bearer {_header_value(names)(value)}")

    kinds: dict[str, Parser[Any]] = {
        "basic": record(basic, {"username": names.secret, "password": names.secret}),
        "bearer": bearer,
        "header": record(HeaderAuth, {"name": header, "value": _header_value(names)}),
        "query": record(QueryAuth, {"name": text, "value": names.secret}),
        "oauth2": record(
            OAuth2,
            {"token_url": word(words.url), "client_id": names.secret, "client_secret": names.secret},
            {"scope": text, "audience": text, "credentials": one_of(("header", "body"))},
        ),
    }

    def parse(value: Value) -> Auth:
        if value.is_scalar and value.written == "none":
            return None
        given, sound = read_fields(value, {}, kinds)
        if not sound:
            raise Refused
        if len(given) != 1:
            value.fail(f"must be none or one of {', '.join(kinds)}")
        found: Auth = next(iter(given.values()))
        return found

    return parse


def _header_value(names: Placeholders) -> Parser[str]:
    def parse(value: Value) -> str:
        written = names.secret(value)
        if not (written.isascii() and written.isprintable()):
            value.fail("must be printable ASCII")
        return written

    return parse
