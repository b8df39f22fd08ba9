"""What an account is told about its messages."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from router.inbound import Media
from router.message import MessageError, Network, State
from router.money import Money


class EventType(StrEnum):
    SUBMITTED = "message.submitted"
    DELIVERED = "message.delivered"
    UNDELIVERED = "message.undelivered"
    EXPIRED = "message.expired"
    REJECTED = "message.rejected"
    FAILED = "message.failed"
    CANCELLED = "message.cancelled"
    UNKNOWN = "message.unknown"
    RECEIVED = "message.received"


class Event(Struct, frozen=True, gc=False):
    """One entry of an account's durable log; `seq` grows by one per account, from 1. JSON is its contract."""

    id: str
    seq: int
    type: EventType
    time: datetime
    account: str
    message_id: str
    reference: str | None
    to: str
    sender: str | None = field(name="from")
    channel: str
    operator: str | None
    network: Network | None
    segments: int
    cost: Money | None
    price: Money | None
    state: State
    error: MessageError | None
    possible_duplicate: bool
    submitted_at: datetime | None
    done_at: datetime | None


class ReceivedEvent(Struct, frozen=True, gc=False):
    """A message from a handset: exactly one of `text` and `data` is set, `complete` is false where parts never came.

    `udh` (with its length octet) is what the header of `data` says beside the message's parts; `media` is only there
    where something came beside the text. The fields of every event stand here too; those that only a message of the
    account's own has are empty.
    """

    id: str
    seq: int
    type: EventType
    time: datetime
    account: str
    message_id: str
    to: str
    sender: str = field(name="from")
    channel: str
    operator: str
    segments: int
    text: str | None
    data: bytes | None
    udh: bytes | None
    complete: bool
    media: Media | UnsetType = UNSET
    reference: None = None
    network: None = None
    cost: None = None
    price: None = None
    state: None = None
    error: None = None
    possible_duplicate: bool = False
    submitted_at: None = None
    done_at: None = None


class LoggedEvent(Struct, frozen=True, gc=False):
    """An event as the store keeps it: `payload` is its JSON, encoded once for every reader. `at` in ms."""

    account: str
    seq: int
    type: EventType
    at: int
    payload: bytes


def by_account(events: Iterable[LoggedEvent]) -> dict[str, list[LoggedEvent]]:
    """The events of each account, in their order."""
    told: dict[str, list[LoggedEvent]] = {}
    for event in events:
        of_account = told.get(event.account)
        if of_account is None:
            told[event.account] = [event]
        else:
            of_account.append(event)
    return told
