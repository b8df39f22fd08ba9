"""A message, its parts and their attempts: the aggregate that is stored as one."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from router.money import Money
from router.outcome import OutcomeKind
from router.receipt import ReceiptState


class State(StrEnum):
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


FINAL = frozenset(
    {
        State.DELIVERED,
        State.UNDELIVERED,
        State.EXPIRED,
        State.REJECTED,
        State.FAILED,
        State.CANCELLED,
        State.UNKNOWN,
    }
)


class TrafficClass(StrEnum):
    """What a message is for; also its priority in the queue, in this order."""

    OTP = "otp"
    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Encoding(StrEnum):
    """How the content is written on the air."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"
    BINARY = "binary"


class EncodingWish(StrEnum):
    """What the account asks for; AUTO takes the cheapest that loses nothing."""

    AUTO = "auto"
    GSM7 = "gsm7"
    UCS2 = "ucs2"


class ReceiptWish(StrEnum):
    """Which receipts the account wants; with NONE the last state is `submitted`."""

    FINAL = "final"
    ALL = "all"
    NONE = "none"


SOURCES = frozenset({"table", "hlr"})
"""Who can find the network of a number; `Message.looked_up` is one of them, or the reason why none did."""


class Network(Struct, frozen=True, gc=False):
    """The destination network of a number; each of its fields may be unknown."""

    mcc: str | None = None
    mnc: str | None = None
    name: str | None = None


class MessageError(Struct, frozen=True, gc=False):
    """Why a message did not arrive. `smsc_error` is the receipt's err or the operator's code or status, verbatim."""

    code: str
    detail: str
    smsc_error: str | None = None


class Attempt(Struct, omit_defaults=True, gc=False):
    """One submission of a part to one operator. Times are milliseconds since the epoch, UTC.

    `outcome` is None from the moment the intent is stored until the result is: after a crash such an attempt
    may or may not have been written. `status` is as in Outcome.
    """

    operator: str
    at: int
    answered_at: int | None = None
    outcome: OutcomeKind | None = None
    status: int | str | None = None
    detail: str = ""
    smsc_message_id: str | None = None
    receipt: ReceiptState | None = None
    receipt_error: str | None = None
    receipt_at: int | None = None


class Part(Struct, omit_defaults=True, gc=False):
    """The stored delivery unit that carries one segment; `number` counts from 1."""

    number: int
    state: State = State.QUEUED
    attempts: list[Attempt] = []
    resent: bool = False


class Message(Struct, omit_defaults=True, weakref=True):
    """What an account submitted (one recipient, one content), and how far it came.

    `to` is E.164 with its plus sign; `sender` is as submitted, `sent_as` what a rule put in its place.
    Times are milliseconds since the epoch, UTC.
    Exactly one of `text` and `data` is set; `udh` only goes with `data`. Both are None once retention blanked them.
    `transliterate` allows look-alikes of typographic characters where they make the message cheaper; `transliterated`
    says that they do: `text` stays as submitted, what is sent has the look-alikes.
    `cut` tells the way a long content is cut for the operator from any other (0: it is in one part).
    `concat_reference` is 1 to 65536, of which the low 8 or 16 bits are sent, or 0 for none yet.
    `position` orders the messages that are ready to be sent; None while there is nothing to send.
    `slow_at` are the operators where it has waited too long since its last attempt: it does not go back to them.
    `due_at` is when the clock next has something to do for this message.
    `converted_at` is when the recipient acted on it, as the account reports.
    `queried`: the operator was asked what became of it. `recalled`: it was submitted, as far as anybody knew and the
    account was told, and then its operator refused it after all.
    `origin` names the public API it came by, None for the internal one; `confidential`: what it says (a one-time code)
    is not kept once it has ended.
    `looked_up` is the source (table, hlr) that found `network`; else the reason why its prefix tells the network, or
    "prefix" where no source knows the number; None where nobody was asked.
    `charged` is what was taken for it from its account's wallet when it was accepted, `refunded` how much of that was
    given back, both in nano.
    `no` is the store's key, 0 until the store gave one.
    """

    id: str
    account: str
    to: str
    created_at: int
    sender: str | None = None
    sent_as: str | None = None
    text: str | None = None
    data: bytes | None = None
    udh: bytes | None = None
    encoding_wish: EncodingWish = EncodingWish.AUTO
    encoding: Encoding = Encoding.GSM7
    transliterate: bool = False
    transliterated: bool = False
    segments: int = 1
    cut: int = 0
    concat_reference: int = 0
    reference: str | None = None
    traffic_class: TrafficClass = TrafficClass.TRANSACTIONAL
    channel: str = "sms"
    send_at: int | None = None
    expires_at: int | None = None
    receipts: ReceiptWish = ReceiptWish.FINAL
    plan: str | None = None
    max_price: Money | None = None
    flash: bool = False
    options: dict[str, Any] | None = None

    state: State = State.QUEUED
    operator: str | None = None
    network: Network | None = None
    looked_up: str | None = None
    cost: Money | None = None
    price: Money | None = None
    submitted_at: int | None = None
    done_at: int | None = None
    error: MessageError | None = None
    possible_duplicate: bool = False
    parts: list[Part] = []
    refused_by: list[str] = []
    slow_at: list[str] = []
    waiting_for: str | None = None
    queried: bool = False
    recalled: bool = False
    converted_at: int | None = None
    origin: str | None = None
    confidential: bool = False
    charged: int = 0
    refunded: int = 0
    position: int | None = None
    due_at: int | None = None
    no: int = 0
