"""An account as configured: who submits, with what rights, at what price. Durations are seconds."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

ChargeRule = Literal["accepted", "submitted", "delivered"]
"""How far a message has to come to be paid for; see router.delivery.charging."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`count` per `seconds`."""

    count: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Price:
    """What the account pays per part for numbers of `prefix` (digits, "" for all)."""

    prefix: str
    price: Decimal
    traffic_class: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the account's events are sent; `events` holds final, submitted, received or all."""

    url: str
    secret: bytes = field(repr=False)
    events: tuple[str, ...] = ("final",)
    batch: int = 100


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Messages to `to` (a number, or a pattern that ends in *) come to this account; `keyword` is their first word."""

    to: str
    keyword: str | None = None


@dataclass(frozen=True, slots=True)
class OwnNumber:
    number: str
    country: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class AccountChannel:
    id: str
    type: str
    name: str
    active: bool = True
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, kept only as its SHA-256."""

    sha256: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TexifyKey:
    key: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Velocity:
    """How many messages may go to one number, and to all numbers that begin with the same `prefix_digits` digits."""

    destination: RateLimit | None = None
    prefix: RateLimit | None = None
    prefix_digits: int = 7


@dataclass(frozen=True, slots=True)
class OptOut:
    """Which words of a handset put it on the account's opt-out list and take it off again, and messages of which
    classes do not go to the numbers on it. Words are as router.routing.opt_out compares them."""

    words: frozenset[str] = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "arret"})
    back: frozenset[str] = frozenset({"start", "unstop"})
    classes: frozenset[str] = frozenset({"marketing", "transactional"})


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps an account from sending where, how often and what it should not.

    `countries` are ISO codes, None for all; within `duplicates` seconds the same content goes to a number only once;
    `loop_guard` refuses recipients whose messages come back to us. With `opt_out` words from handsets keep its list.
    """

    countries: frozenset[str] | None = None
    velocity: Velocity | None = None
    duplicates: float | None = None
    loop_guard: bool = False
    opt_out: OptOut | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """`senders` None means any. `charge` is how far a message has to come to be paid for from the `wallet`.
    `transliterate` allows look-alikes for typographic characters in texts that they make cheaper. `gateways` holds the
    checked settings of each public API by its name; `guards` is None where none is set."""

    name: str
    token: Token | None
    currency: str
    status: Literal["active", "suspended", "cancelled"] = "active"
    plan: str = "default"
    rate: RateLimit | None = None
    senders: tuple[str, ...] | None = None
    default_sender: str | None = None
    numbers: tuple[OwnNumber, ...] = ()
    country: str | None = None
    time_zone: str = "UTC"
    prices: tuple[Price, ...] = ()
    channels: tuple[AccountChannel, ...] = ()
    webhook: Webhook | None = None
    inbound: tuple[InboundRule, ...] = ()
    wallet: Literal["prepaid", "postpaid", "off"] = "off"
    gateways: dict[str, Any] = field(default_factory=dict, repr=False)
    transliterate: bool = False
    guards: Guards | None = None
    charge: ChargeRule = "submitted"
