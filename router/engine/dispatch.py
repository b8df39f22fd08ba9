"""From the queue to the operators: claim on disk, then write.

Before a part is written, the intent (an attempt without outcome) is committed; a slot of the window is taken up
again only in the same batch as the result that freed it. So whenever the power goes, the attempts without outcome
on disk are all that can be in doubt: at most window x binds per operator.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from router.delivery.settle import committed_to, next_part
from router.engine.caps import CapKeeper
from router.engine.choosing import Chooser, cut_for
from router.engine.desk import CAP_REACHED, Desk
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.lines import Lines
from router.engine.trouble import described
from router.message import FINAL, Attempt, Message, MessageError, Part, State, TrafficClass
from router.operator import TextRules
from router.outcome import Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.operators import OperatorGateway, Submission
from router.refusal import Refusal
from router.routing.guards import QUIET_HOURS
from router.text.segment import MAX_PARTS, Segment, Segmentation, fingerprint
from router.text.segment import segment as cut_text

# Looking a member up in its enumeration takes longer than comparing it.
_QUEUED = State.QUEUED
_MARKETING = TrafficClass.MARKETING
# Of so many long messages per operator it is known which bind they go by.
_HOMES = 10_000
# How long an operator rests after an error of our own, seconds.
_REST = 1.0


class Dispatcher:
    """Keeps every operator's windows full from its queue.

    An error of ours over one message or one operator is told and keeps nobody else waiting. `settled` hears of what
    broke while it was written.
    """

    def __init__(
        self,
        ledger: Ledger,
        desks: dict[str, Desk],
        chooser: Chooser,
        endings: Endings,
        lines: Lines,
        alarm: Callable[[Message], None],
        settled: Callable[[Sequence[tuple[Submission, Outcome]]], None],
        caps: CapKeeper,
        clock: Clock,
        log: Any,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._desks = desks
        self._chooser = chooser
        self._endings = endings
        self._lines = lines
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
        self._store.before_commit(self._pump_due)

    def take(self, messages: Sequence[Message]) -> None:
        """Stand accepted messages in line, or have the clock do it. Raises nothing: whoever is told that they were
        taken is told the truth."""
        for message in messages:
            if message.state is _QUEUED:
                try:
                    self._lines.enqueue(message)
                except Exception as error:
                    self._lines.put_off(message, error)
            if message.due_at is not None:
                self._alarm(message)

    def pump_soon(self, desk: Desk) -> None:
        """Fill the operator's windows at the end of this turn of the loop, or before the open batch is cut, so that the
        claims of what was just accepted are in the batch of the messages."""
        if not self._due_for_pump:
            asyncio.get_running_loop().call_soon(self._pump_due)
        self._due_for_pump[desk.name] = desk

    def stop(self) -> None:
        """Claim nothing any more; what is in flight still settles."""
        self._stopped = True
        self._lines.stop()
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
        claimed: list[Submission] = []
        try:
            # What has begun goes on over a cap, for it was counted as a whole; it stands before all lines.
            while queue and (not capped or queue.urgent) and not (desk.circuit.tripped and desk.in_flight):
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
                            claimed.append(self._claim(desk, message, part, segment, slot, wall))
                except Exception as error:
                    gateway.release(slot)
                    self._lines.put_off(message, error)
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
            if claimed:
                # In the batch of the last claim, or behind it.
                self._store.after_commit(self._write, desk, claimed)
            for message in aside:
                queue.push_urgent(message)
        self._lines.fetch(desk)

    def _cap(self, desk: Desk, now: float) -> None:
        """An operator was given all that it may have today."""
        self._caps.look(desk)
        if desk.refresh(now):
            self._log.warning("cap_reached", operator=desk.name)
            asyncio.get_running_loop().call_soon(self._lines.offer, desk)

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
            if message.state is not _QUEUED or message.operator != desk.name or message.position is None:
                continue
            try:
                part = next_part(message)
                if part is None:
                    continue
                if message.expires_at is not None and message.expires_at <= now:
                    # Where an answer is due, it brings the message back here.
                    self._lines.out_of_time(message, now)
                    continue
                if desk.recipients and (wait := desk.recipients.wait(message.to, monotonic)):
                    self._lines.hold_back(message, now + round(wait * 1000), "recipient")
                    continue
                if (
                    message.traffic_class is _MARKETING
                    and (until := self._chooser.quiet_until(message, now))
                    and committed_to(message) is None
                ):
                    # Its turn came too late; what has begun is not left halfway.
                    self._lines.hold_back(message, until, QUIET_HOURS)
                    continue
                segment = self._segment(desk, message, part)
                if segment is None:
                    self._cut_anew(message, now)
                    continue
            except Exception as error:
                self._lines.put_off(message, error)
                continue
            return message, part, segment
        return None

    def _claim(self, desk: Desk, message: Message, part: Part, segment: Segment, slot: object, now: int) -> Submission:
        attempt = Attempt(desk.name, now)
        submission = Submission(message, part, attempt, segment, slot, message.sent_as or message.sender)
        self._store.claim(message)
        # Once it will be written, and not before, it counts as tried.
        part.attempts.append(attempt)
        message.waiting_for = None
        if message.slow_at:
            message.slow_at = []
        if len(message.parts) > 1 and next_part(message) is not None:
            desk.queue.push_urgent(message)
        desk.in_flight[id(submission)] = submission
        return submission

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
            return cut_for(message, rules)
        return self._cut_long(message.text, message.encoding_wish, rules, MAX_PARTS, message.transliterate)

    def _cut_anew(self, message: Message, now: int) -> None:
        """Route a message by the rules of now, from the start; what is half out ends."""
        if committed_to(message) is None:
            message.operator = None
            self._ledger.active.pop(message.no, None)
            if self._chooser.move(message, now):
                self._lines.enqueue(message)
                self._store.save(message)
                return
        self._endings.end(message, State.FAILED, now, _CUT_OTHERWISE)

    def _write(self, desk: Desk, claimed: Sequence[Submission]) -> None:
        for submission in claimed:
            try:
                self._write_one(desk, submission)
            except Exception as error:
                self._log.error(
                    "dispatch_broke", operator=desk.name, message_id=submission.message.id, **described(error)
                )

    def _write_one(self, desk: Desk, submission: Submission) -> None:
        gateway = desk.gateway
        message = submission.message
        try:
            if gateway is not None and message.state not in FINAL and gateway.submit(submission):
                return
        except Exception as error:
            # Nobody knows how far it came.
            self._log.error("submit_broke", operator=desk.name, message_id=message.id, **described(error))
            self._settled([(submission, _BROKEN)])
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
        self._lines.front(desk, message)


_BROKEN = Outcome(OutcomeKind.UNKNOWN, detail="an error of ours while it was submitted")
_CUT_OTHERWISE = MessageError("text_rules_changed", "a reload changed how the operator takes texts; submit it again")
