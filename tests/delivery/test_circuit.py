"""When an operator is taken to refuse all that we have, and when it is believed again."""

import pytest

from router.delivery.circuit import Circuit
from router.outcome import Fault, Outcome, OutcomeKind

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "id", 0)
NO_CREDIT = Outcome(OutcomeKind.REJECTED, status=0x401, detail="out of credit", fault=Fault.ACCOUNT)
VENDOR = Outcome(OutcomeKind.REJECTED, status=0x400, detail="its own", fault=Fault.UNCLEAR)
OTHER_VENDOR = Outcome(OutcomeKind.REJECTED, status=0x4A1, detail="its own", fault=Fault.UNCLEAR)
BY_HTTP = [Outcome(OutcomeKind.REJECTED, status="400", fault=Fault.UNCLEAR, code=code) for code in ("21211", "21614")]
NOT_HERE = Outcome(OutcomeKind.REJECTED, status=0x0A, fault=Fault.OPERATOR)
BAD_NUMBER = Outcome(OutcomeKind.REJECTED, status=0x0B, fault=Fault.MESSAGE)
SYSTEM_ERROR = Outcome(OutcomeKind.FAILED, status=0x08)
THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)
LOST = Outcome(OutcomeKind.UNKNOWN)


def answers(*outcomes: Outcome) -> Circuit:
    """To one number after the other, in one second."""
    circuit = Circuit()
    for number, outcome in enumerate(outcomes):
        circuit.answered(outcome, f"+2376{number}", 1000.0)
    return circuit


def test_a_refusal_of_the_account_opens_it_at_once() -> None:
    circuit = Circuit()
    assert circuit.answered(NO_CREDIT, "+1", 1000.0)
    assert (circuit.is_open(1029.9), circuit.is_open(1030.0), circuit.tripped) == (True, False, True)
    assert circuit.reason == "out of credit"


@pytest.mark.parametrize(
    ("outcomes", "tripped"),
    [
        ([VENDOR] * 4, False),
        ([VENDOR] * 5, True),
        ([VENDOR] * 4 + [ACCEPTED] + [VENDOR] * 4, False),
        ([VENDOR, OTHER_VENDOR] * 10, False),
        (BY_HTTP * 10, False),  # one status, but complaints of different things
        (BY_HTTP[:1] * 5, True),
        ([VENDOR] * 4 + [NOT_HERE] + [VENDOR] * 4, False),
        ([VENDOR] * 4 + [BAD_NUMBER, VENDOR], False),
        ([VENDOR] * 4 + [SYSTEM_ERROR, THROTTLED, LOST, VENDOR], True),  # these say nothing about the account
        ([NOT_HERE] * 50, False),
        ([BAD_NUMBER] * 50, False),
        ([SYSTEM_ERROR] * 50, False),
        ([THROTTLED] * 50, False),
    ],
)
def test_what_an_unclear_status_is_taken_for(outcomes: list[Outcome], tripped: bool) -> None:
    assert answers(*outcomes).tripped is tripped


def test_one_number_refused_over_and_over_is_that_number() -> None:
    circuit = Circuit()
    for _ in range(50):
        circuit.answered(VENDOR, "+1", 1000.0)
    assert not circuit.tripped


def test_what_was_written_before_it_opened_changes_nothing() -> None:
    circuit = Circuit()
    assert circuit.answered(NO_CREDIT, "+1", 1000.0)
    assert not circuit.answered(NO_CREDIT, "+2", 1000.1)
    assert circuit.open_until == 1030.0


def test_probes_that_fail_wait_longer_each_time_up_to_ten_minutes() -> None:
    circuit, now, pauses = Circuit(), 1000.0, []
    for _ in range(8):
        assert circuit.answered(NO_CREDIT, "+1", now)
        assert circuit.open_until is not None
        pauses.append(circuit.open_until - now)
        now = circuit.open_until
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]
    assert circuit.answered(ACCEPTED, "+1", now)
    assert (circuit.tripped, circuit.reason) == (False, None)
    circuit.answered(NO_CREDIT, "+1", now)
    assert circuit.open_until == now + 30


def test_a_probe_of_an_unclear_status_needs_no_row() -> None:
    circuit = answers(*[VENDOR] * 5)
    assert circuit.answered(VENDOR, "+1", 1030.0)
    assert circuit.is_open(1089.0)


def test_a_probe_that_says_nothing_leaves_it_half_open() -> None:
    circuit = answers(NO_CREDIT)
    for outcome in (THROTTLED, BAD_NUMBER, LOST):
        assert not circuit.answered(outcome, "+1", 1040.0)
    assert circuit.tripped
    assert not circuit.is_open(1040.0)
