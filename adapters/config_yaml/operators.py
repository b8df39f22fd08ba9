"""The operators' folder: one YAML file per operator."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from msgspec import structs

from adapters.config_yaml import words
from adapters.config_yaml.currencies import Currencies
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import Source, Value, why
from adapters.config_yaml.rate_card import RateCard
from adapters.config_yaml.shapes import Parser, as_it_is, attempt, listing, mapping, read_fields, record
from adapters.config_yaml.smtp_link import smtp_link
from adapters.config_yaml.values import (
    Names,
    file,
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
    Operator,
    Override,
    ReceiptRules,
    Reconnect,
    Retry,
    SmppLink,
    SmtpLink,
    TextRules,
    Tls,
)
from router.receipt import ReceiptState
from router.submit import Channel
from router.text.languages import IDENTIFIERS

PROTOCOLS = ("smpp", "http", "smtp")
NOT_AVAILABLE = ("http",)  # protocols whose adapter this version does not have


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
    link = _read_link(protocol, given.pop("link", None), root)
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
    if not sound or not _is_email(protocol, given, root, card):
        return None
    return Operator(
        name=given.pop("operator"), channel=given.pop("channel", "sms"), link=link, rates=tuple(card.rates), **given
    )


_NOT_OF_EMAIL = ("addressing", "text", "tlvs", "cancel")


def _is_email(protocol: str, given: dict[str, Any], root: Value, card: RateCard) -> bool:
    """Whether channel and protocol fit together, and the rates of channel email are for all addresses."""
    errors = root.source.errors
    before = len(errors)
    email = given.get("channel") == Channel.EMAIL
    if email and protocol == "smpp":
        root.report("channel email goes with protocol smtp or http")
    if protocol == "smtp":
        if not email:
            root.report("protocol smtp goes with channel email")
        for key, _ in root.entries():
            if key.written in _NOT_OF_EMAIL:
                key.report(f"{key.written} does not go with protocol smtp")
        given["text"] = TextRules(long="whole")
    if email and any(rate.prefix or rate.network for rate in card.rates):
        root.report('rates of channel email have prefix ""')
    return len(errors) == before


def _optional(currencies: Currencies) -> dict[str, Parser[Any]]:
    return {
        "channel": lambda value: str(one_of(Channel)(value)),
        "protocol": _protocol,
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
        "text": _text_rules,
        "receipts": record(
            ReceiptRules,
            {},
            {
                "request": one_of(("final", "all", "none")),
                "timeout": word(words.duration),
                "id_in_response": one_of(("auto", "as-is", "hex", "decimal")),
                "id_in_receipt": one_of(("auto", "as-is", "hex", "decimal")),
                "query": flag,
                "text_only": flag,
                "words": mapping(_stat_word, one_of(ReceiptState)),
            },
        ),
        "on_unanswered": one_of(("resend", "hold")),
        "retry": _pauses(
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


def _protocol(value: Value) -> str:
    protocol = str(one_of(PROTOCOLS)(value))
    if protocol in NOT_AVAILABLE:
        value.report(f"protocol {protocol} is not available in this version")
    return protocol


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


def _text_rules(value: Value) -> TextRules:
    rules = _plain_text_rules(value)
    if rules.language_tables and rules.alphabet not in ("gsm7", "gsm7-packed"):
        value.fail(f"language_tables go with alphabet gsm7 or gsm7-packed, not with {rules.alphabet}")
    return rules


_plain_text_rules = record(
    TextRules,
    {},
    {
        "alphabet": one_of(("gsm7", "gsm7-packed", "latin1", "ascii")),
        "ucs2": whole(0, 255),
        "long": one_of(("udh8", "udh16", "sar", "payload")),
        "language_tables": listing(one_of(tuple(IDENTIFIERS)), distinct=True),
    },
)


def _pauses(parse: Parser[Any]) -> Parser[Any]:
    """Growing pauses cannot begin above their largest."""

    def parse_pauses(value: Value) -> Any:
        pauses = parse(value)
        if pauses.initial > pauses.max:
            value.fail(f"initial ({pauses.initial:g}s) is longer than max ({pauses.max:g}s)")
        return pauses

    return parse_pauses


def _read_link(protocol: str, value: Value | None, root: Value) -> SmppLink | SmtpLink | None:
    links: dict[str, Callable[[Value], SmppLink | SmtpLink]] = {"smpp": _smpp_link, "smtp": smtp_link}
    if protocol not in links:
        return None
    if value is None:
        root.report("link is missing")
        return None
    return attempt(links[protocol], value)


def _tls(value: Value) -> Tls | None:
    if value.is_scalar:
        return Tls() if flag(value) else None
    tls = record(Tls, {}, {"ca": file, "verify": flag, "certificate": file, "key": file})(value)
    if (tls.certificate is None) != (tls.key is None):
        value.fail("certificate and key go together")
    return tls


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
        "tls": _tls,
        "enquire_link": word(words.duration),
        "response_timeout": word(words.duration),
        "reconnect": _pauses(record(Reconnect, {}, {"initial": word(words.duration), "max": word(words.duration)})),
        "address_range": octets(40),
    },
)
