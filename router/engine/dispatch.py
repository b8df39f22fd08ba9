"""From the queue to the operators and back: claim on disk, then write, then settle on disk.

Before a part is written, the intent (an attempt without outcome) is committed; a slot of the window is taken up
again only in the same batch as the result that freed it. So whenever the power goes, the attempts without outcome
on disk are all that can be in doubt: at most window x binds per operator.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial
from itertools import takewhile
from typing import Any

from router.delivery.lanes import RANKS, Line
from router.delivery.settle import Step, committed_to, hold_back, next_part, stop_sending
from router.engine.backlog import Backlog
from router.engine.caps import CapKeeper
from router.engine.choosing import Chooser
from router.engine.desk import CAP_REACHED, Desk, departed
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.trouble import described
from router.event import EventType
from router.message import FINAL, Attempt, Message, MessageError, Part, State, TrafficClass
from router.operator import TextRules
from router.outcome import Outcome, OutcomeKind
from router.ports import Clock, OperatorGateway, Submission
from router.refusal import Refusal
from router.routing.guards import QUIET_HOURS
from router.text.segment import MAX_PARTS, Segment, Segmentation, fingerprint
from router.text.segment import segment as cut_text

# How many messages one turn of the loop moves between operators.
_SLICE = 200
_MARKETING = TrafficClass.MARKETING
# Of so many long messages per operator it is known which bind they go by.
_HOMES = 10_000
# After an error of our own: how long an operator rests (seconds), and a message (ms).
_REST = 1.0
_REST_MS = 10_000


class Dispatcher:
    """Keeps every operator's windows full from its queue.

    An error of ours over one message or one operator is told and keeps nobody else waiting: the message comes back by
    the clock. `settled` hears of what broke while it was written.
    """

    def __init__(
        self,
        ledger: Ledger,
        desks: dict[str, Desk],
        chooser: Chooser,
        endings: Endings,
        backlog: Backlog,
        alarm: Callable[[Message], None],
        settled: Callable[[Submission, Outcome], None],
        caps: CapKeeper,
        clock: Clock,
        log: Any,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._desks = desks
        self._chooser = chooser
        self._endings = endings
        self._backlog = backlog
        self._alarm = alarm
        self._settled = settled
        self._caps = caps
        self._clock = clock
        self._log = log
        # The parts of one long text are asked for one after another.
        self._cut_long = lru_cache(maxsize=256)(cut_text)
        self._due_for_pump: dict[str, Desk] = {}
        self._resting: set[str] = set()
        self._stopped = False

    def desk(self, operator: str) -> Desk:
        """The desk of an operator, also of one that has left the configuration while messages waited for it."""
        desk = self._desks.get(operator)
        if desk is None:
            desk = self._desks[operator] = departed(operator)
        return desk

    # In.

    def take(self, messages: Sequence[Message]) -> None:
        """Stand accepted messages in line, or have the clock do it, and fill at once what is due for it, so that the
        claims go into the batch that is open. Raises nothing: whoever is told that they were taken is told the truth.
        """
        for message in messages:
            if message.state is State.QUEUED:
                try:
                    self.enqueue(message)
                except Exception as error:
                    self.put_off(message, error)
            self._alarm(message)
        self._pump_due()

    def put_off(self, message: Message, error: Exception) -> None:
        """Something of ours broke over a message that was to be sent: it is told, and tried again in a while."""
        self._log.error("message_put_off", message_id=message.id, **described(error))
        self._hold_back(message, self._clock.now() + _REST_MS, "internal_error")

    def enqueue(self, message: Message) -> None:
        """Stand a message in line at its operator. The caller saves it."""
        desk = self.desk(message.operator or "")
        message.state = State.QUEUED
        if desk.gateway is None and self._leaves(desk, message):
            return
        message.position = self._ledger.next_position()
        self._backlog.admit(desk, message)
        # Also where memory is full of what others cannot send: then it is fetched from the store.
        self.pump_soon(desk)

    def link_changed(self, operator: str) -> None:
        """An operator came up or went down: what waits goes where it can be taken."""
        desk = self._desks.get(operator)
        if desk is None:
            return
        if desk.refresh(self._clock.monotonic()):
            self._offer(desk)
        self.pump_soon(desk)

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
            asyncio.get_running_loop().call_soon(self._offer, desk)

    def _offer(self, desk: Desk) -> None:
        """An operator has become usable, or is not any more: what waits may go elsewhere."""
        if desk.unusable is None:
            self.offer_all()
        else:
            self._sweep(desk)
        self.pump_soon(desk)

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

    def fetch(self, desk: Desk) -> None:
        """Begin to bring in what waits for an operator in the store."""
        self._backlog.refill(desk, self._loaded)

    # Out.

    def pump_soon(self, desk: Desk) -> None:
        """Fill the operator's windows at the end of this turn of the loop."""
        if not self._due_for_pump:
            asyncio.get_running_loop().call_soon(self._pump_due)
        self._due_for_pump[desk.name] = desk

    def stop(self) -> None:
        """Claim nothing any more; what is in flight still settles."""
        self._stopped = True
        for desk in self._desks.values():
            desk.close()

    def _pump_due(self) -> None:
        due = list(self._due_for_pump.values())
        self._due_for_pump.clear()
        for desk in due:
            if desk.name in self._resting:
                continue
            try:
                self._pump(desk)
            except Exception as error:
                self._log.error("dispatch_broke", operator=desk.name, **described(error))
                self._resting.add(desk.name)
                asyncio.get_running_loop().call_later(_REST, self._rested, desk)

    def _rested(self, desk: Desk) -> None:
        self._resting.discard(desk.name)
        self.pump_soon(desk)

    def _pump(self, desk: Desk) -> None:
        gateway = desk.gateway
        capped = desk.unusable == CAP_REACHED
        if self._stopped or gateway is None or (desk.unusable is not None and not capped):
            return
        queue = desk.queue
        pacer = desk.pacer
        now = self._clock.monotonic()
        wall = self._clock.now()
        aside: list[Message] = []
        try:
            # What has begun goes on over a cap, for it was counted as a whole; it stands before all lines.
            while queue and (queue.urgent or not capped) and not (desk.circuit.tripped and desk.in_flight):
                delay = pacer.delay(now)
                if delay > 0:
                    desk.wake_in(delay, partial(self.pump_soon, desk))
                    break
                slot = gateway.reserve()
                if slot is None:
                    break
                try:
                    taken = self._take(desk, wall, now)
                except Exception:
                    gateway.release(slot)
                    raise
                if taken is None:
                    gateway.release(slot)
                    break
                message, part, segment = taken
                over = False
                try:
                    if len(message.parts) > 1:
                        slot = self._at_home(desk, gateway, message, slot)
                    if slot is not None:
                        over = desk.spending is not None and not self._caps.claim(desk, message, part, wall)
                        if not over:
                            pacer.take(now)
                            self._claim(desk, message, part, segment, slot, wall)
                except Exception as error:
                    gateway.release(slot)
                    self.put_off(message, error)
                    continue
                if slot is None:
                    aside.append(message)
                    continue
                if over:
                    gateway.release(slot)
                    aside.append(message)
                if not capped and desk.spending is not None and (over or desk.spending.reached):
                    self._cap(desk, now)
                    break
        finally:
            for message in aside:
                queue.push_urgent(message)
        self._backlog.refill(desk, self._loaded)

    def _cap(self, desk: Desk, now: float) -> None:
        """An operator was given all that it may have today."""
        self._caps.look(desk)
        if desk.refresh(now):
            self._log.warning("cap_reached", operator=desk.name)
            asyncio.get_running_loop().call_soon(self._offer, desk)

    def _at_home(self, desk: Desk, gateway: OperatorGateway, message: Message, slot: Any) -> Any | None:
        """A slot of the bind that the parts before went by, in place of `slot`; None (and `slot` is free again) where
        that bind is full. Any will do for the first part, or when that bind is gone."""
        home = desk.homes.get(message.id)
        if home is not None and home is not slot:
            gateway.release(slot)
            slot = gateway.reserve(home)
            if slot is None:
                return None
        desk.homes[message.id] = slot
        if len(desk.homes) > _HOMES:
            desk.homes.popitem(last=False)
        return slot

    def _take(self, desk: Desk, now: int, monotonic: float) -> tuple[Message, Part, Segment] | None:
        """The next message with a part to submit and what it carries; ends those that expired while they waited."""
        while (popped := desk.queue.pop()) is not None:
            message = popped[0]
            if message.state is not State.QUEUED or message.operator != desk.name or message.position is None:
                continue
            try:
                part = next_part(message)
                if part is None:
                    continue
                if message.expires_at is not None and message.expires_at <= now:
                    # Where an answer is due, it brings the message back here.
                    self.out_of_time(message, now)
                    continue
                if desk.recipients and (wait := desk.recipients.wait(message.to, monotonic)):
                    self._hold_back(message, now + round(wait * 1000), "recipient")
                    continue
                if (
                    message.traffic_class is _MARKETING
                    and (until := self._chooser.quiet_until(message, now))
                    and committed_to(message) is None
                ):
                    # Its turn came too late; what has begun is not left halfway.
                    self._hold_back(message, until, QUIET_HOURS)
                    continue
                segment = self._segment(desk, message, part)
                if segment is None:
                    self._cut_anew(message, now)
                    continue
            except Exception as error:
                self.put_off(message, error)
                continue
            return message, part, segment
        return None

    def _hold_back(self, message: Message, until: int, waits_for: str) -> None:
        """Something about the recipient keeps a message back: others go first."""
        hold_back(message, until, waits_for)
        self._ledger.active.pop(message.no, None)
        self._store.save(message)
        self._alarm(message)

    def _claim(self, desk: Desk, message: Message, part: Part, segment: Segment, slot: object, now: int) -> None:
        attempt = Attempt(desk.name, now)
        submission = Submission(
            message=message,
            part=part,
            attempt=attempt,
            segment=segment,
            slot=slot,
            sender=message.sent_as or message.sender,
        )
        self._store.save(message)
        self._store.after_commit(self._write, desk, submission)
        # Once it will be written, and not before, it counts as tried.
        part.attempts.append(attempt)
        message.waiting_for = None
        if message.slow_at:
            message.slow_at = []
        if len(message.parts) > 1 and next_part(message) is not None:
            desk.queue.push_urgent(message)
        desk.in_flight[id(submission)] = submission

    def _segment(self, desk: Desk, message: Message, part: Part) -> Segment | None:
        """What the part carries; None where the operator's rules for texts have become others since it was cut."""
        try:
            cut = self._cut(message, desk.operator.text)
        except Refusal:
            return None
        if len(cut.segments) != len(message.parts) or cut.encoding is not message.encoding:
            return None
        if message.cut and fingerprint(cut, desk.operator.text) != message.cut:
            return None
        return cut.segments[part.number - 1]

    def _cut(self, message: Message, rules: TextRules) -> Segmentation:
        if len(message.parts) == 1 or message.text is None:
            return self._chooser.cut(message, rules)
        return self._cut_long(message.text, message.encoding_wish, rules, MAX_PARTS, message.transliterate)

    def _cut_anew(self, message: Message, now: int) -> None:
        """Route a message by the rules of now, from the start; what is half out ends."""
        if committed_to(message) is None:
            message.operator = None
            self._ledger.active.pop(message.no, None)
            if self._chooser.move(message, now):
                self.enqueue(message)
                self._store.save(message)
                return
        self._endings.end(message, State.FAILED, now, _CUT_OTHERWISE)

    def _write(self, desk: Desk, submission: Submission) -> None:
        gateway = desk.gateway
        message = submission.message
        try:
            if gateway is not None and message.state not in FINAL and gateway.submit(submission):
                return
        except Exception as error:
            # Nobody knows how far it came.
            self._log.error("submit_broke", operator=desk.name, message_id=message.id, **described(error))
            self._settled(submission, _BROKEN)
            return
        # The bind went away, or the message was never accepted: nothing was written.
        if gateway is not None:
            gateway.release(submission.slot)
        desk.in_flight.pop(id(submission), None)
        if message.state in FINAL:
            self._ledger.active.pop(message.no, None)
            return
        submission.part.attempts.remove(submission.attempt)
        self._caps.refused(desk, message, submission.attempt)
        self._store.save(message)
        self.front(desk, message)

    def front(self, desk: Desk, message: Message) -> None:
        """Put before all others at its operator a message that was taken out and has to go on. The caller saves it."""
        if message.position is None:
            message.position = self._ledger.next_position()
        self._ledger.active[message.no] = message
        if desk.unusable is None or not self._leaves(desk, message):
            desk.queue.push_urgent(message)
            self.pump_soon(desk)

    def submitted(self, message: Message, now: int) -> None:
        """All parts are with the operator: store it, tell it, and wait for receipts."""
        self._store.save(message)
        self._ledger.active.pop(message.no, None)
        self._ledger.open -= 1
        self._endings.tell(EventType.SUBMITTED, message, now)
        self._alarm(message)

    # Between operators.

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

    def out_of_time(self, message: Message, now: int) -> bool:
        """Send nothing more of a queued or scheduled message whose time is over. False while an answer is due."""
        if committed_to(message) is None:
            self._endings.end(message, State.EXPIRED, now, _EXPIRED)
            return True
        return self._send_no_more(self.desk(message.operator or ""), message, State.EXPIRED, _EXPIRED, now)

    def _send_no_more(self, desk: Desk, message: Message, ending: State, error: MessageError, now: int) -> bool:
        """What the operator may have of it waits for receipts; where that is not all, it ends so. False while an answer
        is due."""
        step = stop_sending(message, desk.operator, now)
        if step is Step.AWAIT:
            self.submitted(message, now)
        elif step is Step.FINAL:
            self._endings.end(message, ending, now, error)
        return step is not Step.IGNORE

    def _loaded(self, desk: Desk, messages: list[Message]) -> None:
        """Messages came from the store into a line of the operator."""
        for message in messages:
            if desk.unusable is None or not self._leaves(desk, message):
                desk.queue.push(desk.queue.line(RANKS[message.traffic_class], message.account), message)
        self.pump_soon(desk)


_BROKEN = Outcome(OutcomeKind.UNKNOWN, detail="an error of ours while it was submitted")
_EXPIRED = MessageError("expired", "it could not be submitted before expires_in was over")
_GONE = MessageError("unroutable", "its operator left the configuration when only a part of it was sent")
_CUT_OTHERWISE = MessageError("text_rules_changed", "a reload changed how the operator takes texts; submit it again")
