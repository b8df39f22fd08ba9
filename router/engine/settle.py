"""What comes back from the operators: every attempt's result, applied and stored."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from router.delivery.correlate import Match
from router.delivery.settle import Step, hold_back, settle, settle_late
from router.engine.caps import CapKeeper
from router.engine.choosing import Chooser
from router.engine.desk import Desk
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.lines import Lines
from router.engine.observing import Observer
from router.engine.trouble import described
from router.message import FINAL, Attempt, Message, Part, State
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.operators import Submission


class Settler:
    """Applies outcomes and sends each message on its way: back in line, to the next operator, or to its end."""

    def __init__(
        self,
        ledger: Ledger,
        lines: Lines,
        chooser: Chooser,
        endings: Endings,
        alarm: Callable[[Message], None],
        caps: CapKeeper,
        clock: Clock,
        observer: Observer,
        on_accepted: Callable[[Desk, Sequence[Match], int], None],
        on_unanswered: Callable[[Desk, Message], None],
        log: Any,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._lines = lines
        self._chooser = chooser
        self._endings = endings
        self._alarm = alarm
        self._caps = caps
        self._clock = clock
        self._observer = observer
        self._on_accepted = on_accepted
        self._on_unanswered = on_unanswered
        self._log = log

    def settled(self, desk: Desk, results: Sequence[tuple[Submission, Outcome]]) -> None:
        """The results of an operator's submissions, in order; see the port OperatorSink. What breaks over one of them
        is told, and takes no other along."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        accepted: list[tuple[Submission, Outcome]] = []
        for result in results:
            if result[1].kind is _ACCEPTED:  # nearly always
                accepted.append(result)
                continue
            if accepted:
                self._all_accepted(desk, accepted, now, monotonic)
                accepted = []
            submission, outcome = result
            try:
                self._not_accepted(desk, submission, outcome, now, monotonic)
            except Exception as error:
                self._broke(submission.message, error)
        if accepted:
            self._all_accepted(desk, accepted, now, monotonic)

    def _all_accepted(
        self, desk: Desk, results: Sequence[tuple[Submission, Outcome]], now: int, monotonic: float
    ) -> None:
        """Answers with which the operator took their parts, one behind another."""
        numbers = [submission.message.to for submission, _ in results]
        desk.recipients.accepted(numbers, monotonic)
        # To the circuit one of them says as much as all.
        if desk.circuit.answered(results[-1][1], numbers[-1], monotonic):
            self._lines.circuit_changed(desk, monotonic)
        gateway, in_flight, operator = desk.gateway, desk.in_flight, desk.operator
        whole: list[Match] = []
        begun: list[Match] = []
        for submission, outcome in results:
            message, part, attempt = submission.message, submission.part, submission.attempt
            try:
                if gateway is not None:
                    gateway.release(submission.slot)
                in_flight.pop(id(submission), None)
                step = settle(message, part, attempt, outcome, operator, now, 0.0)
                if step is _AWAIT:
                    whole.append(Match(message, part, attempt))
                else:
                    self._go_on(desk, message, part, step, now)
                    begun.append(Match(message, part, attempt))
            except Exception as error:
                self._broke(message, error)
        if whole:
            self._lines.submitted([match.message for match in whole], now)
            self._taken(desk, whole, True, now)
        if begun:
            self._taken(desk, begun, False, now)
        self._observer.answered(desk.name, _ACCEPTED, [monotonic - submission.written_at for submission, _ in results])

    def _taken(self, desk: Desk, matches: Sequence[Match], whole: bool, now: int) -> None:
        """An operator has accepted parts, with which it has their whole messages or not yet."""
        try:
            self._observer.accepted(desk.name, matches, whole, now)
        except Exception as error:
            self._log.error("answer_broke", operator=desk.name, **described(error))
        # Also where the counting broke: their receipts are to find them.
        self._on_accepted(desk, matches, now)

    def _not_accepted(self, desk: Desk, submission: Submission, outcome: Outcome, now: int, monotonic: float) -> None:
        message, part, attempt = submission.message, submission.part, submission.attempt
        if desk.gateway is not None:
            desk.gateway.release(submission.slot)
        desk.in_flight.pop(id(submission), None)
        self._observer.answered(desk.name, outcome.kind, (monotonic - submission.written_at,))
        own = self._learn(desk, submission, outcome, monotonic)
        step = settle(message, part, attempt, outcome, desk.operator, now, random.random())
        if desk.spending is not None and outcome.kind not in _COUNTED:
            self._caps.refused(desk, message, attempt)
        if own and step is Step.FRONT:
            hold_back(message, now + round(desk.recipients.wait(message.to, monotonic) * 1000), "recipient")
            step = Step.LATER
        self._proceed(desk, message, part, attempt, step, now)

    def _learn(self, desk: Desk, submission: Submission, outcome: Outcome, now: float) -> bool:
        """What a refusal or silence says about the operator. True when it is about the recipient's own queue only."""
        to = submission.message.to
        own = False
        if outcome.fault is Fault.QUEUE:
            own = desk.recipients.full(to, submission.written_at, now)
        self._observer.refused(submission.message, desk.name, outcome)
        if outcome.kind is OutcomeKind.THROTTLED and not own:
            desk.pacer.throttled(now)
        if desk.circuit.answered(outcome, to, now):
            self._lines.circuit_changed(desk, now)
        return own

    def answered_late(self, message: Message, part: Part, attempt: Attempt, outcome: Outcome) -> None:
        """An answer that came after all; see the port OperatorSink. A receipt from the number is one too."""
        desk = self._lines.desk(attempt.operator)
        was = message.state
        now = self._clock.now()
        step = settle_late(message, part, attempt, outcome, desk.operator, now)
        if was is State.SUBMITTED and message.state is State.QUEUED:
            self._ledger.open += 1
            message.position = self._ledger.next_position()
            self._alarm(message)
        self._proceed(desk, message, part, attempt, step, now)

    def recover(self, message: Message) -> None:
        """After a start: attempts without outcome are in doubt, as if the link had been cut."""
        now = self._clock.now()
        for part in message.parts:
            last = part.attempts[-1] if part.attempts else None
            if last is None:
                continue
            desk = self._lines.desk(last.operator)
            if last.outcome is None:
                step = settle(message, part, last, _IN_DOUBT, desk.operator, now, random.random())
                self._proceed(desk, message, part, last, step, now)
            elif last.outcome is OutcomeKind.UNKNOWN:
                self._ledger.note_unanswered(desk.name, message)
                if part.state is State.QUEUED:
                    self._lines.front(desk, message)

    def _proceed(self, desk: Desk, message: Message, part: Part, attempt: Attempt, step: Step, now: int) -> None:
        if step is _AWAIT:
            self._lines.submitted((message,), now)
        else:
            self._go_on(desk, message, part, step, now)
        if attempt.outcome is _ACCEPTED:
            self._taken(desk, (Match(message, part, attempt),), step is _AWAIT, now)
        elif attempt.outcome is OutcomeKind.UNKNOWN and message.state not in FINAL:
            self._on_unanswered(desk, message)

    def _go_on(self, desk: Desk, message: Message, part: Part, step: Step, now: int) -> None:
        match step:
            case Step.FRONT | Step.REST:
                self._store.save(message)
                self._lines.front(desk, message)
            case Step.LATER:
                self._store.save(message)
                self._ledger.active.pop(message.no, None)
                self._alarm(message)
            case Step.NEXT:
                self._move_on(message, part, now)
            case Step.FINAL:
                self._endings.end(message, part.state, now)
            case Step.IGNORE:
                self._endings.settle(message)
                self._store.save(message)

    def _move_on(self, message: Message, part: Part, now: int) -> None:
        """The operator has refused: the next one, or the end."""
        self._ledger.active.pop(message.no, None)
        if self._chooser.move(message, now):
            message.waiting_for = None
            self._lines.enqueue(message)
            self._store.save(message)
            return
        exhausted = message.error is not None and message.error.code == "retries_exhausted"
        part.state = State.FAILED if exhausted else State.REJECTED
        self._endings.end(message, part.state, now)

    def _broke(self, message: Message, error: Exception) -> None:
        self._log.error("answer_broke", message_id=message.id, **described(error))


# Looking a member up in its enumeration takes longer than comparing it.
_ACCEPTED, _AWAIT = OutcomeKind.ACCEPTED, Step.AWAIT
_COUNTED = (OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN)
_IN_DOUBT = Outcome(OutcomeKind.UNKNOWN, detail="the daemon stopped before an answer was stored")
