"""Pauses between attempts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.delivery.retry import pause
from router.operator import Retry

seconds = st.floats(0.001, 1e6)
jitters = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("attempt", "expected"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (20, 600), (10**9, 600)]
)
def test_doubling_up_to_the_most(attempt: int, expected: float) -> None:
    assert pause(Retry(), attempt, 0.0) == expected


@given(seconds, seconds, st.integers(1, 10**6), jitters)
def test_bounds(initial: float, most: float, attempt: int, jitter: float) -> None:
    retry = Retry(initial=initial, max=most)
    longest = pause(retry, attempt, 0.0)
    assert math.isfinite(longest)
    assert min(initial, most) <= longest <= most
    assert 0.75 * longest <= pause(retry, attempt, jitter) <= longest


@given(seconds, seconds, st.integers(1, 100), jitters)
def test_never_shorter_than_the_one_before(initial: float, most: float, attempt: int, jitter: float) -> None:
    retry = Retry(initial=initial, max=most)
    assert pause(retry, attempt, jitter) <= pause(retry, attempt + 1, jitter)


@given(seconds, st.integers(1, 30), jitters, jitters)
def test_jitter_spreads_but_keeps_the_growth(initial: float, attempt: int, one: float, other: float) -> None:
    retry = Retry(initial=initial, max=math.inf)
    assert pause(retry, attempt, one) < pause(retry, attempt + 1, other)
