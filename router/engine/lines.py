"""Who stands in line at which operator: in, and from one operator to another when nobody is there to send."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

from router.delivery.lanes import RANKS, Line
from router.delivery.settle import Step, committed_to, hold_back, stop_sending
from router.engine.backlog import Backlog
from router.engine.choosing import Chooser
from router.engine.desk import Desk, departed
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.trouble import described
from router.event import EventType
from router.message import Message, MessageError, State
from router.ports.clock import Clock

# Looking a member up in its enumeration takes longer than comparing it.
_QUEUED, _SUBMITTED = State.QUEUED, EventType.SUBMITTED
# How many messages one turn of the loop moves between operators.
_SLICE = 200
# How long a message rests after an error of our own, ms.
_REST_MS = 10_000


class Lines:
    """Stands messages in line and moves them on; `ready` hears of every operator that may have something to send.

    An error of ours over one message is told and keeps nobody else waiting: the message comes back by the clock.
    """

    def __init__(
        self,
        ledger: Ledger,
        desks: dict[str, Desk],
        chooser: Chooser,
        endings: Endings,
        tell: Callable[[EventType, Message, int], None],
        backlog: Backlog,
        alarm: Callable[[Message], None],
        ready: Callable[[Desk], None],
        clock: Clock,
        log: Any,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._desks = desks
        self._chooser = chooser
        self._endings = endings
        self._tell = tell
        self._backlog = backlog
        self._alarm = alarm
        self._ready = ready
        self._clock = clock
        self._log = log
        self._stopped = False

    def desk(self, operator: str) -> Desk:
        """The desk of an operator, also of one that has left the configuration while messages waited for it."""
        desk = self._desks.get(operator)
        if desk is None:
            desk = self._desks[operator] = departed(operator)
        return desk

    def stop(self) -> None:
        """Move nothing any more."""
        self._stopped = True

    def enqueue(self, message: Message) -> None:
        """Stand a message in line at its operator. The caller saves it."""
        desk = self.desk(message.operator or "")
        message.state = _QUEUED
        if desk.gateway is None and self._leaves(desk, message):
            return
        message.position = self._ledger.next_position()
        self._backlog.admit(desk, message)
        # Also where memory is full of what others cannot send: then it is fetched from the store.
        self._ready(desk)

    def front(self, desk: Desk, message: Message) -> None:
        """Put before all others at its operator a message that was taken out and has to go on. The caller saves it."""
        if message.position is None:
            message.position = self._ledger.next_position()
        self._ledger.active[message.no] = message
        if desk.unusable is None or not self._leaves(desk, message):
            desk.queue.push_urgent(message)
            self._ready(desk)

    def hold_back(self, message: Message, until: int, waits_for: str) -> None:
        """Something about the recipient keeps a message back: others go first."""
        hold_back(message, until, waits_for)
        self._ledger.active.pop(message.no, None)
        self._store.save(message)
        self._alarm(message)

    def put_off(self, message: Message, error: Exception) -> None:
        """Something of ours broke over a message that was to be sent: it is told, and tried again in a while."""
        self._log.error("message_put_off", message_id=message.id, **described(error))
        self.hold_back(message, self._clock.now() + _REST_MS, "internal_error")

    def submitted(self, messages: Sequence[Message], now: int) -> None:
        """All their parts are with the operator: store them, tell them once, and wait for receipts."""
        save, tell, alarm, active = self._store.save, self._tell, self._alarm, self._ledger.active
        self._ledger.open -= len(messages)
        for message in messages:
            try:
                save(message)
                active.pop(message.no, None)
                if not message.recalled:
                    tell(_SUBMITTED, message, now)
                alarm(message)
            except Exception as error:
                self._log.error("answer_broke", message_id=message.id, **described(error))

    def out_of_time(self, message: Message, now: int) -> bool:
        """Send nothing more of a queued or scheduled message whose time is over. False while an answer is due."""
        if committed_to(message) is None:
            self._endings.end(message, State.EXPIRED, now, _EXPIRED)
            return True
        return self._send_no_more(self.desk(message.operator or ""), message, State.EXPIRED, _EXPIRED, now)

    # Between operators.

    def link_changed(self, operator: str) -> None:
        """An operator came up or went down: what waits goes where it can be taken."""
        desk = self._desks.get(operator)
        if desk is None:
            return
        if desk.refresh(self._clock.monotonic()):
            self.offer(desk)
        self._ready(desk)

    def circuit_changed(self, desk: Desk, now: float) -> None:
        """An operator takes nothing of ours any more (then it is tried again after a while), or does again."""
        until = desk.circuit.open_until
        if until is None:
            self._log.info("circuit_closed", operator=desk.name)
        else:
            self._log.error("circuit_open", operator=desk.name, reason=desk.circuit.reason, seconds=until - now)
            asyncio.get_running_loop().call_later(until - now, self.link_changed, desk.name)
        if desk.refresh(now):
            # What is being settled goes on first.
            asyncio.get_running_loop().call_soon(self.offer, desk)

    def offer(self, desk: Desk) -> None:
        """An operator has become usable, or is not any more: what waits may go elsewhere."""
        if desk.unusable is None:
            self.offer_all()
        else:
            self._sweep(desk)
        self._ready(desk)

    def offer_all(self) -> None:
        """Somebody new may take what waits at unusable operators."""
        for desk in self._desks.values():
            if desk.unusable is not None:
                self._sweep(desk)

    def relieve(self, desk: Desk, plans: Collection[str], position: int, slow: Collection[str], turn: int) -> None:
        """Offer what has stood in line at a usable operator up to a position, as far as it goes by one of these plans,
        to operators that are not `slow`: of each line a slice, at the next `turn` the one behind it."""
        leaves = partial(self._goes_on, desk, plans, position, slow)
        desk.queue.withdraw_urgent(leaves)
        for line in list(desk.queue.lines.values()):
            old = sum(1 for _ in takewhile(lambda message: (message.position or 0) <= position, line.messages))
            first = turn * _SLICE % old if old > _SLICE else 0
            desk.queue.withdraw(line, first, min(_SLICE, old - first), leaves)
        self._backlog.refill(desk, self._loaded)

    def fetch(self, desk: Desk) -> None:
        """Begin to bring in what waits for an operator in the store."""
        self._backlog.refill(desk, self._loaded)

    def _goes_on(
        self, desk: Desk, plans: Collection[str], position: int, slow: Collection[str], message: Message
    ) -> bool:
        """Whether a message that waits too long goes to another operator; if so it already went."""
        if message.state is not State.QUEUED or message.operator != desk.name:
            return True
        if (message.position or 0) > position or committed_to(message) is not None:
            return False
        try:
            # An operator that everything left is not slow any more, but what comes back waits there from the start.
            if not self._chooser.move_from(message, self._clock.now(), plans, {*slow, *message.slow_at}):
                return False
        except Exception as error:
            self.put_off(message, error)
            return True
        message.slow_at.append(desk.name)
        self._ledger.active.pop(message.no, None)
        self.enqueue(message)
        self._store.save(message)
        return True

    def _sweep(self, desk: Desk) -> None:
        """Offer everything that waits at an unusable operator to the others, a slice at a time."""
        desk.queue.withdraw_urgent(partial(self._leaves, desk))
        for line in list(desk.queue.lines.values()):
            self._sweep_line(desk, line, 0, len(line.messages))

    def _sweep_line(self, desk: Desk, line: Line, first: int, left: int) -> None:
        if desk.unusable is None or self._stopped:
            return
        stayed = desk.queue.withdraw(line, first, min(left, _SLICE), partial(self._leaves, desk))
        self._backlog.refill(desk, self._loaded)
        if left > _SLICE:
            asyncio.get_running_loop().call_soon(self._sweep_line, desk, line, first + stayed, left - _SLICE)

    def _leaves(self, desk: Desk, message: Message) -> bool:
        """Whether a message that waits at an unusable operator goes to another one; if so it already went."""
        if message.state is not State.QUEUED or message.operator != desk.name:
            return True
        try:
            if committed_to(message) is not None:
                return desk.gateway is None and self._abandon(desk, message)
            if not self._chooser.move(message, self._clock.now()):
                return False
            if message.operator == desk.name:
                return False
            self._ledger.active.pop(message.no, None)
            self.enqueue(message)
            self._store.save(message)
        except Exception as error:
            self.put_off(message, error)
        return True

    def _abandon(self, desk: Desk, message: Message) -> bool:
        """Send nothing more of a message whose operator is gone with a part of it. False while an answer is due."""
        return self._send_no_more(desk, message, State.FAILED, _GONE, self._clock.now())

    def _send_no_more(self, desk: Desk, message: Message, ending: State, error: MessageError, now: int) -> bool:
        """What the operator may have of it waits for receipts; where that is not all, it ends so. False while an answer
        is due."""
        step = stop_sending(message, desk.operator, now)
        if step is Step.AWAIT:
            self.submitted((message,), now)
        elif step is Step.FINAL:
            self._endings.end(message, ending, now, error)
        return step is not Step.IGNORE

    def _loaded(self, desk: Desk, messages: list[Message]) -> None:
        """Messages came from the store into a line of the operator."""
        for message in messages:
            if desk.unusable is None or not self._leaves(desk, message):
                desk.queue.push(desk.queue.line(RANKS[message.traffic_class], message.account), message)
        self._ready(desk)


_EXPIRED = MessageError("expired", "it could not be submitted before expires_in was over")
_GONE = MessageError("unroutable", "its operator left the configuration when only a part of it was sent")
