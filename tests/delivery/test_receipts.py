"""What every receipt does in every state of its part and message."""

import random

import pytest

from router.delivery.receipts import Reading, apply_receipt, give_up_waiting
from router.message import FINAL, Message, MessageError, Part, State
from router.outcome import OutcomeKind
from router.receipt import ReceiptState
from tests.delivery.values import NOW, message, receipt, tried

TOOK, LOST = OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN
R, S = ReceiptState, State

TRUE = {
    R.DELIVERED: S.DELIVERED,
    R.UNDELIVERED: S.UNDELIVERED,
    R.DELETED: S.UNDELIVERED,
    R.EXPIRED: S.EXPIRED,
    R.REJECTED: S.REJECTED,
}
INTERMEDIATE = (R.ENROUTE, R.ACCEPTED)
SETTLED = [state for state in sorted(FINAL) if state is not S.UNKNOWN]


def out(state: State = S.SUBMITTED, **fields: object) -> Message:
    return message(Part(1, state, [tried(TOOK, "id")]), state=state, **fields)


def read(one: Message, state: ReceiptState, number: int = 1, attempt: int = 0, **fields: object) -> Reading:
    part = one.parts[number - 1]
    return apply_receipt(one, part, part.attempts[attempt], receipt(state, "id", **fields))


@pytest.mark.parametrize("state", R)
def test_on_a_message_that_waits(state: ReceiptState) -> None:
    one = out()
    reading = read(one, state, error="0c1", stat="WORD")
    attempt = one.parts[0].attempts[0]
    assert (attempt.receipt, attempt.receipt_error, attempt.receipt_at) == (state, "0c1", NOW + 1000)
    if state in INTERMEDIATE:
        assert reading is Reading.NOTED
        assert (one.state, one.done_at, one.error) == (S.SUBMITTED, None, None)
        return
    assert reading is Reading.FINAL
    assert one.state is one.parts[0].state is TRUE.get(state, S.UNKNOWN)
    assert one.done_at == NOW + 1000
    if state is R.DELIVERED:
        assert one.error is None
    else:
        assert one.error is not None
        assert one.error.code == f"receipt_{one.state}"
        assert one.error.smsc_error == "0c1"
        assert one.error.detail.endswith("(WORD)")


@pytest.mark.parametrize("state", R)
@pytest.mark.parametrize("final", SETTLED)
def test_a_final_state_never_changes(state: ReceiptState, final: State) -> None:
    error = MessageError("code", "detail")
    one = out(final, error=error, done_at=NOW)
    assert read(one, state) is Reading.DUPLICATE
    assert (one.state, one.parts[0].state, one.error, one.done_at) == (final, final, error, NOW)


@pytest.mark.parametrize("state", R)
def test_unknown_gives_way_to_the_truth_once(state: ReceiptState) -> None:
    one = out(S.UNKNOWN, error=MessageError("no_receipt", ""), done_at=NOW)
    reading = read(one, state)
    if state not in TRUE:
        assert reading is (Reading.DUPLICATE if state in INTERMEDIATE else Reading.NOTED)
        assert (one.state, one.done_at) == (S.UNKNOWN, NOW)
        return
    assert reading is Reading.FINAL
    assert one.state is TRUE[state]
    assert one.done_at == NOW + 1000
    assert (one.error is None) is (state is R.DELIVERED)
    for other in R:
        assert read(one, other) is Reading.DUPLICATE
        assert one.state is TRUE[state]


@pytest.mark.parametrize("state", TRUE)
def test_an_operator_that_did_not_know_may_know_later(state: ReceiptState) -> None:
    one = out()
    assert read(one, R.UNKNOWN) is Reading.FINAL
    assert one.state is S.UNKNOWN
    for intermediate in INTERMEDIATE:
        assert read(one, intermediate) is Reading.DUPLICATE
    assert read(one, state, received_at=NOW + 5000) is Reading.FINAL
    assert (one.state, one.done_at) == (TRUE[state], NOW + 5000)
    assert read(one, R.UNKNOWN) is Reading.DUPLICATE
    assert one.state is TRUE[state]


@pytest.mark.parametrize("state", R)
def test_the_same_again_is_a_duplicate(state: ReceiptState) -> None:
    one = out()
    assert read(one, state) is not Reading.DUPLICATE
    before = one.parts[0].attempts[0].receipt_at
    assert read(one, state, received_at=NOW + 5000) is Reading.DUPLICATE
    assert one.parts[0].attempts[0].receipt_at == before


@pytest.mark.parametrize("final", [R.DELIVERED, R.UNDELIVERED, R.EXPIRED, R.REJECTED, R.DELETED, R.UNKNOWN])
@pytest.mark.parametrize("late", INTERMEDIATE)
def test_an_intermediate_one_out_of_order_changes_nothing(final: ReceiptState, late: ReceiptState) -> None:
    one = out()
    read(one, final)
    state = one.state
    assert read(one, late) is Reading.DUPLICATE
    assert one.state is state
    assert one.parts[0].attempts[0].receipt is final


# --- several parts -------------------------------------------------------------------------------------------


def parts(*states: State, message_state: State = S.SUBMITTED) -> Message:
    return message(
        *(Part(number, state, [tried(TOOK, f"id{number}")]) for number, state in enumerate(states, 1)),
        state=message_state,
    )


def test_delivered_is_when_all_parts_are() -> None:
    one = parts(*[S.SUBMITTED] * 3)
    assert [read(one, R.DELIVERED, number) for number in (3, 1)] == [Reading.NOTED] * 2
    assert one.state is S.SUBMITTED
    assert read(one, R.DELIVERED, 2) is Reading.FINAL
    assert one.state is S.DELIVERED


def test_the_first_failure_ends_the_message_and_the_rest_is_noted() -> None:
    one = parts(*[S.SUBMITTED] * 3)
    assert read(one, R.EXPIRED, 2) is Reading.FINAL
    assert read(one, R.DELIVERED, 1) is Reading.NOTED
    assert read(one, R.REJECTED, 3) is Reading.NOTED
    assert one.state is S.EXPIRED
    assert one.error is not None
    assert one.error.code == "receipt_expired"
    assert [part.state for part in one.parts] == [S.DELIVERED, S.EXPIRED, S.REJECTED]


def test_a_failure_ends_a_message_that_is_still_being_sent() -> None:
    one = parts(S.SUBMITTED, S.QUEUED, message_state=S.QUEUED)
    assert read(one, R.UNDELIVERED, 1) is Reading.FINAL
    assert one.state is S.UNDELIVERED


def test_a_delivery_does_not_end_a_message_that_is_still_being_sent() -> None:
    one = parts(S.SUBMITTED, S.QUEUED, message_state=S.QUEUED)
    assert read(one, R.DELIVERED, 1) is Reading.NOTED
    assert one.state is S.QUEUED


def test_one_unknown_part_waits_for_the_others_and_says_why() -> None:
    one = parts(S.SUBMITTED, S.SUBMITTED)
    assert read(one, R.UNKNOWN, 1) is Reading.NOTED
    assert read(one, R.DELIVERED, 2, error="000") is Reading.FINAL
    assert one.state is S.UNKNOWN
    assert one.error is not None
    assert (one.error.code, one.error.smsc_error) == ("receipt_unknown", None)
    assert read(one, R.DELIVERED, 1) is Reading.FINAL
    assert (one.state, one.error) == (S.DELIVERED, None)


def test_two_parts_that_nobody_knows_need_both_truths() -> None:
    one = parts(S.UNKNOWN, S.UNKNOWN, message_state=S.UNKNOWN)
    assert read(one, R.DELIVERED, 2) is Reading.NOTED
    assert one.state is S.UNKNOWN
    assert read(one, R.DELIVERED, 1) is Reading.FINAL
    assert one.state is S.DELIVERED


# --- a part that was sent twice ------------------------------------------------------------------------------


def twice(first: OutcomeKind | None = TOOK, second: OutcomeKind | None = TOOK) -> Message:
    part = Part(1, S.SUBMITTED, [tried(first, "one"), tried(second, "two")], resent=True)
    return message(part, state=S.SUBMITTED, possible_duplicate=True)


@pytest.mark.parametrize("attempt", [0, 1])
def test_the_first_delivery_counts(attempt: int) -> None:
    one = twice()
    assert read(one, R.DELIVERED, attempt=attempt) is Reading.FINAL
    assert read(one, R.UNDELIVERED, attempt=1 - attempt) is Reading.DUPLICATE
    assert one.state is S.DELIVERED


@pytest.mark.parametrize("failure", [R.UNDELIVERED, R.EXPIRED, R.REJECTED, R.DELETED, R.UNKNOWN])
@pytest.mark.parametrize("attempt", [0, 1])
def test_a_failure_waits_for_the_other(failure: ReceiptState, attempt: int) -> None:
    one = twice()
    assert read(one, failure, attempt=attempt) is Reading.NOTED
    assert one.state is S.SUBMITTED
    assert read(one, R.DELIVERED, attempt=1 - attempt) is Reading.FINAL
    assert one.state is S.DELIVERED
    one = twice()
    read(one, failure, attempt=attempt)
    assert read(one, R.UNDELIVERED, attempt=1 - attempt) is Reading.FINAL
    assert one.state is S.UNDELIVERED


@pytest.mark.parametrize("intermediate", INTERMEDIATE)
def test_an_intermediate_receipt_leaves_the_other_attempt_open(intermediate: ReceiptState) -> None:
    one = twice()
    read(one, intermediate, attempt=0)
    assert read(one, R.UNDELIVERED, attempt=1) is Reading.NOTED
    assert read(one, R.DELIVERED, attempt=0) is Reading.FINAL
    assert one.state is S.DELIVERED


@pytest.mark.parametrize(
    ("other", "reading"),
    [
        (None, Reading.NOTED),
        (TOOK, Reading.NOTED),
        (LOST, Reading.FINAL),
        (OutcomeKind.FAILED, Reading.FINAL),
        (OutcomeKind.REJECTED, Reading.FINAL),
    ],
)
def test_whom_a_failure_waits_for(other: OutcomeKind | None, reading: Reading) -> None:
    assert read(twice(first=other), R.UNDELIVERED, attempt=1) is reading


# --- the end of waiting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "state", "code"),
    [
        ([S.SUBMITTED], S.UNKNOWN, "no_receipt"),
        ([S.SUBMITTED, S.DELIVERED], S.UNKNOWN, "no_receipt"),
        ([S.SUBMITTED, S.UNKNOWN], S.UNKNOWN, "no_receipt"),
    ],
)
def test_giving_up(states: list[State], state: State, code: str) -> None:
    one = parts(*states)
    assert give_up_waiting(one, NOW + 7)
    assert (one.state, one.done_at) == (state, NOW + 7)
    assert S.SUBMITTED not in {part.state for part in one.parts}
    assert one.error is not None
    assert one.error.code == code


def test_a_message_with_parts_to_send_is_not_given_up() -> None:
    one = parts(S.SUBMITTED, S.QUEUED)
    assert not give_up_waiting(one, NOW)
    assert one.state is S.SUBMITTED


# --- any order -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decade", range(20))
def test_receipts_in_any_order_and_number(decade: int) -> None:
    """A final state stays, `unknown` changes once at most, and what counts as read twice changes nothing."""
    for seed in range(20 * decade, 20 * decade + 20):
        chance = random.Random(seed)
        one = message(
            *(
                Part(number, S.SUBMITTED, [tried(TOOK) for _ in range(chance.choice((1, 1, 2)))])
                for number in range(1, chance.choice((1, 2, 3)) + 1)
            ),
            state=S.SUBMITTED,
        )
        seen = [one.state]
        for _ in range(25):
            if chance.random() < 0.05 and one.state is S.SUBMITTED:
                give_up_waiting(one, NOW)
            number = chance.randrange(len(one.parts)) + 1
            before = [part.state for part in one.parts], one.state, one.error, one.done_at
            attempt = chance.randrange(len(one.parts[number - 1].attempts))
            reading = read(one, chance.choice(list(R)), number, attempt)
            if reading is not Reading.FINAL:
                assert before[1:] == (one.state, one.error, one.done_at), seed
            if reading is Reading.DUPLICATE:
                assert before[0] == [part.state for part in one.parts], seed
            assert (reading is Reading.FINAL) == (one.state is not before[1]), seed
            if one.state is not seen[-1]:
                seen.append(one.state)
            assert (one.error is None) is (one.state in (S.SUBMITTED, S.DELIVERED)), seed
        assert [S.SUBMITTED, S.UNKNOWN, one.state] == seen or len(seen) <= 2, seed
