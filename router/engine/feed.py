"""The durable log of what accounts are told: written with what it tells, read by cursor."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from router.engine.ids import Ids
from router.event import Event, EventType, LoggedEvent, ReceivedEvent, by_account
from router.inbound import Piece, Received
from router.message import Message
from router.ports.store import Store
from router.ports.watching import Metrics

# So many events of all accounts are in memory, the newest: readers that are not further behind are served from there.
_RECENT = 10_000


class Feed:
    """Numbers, stores and hands out events. An event is readable once it is on disk."""

    def __init__(self, store: Store, metrics: Metrics, ids: Ids, last_seqs: dict[str, int]) -> None:
        self._store = store
        self._metrics = metrics
        self._ids = ids
        self._seqs: defaultdict[str, int] = defaultdict(int, last_seqs)
        self._committed: defaultdict[str, int] = defaultdict(int, last_seqs)
        self._recent: deque[LoggedEvent] = deque()
        self._tails: defaultdict[str, deque[LoggedEvent]] = defaultdict(deque)
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._encode = msgspec.json.Encoder().encode
        store.listen(self._readable)

    def last_seq(self, account: str) -> int:
        """The seq of the account's newest readable event, 0 where there is none."""
        return self._committed[account]

    def tell(self, type: EventType, message: Message, now: int) -> None:
        """Log what became of a message, with its present state."""
        seq = self._seqs[message.account] + 1
        # By position, in the order of the fields: half the cost of names.
        event = Event(
            self._ids.next(now),
            seq,
            type,
            at(now),
            message.account,
            message.id,
            message.reference,
            message.to,
            message.sender,
            message.channel,
            message.operator,
            message.network,
            message.segments,
            message.cost,
            message.price,
            message.state,
            message.error,
            message.possible_duplicate,
            at(message.submitted_at) if message.submitted_at is not None else None,
            at(message.done_at) if message.done_at is not None else None,
        )
        self._seqs[message.account] = seq
        self._store.append(LoggedEvent(message.account, seq, type, now, self._encode(event)))

    def tell_received(self, account: str, received: Received, channel: str, pieces: Sequence[Piece], now: int) -> None:
        """Log a message from a handset; the pieces it came in are forgotten with that, in one transaction."""
        seq = self._seqs[account] + 1
        identity = self._ids.next(now)
        event = ReceivedEvent(
            id=identity,
            seq=seq,
            type=EventType.RECEIVED,
            time=at(now),
            account=account,
            message_id=identity,
            to=received.to,
            sender=received.sender,
            channel=channel,
            operator=received.operator,
            segments=received.segments,
            text=received.text,
            data=received.data,
            udh=received.udh,
            complete=received.complete,
            media=received.media or msgspec.UNSET,
        )
        self._seqs[account] = seq
        logged = LoggedEvent(account, seq, EventType.RECEIVED, now, self._encode(event))
        if pieces:
            self._store.drop(pieces, logged)
        else:
            self._store.append(logged)

    async def read(self, account: str, after: int, limit: int, wait: float) -> list[LoggedEvent]:
        """Events with seq > `after`, in order, at most `limit`; when there are none, waits up to `wait` seconds."""
        if self._committed[account] <= after and (wait <= 0 or not await self._arrival(account, after, wait)):
            return []
        tail, last = self._tails.get(account), self._committed[account]
        if tail and tail[0].seq <= after + 1:
            skip = max(0, after + 1 - tail[0].seq)
            return [tail[index] for index in range(skip, min(len(tail), skip + limit))]
        found = await self._store.events(account, after, limit)
        if found or wait <= 0:
            return found
        # Retention has removed all there was: without a wait, whoever follows the log would ask again and again.
        return await self.read(account, last, limit, wait)

    def _readable(self, events: Sequence[LoggedEvent]) -> None:
        committed, tails, recent = self._committed, self._tails, self._recent
        for type, count in Counter([event.type for event in events]).items():
            self._metrics.event(type, count)
        told = by_account(events)
        for account, of_account in told.items():
            committed[account] = of_account[-1].seq
            tails[account].extend(of_account)
        recent.extend(events)
        for _ in range(len(recent) - _RECENT):
            # The oldest of all is the oldest of its account.
            account = recent.popleft().account
            tail = tails[account]
            tail.popleft()
            if not tail:
                del tails[account]
        for account in told:
            waiting = self._waiting[account]
            for future in waiting:
                if not future.done():
                    future.set_result(None)
            waiting.clear()

    async def _arrival(self, account: str, after: int, wait: float) -> bool:
        """Whether an event with seq > `after` comes within `wait` seconds."""
        try:
            async with asyncio.timeout(wait):
                while self._committed[account] <= after:
                    future = asyncio.get_running_loop().create_future()
                    self._waiting[account].add(future)
                    try:
                        await future
                    finally:
                        self._waiting[account].discard(future)
        except TimeoutError:
            return False
        return True


@lru_cache(maxsize=4096)
def at(milliseconds: int) -> datetime:
    """Milliseconds since the epoch as a time in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
