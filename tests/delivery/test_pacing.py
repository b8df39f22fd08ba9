"""The pace towards an operator, under timers that are late and answers that say too fast."""

import random
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.delivery.pacing import Pacer

SLACK = 0.02


def run(pacer: Pacer, seconds: float, lateness: float, seed: int = 1, start: float = 1000.0) -> list[float]:
    """When parts go, if there is always one and every timer rings up to `lateness` seconds late."""
    chance = random.Random(seed)
    now, sent = start, []
    while now < start + seconds:
        while (delay := pacer.delay(now)) <= 0:
            pacer.take(now)
            sent.append(now)
        now += delay + chance.uniform(0.0, lateness)
    return sent


def most_within(sent: list[float], window: float) -> int:
    """The largest number of parts in any half-open window of this many seconds."""
    return max(bisect_right(sent, at + window - 1e-9) - index for index, at in enumerate(sent))


@pytest.mark.parametrize("tps", [0.1, 1.0, 7.0, 50.0, 300.0, 2000.0])
@pytest.mark.parametrize("lateness", [0.0, 0.001, 0.015, 0.2])
def test_no_window_ever_holds_more_than_its_share(tps: float, lateness: float) -> None:
    sent = run(Pacer(tps), max(20 / tps, 3.0), lateness)
    for window in (0.001, 0.1, 1.0, 2.0, 10 / tps):
        assert most_within(sent, window) <= (window + SLACK) * tps + 1 + 1e-6


@pytest.mark.parametrize("tps", [1.0, 7.0, 50.0, 300.0, 2000.0])
@pytest.mark.parametrize("lateness", [0.0, 0.001, 0.015])
def test_the_rate_is_exact_in_the_long_run(tps: float, lateness: float) -> None:
    seconds = max(200 / tps, 10.0)
    assert len(run(Pacer(tps), seconds, lateness)) == pytest.approx(tps * seconds, rel=0.01)


def test_a_pause_saves_nothing_up() -> None:
    pacer = Pacer(100.0)
    first = run(pacer, 1.0, 0.001)
    second = run(pacer, 1.0, 0.001, start=1060.0)
    assert most_within(second, 1.0) <= 103
    assert len(second) == pytest.approx(len(first), abs=2)


@hypothesis_settings(max_examples=60)
@given(st.floats(0.5, 500), st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_whenever_it_is_asked_the_share_holds(tps: float, pauses: list[float]) -> None:
    pacer, now, sent = Pacer(tps), 1000.0, []
    for pause in pauses:
        now += pause
        while pacer.delay(now) <= 0 and len(sent) < 2000:
            pacer.take(now)
            sent.append(now)
    for window in (0.05, 1.0):
        assert not sent or most_within(sent, window) <= (window + SLACK) * tps + 1 + 1e-6


def test_the_delay_that_is_told_is_enough() -> None:
    pacer, now = Pacer(3.0), 1000.0
    for _ in range(100):
        pacer.take(now)
        now += pacer.delay(now)
        assert pacer.delay(now) == pytest.approx(0.0, abs=1e-9)


def test_without_a_limit_only_throttling_holds() -> None:
    pacer = Pacer(0.0)
    for _ in range(10_000):
        assert pacer.delay(1000.0) == 0.0
        pacer.take(1000.0)
    pacer.throttled(1000.0)
    assert pacer.delay(1000.0) == 1.0
    assert pacer.delay(1000.25) == 0.75
    assert pacer.delay(1001.0) == 0.0


def test_throttling_holds_halves_and_recovers() -> None:
    pacer = Pacer(100.0)
    assert pacer.factor(1000.0) == 1.0
    pacer.throttled(1000.0)
    assert pacer.factor(1000.0) == 0.5
    assert pacer.delay(1000.999) > 0
    assert pacer.delay(1001.0) == 0
    assert pacer.factor(1001.0) == 0.5
    assert pacer.factor(1003.0) == pytest.approx(0.7)
    assert pacer.factor(1006.0) == 1.0
    assert pacer.factor(2000.0) == 1.0


def test_the_answers_of_one_burst_are_one_complaint() -> None:
    pacer = Pacer(100.0)
    for step in range(20):
        pacer.throttled(1000.0 + step / 100)
    assert pacer.factor(1000.2) == 0.5
    assert pacer.delay(1000.2) == pytest.approx(0.99)


def test_complaints_that_go_on_slow_down_to_a_floor_and_no_further() -> None:
    pacer, now = Pacer(100.0), 1000.0
    factors = []
    for _ in range(10):
        pacer.throttled(now)
        factors.append(pacer.factor(now))
        now += 1.0
    assert factors[:4] == [0.5, 0.25, 0.125, 0.0625]
    assert factors[4:] == [0.05] * 6


def test_while_throttled_the_rate_is_the_reduced_one() -> None:
    pacer = Pacer(200.0)
    for at in (1000.0, 1001.0, 1002.0):
        pacer.throttled(at)
    assert pacer.factor(1003.0) == 0.125
    sent = run(pacer, 1.0, 0.0, start=1003.0)
    # From an eighth of the rate to an eighth and a tenth.
    assert 25 <= len(sent) <= 50
    assert len(run(pacer, 1.0, 0.0, start=1020.0)) == pytest.approx(200, abs=8)


def test_a_new_limit_counts_at_once_and_keeps_what_throttling_taught() -> None:
    pacer = Pacer(0.01)
    pacer.take(1000.0)
    assert pacer.delay(1000.0) > 90
    pacer.retune(10.0)
    assert pacer.delay(1000.0) <= 0.1
    pacer.throttled(1000.0)
    pacer.retune(20.0)
    assert pacer.delay(1000.5) == 0.5
    assert pacer.factor(1001.0) == 0.5


def test_the_same_limit_again_gives_nothing_away() -> None:
    pacer = Pacer(1.0)
    pacer.take(1000.0)
    pacer.retune(1.0)
    assert pacer.delay(1000.0) > 0.9


def test_without_a_limit_the_rate_that_was_too_fast_is_slowed_and_comes_back() -> None:
    pacer = Pacer(0.0)
    for step in range(500):
        assert pacer.delay(1000.0 + step / 1000) == 0
        pacer.take(1000.0 + step / 1000)
    pacer.throttled(1000.5)
    assert pacer.delay(1000.5) == 1.0
    sent = run(pacer, 1.0, 0.0, start=1001.5)
    assert len(sent) == pytest.approx(550, rel=0.05)  # of 1,000 a second: from a half to six tenths
    pacer.take(1010.0)
    for _ in range(1000):  # no limit any more
        pacer.take(1010.02)
        assert pacer.delay(1010.02) == 0


def test_a_complaint_in_calm_times_stops_nobody() -> None:
    pacer = Pacer(0.0)
    pacer.take(1000.0)
    pacer.throttled(1060.0)
    assert len(run(pacer, 1.0, 0.0, start=1061.0)) >= 10
