"""Values to store, and short ways to wait for the store."""

import asyncio
from collections.abc import Sequence
from typing import Any

from router.event import EventType, LoggedEvent
from router.inbound import Inbound, Piece, Place
from router.message import Attempt, Message, Part, State
from router.outcome import OutcomeKind
from router.ports.store import Remembered, Rider, Store, StoreUnavailable
from router.receipt import Receipt, ReceiptState
from router.wallet import Entry

NOW = 1_750_000_000_000


def uuid7(at: int, number: int) -> str:
    digits = f"{at:012x}7{number >> 60 & 0xFFF:03x}8{number & 0xFFFFFFFFFFFFFFF:015x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def message(no: int, **fields: Any) -> Message:
    at = fields.setdefault("created_at", NOW + no)
    given = {"account": "acme", "to": f"+2376{no:08d}", "text": "Hello", "operator": "mtn", "parts": [Part(1)]}
    return Message(id=uuid7(at, no), no=no, **{**given, **fields})


def waiting(no: int, **fields: Any) -> Message:
    """Queued in its lane at the position of its number."""
    return message(no, **{"position": no, **fields})


def in_doubt(outcome: OutcomeKind | None, state: State = State.QUEUED) -> Part:
    return Part(1, state, [Attempt("mtn", NOW, outcome=outcome)])


def event(seq: int, account: str = "acme", at: int = NOW) -> LoggedEvent:
    return LoggedEvent(account, seq, EventType.DELIVERED, at, f'{{"seq": {seq}}}'.encode())


def receipt(number: int, at: int = NOW, operator: str = "mtn") -> Receipt:
    return Receipt(operator, (f"id{number}", f"{number:x}"), ReceiptState.DELIVERED, f"2376{number}", at, error="000")


def piece(
    arrival: int,
    number: int = 1,
    reference: int = 7,
    at: int = NOW,
    total: int = 2,
    sender: str = "+2376",
    wide: bool = False,
) -> Piece:
    """`arrival` orders the pieces of all messages."""
    place = Place(reference, total, number, wide)
    inbound = Inbound("mtn", sender, "8080", at, b"\x00\xff", None, b"\x05\x00\x03\x07\x02\x01", place)
    return Piece(uuid7(NOW, arrival), inbound)


def answer(key: str, at: int = NOW, account: str = "acme", body: bytes = b"{}") -> Remembered:
    return Remembered(account, key, b"digest", 202, body, at)


async def committed(store: Store) -> None:
    """Everything asked so far is on disk."""
    future = asyncio.get_running_loop().create_future()
    store.after_commit(lambda: future.set_result(None))
    await asyncio.wait_for(future, 20)


def accepting(
    store: Store,
    *messages: Message,
    remembered: Remembered | None = None,
    debit: Entry | None = None,
    riders: Sequence[Rider] = (),
) -> asyncio.Future[StoreUnavailable | None]:
    future = asyncio.get_running_loop().create_future()
    store.accept(messages, remembered, future.set_result, debit, riders)
    return future


async def accepted(
    store: Store, *messages: Message, remembered: Remembered | None = None, debit: Entry | None = None
) -> None:
    assert await asyncio.wait_for(accepting(store, *messages, remembered=remembered, debit=debit), 20) is None


async def refused(store: Store, *messages: Message, remembered: Remembered | None = None) -> StoreUnavailable:
    error = await asyncio.wait_for(accepting(store, *messages, remembered=remembered), 20)
    assert isinstance(error, StoreUnavailable)
    return error
