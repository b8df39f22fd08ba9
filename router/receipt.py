"""A delivery receipt as a value."""

from enum import StrEnum

from msgspec import Struct


class ReceiptState(StrEnum):
    """What an operator says of a part (SMPP 3.4 section 5.2.28 and the words met in the field)."""

    ENROUTE = "enroute"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    DELETED = "deleted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Receipt(Struct, frozen=True, gc=False):
    """One delivery receipt.

    `smsc_message_ids` are the ids as they were written, the most trustworthy first (TLV before text).
    `to` is the number the receipt is about (its source address), digits only, or an email address; `error` is the err
    field verbatim.
    `received_at` and `done_at` are milliseconds since the epoch, UTC; `done_at` is what the operator claims.
    """

    operator: str
    smsc_message_ids: tuple[str, ...]
    state: ReceiptState
    to: str
    received_at: int
    stat: str = ""
    error: str | None = None
    done_at: int | None = None
