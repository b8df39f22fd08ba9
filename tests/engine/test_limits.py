"""How much an account may submit."""

import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account import RateLimit
from router.engine.limits import Meter, Quota
from router.refusal import Refusal


def taken(meter: Meter, count: int, now: float) -> float | None:
    """None when it was let through, else the seconds to wait."""
    try:
        meter.take(count, now)
    except Refusal as refused:
        return refused.retry_after
    return None


@pytest.mark.parametrize(("count", "seconds"), [(5, 1.0), (100, 1.0), (600, 60.0), (1, 60.0), (2.5, 1.0)])
@pytest.mark.parametrize("greed", [1, 3, 20])
def test_never_more_in_any_period_than_the_limit(count: float, seconds: float, greed: int) -> None:
    chance, now = random.Random(7), 1000.0
    meter, let = Meter(RateLimit(count, seconds)), []
    for _ in range(3000):
        now += chance.expovariate(2 * count / seconds)
        asked = chance.randint(1, greed)
        if taken(meter, asked, now) is None:
            let += [now] * asked
    for index, at in enumerate(let):
        assert bisect_left(let, at + seconds - 2e-6) - index <= count
    if greed < count:
        assert len(let) > 0.8 * int(count) * (now - 1000.0) / seconds


@pytest.mark.parametrize("greed", [1, 4])
def test_who_asks_all_the_time_gets_the_whole_rate(greed: int) -> None:
    now, meter, let = 1000.0, Meter(RateLimit(100, 1.0)), 0
    while now < 1020.0:
        now += 0.003
        if taken(meter, greed, now) is None:
            let += greed
    assert let == pytest.approx(20 * 100, rel=0.01)


def test_a_full_period_and_what_comes_right_after_it() -> None:
    """What a bucket that fills evenly would let through: nearly twice the count within one period."""
    meter = Meter(RateLimit(10, 1.0))
    assert taken(meter, 10, 1000.0) is None
    for tenth in range(1, 10):
        assert taken(meter, 1, 1000 + tenth / 10) == pytest.approx(1 - tenth / 10)
    assert taken(meter, 10, 1001.0) is None


def test_it_remembers_little_however_much_is_asked() -> None:
    meter = Meter(RateLimit(1_000_000, 60.0))
    for asked in range(100_000):
        meter.take(1, 1000.0 + asked / 1000)
    assert len(meter._taken) <= 258


@given(
    st.integers(1, 10_000),
    st.sampled_from((1.0, 60.0)),
    st.lists(st.tuples(st.floats(0, 100), st.integers(1, 12_000)), max_size=40),
)
def test_the_wait_that_is_told_is_enough(count: int, seconds: float, asks: list[tuple[float, int]]) -> None:
    now, meter = 1000.0, Meter(RateLimit(count, seconds))
    for pause, asked in asks:
        now += pause
        wait = taken(meter, asked, now)
        if wait is None or asked > count:
            continue
        assert 0 < wait <= seconds * 1.000001
        now += wait
        assert taken(meter, asked, now) is None


def test_a_refusal_takes_nothing() -> None:
    meter = Meter(RateLimit(10, 1.0))
    assert taken(meter, 8, 1000.0) is None
    for _ in range(5):
        assert taken(meter, 3, 1000.0) == pytest.approx(1.0)
    assert taken(meter, 2, 1000.0) is None


def test_a_batch_larger_than_the_limit_never_goes_and_says_so() -> None:
    meter = Meter(RateLimit(10, 1.0))
    for now in (1000.0, 1001.0, 5000.0):
        with pytest.raises(Refusal, match="smaller batches") as refused:
            meter.take(11, now)
        assert refused.value.code == "rate_limited"
        assert refused.value.retry_after == 0
    assert taken(meter, 10, 5000.0) is None
    with pytest.raises(Refusal, match="smaller batches") as refused:
        meter.take(11, 5000.5)
    assert refused.value.retry_after == pytest.approx(0.5)


def test_a_long_rest_saves_up_one_period_only() -> None:
    meter = Meter(RateLimit(10, 1.0))
    assert taken(meter, 10, 1000.0) is None
    assert taken(meter, 10, 90_000.0) is None
    assert taken(meter, 1, 90_000.0) is not None


def test_what_is_said_names_the_limit() -> None:
    meter = Meter(RateLimit(1, 60.0))
    meter.take(1, 1000.0)
    with pytest.raises(Refusal, match="1 messages in 60 s; slow down"):
        meter.take(1, 1000.0)


def test_less_than_one_in_a_period_is_one_in_a_longer_one() -> None:
    meter = Meter(RateLimit(0.5, 1.0))
    assert taken(meter, 1, 1000.0) is None
    assert taken(meter, 1, 1001.5) == pytest.approx(0.5)
    assert taken(meter, 1, 1002.0) is None


@pytest.mark.parametrize(("count", "seconds", "wait"), [(0.5, 1.0, 2.0), (0.25, 60.0, 240.0), (1, 60.0, 60.0)])
def test_a_slow_rate_lets_one_through_at_a_time(count: float, seconds: float, wait: float) -> None:
    meter = Meter(RateLimit(count, seconds))
    assert taken(meter, 1, 1000.0) is None
    assert taken(meter, 1, 1000.0) == pytest.approx(wait)
    assert taken(meter, 1, 1000.0 + wait) is None


def test_what_is_left_is_told() -> None:
    meter = Meter(RateLimit(600, 60.0))
    assert meter.quota(1000.0) == Quota(600, 60.0, 600, 0.0)
    meter.take(450, 1000.0)
    assert not meter.has(151, 1000.0)
    meter.take(150, 1015.0)
    assert meter.quota(1020.0) == Quota(600, 60.0, 0.0, 55.0)
    assert taken(meter, 200, 1020.0) == 40.0
    assert meter.quota(1060.0) == Quota(600, 60.0, 450.0, 15.0), "a refusal takes nothing"
    assert meter.has(450, 1060.0)
    assert meter.quota(9999.0) == Quota(600, 60.0, 600, 0.0)
