"""Shares: exact over time whoever can take part, and growing for one that comes back."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.routing.shares import Turns, normal, passed_on, returning

weights = st.lists(st.integers(1, 50), min_size=1, max_size=7)


def run(turns: Turns, shares: list[float], count: int) -> list[int]:
    taken = []
    for _ in range(count):
        index = turns.next(shares)
        assert turns.next(shares) == index, "looking changes nothing"
        turns.take(shares, index)
        taken.append(index)
    return taken


@given(weights, st.integers(1, 400))
def test_after_any_number_of_turns_each_had_its_share_within_one(given_weights: list[int], count: int) -> None:
    shares = normal(given_weights)
    had: Counter[int] = Counter()
    for number, index in enumerate(run(Turns(len(shares)), shares, count), 1):
        had[index] += 1
        for place, share in enumerate(shares):
            assert abs(had[place] - number * share) < 1.0


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=200))
def test_nobody_gets_more_than_a_turn_beyond_its_due_while_shares_change(rows: list[list[float]]) -> None:
    turns, had, due = Turns(4), [0] * 4, [0.0] * 4
    for row in rows:
        shares = normal(row)
        index = turns.next(shares)
        assert shares[index] > 0, "who has no share gets no turn"
        turns.take(shares, index)
        had[index] += 1
        for place, share in enumerate(shares):
            due[place] += share
    if all(share > 0 for row in rows for share in row):
        assert all(one < what + 1.0 for one, what in zip(had, due, strict=True))
    assert sum(had) == len(rows)


@pytest.mark.deep
def test_a_million_turns_lose_nothing_to_rounding() -> None:
    turns, shares = Turns(3), normal([1, 1, 5])
    had = Counter(run(turns, shares, 100_000))
    assert all(abs(had[place] - 100_000 * share) < 1.0 for place, share in enumerate(shares))


def test_turns_are_spread_evenly() -> None:
    taken = run(Turns(2), [0.98, 0.02], 1000)
    places = [place for place, index in enumerate(taken) if index == 1]
    assert all(45 <= later - sooner <= 55 for sooner, later in pairwise(places))


@pytest.mark.parametrize(("seconds", "share"), [(-5, 0.1), (0, 0.1), (20, 0.4), (40, 0.7), (60, 1.0), (10_000, 1.0)])
def test_who_comes_back_gets_a_tenth_and_all_after_a_minute(seconds: float, share: float) -> None:
    assert returning(seconds) == pytest.approx(share)


@pytest.mark.parametrize(
    ("factors", "shares"),
    [
        ([1.0], [1.0]),
        ([0.1], [1.0]),
        ([1.0, 1.0], [1.0, 0.0]),
        ([0.1, 1.0, 1.0], [0.1, 0.9, 0.0]),
        ([0.1, 0.5, 1.0], [0.1, 0.45, 0.45]),
        ([0.1, 0.5], [1.0, 0.0]),
    ],
)
def test_what_the_first_does_not_get_goes_to_the_next(factors: list[float], shares: list[float]) -> None:
    assert passed_on(factors) == pytest.approx(shares)


@given(st.lists(st.floats(0.1, 1.0), min_size=1, max_size=6))
def test_everything_is_given_to_somebody(factors: list[float]) -> None:
    shares = passed_on(factors)
    assert sum(shares) == pytest.approx(1.0)
    assert all(share >= 0 for share in shares)


def test_nothing_to_divide_goes_to_the_first() -> None:
    assert normal([0, 0, 0]) == [1.0, 0.0, 0.0]
