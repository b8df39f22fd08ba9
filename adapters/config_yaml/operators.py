"""The operators' folder: one YAML file per operator."""

from dataclasses import replace
from functools import partial
from typing import Any, get_args

from msgspec import structs

from adapters.config_yaml import words
from adapters.config_yaml.currencies import Currencies
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.http_link import http_link
from adapters.config_yaml.link_parts import link_tls, pauses
from adapters.config_yaml.nodes import Source, Value, nothing, why
from adapters.config_yaml.rate_card import RateCard
from adapters.config_yaml.shapes import Parser, as_it_is, attempt, listing, mapping, read_fields, record
from adapters.config_yaml.smtp_link import smtp_link
from adapters.config_yaml.values import (
    Names,
    flag,
    named_source,
    number,
    number_key,
    octets,
    one_of,
    secret,
    text,
    whole,
    word,
)
from router.operator import (
    Addressing,
    AddressKind,
    Caps,
    HttpLink,
    Link,
    Operator,
    Override,
    ReceiptRules,
    Reconnect,
    Retry,
    SmppLink,
    TextRules,
)
from router.receipt import ReceiptState
from router.submit import Channel
from router.text.languages import IDENTIFIERS

PROTOCOLS = ("smpp", "http", "smtp")
_OF_SMPP = frozenset({"addressing", "tlvs"})


def read_operators(source: Source, named_by: Value, names: Names, currencies: Currencies) -> dict[str, Operator]:
    """Every *.yaml file of the folder `source`, by name; `names` learns them, also of files with errors."""
    names.complete = False
    try:
        files = sorted(
            name
            for name in source.files.names(source.path)
            if name.endswith((".yaml", ".yml")) and not name.startswith(".")
        )
    except (OSError, ValueError) as error:
        named_by.fail(f"cannot read the folder {source.name}: {why(error)}")
    if not files:
        named_by.fail(f"the folder {source.name} has no operator (one YAML file each)")
    names.complete = True
    operators: dict[str, Operator] = {}
    for name in files:
        operator = _attempt_operator(source.within(name), names, currencies)
        if operator:
            operators[operator.name] = operator
    return operators


def in_base_currency(operator: Operator, base: str) -> Operator:
    """The operator with `base` wherever no currency was named."""
    if operator.currency:
        return operator
    rates = tuple(rate if rate.currency else structs.replace(rate, currency=base) for rate in operator.rates)
    return replace(operator, currency=base, rates=rates)


def _attempt_operator(source: Source, names: Names, currencies: Currencies) -> Operator | None:
    try:
        root = source.root()
    except Refused:
        names.complete = False
        return None
    given, sound = read_fields(root, {"operator": names.define}, _optional(currencies))
    if "operator" not in given:
        names.complete = False
    protocol = given.setdefault("protocol", "smpp")
    channel = given.setdefault("channel", "sms")
    before = len(source.errors)
    for key, _ in root.entries() if protocol != "smpp" else ():
        if key.written in _OF_SMPP:
            key.report(f"{key.written} goes with protocol smpp")
        elif key.written == "cancel" and protocol == "smtp":
            key.report("nothing takes back a mail: cancel goes with protocol smpp or http")
    rules = attempt(_text_rules(protocol, channel), given.pop("text", nothing(source, "text")))
    link = _read_link(protocol, given.pop("link", None), root, rules)
    sound = sound and len(source.errors) == before
    currency = given.setdefault("currency", currencies.base)
    card = RateCard(currency, currencies)
    rates = given.pop("rates", None)
    if rates:
        attempt(listing(card.add_inline), rates)
    if "rates_file" in given:
        rate_file, named_by = given.pop("rates_file")
        try:
            card.add_file(rate_file, named_by)
        except Refused:
            sound = False
    if not sound or rules is None or not _is_email(protocol, channel, root, card):
        return None
    if isinstance(link, HttpLink):
        _check_receipts(given.get("receipts", ReceiptRules()), link, root)
        if given.get("cancel", False) is not (link.cancel is not None):
            root.report("cancel: true and link.cancel, the request that does it, go together")
    return Operator(name=given.pop("operator"), link=link, text=rules, rates=tuple(card.rates), **given)


def _is_email(protocol: str, channel: str, root: Value, card: RateCard) -> bool:
    """Whether channel and protocol fit together, and the rates of channel email are for all addresses."""
    errors = root.source.errors
    before = len(errors)
    email = channel == Channel.EMAIL
    if email and protocol == "smpp":
        root.report("channel email goes with protocol smtp or http")
    if protocol == "smtp" and not email:
        root.report("protocol smtp goes with channel email")
    if email and any(rate.prefix or rate.network for rate in card.rates):
        root.report('rates of channel email have prefix ""')
    return len(errors) == before


def _optional(currencies: Currencies) -> dict[str, Parser[Any]]:
    return {
        "channel": lambda value: str(one_of(Channel)(value)),
        "protocol": one_of(PROTOCOLS),
        "link": as_it_is,
        "addressing": record(
            Addressing,
            {},
            {
                "alphanumeric": _address_kind(Addressing().alphanumeric),
                "shortcode": _address_kind(Addressing().shortcode),
                "international": _address_kind(Addressing().international),
                "destination": _address_kind(Addressing().destination, plus=flag),
            },
        ),
        "text": as_it_is,
        "receipts": record(
            ReceiptRules,
            {},
            {
                "request": one_of(("final", "all", "none")),
                "timeout": word(words.duration),
                "id_in_response": one_of(("auto", "as-is", "hex", "decimal")),
                "id_in_receipt": one_of(("auto", "as-is", "hex", "decimal")),
                "query": flag,
                "poll": word(words.duration),
                "text_only": flag,
                "words": mapping(_stat_word, one_of(ReceiptState)),
            },
        ),
        "on_unanswered": one_of(("resend", "hold")),
        "retry": pauses(
            record(Retry, {}, {"initial": word(words.duration), "max": word(words.duration), "attempts": whole(1)})
        ),
        "cancel": flag,
        "caps": _caps,
        "errors": mapping(number_key(0xFFFFFFFF), one_of(get_args(Override))),
        "tlvs": mapping(number_key(0xFFFF), record(_option, {"from": text})),
        "rates": as_it_is,
        "rates_file": named_source,
        "currency": currencies.refer,
    }


def _caps(value: Value) -> Caps:
    caps: Caps = _CAPS(value)
    if caps.parts is None and caps.spend is None:
        value.fail("needs parts, spend or both")
    return caps


_CAPS = record(Caps, {}, {"parts": whole(1), "spend": word(words.positive), "time_zone": word(words.time_zone)})


def _stat_word(value: Value) -> str:
    return text(value).upper()


def _option(**given: str) -> str:
    return given["from"]


def _address_kind(default: AddressKind, **more: Parser[Any]) -> Parser[AddressKind]:
    return record(partial(replace, default), {}, {"ton": whole(0, 255), "npi": whole(0, 255), **more})


_TEXT: dict[str, Parser[Any]] = {
    "alphabet": one_of(("gsm7", "gsm7-packed", "latin1", "ascii")),
    "ucs2": whole(0, 255),
    "language_tables": listing(one_of(tuple(IDENTIFIERS)), distinct=True),
}
_HTTP_TEXT: dict[str, Parser[Any]] = {"alphabet": one_of(("gsm7", "latin1", "ascii"))}
_LONG = {
    "smpp": ("udh8", "udh16", "sar", "payload"),
    "http": ("payload", "whole", "udh8", "udh16", "sar"),
    "smtp": ("whole",),
}


def _text_rules(protocol: str, channel: str) -> Parser[TextRules]:
    """What stands under text, by what the protocol can carry; the default of `long` is its own too."""
    forms = _LONG[protocol]
    keys = {"smpp": _TEXT, "http": _HTTP_TEXT, "smtp": {}}[protocol]
    long: Any = "whole" if "whole" in forms and channel != "sms" else forms[0]
    parse_plain = record(partial(TextRules, long=long), {}, {**keys, "long": one_of(forms)})

    def parse(value: Value) -> TextRules:
        rules = parse_plain(value)
        if rules.language_tables and rules.alphabet not in ("gsm7", "gsm7-packed"):
            value.fail(f"language_tables go with alphabet gsm7 or gsm7-packed, not with {rules.alphabet}")
        return rules

    return parse


def _check_receipts(rules: ReceiptRules, link: HttpLink, root: Value) -> None:
    """Receipts that are waited for have to come from somewhere."""
    told = link.callbacks is not None and link.callbacks.receipts is not None
    if (rules.query or rules.poll is not None) and link.status is None:
        root.report("receipts.query and receipts.poll need link.status, the request that asks")
    elif rules.request != "none" and not told and not (link.status is not None and (rules.query or rules.poll)):
        root.report(
            "no receipt could ever come: give link.callbacks.receipts, or link.status with receipts.poll, "
            "or receipts: {request: none}"
        )


def _read_link(protocol: str, value: Value | None, root: Value, rules: TextRules | None) -> Link | None:
    links: dict[str, Parser[Link]] = {
        "smpp": _smpp_link,
        "http": partial(http_link, long=rules.long if rules is not None else "payload"),
        "smtp": smtp_link,
    }
    if value is None:
        root.report("link is missing")
        return None
    return attempt(links[protocol], value)


_smpp_link = record(
    SmppLink,
    {
        "host": word(words.host),
        "port": whole(1, 65_535),
        "system_id": octets(15, secret),
        "password": octets(8, secret),
    },
    {
        "system_type": octets(12),
        "mode": one_of(("transceiver", "transmitter+receiver")),
        "binds": whole(1, 1000),
        "window": whole(1, 100_000),
        "tps": number(0),
        "tls": link_tls,
        "enquire_link": word(words.duration),
        "response_timeout": word(words.duration),
        "reconnect": pauses(record(Reconnect, {}, {"initial": word(words.duration), "max": word(words.duration)})),
        "address_range": octets(40),
    },
)
