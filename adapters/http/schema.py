"""The shapes of requests and answers; the OpenAPI document is made of them too."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field
from msgspec.structs import asdict

from router.engine.control import OperatorView
from router.engine.timeline import Moment
from router.message import (
    Attempt,
    Encoding,
    EncodingWish,
    Message,
    MessageError,
    Network,
    Part,
    State,
    TrafficClass,
)
from router.money import Money
from router.outcome import OutcomeKind, shown_status
from router.receipt import ReceiptState
from router.submit import Submit
from router.wallet import EntryKind

MOST_MESSAGES = 1000
"""In one batch, and in one page of a list."""

LARGEST_ID = 2**53 - 1
"""A whole number that every JSON reader takes exactly."""

# --- requests ------------------------------------------------------------------------------------------------


class BatchRequest(Struct, forbid_unknown_fields=True):
    """1 to 1000 messages; each is taken or refused on its own."""

    messages: Annotated[list[Submit], Meta(min_length=1, max_length=MOST_MESSAGES)]


class RawBatch(Struct, forbid_unknown_fields=True):
    """A batch whose items are looked at one by one."""

    messages: Annotated[list[Raw], Meta(min_length=1, max_length=MOST_MESSAGES)]


class SegmentRequest(Struct, forbid_unknown_fields=True):
    """How would this text be cut? Without an operator, by the standard's default alphabet.

    With `to` the answer also says which operator would carry it there, and what that would cost.
    """

    text: Annotated[str, Meta(min_length=1)]
    encoding: EncodingWish = EncodingWish.AUTO
    operator: str | None = None
    to: Annotated[str, Meta(max_length=320, description="Recipient in E.164, or an email address.")] | None = None
    sender: Annotated[str, Meta(min_length=1, max_length=320)] | None = field(default=None, name="from")
    traffic_class: TrafficClass = field(default=TrafficClass.TRANSACTIONAL, name="class")


class RouteRequest(Struct, forbid_unknown_fields=True):
    """Who would carry a message to this number?"""

    to: Annotated[str, Meta(max_length=320, description="Recipient in E.164, or an email address.")]
    sender: Annotated[str, Meta(min_length=1, max_length=320)] | None = field(default=None, name="from")
    traffic_class: TrafficClass = field(default=TrafficClass.TRANSACTIONAL, name="class")
    plan: str | None = None
    at: Annotated[datetime, Meta(tz=True, description="The time to decide for; now where absent.")] | None = None


class ReloadRequest(Struct, forbid_unknown_fields=True):
    """With a `version`, go back to that plan; the files on disk are left alone then."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1, description="One of `kept` of GET /v1/plan.")] | None = None


class NumberRequest(Struct, forbid_unknown_fields=True):
    """A number or an email address of somebody who takes messages from an account, or does not any more."""

    number: Annotated[str, Meta(max_length=320, description="In E.164, e.g. +237670000001, or an email address.")]


class CreditRequest(Struct, forbid_unknown_fields=True):
    """What an account pays in, in its currency; below zero what is taken out, which may leave a debt."""

    amount: Annotated[Decimal, Meta(description="Not zero, with at most 9 decimals, e.g. 100.00.")]


Id = Annotated[int, Meta(ge=1, le=LARGEST_ID)] | Annotated[str, Meta(pattern=r"^[0-9]{1,16}(?![\s\S])")]
"""As a number or its digits."""

Name = Annotated[str, Meta(min_length=1, max_length=255)]


class ListRequest(Struct, forbid_unknown_fields=True):
    """A new list of contacts. With an `id` a service keeps its numbers when it moves here."""

    name: Name
    id: Annotated[Id, Meta(description="What public APIs show; any free one where absent.")] | None = None
    subscribe_word: (
        Annotated[str, Meta(min_length=1, max_length=160, description="A handset that writes it comes into the list.")]
        | None
    ) = None


class NewContact(Struct, forbid_unknown_fields=True):
    number: Annotated[str, Meta(max_length=40, description="In E.164, e.g. +237670000001.")]
    fields: Annotated[dict[str, str], Meta(description="What fills the {{placeholders}} of templates.")] = {}


class ContactsRequest(Struct, forbid_unknown_fields=True):
    """All are taken, or where one is wrong none; a number that the list has already stays as it is."""

    contacts: Annotated[list[NewContact], Meta(min_length=1, max_length=10_000)]


class TemplateRequest(Struct, forbid_unknown_fields=True):
    """A new text with {{placeholders}}."""

    name: Name
    content: Annotated[str, Meta(min_length=1)]
    id: Annotated[Id, Meta(description="What public APIs show; any free one where absent.")] | None = None


class ConversionRequest(Struct, forbid_unknown_fields=True):
    """The recipient acted on the message: used its code, followed its link."""

    at: Annotated[datetime, Meta(tz=True, description="When; now where absent.")] | None = None


def _time_meta(description: str) -> Meta:
    return Meta(description=description, extra_json_schema={"format": "date-time"})


# An optional value in a query is absent or has its type; UNSET keeps the word "null" from being read as absent.


class ListQuery(Struct, forbid_unknown_fields=True):
    state: State | UnsetType = UNSET
    to: str | None = None
    sender: str | None = field(default=None, name="from")
    reference: str | None = None
    # Read as text first: the lax reading of a query takes a plain number for a time.
    after: Annotated[str, _time_meta("Created later than this.")] | UnsetType = UNSET
    before: Annotated[str, _time_meta("Created earlier than this.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MOST_MESSAGES)] = 50
    cursor: Annotated[str, Meta(description="`next` of the page before.")] | None = None


class SearchQuery(Struct, forbid_unknown_fields=True):
    """All that is given must be met exactly."""

    id: Annotated[str, Meta(max_length=64)] | None = None
    account: Annotated[str, Meta(max_length=255)] | None = None
    to: str | None = None
    reference: str | None = None
    state: State | UnsetType = UNSET
    before: Annotated[int, Meta(ge=1, le=2**63 - 1, description="`next` of the page before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class EventsQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="The last `seq` you have.")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    wait: Annotated[float, Meta(ge=0, le=60, description="Seconds to wait for the first event.")] = 0


class CoverageQuery(Struct, forbid_unknown_fields=True):
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2, in capitals.")]
    plan: Annotated[str, Meta(description="Only the operators of this plan.")] | None = None


class OptedOutQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[str, Meta(description="`next` of the page before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class WalletQuery(Struct, forbid_unknown_fields=True):
    before: Annotated[int, Meta(ge=1, le=2**63 - 1, description="`next` of the page before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class StreamQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="As `Last-Event-ID`, which goes first.")] = 0


# --- messages ------------------------------------------------------------------------------------------------


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
    submitted_at, done_at = message.submitted_at, message.done_at
    return MessageView(
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
        datetime.fromtimestamp(message.created_at / 1000, UTC),
        None if submitted_at is None else datetime.fromtimestamp(submitted_at / 1000, UTC),
        None if done_at is None else datetime.fromtimestamp(done_at / 1000, UTC),
        message.error,
        message.possible_duplicate,
    )


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
        at=datetime.fromtimestamp(attempt.at / 1000, UTC),
        answered_at=_time(attempt.answered_at),
        outcome=attempt.outcome,
        status=shown_status(attempt.status),
        smsc_message_id=attempt.smsc_message_id,
        detail=attempt.detail,
    )


def _time(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC)


# --- the rest ------------------------------------------------------------------------------------------------


class EventList(Struct):
    """`next` is what to give as `after` the next time."""

    events: Annotated[
        list[Any],
        Meta(
            extra_json_schema={
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/Event"},
                        {"$ref": "#/components/schemas/ReceivedEvent"},
                    ]
                }
            }
        ),
    ]
    next: int


class AccountView(Struct):
    """`wallet` is prepaid, postpaid or off; `webhook` is whether one is set."""

    account: str
    status: str
    plan: str
    currency: str
    wallet: str
    webhook: bool


class AccountList(Struct):
    accounts: list[AccountView]


class OperatorList(Struct):
    operators: list[OperatorView]


class AuditQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="The last `seq` you have.")] = 0
    before: (
        Annotated[int, Meta(ge=1, le=2**63 - 1, description="In place of `after`: those before it, newest first.")]
        | UnsetType
    ) = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class AuditView(Struct):
    """One control action: `who` is admin, signal or account:NAME; `outcome` is done or the code of the refusal."""

    seq: int
    time: datetime
    who: str
    action: str
    subject: str | None
    outcome: str


class AuditList(Struct):
    """`next` is what to give as `after`, or as `before`, the next time."""

    entries: list[AuditView]
    next: int


class EntryView(Struct):
    """One line of a wallet. What was taken is below zero; `reference` is the message, or the send, that it is about.
    `carried` is the sum of all older lines, which are kept as long as messages are."""

    no: int
    time: datetime
    kind: EntryKind
    amount: Money
    reference: str | None
    detail: str


class ListView(Struct, frozen=True):
    account: str
    id: int
    name: str
    subscribe_word: str | None


class ContactsView(Struct, frozen=True):
    """`added` came into the list, `known` had it already."""

    account: str
    list: int
    added: int
    known: int


class TemplateView(Struct, frozen=True):
    account: str
    id: int
    name: str
    content: str


class WalletView(Struct):
    """What an account has, and the last lines of its wallet, newest first; `next` is what to give as `before` for those
    before them, null where there are none."""

    account: str
    balance: Money
    entries: list[EntryView]
    next: int | None


class ReplayRequest(Struct, forbid_unknown_fields=True):
    """What the webhook gets again: all events later than `after`; what is still waiting where it is absent."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class Replay(Struct):
    """The webhook is sent what comes after event `after`; `events` is how many that are."""

    account: str
    after: int
    events: int


class Health(Struct):
    status: str
