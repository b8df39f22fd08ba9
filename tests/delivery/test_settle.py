"""What every outcome means in every situation."""

import random
from typing import Any

import pytest
from msgspec import structs

from router.delivery.settle import Step, committed_to, next_part, settle, settle_late
from router.message import FINAL, Attempt, Message, MessageError, Part, ReceiptWish, State
from router.operator import Operator, ReceiptRules, Retry
from router.outcome import Fault, Outcome, OutcomeKind
from tests.delivery.values import NOW, message, operator, tried

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "id", 0)
THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)
FAILED = Outcome(OutcomeKind.FAILED, status=0x08, detail="system error")
REJECTED = Outcome(OutcomeKind.REJECTED, status=0x0A, detail="not here")
FOR_GOOD = Outcome(OutcomeKind.REJECTED, status=0x0B, detail="no such number", fault=Fault.MESSAGE)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, detail="no answer in time")

TOOK, LOST, REFUSED, TEMPORARY = OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN, OutcomeKind.REJECTED, OutcomeKind.FAILED
QUEUED, SUBMITTED = State.QUEUED, State.SUBMITTED

RESENDS, HOLDS = operator(), operator(on_unanswered="hold")
LAST_TRY = operator(retry=Retry(attempts=1))


def alone(*before: OutcomeKind, **fields: Any) -> Message:
    """One part, its attempt in flight after others that came to `before`."""
    resent = LOST in before
    return message(Part(1, QUEUED, [*map(tried, before), tried()], resent), **fields)


def first_of_three() -> Message:
    return message(Part(1, QUEUED, [tried()]), Part(2), Part(3))


def second_of_three() -> Message:
    return message(Part(1, SUBMITTED, [tried(TOOK)]), Part(2, QUEUED, [tried()]), Part(3))


def last_of_two() -> Message:
    return message(Part(1, SUBMITTED, [tried(TOOK)]), Part(2, QUEUED, [tried()]))


def received_already() -> Message:
    """Sent twice; the first was answered late and its receipt is there, the second is in flight."""
    first = Part(1, SUBMITTED, [tried(TOOK)])
    return message(first, Part(2, State.DELIVERED, [tried(TOOK, "late"), tried()], resent=True))


def answered_already() -> Message:
    """As before, without the receipt."""
    return message(Part(1, QUEUED, [tried(TOOK, "late"), tried()], resent=True))


def ended() -> Message:
    return message(Part(1, SUBMITTED, [tried(TOOK)]), Part(2, State.REJECTED, [tried()]), state=State.REJECTED)


def in_flight(one: Message) -> tuple[Part, Attempt]:
    return next((part, attempt) for part in one.parts for attempt in part.attempts if attempt.outcome is None)


@pytest.mark.parametrize(
    ("make", "outcome", "by", "step", "parts", "state"),
    [
        # One part.
        (alone, ACCEPTED, RESENDS, Step.AWAIT, [SUBMITTED], SUBMITTED),
        (alone, THROTTLED, RESENDS, Step.FRONT, [QUEUED], QUEUED),
        (alone, UNKNOWN, RESENDS, Step.FRONT, [QUEUED], QUEUED),
        (alone, UNKNOWN, HOLDS, Step.AWAIT, [SUBMITTED], SUBMITTED),
        (alone, FAILED, RESENDS, Step.LATER, [QUEUED], QUEUED),
        (alone, FAILED, LAST_TRY, Step.NEXT, [QUEUED], QUEUED),
        (alone, REJECTED, RESENDS, Step.NEXT, [QUEUED], QUEUED),
        (alone, FOR_GOOD, RESENDS, Step.FINAL, [State.REJECTED], QUEUED),
        # One part that was sent again.
        (lambda: alone(LOST), ACCEPTED, RESENDS, Step.AWAIT, [SUBMITTED], SUBMITTED),
        (lambda: alone(LOST), THROTTLED, RESENDS, Step.FRONT, [QUEUED], QUEUED),
        (lambda: alone(LOST), UNKNOWN, RESENDS, Step.AWAIT, [SUBMITTED], SUBMITTED),
        (lambda: alone(LOST), FAILED, RESENDS, Step.LATER, [QUEUED], QUEUED),
        (lambda: alone(LOST), FAILED, LAST_TRY, Step.FINAL, [State.FAILED], QUEUED),
        (lambda: alone(LOST), REJECTED, RESENDS, Step.FINAL, [State.REJECTED], QUEUED),
        (lambda: alone(LOST), FOR_GOOD, RESENDS, Step.FINAL, [State.REJECTED], QUEUED),
        (lambda: alone(LOST, TEMPORARY), UNKNOWN, RESENDS, Step.AWAIT, [SUBMITTED], SUBMITTED),
        # The first of several: nothing else is out.
        (first_of_three, ACCEPTED, RESENDS, Step.REST, [SUBMITTED, QUEUED, QUEUED], QUEUED),
        (first_of_three, THROTTLED, RESENDS, Step.FRONT, [QUEUED, QUEUED, QUEUED], QUEUED),
        (first_of_three, UNKNOWN, RESENDS, Step.FRONT, [QUEUED, QUEUED, QUEUED], QUEUED),
        (first_of_three, UNKNOWN, HOLDS, Step.REST, [SUBMITTED, QUEUED, QUEUED], QUEUED),
        (first_of_three, FAILED, RESENDS, Step.LATER, [QUEUED, QUEUED, QUEUED], QUEUED),
        (first_of_three, FAILED, LAST_TRY, Step.NEXT, [QUEUED, QUEUED, QUEUED], QUEUED),
        (first_of_three, REJECTED, RESENDS, Step.NEXT, [QUEUED, QUEUED, QUEUED], QUEUED),
        (first_of_three, FOR_GOOD, RESENDS, Step.FINAL, [State.REJECTED, QUEUED, QUEUED], QUEUED),
        # A later one: nobody else may get the rest.
        (second_of_three, ACCEPTED, RESENDS, Step.REST, [SUBMITTED, SUBMITTED, QUEUED], QUEUED),
        (second_of_three, THROTTLED, RESENDS, Step.FRONT, [SUBMITTED, QUEUED, QUEUED], QUEUED),
        (second_of_three, UNKNOWN, RESENDS, Step.FRONT, [SUBMITTED, QUEUED, QUEUED], QUEUED),
        (second_of_three, UNKNOWN, HOLDS, Step.REST, [SUBMITTED, SUBMITTED, QUEUED], QUEUED),
        (second_of_three, FAILED, RESENDS, Step.LATER, [SUBMITTED, QUEUED, QUEUED], QUEUED),
        (second_of_three, FAILED, LAST_TRY, Step.FINAL, [SUBMITTED, State.FAILED, QUEUED], QUEUED),
        (second_of_three, REJECTED, RESENDS, Step.FINAL, [SUBMITTED, State.REJECTED, QUEUED], QUEUED),
        (last_of_two, ACCEPTED, RESENDS, Step.AWAIT, [SUBMITTED, SUBMITTED], SUBMITTED),
        (last_of_two, UNKNOWN, HOLDS, Step.AWAIT, [SUBMITTED, SUBMITTED], SUBMITTED),
        (last_of_two, FOR_GOOD, RESENDS, Step.FINAL, [SUBMITTED, State.REJECTED], QUEUED),
        # What became of the part is known already: only the message goes on.
        *(
            (received_already, outcome, RESENDS, Step.AWAIT, [SUBMITTED, State.DELIVERED], SUBMITTED)
            for outcome in (ACCEPTED, THROTTLED, UNKNOWN, FAILED, REJECTED, FOR_GOOD)
        ),
        *(
            (answered_already, outcome, RESENDS, Step.AWAIT, [SUBMITTED], SUBMITTED)
            for outcome in (ACCEPTED, THROTTLED, UNKNOWN, FAILED, REJECTED, FOR_GOOD)
        ),
        # The message has ended.
        *(
            (ended, outcome, RESENDS, Step.IGNORE, [SUBMITTED, State.REJECTED], State.REJECTED)
            for outcome in (ACCEPTED, THROTTLED, UNKNOWN, FAILED, REJECTED, FOR_GOOD)
        ),
    ],
)
def test_every_outcome_in_every_situation(
    make: Any, outcome: Outcome, by: Operator, step: Step, parts: list[State], state: State
) -> None:
    one = make()
    part, attempt = in_flight(one)
    tries = len(part.attempts)
    assert settle(one, part, attempt, outcome, by, NOW + 5, 0.0) is step
    assert [part.state for part in one.parts] == parts
    assert one.state is state
    if outcome.kind is OutcomeKind.THROTTLED:
        assert len(part.attempts) == tries - 1
        assert attempt not in part.attempts
    else:
        assert (attempt.outcome, attempt.answered_at) == (outcome.kind, NOW + 5)
        assert (attempt.status, attempt.detail) == (outcome.status, outcome.detail)
        assert attempt.smsc_message_id == outcome.smsc_message_id
    assert one.refused_by == (["mtn"] if step is Step.NEXT else [])
    if step is Step.AWAIT:
        assert (one.position, one.submitted_at, one.waiting_for, one.error) == (None, NOW + 5, None, None)
    if step is Step.LATER:
        assert (one.position, one.waiting_for) == (None, "retry")
    if step is Step.FRONT:
        assert one.waiting_for == ("throttled" if outcome is THROTTLED else "unanswered")


def test_an_unanswered_part_is_sent_again_once_and_says_so() -> None:
    one = alone()
    settle(one, *in_flight(one), UNKNOWN, RESENDS, NOW, 0.0)
    assert one.parts[0].resent
    assert one.possible_duplicate
    held = alone()
    settle(held, *in_flight(held), UNKNOWN, HOLDS, NOW, 0.0)
    assert not held.parts[0].resent
    assert not held.possible_duplicate


@pytest.mark.parametrize(
    ("wish", "request_", "due"),
    [
        (ReceiptWish.FINAL, "final", NOW + 60_000),
        (ReceiptWish.ALL, "all", NOW + 60_000),
        (ReceiptWish.NONE, "final", None),
        (ReceiptWish.FINAL, "none", None),
    ],
)
@pytest.mark.parametrize("outcome", [ACCEPTED, UNKNOWN])
def test_how_long_receipts_are_waited_for(wish: ReceiptWish, request_: Any, due: int | None, outcome: Outcome) -> None:
    by = operator(receipts=ReceiptRules(request=request_, timeout=60), on_unanswered="hold")
    one = alone(receipts=wish, due_at=NOW + 5, expires_at=NOW + 5)
    assert settle(one, *in_flight(one), outcome, by, NOW, 0.0) is Step.AWAIT
    assert one.due_at == due


@pytest.mark.parametrize(
    ("before", "jitter", "expires_at", "pause"),
    [
        ([], 0.0, None, 4000),
        ([], 0.8, None, 3200),
        ([TEMPORARY], 0.0, None, 8000),
        ([TEMPORARY] * 5, 0.0, None, 60_000),
        ([TEMPORARY] * 5, 0.0, NOW + 10_000, 10_000),
        ([], 0.0, NOW + 10_000, 4000),
        ([], 0.0, NOW - 1, -1),
    ],
)
def test_the_pause_before_the_next_try(
    before: list[OutcomeKind], jitter: float, expires_at: int | None, pause: int
) -> None:
    by = operator(retry=Retry(initial=4, max=60, attempts=20))
    one = alone(*before, expires_at=expires_at)
    assert settle(one, *in_flight(one), FAILED, by, NOW, jitter) is Step.LATER
    assert one.due_at == NOW + pause


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_tries_are_counted_for_each_operator(attempts: int) -> None:
    one = message(Part(1, QUEUED, [tried(TEMPORARY, operator="other") for _ in range(9)]), refused_by=["other"])
    part, by = one.parts[0], operator(retry=Retry(attempts=attempts))
    for number in range(1, attempts + 1):
        part.attempts.append(tried())
        step = settle(one, part, part.attempts[-1], FAILED, by, NOW, 0.0)
        assert step is (Step.LATER if number < attempts else Step.NEXT)
    assert one.refused_by == ["other", "mtn"]
    assert one.error == MessageError("retries_exhausted", "system error", "0x00000008")


def test_throttling_is_no_try() -> None:
    one, by = alone(), operator(retry=Retry(attempts=2))
    part = one.parts[0]
    for _ in range(50):
        assert settle(one, part, part.attempts[-1], THROTTLED, by, NOW, 0.0) is Step.FRONT
        assert part.attempts == []
        part.attempts.append(tried())
    assert settle(one, part, part.attempts[-1], FAILED, by, NOW, 0.0) is Step.LATER


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (REJECTED, MessageError("rejected_by_operator", "not here", "0x0000000A")),
        (FOR_GOOD, MessageError("rejected_by_operator", "no such number", "0x0000000B")),
        (Outcome(OutcomeKind.REJECTED), MessageError("rejected_by_operator", "mtn did not take the message", None)),
        (
            Outcome(OutcomeKind.REJECTED, status=0x400),
            MessageError("rejected_by_operator", "mtn did not take the message", "0x00000400"),
        ),
        # What is none of SMPP is shown as it is.
        (
            Outcome(OutcomeKind.REJECTED, status="413", detail="too large"),
            MessageError("rejected_by_operator", "too large", "413"),
        ),
        (
            Outcome(OutcomeKind.REJECTED, status="550", detail="nobody", code="550 5.1.1"),
            MessageError("rejected_by_operator", "nobody", "550 5.1.1"),
        ),
    ],
)
def test_a_refusal_says_why(outcome: Outcome, error: MessageError) -> None:
    one = alone()
    settle(one, *in_flight(one), outcome, RESENDS, NOW, 0.0)
    assert one.error == error


def test_whom_the_next_operator_takes_it_from_is_no_error_of_the_message() -> None:
    one = alone(REFUSED, error=MessageError("rejected_by_operator", "not here"))
    assert settle(one, *in_flight(one), ACCEPTED, RESENDS, NOW, 0.0) is Step.AWAIT
    assert one.error is None


# --- late ----------------------------------------------------------------------------------------------------


def to_be_resent(*since: OutcomeKind) -> Message:
    attempts = [tried(LOST), *map(tried, since)]
    return message(Part(1, QUEUED, attempts, resent=True), possible_duplicate=True, expires_at=NOW + 99)


def held(**fields: Any) -> Message:
    part = Part(1, SUBMITTED, [tried(LOST)])
    return message(part, state=SUBMITTED, submitted_at=NOW, due_at=NOW + 500, expires_at=NOW + 99, **fields)


def sent_again() -> Message:
    return message(Part(1, QUEUED, [tried(LOST), tried()], resent=True), possible_duplicate=True)


def given_up() -> Message:
    return message(Part(1, State.UNKNOWN, [tried(LOST)]), state=State.UNKNOWN)


@pytest.mark.parametrize(
    ("make", "outcome", "step", "state", "duplicate"),
    [
        (to_be_resent, ACCEPTED, Step.AWAIT, SUBMITTED, False),
        (to_be_resent, THROTTLED, Step.FRONT, QUEUED, False),
        (to_be_resent, FAILED, Step.LATER, QUEUED, False),
        (to_be_resent, REJECTED, Step.NEXT, QUEUED, False),
        (to_be_resent, FOR_GOOD, Step.FINAL, QUEUED, False),
        # Sent again and refused, to be tried once more: the answer says that there is no need.
        (lambda: to_be_resent(TEMPORARY), ACCEPTED, Step.AWAIT, SUBMITTED, False),
        (lambda: to_be_resent(TEMPORARY), FAILED, Step.IGNORE, QUEUED, True),
        (held, ACCEPTED, Step.IGNORE, SUBMITTED, False),
        (held, THROTTLED, Step.FRONT, QUEUED, False),
        (held, FAILED, Step.LATER, QUEUED, False),
        (held, REJECTED, Step.NEXT, QUEUED, False),
        (held, FOR_GOOD, Step.FINAL, QUEUED, False),
        *((sent_again, outcome, Step.IGNORE, QUEUED, True) for outcome in (ACCEPTED, THROTTLED, FAILED, FOR_GOOD)),
        *(
            (given_up, outcome, Step.IGNORE, State.UNKNOWN, False)
            for outcome in (ACCEPTED, THROTTLED, FAILED, FOR_GOOD)
        ),
    ],
)
def test_late_answers(make: Any, outcome: Outcome, step: Step, state: State, duplicate: bool) -> None:
    one = make()
    part, attempt = one.parts[0], one.parts[0].attempts[0]
    assert settle_late(one, part, attempt, outcome, RESENDS, NOW + 5) is step
    assert one.state is state
    assert one.possible_duplicate is duplicate
    if outcome is ACCEPTED:
        # However late, its receipt is found by this id.
        assert (attempt.outcome, attempt.smsc_message_id, attempt.detail) == (TOOK, "id", "")
    elif step is Step.IGNORE:
        assert attempt.outcome is LOST


def test_a_message_taken_back_expires_in_its_own_time_again() -> None:
    one = held()
    settle_late(one, one.parts[0], one.parts[0].attempts[0], REJECTED, RESENDS, NOW + 5)
    assert (one.due_at, one.submitted_at, one.recalled) == (NOW + 99, None, True)


def test_what_was_not_out_yet_is_not_recalled() -> None:
    one = message(Part(1, SUBMITTED, [tried(LOST)]), Part(2, QUEUED))
    settle_late(one, one.parts[0], one.parts[0].attempts[0], REJECTED, HOLDS, NOW)
    assert not one.recalled


def test_a_late_refusal_of_one_part_ends_what_is_half_out() -> None:
    one = message(Part(1, SUBMITTED, [tried(TOOK)]), Part(2, SUBMITTED, [tried(LOST)]), state=SUBMITTED)
    part = one.parts[1]
    assert settle_late(one, part, part.attempts[0], REJECTED, HOLDS, NOW) is Step.FINAL
    assert part.state is State.REJECTED


def test_one_late_answer_leaves_the_doubt_about_another_part() -> None:
    one = message(
        Part(1, QUEUED, [tried(LOST)], resent=True),
        Part(2, SUBMITTED, [tried(TOOK)], resent=True),
        possible_duplicate=True,
    )
    assert settle_late(one, one.parts[0], one.parts[0].attempts[0], ACCEPTED, RESENDS, NOW) is Step.AWAIT
    assert one.possible_duplicate


# --- which part is next, and where ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ([Part(1)], 1),
        ([Part(1, QUEUED, [tried()])], None),
        ([Part(1, QUEUED, [tried(LOST)])], 1),
        ([Part(1, QUEUED, [tried(TEMPORARY)])], 1),
        ([Part(1, QUEUED, [tried()]), Part(2)], None),
        ([Part(1, QUEUED, [tried(LOST), tried()]), Part(2)], None),
        ([Part(1, SUBMITTED, [tried(TOOK)]), Part(2), Part(3)], 2),
        ([Part(1, SUBMITTED, [tried(TOOK)]), Part(2, QUEUED, [tried()]), Part(3)], 3),
        ([Part(1, SUBMITTED, [tried(TOOK)]), Part(2, QUEUED, [tried(LOST)]), Part(3)], 2),
        ([Part(1, SUBMITTED, [tried(TOOK)]), Part(2, QUEUED, [tried()]), Part(3, QUEUED, [tried()])], None),
        ([Part(1, State.DELIVERED, [tried(TOOK)]), Part(2, SUBMITTED, [tried(TOOK)])], None),
    ],
)
def test_the_next_part(parts: list[Part], number: int | None) -> None:
    found = next_part(message(*parts))
    assert (found.number if found else None) == number


@pytest.mark.parametrize(
    ("outcomes", "committed"),
    [
        ([], False),
        ([REFUSED], False),
        ([TEMPORARY, REFUSED], False),
        ([None], True),
        ([TOOK], True),
        ([LOST], True),
        ([LOST, TEMPORARY], True),
    ],
)
def test_who_may_have_a_part(outcomes: list[OutcomeKind | None], committed: bool) -> None:
    one = message(Part(1, QUEUED, [tried(REFUSED, operator="other"), *map(tried, outcomes)]))
    assert committed_to(one) == ("mtn" if committed else None)


# --- any life of a message -----------------------------------------------------------------------------------


class Life:
    """Drives one message as the engine would, with random answers, late answers and operators; checks each step."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.operators = {
            name: operator(
                name,
                on_unanswered=self.chance.choice(("resend", "hold")),
                retry=Retry(attempts=self.chance.choice((1, 2, 3))),
            )
            for name in "abc"
        }
        self.message = message(*map(Part, range(1, self.chance.choice((1, 1, 2, 3)) + 1)), operator="a")
        self.flying: list[tuple[Part, Attempt]] = []
        self.late: list[tuple[Part, Attempt]] = []
        self.now = NOW

    def send(self) -> None:
        part = next_part(self.message)
        if part is None or self.message.state is not QUEUED:
            return
        name = self.message.operator or ""
        assert committed_to(self.message) in (None, name), "somebody else may hold a part"
        assert not any(flying is part for flying, _ in self.flying)
        attempt = Attempt(name, self.now)
        part.attempts.append(attempt)
        self.flying.append((part, attempt))

    def holders(self) -> set[str]:
        return {
            attempt.operator
            for part in self.message.parts
            for attempt in part.attempts
            if attempt.outcome in (None, TOOK, LOST)
        }

    def answer(self) -> None:
        if not self.flying:
            return
        part, attempt = self.flying.pop(self.chance.randrange(len(self.flying)))
        outcome = self.chance.choice((ACCEPTED, ACCEPTED, THROTTLED, FAILED, REJECTED, FOR_GOOD, UNKNOWN, UNKNOWN))
        if outcome is UNKNOWN:
            self.late.append((part, attempt))
        self.follow(
            part, settle(self.message, part, attempt, outcome, self.by(attempt), self.now, self.chance.random())
        )

    def answer_late(self) -> None:
        if not self.late:
            return
        part, attempt = self.late.pop(self.chance.randrange(len(self.late)))
        outcome = self.chance.choice((ACCEPTED, THROTTLED, FAILED, REJECTED, FOR_GOOD))
        self.follow(part, settle_late(self.message, part, attempt, outcome, self.by(attempt), self.now))

    def by(self, attempt: Attempt) -> Operator:
        return self.operators[attempt.operator]

    def follow(self, part: Part, step: Step) -> None:
        one = self.message
        if step is Step.NEXT:
            assert committed_to(one) is None
            left = [name for name in self.operators if name not in one.refused_by]
            if left:
                one.operator = left[0]
            else:
                one.state = part.state = State.REJECTED
        elif step is Step.FINAL:
            assert part.state in FINAL
            one.state = part.state
        elif step in (Step.FRONT, Step.LATER, Step.REST):
            assert one.state is QUEUED
            assert any(part.state is QUEUED for part in one.parts)
        elif step is Step.AWAIT:
            assert one.state is SUBMITTED
            assert all(part.state is not QUEUED for part in one.parts)

    def step(self) -> None:
        self.now += self.chance.randrange(1000)
        before, ended = structs.asdict(self.message), self.message.state in FINAL
        self.chance.choice((self.send, self.send, self.answer, self.answer, self.answer_late))()
        assert len(self.holders()) <= 1, "two operators may hold it"
        for part in self.message.parts:
            in_doubt = [one for one in part.attempts if one.outcome in (LOST, TOOK, None)]
            assert len(in_doubt) <= 2, "a part is never sent a third time"
        if ended:
            assert self.message.state is before["state"]
            assert self.message.error == before["error"]

    def stuck(self) -> bool:
        """Nothing in flight, nothing to send, and yet no state to rest in."""
        return not self.flying and self.message.state is QUEUED and next_part(self.message) is None


@pytest.mark.parametrize("decade", range(40))
def test_any_life(decade: int) -> None:
    for seed in range(10 * decade, 10 * decade + 10):
        life = Life(seed)
        for _ in range(60):
            life.step()
            assert not life.stuck(), seed
