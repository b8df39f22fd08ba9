import pytest
from smpplib import consts

from adapters.smpp import constants as c
from adapters.smpp.status_map import CLOSES_BIND, STATUSES, WRONG_CREDENTIALS, Action, outcome_of
from router.outcome import Fault, OutcomeKind

KINDS = {
    Action.THROTTLE: (OutcomeKind.THROTTLED, Fault.RATE),
    Action.FULL: (OutcomeKind.THROTTLED, Fault.QUEUE),
    Action.REBIND: (OutcomeKind.FAILED, Fault.BIND),
    Action.ACCOUNT: (OutcomeKind.REJECTED, Fault.ACCOUNT),
    Action.RETRY: (OutcomeKind.FAILED, Fault.OPERATOR),
    Action.NEXT: (OutcomeKind.REJECTED, Fault.OPERATOR),
    Action.VENDOR: (OutcomeKind.REJECTED, Fault.UNCLEAR),
    Action.REJECT: (OutcomeKind.REJECTED, Fault.MESSAGE),
}


@pytest.mark.parametrize(("status", "action", "reason"), STATUSES)
def test_every_row(status, action, reason) -> None:
    outcome = outcome_of(status, {})
    assert (outcome.kind, outcome.fault) == KINDS[action]
    assert outcome.status == status
    assert outcome.detail == reason
    assert outcome.smsc_message_id is None
    assert outcome_of(status, {}) is outcome


def test_rows_are_unique_and_cover_the_standard() -> None:
    rows = [status for status, *_ in STATUSES]
    assert len(rows) == len(set(rows))
    standard = {value for name, value in vars(consts).items() if name.startswith("SMPP_ESME_")}
    assert standard - {c.ESME_ROK} <= set(rows)


@pytest.mark.parametrize(
    ("expected", "statuses"),
    [
        (Action.THROTTLE, [0x58]),
        (Action.FULL, [0x14]),
        (Action.REBIND, [0x04]),
        (Action.RETRY, [0x08, 0x64]),
        (Action.NEXT, [0x0A, 0x15, 0x45, 0x22]),
        (Action.VENDOR, [0xFF, 0x100, 0x101, 0x102, 0x103, 0x400, 0x401, 0x4A1, 0x4FF]),
        (Action.VENDOR, [0x99, 0x104, 0x500, 0x7FFFFFFF, 0xFFFFFFFF]),
        (Action.REJECT, [0x01, 0x06, 0x07, 0x0B, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x48, 0x49, 0x50, 0x51]),
        (Action.REJECT, [0x54, 0x55, 0x61, 0x62, 0x63, 0x65, 0x66, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4]),
    ],
)
def test_practice(expected, statuses) -> None:
    for status in statuses:
        outcome = outcome_of(status, {})
        assert (outcome.kind, outcome.fault) == KINDS[expected], hex(status)
        assert outcome.detail


def test_what_vendors_say_concerns_their_route_only() -> None:
    """Of their own range each status means this to one and that to another."""
    for status in range(0x400, 0x500):
        outcome = outcome_of(status, {})
        assert (outcome.kind, outcome.fault) == KINDS[Action.VENDOR]
        assert f"0x{status:08X}" in outcome.detail


@pytest.mark.parametrize("status", [0x0B, 0x58, 0x08, 0x4A1])
@pytest.mark.parametrize("action", [Action.RETRY, Action.NEXT, Action.REJECT, Action.THROTTLE, Action.ACCOUNT])
def test_an_operator_knows_better(status, action) -> None:
    outcome = outcome_of(status, {status: action.value, 0x45: "reject"})
    assert (outcome.kind, outcome.fault) == KINDS[action]
    assert outcome.status == status
    # and only there
    assert outcome_of(status, {0x45: "reject"}) is outcome_of(status, {})


def test_zero_is_accepted() -> None:
    assert outcome_of(0, {}).kind is OutcomeKind.ACCEPTED


def test_what_concerns_the_bind() -> None:
    assert frozenset({0x04}) == CLOSES_BIND
    assert frozenset({0x0E, 0x0F, 0x53}) == WRONG_CREDENTIALS


def test_an_unknown_status_is_named() -> None:
    assert "0x000004A1" in outcome_of(0x4A1, {}).detail
