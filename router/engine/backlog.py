"""How much of the queue is in memory: what is due now, up to a limit. The rest waits in the store."""

import asyncio
from collections.abc import Callable

from router.delivery.lanes import RANKS, Line
from router.engine.desk import Desk
from router.engine.ledger import Ledger
from router.message import Message, State
from router.ports import Lane, LaneBacklog, StoreUnavailable

_CHUNK = 500
_AGAIN = 1.0


class Backlog:
    """Decides which queued messages stay in memory and brings the others in when there is room."""

    def __init__(self, ledger: Ledger, in_memory: int) -> None:
        self._ledger = ledger
        self._in_memory = in_memory
        self._tasks: set[asyncio.Task[None]] = set()

    def recover(self, desk: Desk, found: LaneBacklog) -> None:
        """A start found this much of a lane in the store."""
        desk.queue.line(found.lane.rank, found.lane.account).stored += found.count

    def admit(self, desk: Desk, message: Message) -> bool:
        """Put a message that has just got its position at the end of its line: in memory (True) or in the store."""
        line = desk.queue.line(RANKS[message.traffic_class], message.account)
        # A quarter for one line at most: a dead operator must not take all the memory.
        if line.stored or len(self._ledger.active) >= self._in_memory or len(line.messages) * 4 >= self._in_memory:
            line.stored += 1
            return False
        line.cursor = message.position or 0
        self._ledger.active[message.no] = message
        desk.queue.push(line, message)
        return True

    def refill(self, desk: Desk, loaded: Callable[[Desk, list[Message]], None]) -> None:
        """Start to load those lines of an operator that run low and have more in the store."""
        for line in desk.queue.lines.values():
            if line.stored and not line.loading and len(line.messages) < _CHUNK // 2:
                line.loading = True
                task = asyncio.get_running_loop().create_task(self._load(desk, line, loaded))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _load(self, desk: Desk, line: Line, loaded: Callable[[Desk, list[Message]], None]) -> None:
        store = self._ledger.store
        expected = line.stored
        # All that is in the line's count by now will then be on disk and be found.
        await self._ledger.committed()
        try:
            found = await store.load_lane(Lane(desk.name, line.rank, line.account), line.cursor, _CHUNK)
        except StoreUnavailable:
            await asyncio.sleep(_AGAIN)
            found = []
            expected = 0
        line.loading = False
        if len(found) < _CHUNK:
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
