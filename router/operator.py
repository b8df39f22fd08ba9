"""An operator as configured: how to reach it, what it speaks, what it costs. Durations are seconds."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from msgspec import Struct

from router.http_calls import Answer, Auth, Batch, Callbacks, CancelCall, HttpRequest, Mapped, StatusCall
from router.receipt import ReceiptState


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards an operator; certificates are checked unless `verify` is off. Paths are absolute."""

    ca: Path | None = None
    verify: bool = True
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Reconnect:
    initial: float = 1.0
    max: float = 60.0


@dataclass(frozen=True, slots=True)
class SmppLink:
    """The set of binds to one SMSC. `tps` counts parts over all binds, 0 is no limit; `window` is per bind."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    mode: Literal["transceiver", "transmitter+receiver"] = "transceiver"
    binds: int = 1
    window: int = 10
    tps: float = 0.0
    tls: Tls | None = None
    enquire_link: float = 30.0
    response_timeout: float = 60.0
    reconnect: Reconnect = Reconnect()
    address_range: str = ""

    def same_binds(self, other: object) -> bool:
        """Whether the binds of that link are these: `tps` and `window` can change while they are up."""
        return isinstance(other, SmppLink) and replace(other, tps=self.tps, window=self.window) == self


@dataclass(frozen=True, slots=True)
class SmtpLink:
    """With `tls` the server's certificate is always checked. What the server tells of mails that it took comes to
    /callbacks/{operator}/{callback_secret}."""

    host: str
    port: int
    tls: bool | Literal["starttls"] = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    callback_secret: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must not be seen of it."""
        return tuple(secret for secret in (self.password, self.callback_secret) if secret is not None)


Override = Literal["retry", "next", "reject", "throttle", "account"]


@dataclass(frozen=True, slots=True)
class HttpLink:
    """How an HTTP carrier is reached. `requests`: the first that fits a message is its. `window` is requests at a time,
    `tps` counts parts per second, 0 is no limit. `codes` are the provider's own for errors.

    `secrets` are all that must not be seen of it.
    """

    host: str
    port: int
    secure: bool
    requests: tuple[HttpRequest, ...] = field(repr=False)
    values: dict[str, Mapped] = field(default_factory=dict)
    auth: Auth = None
    answer: Answer = field(default_factory=Answer)
    codes: dict[str, Override] = field(default_factory=dict)
    batch: Batch | None = None
    status: StatusCall | None = field(default=None, repr=False)
    cancel: CancelCall | None = field(default=None, repr=False)
    callbacks: Callbacks | None = None
    window: int = 10
    tps: float = 0.0
    connect_timeout: float = 10.0
    response_timeout: float = 60.0
    keep_alive: float = 15.0
    reconnect: Reconnect = Reconnect()
    tls: Tls = Tls()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def same_binds(self, other: object) -> bool:
        """As of a SmppLink."""
        return isinstance(other, HttpLink) and replace(other, tps=self.tps, window=self.window) == self


Link = SmppLink | HttpLink | SmtpLink


@dataclass(frozen=True, slots=True)
class AddressKind:
    """Type of number and numbering plan (SMPP 3.4 sections 5.2.5, 5.2.6); `plus` writes the + of E.164."""

    ton: int
    npi: int
    plus: bool = False


@dataclass(frozen=True, slots=True)
class Addressing:
    alphanumeric: AddressKind = AddressKind(5, 0)
    shortcode: AddressKind = AddressKind(3, 0)
    international: AddressKind = AddressKind(1, 1)
    destination: AddressKind = AddressKind(1, 1)


Alphabet = Literal["gsm7", "gsm7-packed", "latin1", "ascii"]
LongForm = Literal["udh8", "udh16", "sar", "payload", "whole"]
IdForm = Literal["auto", "as-is", "hex", "decimal"]


@dataclass(frozen=True, slots=True)
class TextRules:
    """How text is written for this operator; `alphabet` is what data_coding 0 means there.

    `payload` and `whole` give it a long text in one piece: the first counts (and pays) it as short messages, the other
    as one, however long it is."""

    alphabet: Alphabet = "gsm7"
    ucs2: int = 8
    long: LongForm = "udh8"
    language_tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptRules:
    """`poll`: ask after so many seconds what became of a message, and again after growing pauses; None for never.
    `text_only`: a text like a receipt is one even where neither esm_class nor a TLV says so. `words` are the operator's
    own for `stat`, in capitals."""

    request: Literal["final", "all", "none"] = "final"
    timeout: float = 259_200.0
    id_in_response: IdForm = "auto"
    id_in_receipt: IdForm = "auto"
    query: bool = False
    text_only: bool = False
    words: dict[str, ReceiptState] = field(default_factory=dict)
    poll: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Growing pauses between attempts at one operator; `attempts` is how many it gets for one part."""

    initial: float = 5.0
    max: float = 600.0
    attempts: int = 20


class Rate(Struct, frozen=True, gc=False):
    """What we pay this operator per part for numbers of `prefix` (digits, "" for all), from `effective_from` until
    before `effective_to` (milliseconds since the epoch; 0 and None for always).

    `network` is MCC + MNC as text, where the rate names it; without a prefix the rate is for that network.
    """

    prefix: str
    price: Decimal
    currency: str
    network: tuple[str, str] | None = None
    effective_from: int = 0
    effective_to: int | None = None

    @property
    def by_network(self) -> bool:
        """Whether it is for a network, wherever its numbers are."""
        return self.network is not None and not self.prefix

    def in_force(self, at: int) -> bool:
        """Whether it holds at `at` (milliseconds since the epoch), unless another goes before it."""
        return self.effective_from <= at and (self.effective_to is None or at < self.effective_to)


@dataclass(frozen=True, slots=True)
class Caps:
    """What this operator may be given in one day of `time_zone`: parts, and their cost in its currency."""

    parts: int | None = None
    spend: Decimal | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Operator:
    """Whom we buy delivery from. `link` is None for one that is only a name. `errors` are by the protocol's own status
    (command_status, HTTP status, SMTP reply).
    `cancel`: what was submitted may be cancelled there (by cancel_sm, or by the link's own request)."""

    name: str
    channel: str
    protocol: Literal["smpp", "http", "smtp"]
    link: Link | None
    currency: str
    addressing: Addressing = Addressing()
    text: TextRules = TextRules()
    receipts: ReceiptRules = ReceiptRules()
    on_unanswered: Literal["resend", "hold"] = "resend"
    retry: Retry = Retry()
    errors: dict[int, Override] = field(default_factory=dict)
    tlvs: dict[int, str] = field(default_factory=dict)
    rates: tuple[Rate, ...] = field(default=(), repr=False)
    cancel: bool = False
    caps: Caps | None = None

    def same_binds(self, other: "Operator") -> bool:
        """Whether the link of that operator is this one, so that what is connected may stay."""
        link = self.link
        return link.same_binds(other.link) if isinstance(link, SmppLink | HttpLink) else link == other.link
