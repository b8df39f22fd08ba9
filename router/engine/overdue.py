"""Messages that wait too long at one operator while another could take them."""

import asyncio
from collections import deque
from collections.abc import Mapping

from router.engine.desk import Desk
from router.engine.ledger import Ledger
from router.engine.lines import Lines
from router.engine.running import Running
from router.ports.clock import Clock

_EVERY = 1.0


class Overdue:
    """Looks once a second for messages that have waited at their operator longer than their plan's `max_wait`.

    Nothing is kept per message: positions grow with time, so a few marks of how far they had come tell since when a
    message stands in its line. After a restart all begin to wait anew.
    """

    def __init__(self, running: Running, desks: Mapping[str, Desk], lines: Lines, ledger: Ledger, clock: Clock) -> None:
        self._running = running
        self._desks = desks
        self._lines = lines
        self._ledger = ledger
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque()
        self._turn = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            self.look()

    def look(self) -> None:
        """Offer what waits too long to operators where nothing does."""
        waits = sorted({plan.max_wait for plan in self._running.plan.plans.values() if plan.max_wait is not None})
        if not waits:
            self._marks.clear()
            return
        self._turn += 1
        now = self._clock.monotonic()
        self._marks.append((now, self._ledger.last_position))
        while len(self._marks) > 1 and self._marks[1][0] <= now - waits[-1]:
            self._marks.popleft()
        for wait in waits:
            plans = {name for name, plan in self._running.plan.plans.items() if plan.max_wait == wait}
            self._relieve(plans, self._entered_before(now - wait))

    def _relieve(self, plans: set[str], position: int) -> None:
        slow = {name for name, desk in self._desks.items() if (desk.queue.first_position() or position + 1) <= position}
        for name in slow:
            desk = self._desks[name]
            if desk.unusable is None:
                self._lines.relieve(desk, plans, position, slow, self._turn)

    def _entered_before(self, then: float) -> int:
        """Every position up to this one was given before a time."""
        return max((position for at, position in self._marks if at <= then), default=0)
