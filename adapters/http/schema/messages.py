"""Messages as the internal API shows them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from router.engine.timeline import Moment
from router.message import Attempt, Encoding, Message, MessageError, Network, Part, State, TrafficClass
from router.money import Money
from router.outcome import OutcomeKind, shown_status
from router.receipt import ReceiptState


class MessageView(Struct, gc=False):
    """A message as it stands."""

    id: str
    state: State
    to: str
    sender: str | None = field(name="from")
    reference: str | None
    traffic_class: TrafficClass = field(name="class")
    channel: str
    encoding: Encoding
    segments: int
    operator: str | None
    network: Network | None
    cost: Money | None
    price: Money | None
    created_at: datetime
    submitted_at: datetime | None
    done_at: datetime | None
    error: MessageError | None
    possible_duplicate: bool


class ReceiptView(Struct):
    """`error` is the receipt's err field verbatim."""

    state: ReceiptState
    error: str | None
    at: datetime | None


class AttemptView(Struct):
    """One submission of the part; `outcome` is null while there is no answer. `status` is the command_status of
    SMPP as `0x0000000B`, the status of HTTP as `429`, the reply of SMTP as `550`."""

    operator: str
    at: datetime
    answered_at: datetime | None
    outcome: OutcomeKind | None
    status: str | None
    smsc_message_id: str | None
    detail: str


class MessagePart(Struct):
    """What carries one segment; id, operator and receipt are those of the attempt that tells most."""

    number: int
    state: State
    smsc_message_id: str | None
    operator: str | None
    receipt: ReceiptView | None
    attempts: list[AttemptView]


class MessageDetail(MessageView, gc=False):
    """A message with its parts and their attempts; `waiting_for` says what a queued message waits for, `transliterated`
    that its typographic characters are sent as GSM look-alikes, `converted_at` when the recipient acted on it, as you
    reported."""

    send_at: datetime | None
    expires_at: datetime | None
    waiting_for: str | None
    transliterated: bool
    converted_at: datetime | None
    parts: list[MessagePart]


class MessageList(Struct):
    messages: list[MessageView]
    next: str | None


class FoundMessage(MessageView, gc=False):
    """A message with the account that submitted it."""

    account: str


class SearchAnswer(Struct):
    """A search does a bounded amount of work: there may be few messages, or none, and more where `next` leads. That is
    null when all have been looked at."""

    messages: list[FoundMessage]
    next: int | None


class MessageStory(MessageDetail, gc=False):
    """All there is to say about a message of any account. `text` and `data` (base64) are null once retention took them,
    and of a confidential message always; `refused_by` and `slow_at` are operators that the message left; `looked_up` is
    who found its network, or why nobody did."""

    account: str
    text: str | None
    data: bytes | None
    plan: str | None
    sent_as: str | None
    origin: str | None
    looked_up: str | None
    refused_by: list[str]
    slow_at: list[str]
    timeline: list[Moment]


class ItemError(Struct, gc=False):
    code: str
    detail: str


class RefusedItem(Struct, gc=False):
    """A message of a batch that was not taken."""

    error: ItemError
    to: str | None
    reference: str | None


class BatchAnswer(Struct):
    """`results` holds one entry per message, in the order given."""

    accepted: int
    refused: int
    results: Annotated[
        list[Any],
        Meta(
            extra_json_schema={
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/MessageView"},
                        {"$ref": "#/components/schemas/RefusedItem"},
                    ]
                }
            }
        ),
    ]


def view(message: Message) -> MessageView:
    """What the account sees of its message."""
    return views((message,))[0]


def views(messages: Iterable[Message]) -> list[MessageView]:
    """What the account sees of its messages."""
    return [
        MessageView(
            message.id,
            message.state,
            message.to,
            message.sender,
            message.reference,
            message.traffic_class,
            message.channel,
            message.encoding,
            message.segments,
            message.operator,
            message.network,
            message.cost,
            message.price,
            _moment(message.created_at),
            None if message.submitted_at is None else _moment(message.submitted_at),
            None if message.done_at is None else _moment(message.done_at),
            message.error,
            message.possible_duplicate,
        )
        for message in messages
    ]


def detail(message: Message) -> MessageDetail:
    """All there is to say about a message, but its content."""
    return MessageDetail(
        **asdict(view(message)),
        send_at=_time(message.send_at),
        expires_at=_time(message.expires_at),
        waiting_for=message.waiting_for,
        transliterated=message.transliterated,
        converted_at=_time(message.converted_at),
        parts=[_part(part) for part in message.parts],
    )


def found(message: Message) -> FoundMessage:
    """A message of a search."""
    return FoundMessage(**asdict(view(message)), account=message.account)


def story(message: Message, moments: list[Moment]) -> MessageStory:
    """All there is to say about a message, with its content."""
    return MessageStory(
        **asdict(detail(message)),
        account=message.account,
        text=None if message.confidential else message.text,
        data=None if message.confidential else message.data,
        plan=message.plan,
        sent_as=message.sent_as,
        origin=message.origin,
        looked_up=message.looked_up,
        refused_by=message.refused_by,
        slow_at=message.slow_at,
        timeline=moments,
    )


def _part(part: Part) -> MessagePart:
    telling = _most_telling(part.attempts)
    receipt = None
    if telling is not None and telling.receipt is not None:
        receipt = ReceiptView(telling.receipt, telling.receipt_error, _time(telling.receipt_at))
    return MessagePart(
        number=part.number,
        state=part.state,
        smsc_message_id=telling.smsc_message_id if telling else None,
        operator=telling.operator if telling else None,
        receipt=receipt,
        attempts=[_attempt(attempt) for attempt in part.attempts],
    )


def _most_telling(attempts: list[Attempt]) -> Attempt | None:
    """The last attempt that has a receipt, else an id, else the last."""
    best = None
    for attempt in attempts:
        weight = (attempt.receipt is not None, attempt.smsc_message_id is not None)
        if best is None or weight >= (best.receipt is not None, best.smsc_message_id is not None):
            best = attempt
    return best


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        operator=attempt.operator,
        at=_moment(attempt.at),
        answered_at=_time(attempt.answered_at),
        outcome=attempt.outcome,
        status=shown_status(attempt.status),
        smsc_message_id=attempt.smsc_message_id,
        detail=attempt.detail,
    )


@lru_cache(maxsize=256)
def _moment(at: int) -> datetime:
    # The messages of a batch are all of one moment.
    return datetime.fromtimestamp(at / 1000, UTC)


def _time(at: int | None) -> datetime | None:
    return None if at is None else _moment(at)
