"""What the engine holds in memory of the messages it works on, over the store that holds them all."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar
from weakref import ref

from router.delivery.correlate import Match, unanswered
from router.engine.parked import Parked
from router.message import Message
from router.ports.store import Recovery, Store
from router.receipt import Receipt
from router.submit import Channel

T = TypeVar("T")

_EMAIL = Channel.EMAIL.value

MAIL = 128
"""A mail may take as much memory as so many short messages: so many fewer of them are held."""


def resolve(future: asyncio.Future[T], value: T) -> None:
    """Give a future its result, if anyone still waits for it."""
    if not future.done():
        future.set_result(value)


class _Held(ref[Message]):
    """A message that lives as long as anybody works with it."""

    __slots__ = ("id",)
    id: str


class Ledger:
    """One instance of a message in memory, never two; keys and positions for new ones; who waits for which receipt.

    `open` counts all messages that are queued or scheduled, in memory or not; `active` holds by their `no` those in
    memory that are queued or in flight. A message stays in memory while anything holds it (a queue, a bind, an open
    batch, the caches of messages that wait for receipts); the caches are bounded by `remember` each and everything else
    is found in the store.
    """

    def __init__(self, store: Store, recovery: Recovery, remember: int) -> None:
        self.store = store
        self.open = recovery.open_messages
        self.active: dict[int, Message] = {}
        self._held: dict[str, _Held] = {}
        self._no = recovery.last_no
        self._position = recovery.last_position
        self._remember = remember
        self._awaiting: OrderedDict[tuple[str, str], Match] = OrderedDict()
        self._awaiting_mails: OrderedDict[tuple[str, str], Match] = OrderedDict()
        self._unanswered: OrderedDict[tuple[str, str], list[Message]] = OrderedDict()
        self.parked = Parked(remember)

    def number(self, messages: Sequence[Message]) -> None:
        """Give new messages their numbers (`no`), which have no other's between them."""
        no = self._no
        for message in messages:
            no += 1
            message.no = no
        self._no = no

    def next_position(self) -> int:
        self._position += 1
        return self._position

    @property
    def last_position(self) -> int:
        return self._position

    def enrol(self, messages: Sequence[Message]) -> None:
        """Take up new messages."""
        held, let_go = self._held, self._let_go
        for message in messages:
            one = held[message.id] = _Held(message, let_go)
            one.id = message.id
        self.open += len(messages)

    def resident(self, message: Message) -> Message:
        """The instance of this message to work with: the one in memory where there is one, else `message`."""
        known = self.find(message.id)
        if known is not None:
            return known
        one = self._held[message.id] = _Held(message, self._let_go)
        one.id = message.id
        return message

    def current(self, message: Message) -> Message:
        """A message that was read from the store, as it stands now."""
        return self.find(message.id) or message

    def find(self, message_id: str) -> Message | None:
        """The message of that id, where it is in memory."""
        held = self._held.get(message_id)
        return held() if held is not None else None

    def _let_go(self, held: _Held) -> None:
        # Another instance may have come in its place meanwhile.
        if self._held.get(held.id) is held:
            del self._held[held.id]

    async def committed(self) -> None:
        """Return once everything written so far is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.store.after_commit(resolve, done, None)
        await done

    # Receipts to come.

    def await_receipt(self, operator: str, key: str, match: Match, now: int) -> None:
        """An attempt got an id that gives `key`."""
        message = match.message
        self.store.link(operator, key, message, now)
        if message.channel == _EMAIL:
            awaiting, most = self._awaiting_mails, self._remember // MAIL
        else:
            awaiting, most = self._awaiting, self._remember
        match.key = key
        awaiting[operator, key] = match
        if len(awaiting) > most:
            awaiting.popitem(last=False)

    def awaiting(self, operator: str, key: str) -> Match | None:
        """The newest attempt in memory that waits under `key`."""
        return self._awaiting.get((operator, key)) or self._awaiting_mails.get((operator, key))

    def forget_receipt(self, operator: str, key: str) -> None:
        """No more receipts are expected under `key`; the store still knows it."""
        if self._awaiting.pop((operator, key), None) is None:
            self._awaiting_mails.pop((operator, key), None)

    # Parts in doubt.

    def note_unanswered(self, operator: str, message: Message) -> None:
        waiting = self._unanswered.setdefault((operator, message.to), [])
        if all(other is not message for other in waiting):
            waiting.append(message)
        if len(self._unanswered) > self._remember:
            self._unanswered.popitem(last=False)

    def unanswered(self, operator: str, to: str) -> list[Match]:
        """The attempts at `operator` for the number `to` that were never answered and whose message is open."""
        messages = self._unanswered.get((operator, to))
        if not messages:
            return []
        found = [match for message in messages for match in unanswered(message, operator)]
        if found:
            self._unanswered[operator, to] = list({match.message.id: match.message for match in found}.values())
        else:
            del self._unanswered[operator, to]
        return found

    # Receipts that came too early, or for nobody.

    def park(self, receipt: Receipt, keys: list[str]) -> None:
        """Keep a receipt that matched nothing, under every key by which its part may still turn up."""
        self.store.park(receipt)
        self.parked.add(receipt, keys)

    def unpark(self, receipt: Receipt) -> None:
        """A parked receipt has found its part."""
        self.store.unpark(receipt)
        self.parked.remove(receipt)
