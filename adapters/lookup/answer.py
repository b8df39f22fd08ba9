"""An HLR provider's answer, which may be anything at all. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

LARGEST = 64 * 1024
"""Octets of an answer that are read."""

_decode = Decoder().decode
_MCC = re.compile(r"[1-9][0-9]{2}")
_MNC = re.compile(r"[0-9]{2,3}")


class Unreadable(Exception):
    """The answer is not what the configuration says it is."""


def read_network(body: bytes, mcc: Sequence[str], mnc: Sequence[str] | None) -> tuple[str, str] | None:
    """MCC and MNC by their ways in the JSON document; None where it has none: the number is not known.

    A way is the keys from the top, a place in a list as its number. With `mnc` None both are one value, MCC first. The
    MNC alone must be text: a number would have lost its zeros. Raises Unreadable.
    """
    if len(body) > LARGEST:
        raise Unreadable
    try:
        document = _decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable from None
    if not isinstance(document, dict | list):
        raise Unreadable
    country = _follow(document, mcc)
    if mnc is None:
        country, network = (country, None) if country is None else (_digits(country)[:3], _digits(country)[3:])
    else:
        network = _follow(document, mnc)
    if country is None or network is None or network == "":
        return None
    country = _digits(country)
    if not (isinstance(network, str) and _MCC.fullmatch(country) and _MNC.fullmatch(network)):
        raise Unreadable
    return country, network


def _follow(value: Any, way: Sequence[str]) -> Any:
    for key in way:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 6 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _digits(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 1_000_000 else ""
    return value if isinstance(value, str) else ""
