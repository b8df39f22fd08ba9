"""The clock's side of a message: its send time, its next try, its expiry, the end of waiting for receipts."""

import asyncio

from router.delivery.receipts import give_up_waiting
from router.delivery.settle import committed_to, hold_back
from router.engine.choosing import Chooser
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.lines import Lines
from router.engine.opt_outs import OptOuts
from router.engine.questions import Questions
from router.message import Message, MessageError, State
from router.ports.clock import Clock
from router.ports.store import StoreUnavailable
from router.routing.guards import OPTED_OUT, QUIET_HOURS

_CHUNK = 500
_AGAIN = 1.0
_AGAIN_MS = 1_000
# Earlier than any clock says: at once, also where the clock was set back meanwhile.
_AT_ONCE = 0
_NO_OPERATOR = MessageError("unroutable", "no operator is left that takes this message")
_OPTED_OUT = MessageError(OPTED_OUT, "the number has opted out since the message was accepted")


class Wakeups:
    """Knows when the next message is due and acts then. What is due is read from the store, not held in memory."""

    def __init__(
        self,
        ledger: Ledger,
        endings: Endings,
        chooser: Chooser,
        questions: Questions,
        opt_outs: OptOuts,
        clock: Clock,
        next_due: int | None,
    ) -> None:
        self._ledger = ledger
        self._endings = endings
        self._chooser = chooser
        self._questions = questions
        self._opt_outs = opt_outs
        self._clock = clock
        self._next = next_due
        self._changed = asyncio.Event()

    def note(self, message: Message) -> None:
        """A message has a (new) due_at."""
        due = message.due_at
        if due is not None and (self._next is None or due < self._next):
            self._alarm(due)

    def _alarm(self, due: int) -> None:
        if self._next is None or due < self._next:
            self._next = due
            self._changed.set()

    async def run(self, lines: Lines) -> None:
        """Act on what is due, for as long as the daemon runs."""
        while True:
            self._changed.clear()
            delay = None if self._next is None else max(0.0, (self._next - self._clock.now()) / 1000)
            if delay is None or delay > 0:
                try:
                    # A clock that jumps is noticed after a minute at the latest.
                    async with asyncio.timeout(60.0 if delay is None else min(delay, 60.0)):
                        await self._changed.wait()
                except TimeoutError:
                    pass
                continue
            try:
                await self._act(lines)
            except Exception as error:
                self._next = _AT_ONCE
                if not isinstance(error, StoreUnavailable):
                    raise
                await asyncio.sleep(_AGAIN)

    async def _act(self, lines: Lines) -> None:
        store = self._ledger.store
        # What was changed up to here must be on disk, or its old due_at would be read again.
        await self._ledger.committed()
        self._next = None
        now = self._clock.now()
        due = await store.load_due(now, _CHUNK)
        for stored in due:
            message = self._ledger.resident(stored)
            if message.due_at is not None and message.due_at <= now:
                try:
                    self._wake(lines, message, now)
                except Exception as error:
                    lines.put_off(message, error)
        if len(due) == _CHUNK:
            self._alarm(_AT_ONCE)
        elif (coming := await store.next_due()) is not None:
            # What is still due as we read was acted on just now and is not on disk yet: the next look comes after that.
            self._alarm(_AT_ONCE if coming <= now else coming)

    def _wake(self, lines: Lines, message: Message, now: int) -> None:
        message.due_at = None
        if message.state is State.SUBMITTED:
            message.due_at = self._questions.poll(message, now)
            if message.due_at is not None:
                self._ledger.store.save(message)
                self.note(message)
            elif self._questions.query(message):
                message.due_at = now + round(self._questions.patience(message) * 1000)
                self._ledger.store.save(message)
                self.note(message)
            elif give_up_waiting(message, now):
                self._endings.close(message, now)
            else:
                self._ledger.store.save(message)
            return
        if message.state not in (State.SCHEDULED, State.QUEUED):
            self._ledger.store.save(message)
            return
        if message.expires_at is not None and message.expires_at <= now:
            if lines.out_of_time(message, now):
                return
            # Some of it may be with the operator; look again when that is settled.
            message.due_at = now + _AGAIN_MS
            self._ledger.store.save(message)
            self.note(message)
            return
        message.due_at = message.expires_at
        if message.position is None:
            if committed_to(message) is None:
                if self._opt_outs.refuses(message.account, message.to, message.traffic_class):
                    self._endings.end(message, State.REJECTED, now, _OPTED_OUT)
                    return
                until = self._chooser.quiet_until(message, now)
                if until is not None:
                    hold_back(message, until, QUIET_HOURS)
                    self._ledger.store.save(message)
                    self.note(message)
                    return
                if message.waiting_for == QUIET_HOURS:
                    message.waiting_for = None
                if not self._chooser.move(message, now):
                    self._endings.end(message, State.FAILED, now, _NO_OPERATOR)
                    return
            lines.enqueue(message)
        self._ledger.store.save(message)
        self.note(message)
