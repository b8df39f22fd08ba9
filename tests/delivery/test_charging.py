"""What a message costs, and which ends of it are paid for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account import ChargeRule
from router.delivery.charging import charge_of, is_kept
from router.message import Message, Part, State
from router.money import NANO, Money, from_nano, to_nano
from router.outcome import OutcomeKind
from router.wallet import Tariff
from tests.delivery.values import message, tried

TOOK, LOST, REFUSED, BUSY, FAILED = (
    OutcomeKind.ACCEPTED,
    OutcomeKind.UNKNOWN,
    OutcomeKind.REJECTED,
    OutcomeKind.THROTTLED,
    OutcomeKind.FAILED,
)
KEPT = {"a": "accepted", "s": "submitted", "d": "delivered"}


def ended(state: State, *outcomes: OutcomeKind | None) -> Message:
    return message(Part(1, state, [tried(outcome) for outcome in outcomes]), state=state)


@pytest.mark.parametrize(
    ("one", "kept"),
    [
        # No operator had any of it.
        (ended(State.CANCELLED), ""),
        (ended(State.EXPIRED), ""),
        (ended(State.CANCELLED, REFUSED), ""),
        (ended(State.EXPIRED, FAILED, BUSY), ""),
        (ended(State.REJECTED), "a"),  # the number has opted out meanwhile
        (ended(State.REJECTED, REFUSED), "a"),
        (ended(State.FAILED, FAILED, FAILED), "a"),
        # One may have had it.
        (ended(State.EXPIRED, LOST), "a"),
        (ended(State.EXPIRED, None), "a"),
        (ended(State.REJECTED, LOST, REFUSED), "a"),
        (ended(State.UNKNOWN, LOST), "a"),
        # One took it.
        (ended(State.DELIVERED, TOOK), "asd"),
        (ended(State.DELIVERED, LOST), "asd"),
        (ended(State.SUBMITTED, TOOK), "asd"),  # and no receipt is waited for
        (ended(State.SUBMITTED, LOST), "asd"),
        (ended(State.UNDELIVERED, TOOK), "as"),
        (ended(State.UNKNOWN, TOOK), "as"),
        (ended(State.UNKNOWN, LOST, TOOK), "as"),
        (ended(State.REJECTED, TOOK), "as"),
        (ended(State.EXPIRED, TOOK), "as"),
        (ended(State.CANCELLED, TOOK), "as"),  # it let go of it
        # It took a part of it.
        (message(Part(1, State.SUBMITTED, [tried(TOOK)]), Part(2, State.EXPIRED), state=State.EXPIRED), "as"),
        (message(Part(1, State.DELIVERED, [tried(TOOK)]), Part(2, State.REJECTED), state=State.REJECTED), "as"),
    ],
)
@pytest.mark.parametrize("letter", "asd")
def test_what_is_paid_for(letter: str, one: Message, kept: str) -> None:
    rule: ChargeRule = KEPT[letter]  # type: ignore[assignment]
    assert is_kept(rule, one) is (letter in kept)


@pytest.mark.parametrize(
    ("price", "segments", "by_price"),
    [
        (None, 3, 0),
        ("0", 3, 0),
        ("0.0250", 1, 25_000_000),
        ("0.000000001", 1, 1),
        ("0.0000000001", 1, 1),
        ("0.0000000011", 1, 2),
        ("4000000001", 1, 4_000_000_001 * NANO),
    ],
)
def test_what_a_message_costs(price: str | None, segments: int, by_price: int) -> None:
    one = message(segments=segments, price=None if price is None else Money(Decimal(price), "XAF"))
    assert charge_of(one, Tariff.PRICE) == by_price
    assert charge_of(one, Tariff.UNIT) == segments * NANO


@given(st.decimals(Decimal("-4e9"), Decimal("4e9"), allow_nan=False, places=9))
def test_nano_are_exact(amount: Decimal) -> None:
    assert from_nano(to_nano(amount)) == amount


@given(st.decimals(0, Decimal("4e9"), allow_nan=False, allow_infinity=False))
def test_what_is_finer_is_rounded_up(amount: Decimal) -> None:
    nano = to_nano(amount)
    assert from_nano(nano) >= amount
    assert nano == 0 or from_nano(nano - 1) < amount


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (0, "0.00"),
        (-5 * NANO, "-5.00"),
        (100 * NANO, "100.00"),
        (25_000_000, "0.025"),
        (20_000_000, "0.02"),
        (10_000_000_001, "10.000000001"),
    ],
)
def test_an_amount_has_two_decimals_or_as_many_as_it_needs(nano: int, shown: str) -> None:
    assert str(from_nano(nano)) == shown
