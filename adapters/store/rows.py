"""A value and its row, both ways."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from router.audit import AuditEntry
from router.inbound import LongMessage, Piece
from router.message import FINAL, Message, State, TrafficClass
from router.outcome import OutcomeKind
from router.ports.store import Remembered, Spent
from router.receipt import Receipt
from router.wallet import Entry, EntryKind

Row = tuple[Any, ...]

_NAMES = {state: state.value for state in State}

RANK = {traffic_class: rank for rank, traffic_class in enumerate(TrafficClass)}

OPEN = 1
UNSETTLED = 2

LARGEST_TIME = (1 << 48) - 1

# Looking a member up in its enumeration costs as much as the rest of the test it stands in.
_QUEUED, _SCHEDULED, _SUBMITTED = State.QUEUED, State.SCHEDULED, State.SUBMITTED
_UNKNOWN = OutcomeKind.UNKNOWN

_encode = msgspec.json.Encoder().encode
decode_message = msgspec.json.Decoder(Message).decode
decode_receipt = msgspec.json.Decoder(Receipt).decode
decode_piece = msgspec.json.Decoder(Piece).decode
decode_long_message = msgspec.json.Decoder(LongMessage).decode


def id_bytes(text: str) -> bytes:
    """The 16 octets of an id. Raises ValueError where it is none."""
    octets = bytes.fromhex(text.replace("-", ""))
    if len(octets) != 16:
        raise ValueError("not an id")
    return octets


def first_id(at: int) -> bytes:
    """The smallest id of a millisecond: a UUIDv7 begins with its time in 48 bits (RFC 9562 section 5.7)."""
    return min(max(at, 0), LARGEST_TIME).to_bytes(6, "big") + bytes(10)


def key_bytes(key: str) -> bytes:
    """A key from outside as octets; undecodable ones may stand in it as lone surrogates."""
    return key.encode("utf-8", "surrogatepass")


def new_row(message: Message, texts_gone_to: int) -> Row:
    """The whole row of a message. Raises TypeError or ValueError where it has none."""
    operator = message.operator
    return (
        message.no,
        id_bytes(message.id),
        message.account,
        message.to,
        message.sender,
        message.reference,
        RANK[message.traffic_class],
        _NAMES[message.state],
        "" if operator is None else operator,
        message.position,
        message.due_at,
        _live(message),
        _body(message, texts_gone_to),
    )


def saved_row(message: Message, texts_gone_to: int) -> Row:
    """What may change in a row, then its number. Raises TypeError or ValueError where it has none."""
    operator = message.operator
    return (
        _NAMES[message.state],
        "" if operator is None else operator,
        message.position,
        message.due_at,
        _live(message),
        _body(message, texts_gone_to),
        message.no,
    )


def claimed_row(message: Message) -> Row:
    """What changes in a row when a part of its message is given to an operator, then its number."""
    return _live(message), _encode(message), message.no


def has_ended(message: Message) -> bool:
    """Final, or submitted without a receipt to wait for: nothing will change it any more."""
    return message.state in FINAL or (message.state is _SUBMITTED and message.due_at is None)


def _body(message: Message, texts_gone_to: int) -> bytes:
    """An ended message up to number `texts_gone_to` is older than the retention of texts and is kept without, as is a
    confidential one at once."""
    if (message.no <= texts_gone_to or message.confidential) and has_ended(message):
        message = msgspec.structs.replace(message, text=None, data=None, udh=None, options=None)
    return _encode(message)


def _live(message: Message) -> int | None:
    state = message.state
    if state in FINAL:
        return None
    live = OPEN if state is _QUEUED or state is _SCHEDULED else 0
    for part in message.parts:
        attempts = part.attempts
        if attempts and (part.state is _QUEUED or part.state is _SUBMITTED):
            outcome = attempts[-1].outcome
            if outcome is None or outcome is _UNKNOWN:
                return live | UNSETTLED
    return live or None


def messages(rows: Iterable[Row]) -> list[Message]:
    return [decode_message(body) for (body,) in rows]


def remembered_row(answer: Remembered) -> Row:
    return answer.account, key_bytes(answer.key), answer.digest, answer.status, answer.body, answer.at


def audit_row(entry: AuditEntry) -> Row:
    subject = entry.subject
    # A name comes from an address.
    shown = subject if subject is None else _unicode(subject)
    return entry.at, entry.who, entry.action, shown, entry.outcome


def entry_row(entry: Entry) -> Row:
    reference = entry.reference
    # Both may come from a client.
    shown = reference if reference is None else _unicode(reference)
    return entry.account, entry.at, entry.kind.value, entry.amount, shown, _unicode(entry.detail)


def entry_of(row: Row) -> Entry:
    no, account, at, kind, amount, reference, detail = row
    return Entry(account, at, EntryKind(kind), amount, reference, detail, no)


def _unicode(text: str) -> str:
    """A text from outside, which may hold what is no Unicode, as it can be stored."""
    return text.encode("utf-8", "replace").decode()


def spent_row(spent: Spent) -> Row:
    return spent.operator, spent.day, spent.parts, str(spent.spend)


def spent_of(row: Row) -> Spent:
    operator, day, parts, spend = row
    return Spent(operator, day, parts, Decimal(spend))


def receipt_bytes(receipt: Receipt) -> bytes:
    """Equal receipts have equal octets: fields are written in order, always all of them."""
    return _encode(receipt)


def long_message_bytes(message: LongMessage) -> bytes:
    return _encode(message)


def piece_key(piece: Piece) -> Row:
    return long_message_bytes(piece.message), id_bytes(piece.id)


def piece_row(piece: Piece) -> Row:
    return *piece_key(piece), piece.inbound.received_at, _encode(piece)
