"""What an HTTP carrier sends to us: who it is, and where a receipt or a message from a handset has what."""

import re
from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, Schema, dictionary, listing, mapping, read_fields, record
from adapters.config_yaml.templates import Placeholders
from adapters.config_yaml.values import one_of, text, text_or_empty, word
from adapters.config_yaml.ways import any_text, choices, header, way, ways
from router.http_calls import Callbacks, Challenge, Fits, InboundShape, ReceiptShape, Secret, Signature, Signed
from router.receipt import ReceiptState

_IGNORE = "ignore"


def callbacks(names: Placeholders) -> Parser[Callbacks]:
    """`names` learns the secrets."""

    def build(**given: Any) -> Callbacks:
        if "hmac" in given:
            given["signature"] = given.pop("hmac")
        return Callbacks(**given)

    parse = record(
        build,
        {},
        {
            "public_url": _public_url,
            "secret": _secret(names),
            "hmac": record(
                _signature(names),
                {"header": header, "secret": names.secret},
                {
                    "algorithm": one_of(("sha1", "sha256", "sha512")),
                    "encoding": one_of(("hex", "base64")),
                    "prefix": text,
                    "over": _over,
                },
            ),
            "networks": listing(word(words.ip_block), least=1, distinct=True),
            "challenge": record(Challenge, {"token": text, "secret": names.secret, "answer": text}),
            "receipts": _receipts,
            "inbound": record(_inbound, {"from": way}, _INBOUND),
            "answer": text_or_empty,
        },
    )

    def parse_all(value: Value) -> Callbacks:
        found = parse(value)
        if not (found.secret or found.signature or found.networks):
            value.fail("needs secret, hmac or networks: anybody could send receipts")
        over = found.signature.over if found.signature is not None else ()
        if found.public_url is None and any(piece.kind == "url" for piece in over):
            value.fail("hmac.over: {url} needs public_url, the address that the provider signs")
        if found.receipts is None and found.inbound is None:
            value.fail("needs receipts, inbound or both")
        return found

    return parse_all


def _public_url(value: Value) -> str:
    return word(words.url)(value).rstrip("/")


def _secret(names: Placeholders) -> Parser[Secret]:
    def parse(value: Value) -> Secret:
        given, sound = read_fields(
            value, {}, {"header": header, "query": text, "path": names.secret, "value": names.secret}
        )
        if not sound:
            raise Refused
        if set(given) == {"path"}:
            if not given["path"].isascii() or not given["path"].replace("-", "").replace("_", "").isalnum():
                value.fail("path must be letters, digits, hyphens and underscores")
            return Secret("path", given["path"])
        places = {"header", "query"} & set(given)
        if len(places) != 1 or set(given) != {*places, "value"}:
            value.fail("must be {path: SECRET}, or header or query with its name, and value")
        place = places.pop()
        return Secret("header" if place == "header" else "query", given["value"], given[place])

    return parse


def _signature(names: Placeholders) -> Any:
    def build(**given: Any) -> Signature:
        given["secret"] = given["secret"].encode()
        return Signature(**given)

    return build


_PIECE = re.compile(r"\{(url|form|body)\}|\{header\.([A-Za-z0-9-]+)\}|([^{}]+)")


def _over(value: Value) -> tuple[Signed, ...]:
    written = text(value)
    pieces = [
        Signed(found[1]) if found[1] else Signed("header", found[2]) if found[2] else Signed("text", found[3])  # type: ignore[arg-type]
        for found in _PIECE.finditer(written)
    ]
    if "".join(found[0] for found in _PIECE.finditer(written)) != written:
        value.fail("must be text with {url}, {form}, {body} and {header.NAME} in it, such as {header.X-Time}.{body}")
    if not any(piece.kind in ("body", "form") for piece in pieces):
        value.fail("has neither {body} nor {form}: whatever they said would be believed")
    return tuple(pieces)


def _state(value: Value) -> tuple[ReceiptState | None]:
    """In a tuple, for None is what a parser has that failed."""
    return (None,) if value.written == _IGNORE else (one_of(ReceiptState)(value),)


def receipt_keys() -> Schema:
    """What a receipt's shape may have beside its state."""
    return {
        "id": ways,
        "items": way,
        "when": mapping(way, choices),
        "states": mapping(lambda value: any_text(value).lower(), _state),
        "to": way,
        "error": way,
        "at": way,
    }


def receipt_shape(given: dict[str, Any]) -> ReceiptShape:
    given["when"] = _fits(given.get("when", {}))
    given["states"] = {word: state for word, (state,) in given.get("states", {}).items()}
    return ReceiptShape(**given)


def _receipts(value: Value) -> ReceiptShape:
    given, sound = read_fields(value, {"state": way}, receipt_keys())
    if not sound:
        raise Refused
    if "id" not in given and "to" not in given:
        value.fail("needs id, to or both, to find the message by")
    return receipt_shape(given)


def _fits(given: dict[tuple[str, ...], tuple[str, ...]]) -> tuple[Fits, ...]:
    return tuple(Fits(where, values) for where, values in given.items())


def _inbound(**given: Any) -> InboundShape:
    data = given.pop("data", None)
    if data is not None:
        given["data_form"], given["data"] = data
    given["when"] = _fits(given.get("when", {}))
    for key, found in given.pop("media", {}).items():
        given[f"media_{key}"] = found
    given["sender"] = given.pop("from")
    return InboundShape(**given)


def _data(value: Value) -> tuple[str, tuple[str, ...]]:
    given, sound = read_fields(value, {}, {"hex": way, "base64": way})
    if not sound:
        raise Refused
    if len(given) != 1:
        value.fail("must be {hex: WAY} or {base64: WAY}")
    return given.popitem()


_INBOUND: Schema = {
    "id": ways,
    "to": way,
    "recipient": text,
    "text": ways,
    "data": _data,
    "items": way,
    "when": mapping(way, choices),
    "media": dictionary({}, {"id": ways, "url": ways, "type": ways}),
}
