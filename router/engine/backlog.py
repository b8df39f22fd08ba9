"""How much of the queue is in memory: what is due now, up to a limit. The rest waits in the store."""

import asyncio
from collections.abc import Callable, Mapping

from router.delivery.lanes import RANKS, Line
from router.engine.desk import Desk
from router.engine.ledger import MAIL, Ledger
from router.message import Message, State
from router.ports.store import Lane, LaneBacklog, StoreUnavailable

# So many messages of a line are read at once; fewer where so many of all lines would be more than memory may hold, but
# some, for nobody's line may stand still because of others.
_CHUNK = 2000
_LEAST = 10
_LEAST_MAILS = 2
_AGAIN = 1.0


class Backlog:
    """Decides which queued messages stay in memory, `most` of them, and brings the others in when there is room."""

    def __init__(self, ledger: Ledger, desks: Mapping[str, Desk], most: int) -> None:
        self._ledger = ledger
        self._desks = desks
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    def recover(self, desk: Desk, found: LaneBacklog) -> None:
        """A start found this much of a lane in the store."""
        desk.queue.line(found.lane.rank, found.lane.account).stored += found.count

    def admit(self, desk: Desk, message: Message) -> None:
        """Put a message that has just got its position at the end of its line, in memory or in the store."""
        line = desk.queue.line(RANKS[message.traffic_class], message.account)
        # A half for one line at most: a dead operator must not take all the memory. Of mails for all lines together.
        held = len(desk.queue) * MAIL if desk.mails else len(line.messages)
        if line.stored or len(self._ledger.active) >= self._most or held * 2 >= self._most:
            line.stored += 1
            return
        line.cursor = message.position or 0
        self._ledger.active[message.no] = message
        desk.queue.push(line, message)

    def refill(self, desk: Desk, loaded: Callable[[Desk, list[Message]], None]) -> None:
        """Start to load those lines of an operator that run low and have more in the store."""
        chunk = 0
        for line in desk.queue.lines.values():
            if not line.stored or line.loading:
                continue
            chunk = chunk or self._chunk(desk)
            if len(line.messages) < chunk // 2:
                line.loading = True
                task = asyncio.get_running_loop().create_task(self._load(desk, line, chunk, loaded))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _chunk(self, desk: Desk) -> int:
        lines = sum(len(desk.queue.lines) for desk in self._desks.values())
        chunk = min(_CHUNK, (self._most - len(self._ledger.active)) // lines)
        return max(_LEAST_MAILS, chunk // MAIL) if desk.mails else max(_LEAST, chunk)

    async def _load(self, desk: Desk, line: Line, chunk: int, loaded: Callable[[Desk, list[Message]], None]) -> None:
        store = self._ledger.store
        expected = line.stored
        # All that is in the line's count by now will then be on disk and be found.
        await self._ledger.committed()
        try:
            found = await store.load_lane(Lane(desk.name, line.rank, line.account), line.cursor, chunk)
        except StoreUnavailable:
            await asyncio.sleep(_AGAIN)
            found = []
            expected = 0
        line.loading = False
        if len(found) < chunk:
            line.stored -= expected
        else:
            line.stored = max(1, line.stored - len(found))
        taken = []
        for stored in found:
            line.cursor = stored.position or line.cursor
            message = self._ledger.resident(stored)
            # A message may have been cancelled, moved or resumed since its row was written.
            if (
                message.no not in self._ledger.active
                and message.state is State.QUEUED
                and message.operator == desk.name
                and message.position == stored.position
            ):
                self._ledger.active[message.no] = message
                taken.append(message)
        loaded(desk, taken)
        if line.stored:
            self.refill(desk, loaded)
