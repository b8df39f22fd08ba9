"""An operator's day against its caps."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.delivery.spending import Spending
from router.operator import Caps

DAY = 86_400_000
NOON = 20_454 * DAY + DAY // 2


def spending(parts: int | None = None, spend: str | None = None, zone: str = "UTC") -> Spending:
    return Spending(Caps(parts, None if spend is None else Decimal(spend), zone), NOON)


def test_the_last_that_fits_closes_the_day() -> None:
    one = spending(parts=3)
    assert one.take(2, Decimal(1))
    assert not one.reached
    assert one.take(1, Decimal(1))
    assert one.reached
    assert not one.take(1, Decimal(0))
    assert (one.parts, one.spend) == (3, Decimal(2))


def test_what_does_not_fit_closes_the_day_and_is_not_counted() -> None:
    one = spending(spend="1.00")
    assert one.take(1, Decimal("0.60"))
    assert not one.take(1, Decimal("0.41"))
    assert one.reached
    assert not one.take(1, Decimal("0.01")), "the first that did not fit decides"
    assert one.spend == Decimal("0.60")


def test_what_is_given_back_can_be_given_again() -> None:
    one = spending(parts=2)
    assert one.take(2, Decimal(1))
    one.give_back(2, Decimal(1), NOON)
    assert (one.reached, one.parts, one.spend) == (False, 0, 0)
    assert one.take(2, Decimal(1))


def test_what_was_counted_yesterday_is_not_given_back_today() -> None:
    one = spending(parts=2)
    assert one.take(2, Decimal(1))
    assert one.turn(NOON + DAY)
    assert one.take(1, Decimal(1))
    one.give_back(2, Decimal(1), NOON)
    assert (one.parts, one.spend) == (1, Decimal(1))


@pytest.mark.parametrize(
    ("zone", "ends"), [("UTC", DAY // 2), ("Africa/Douala", DAY // 2 - 3_600_000), ("America/New_York", 17 * 3_600_000)]
)
def test_a_day_ends_at_midnight_of_its_zone(zone: str, ends: int) -> None:
    one = spending(parts=1, zone=zone)
    assert one.take(1, Decimal(1))
    assert not one.turn(NOON + ends - 1)
    assert one.reached
    assert one.turn(NOON + ends)
    assert (one.reached, one.parts, one.spend) == (False, 0, 0)


def test_a_clock_that_is_set_back_begins_no_day() -> None:
    one = spending(parts=1)
    assert one.take(1, Decimal(1))
    assert not one.turn(NOON - 2 * DAY)
    assert one.reached


amounts = st.decimals("0", "3", places=3)


@given(
    st.none() | st.integers(1, 20),
    st.none() | amounts.filter(bool),
    st.lists(st.tuples(st.integers(1, 5), amounts, st.booleans())),
)
def test_no_cap_is_ever_exceeded(
    parts: int | None, spend: Decimal | None, asks: list[tuple[int, Decimal, bool]]
) -> None:
    one = Spending(Caps(parts, spend), NOON)
    for count, cost, refused in asks:
        if one.take(count, cost) and refused:
            one.give_back(count, cost, NOON)
        assert parts is None or one.parts <= parts
        assert spend is None or one.spend <= spend
