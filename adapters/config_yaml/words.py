"""Written words into values: text in, value out, ValueError with the reason for a person. Knows nothing of YAML."""

import binascii
import re
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from router.account import RateLimit, Token

DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
TEN_YEARS = 3660 * 86_400.0
SIZE = re.compile(r"([0-9]{1,12})(B|KiB|MiB|GiB)")
BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)/(s|m)")
VELOCITY = re.compile(r"([1-9][0-9]{0,8})/(s|m|h|d)")
DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CODE = re.compile(r"[A-Za-z0-9_]{1,64}")
CURRENCY = re.compile(r"[A-Z]{3}")
PREFIX = re.compile(r"[0-9]{0,15}")
NETWORK = re.compile(r"([0-9]{3})([0-9]{2,3})")
MCC = re.compile(r"[0-9]{3}")
MNC = re.compile(r"[0-9]{2,3}")
INBOUND = re.compile(r"\+?[0-9]{1,20}\*?|\*")
LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+)):([0-9]{1,5})")
HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:([Tt ])[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
TIME_OF_DAY = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration(text: str) -> float:
    """Seconds."""
    match = DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a duration such as 500ms, 30s, 10m, 72h or 7d")
    seconds = float(match[1]) * SECONDS[match[2]]
    if not 0 < seconds <= TEN_YEARS:
        raise ValueError(f"{text} must be longer than nothing and at most ten years")
    return seconds


def size(text: str) -> int:
    """Bytes."""
    match = SIZE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a size such as 512KiB or 4MiB")
    octets = int(match[1]) * BYTES[match[2]]
    if not octets:
        raise ValueError(f"{text} must be more than nothing")
    return octets


def rate(text: str) -> RateLimit:
    match = RATE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a rate such as 100/s or 600/m")
    count = float(match[1])
    if not count:
        raise ValueError(f"{text} must be more than nothing; leave the key out for no limit")
    return RateLimit(count, SECONDS[match[2]])


def velocity(text: str) -> RateLimit:
    """As `rate`, of whole messages, also by the hour or the day."""
    match = VELOCITY.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a rate of whole messages such as 5/h, 100/m or 1000/d")
    return RateLimit(float(match[1]), SECONDS[match[2]])


def decimal(text: str) -> Decimal:
    """An amount that is not negative; its scale is kept."""
    if not DECIMAL.fullmatch(text):
        if text.startswith("-") and DECIMAL.fullmatch(text[1:]):
            raise ValueError(f"{text} must not be negative")
        raise ValueError(f"{text!r} is not an amount such as 0.0200")
    return Decimal(text)


def positive(text: str) -> Decimal:
    amount = decimal(text)
    if not amount:
        raise ValueError(f"{text} must be more than zero")
    return amount


def name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name (letters, digits, dot, hyphen, underscore; at most 64)")
    return text


def code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise ValueError(f"{text!r} is not a code (letters, digits, underscore)")
    return text


def currency(text: str) -> str:
    if not CURRENCY.fullmatch(text):
        raise ValueError(f"{text!r} is not a currency code such as XAF")
    return text


def prefix(text: str) -> str:
    if not PREFIX.fullmatch(text):
        raise ValueError(f'{text!r} is not a prefix (up to 15 digits without +, "" for all)')
    return text


def network(text: str) -> tuple[str, str]:
    """MCC and MNC."""
    match = NETWORK.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a network (MCC and MNC, five or six digits)")
    return match[1], match[2]


def network_of(codes: tuple[str, str]) -> tuple[str, str] | None:
    """MCC and MNC from two fields. Both empty, or an MCC alone (it names a country): None."""
    mcc, mnc = codes
    if (mcc or mnc) and not MCC.fullmatch(mcc):
        raise ValueError(f"{mcc!r} is not an MCC (three digits)")
    if mnc and not MNC.fullmatch(mnc):
        raise ValueError(f"{mnc!r} is not an MNC (two or three digits, with its zeros)")
    return codes if mnc else None


def inbound_number(text: str) -> str:
    if not INBOUND.fullmatch(text):
        raise ValueError(f"{text!r} is not a number or a pattern that ends in *")
    return text


def keyword(text: str) -> str:
    if len(text.split()) != 1:
        raise ValueError(f"{text!r} is not a single word")
    return text.strip()


def sender_pattern(text: str) -> str:
    if not text or "*" in text[:-1]:
        raise ValueError(f"{text!r} is not a sender or a pattern that ends in *")
    return text


def own_number(text: str) -> str:
    """E.164 with its plus sign."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_possible_number(number):
        raise ValueError(f"{text!r} is not a phone number in international form such as +237670000001")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(text: str) -> str:
    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{text!r} is not a country code such as CM (ISO 3166, two capital letters)")
    return text


def time_of_day(text: str) -> int:
    """Minutes after midnight, up to 24:00."""
    match = TIME_OF_DAY.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a time of the day such as 08:00, from 00:00 to 24:00")
    return int(match[1] or 24) * 60 + int(match[2] or 0)


def time_zone(text: str) -> str:
    try:
        if text != "UTC":  # known even where the machine has no time zones at all
            ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is not a time zone such as Africa/Douala") from None
    return text


def host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValueError(f"{text!r} is not a host name or an address")
    return text


def listen(text: str) -> tuple[str, int]:
    """Host and port to listen on."""
    match = LISTEN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an address such as 127.0.0.1:8080")
    number = int(match[3])
    if not 1 <= number <= 65_535:
        raise ValueError(f"port {number} is out of range (1 to 65535)")
    return match[1] or match[2], number


def url(text: str) -> str:
    """An http or https address. A user and password in it would end in logs."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable, parts = None, urlsplit("")
    if not usable or any(character.isspace() for character in text):
        raise ValueError("is not an http or https address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password")
    return text


def ip_block(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a network such as 10.0.0.0/8") from None


def day(text: str) -> date:
    if not DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date such as 2027-01-01")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar") from None


def moment(text: str) -> int:
    """Milliseconds since the epoch of a date (its first moment in UTC) or an RFC 3339 time."""
    match = MOMENT.fullmatch(text)
    if not match or (match[1] and not match[2]):
        raise ValueError(f"{text!r} is not a date or an RFC 3339 time such as 2027-01-01T00:00:00Z")
    try:
        time = datetime.fromisoformat(text.upper())
        return ((time if match[1] else time.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a time of the calendar") from None


def token(text: str) -> Token:
    """A bearer token or its digest, `sha256:<hex>`. Errors do not show it."""
    if not text.startswith("sha256:"):
        return Token(sha256(text.encode()).digest())
    try:
        digest = bytes.fromhex(text.removeprefix("sha256:"))
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ValueError("sha256: must be followed by 64 hexadecimal digits")
    return Token(digest)


def webhook_secret(text: str) -> bytes:
    """`whsec_<base64>` decoded, any other as its bytes. Errors do not show it."""
    if not text.startswith("whsec_"):
        return text.encode()
    try:
        secret = b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not secret:
        raise ValueError("whsec_ must be followed by base64")
    return secret
