"""Everything the configuration files say, checked and frozen. Durations are seconds, sizes bytes, paths absolute."""

from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from router.account import Account, Token
from router.operator import Operator


@dataclass(frozen=True, slots=True)
class ServerTls:
    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class HttpSettings:
    host: str = "127.0.0.1"
    port: int = 8080
    tls: ServerTls | None = None
    max_body: int = 4 * 1024 * 1024
    admin_token: Token | None = None


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    host: str
    port: int
    enabled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    queued: int = 10_000_000
    in_memory: int = 100_000
    message_parts: int = 10
    numbers: Literal["possible", "valid"] = "possible"
    mo_join: float = 600.0


@dataclass(frozen=True, slots=True)
class Retention:
    messages: float = 30 * 86_400.0
    events: float = 7 * 86_400.0
    text: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class LogSettings:
    level: str = "info"
    format: Literal["json", "console"] = "json"


@dataclass(frozen=True, slots=True)
class TableLookup:
    """A CSV of ported numbers, and the file that is made of it to be searched."""

    file: Path
    index: Path


@dataclass(frozen=True, slots=True)
class HlrLookup:
    """A provider that is asked over HTTP. `url` holds {number} once, for the digits with country code; `mcc` and `mnc`
    are the ways to them in the JSON answer, where `mnc` is None `mcc` leads to both in one. `countries` (ISO 3166)
    None means all. `cache` is for networks found, `negative` for numbers that the provider does not know."""

    url: str = field(repr=False)
    mcc: tuple[str, ...]
    mnc: tuple[str, ...] | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout: float = 0.5
    cache: float = 86_400.0
    negative: float = 3600.0
    in_flight: int = 50
    countries: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class LookupSettings:
    """Where the network of a number is looked up before it is routed: the table first, then the provider."""

    table: TableLookup | None = None
    hlr: HlrLookup | None = None


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where the traces of messages go (OTLP over HTTP), and of which share of them, 0 to 1."""

    endpoint: str = field(repr=False)
    sample: float = 0.01
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One operator of a plan; `priority` 1 goes before 2, `weight` shares traffic under order `weighted`."""

    operator: str
    weight: int = 1
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How candidates are ordered. `operators` None means all of the channel; `attempts` is operators per message;
    `allow_loss` lets a route cost more than the account pays.

    Under `quality` operators whose score is within `quality_band` of the best are ordered by cost. A message that has
    waited at an operator for `max_wait` seconds goes to the next one that can take it; None for never.
    """

    name: str
    order: Literal["cost", "priority", "weighted", "quality"] = "cost"
    operators: tuple[Choice, ...] | None = None
    attempts: int = 3
    quality_band: float = 0.0
    max_wait: float | None = None
    allow_loss: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """All that is given must hold. `prefix` is digits; `sender` may end in *."""

    prefix: str | None = None
    traffic_class: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """The first rule that matches may name a plan, restrict the operators, refuse with a code, or replace the sender.

    `number` is its place in the file, from 1.
    """

    number: int
    match: Match
    plan: str | None = None
    operators: tuple[str, ...] | None = None
    refuse: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """On these days (0 is Monday) no marketing goes to numbers of a country from `begins` until `ends`, both in minutes
    after midnight of `time_zone`; it ends on the next day where `ends` is not later."""

    country: str
    begins: int
    ends: int
    time_zone: str
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class SenderRule:
    """What a country or an operator does with senders of a kind (None: of any), from `since` (ms, 0 for always):
    takes them, has them replaced, takes those in `registered` only (without plus sign), or refuses them.

    `number` is its place in the list, from 1, `place` its file and line.
    """

    number: int
    place: str
    do: Literal["allow", "replace", "registered", "refuse"]
    country: str | None = None
    operator: str | None = None
    kind: str | None = None
    replacement: str | None = None
    registered: frozenset[str] = frozenset()
    since: int = 0


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of a currency is `worth` that much of the base from a time on (milliseconds since the epoch)."""

    currency: str
    worth: Decimal
    effective_from: int


@dataclass(frozen=True, slots=True)
class Settings:
    """`currencies` gives the worth of one unit of each currency in the base currency (`base_currency` itself is 1),
    `exchange_rates` those that replace them at their time."""

    store: str = field(repr=False)
    operators: dict[str, Operator]
    accounts: dict[str, Account]
    plans: dict[str, Plan]
    rules: tuple[Rule, ...]
    base_currency: str
    currencies: dict[str, Decimal]
    exchange_rates: tuple[ExchangeRate, ...] = ()
    http: HttpSettings = HttpSettings()
    gateways: GatewaySettings | None = None
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    limits: Limits = Limits()
    retention: Retention = Retention()
    log: LogSettings = LogSettings()
    sender_rules: tuple[SenderRule, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    lookup: LookupSettings | None = None
    tracing: Tracing | None = None
