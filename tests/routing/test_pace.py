"""How often one thing may happen."""

import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account import RateLimit
from router.routing.pace import Pace


def took(pace: Pace, key: str, now: float) -> bool:
    if pace.wait(key, now):
        return False
    pace.take(key, now)
    return True


def test_so_many_at_once_and_then_one_by_one() -> None:
    pace = Pace(RateLimit(5, 3600.0), 100)
    assert [took(pace, "a", 0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert pace.wait("a", 0.0) == pytest.approx(720.0)
    assert not took(pace, "a", 719.9)
    assert took(pace, "a", 720.0)
    assert not took(pace, "a", 720.0)
    assert [took(pace, "a", 7200.0) for _ in range(6)] == [True] * 5 + [False]


def test_each_key_has_its_own() -> None:
    pace = Pace(RateLimit(1, 60.0), 100)
    assert took(pace, "a", 0.0)
    assert took(pace, "b", 0.0)
    assert not took(pace, "a", 1.0)


def test_to_ask_takes_nothing() -> None:
    pace = Pace(RateLimit(1, 60.0), 100)
    for _ in range(10):
        assert pace.wait("a", 0.0) == 0.0
    assert len(pace) == 0


@given(
    st.integers(1, 50),
    st.sampled_from((1.0, 60.0, 3600.0)),
    st.lists(st.floats(0, 2000), max_size=150),
)
def test_never_more_than_the_rate_and_the_wait_is_exact(count: int, seconds: float, pauses: list[float]) -> None:
    pace, now, let = Pace(RateLimit(count, seconds), 10), 1e6, []
    for pause in pauses:
        now += pause * seconds / count / 1000
        wait = pace.wait("a", now)
        if wait:
            assert wait <= seconds / count + 1e-6
            assert pace.wait("a", now + wait * 0.999 - 1e-5) > 0
            assert not pace.wait("a", now + wait)
        else:
            pace.take("a", now)
            let.append(now)
    for index, at in enumerate(let):
        assert bisect_left(let, at + seconds) - index <= 2 * count
        assert bisect_left(let, at + seconds / count / 2) - index <= count + 1


def test_memory_holds_what_is_under_way_and_no_more_than_allowed() -> None:
    chance = random.Random(5)
    pace, now = Pace(RateLimit(2, 10.0), 1000), 0.0
    for _ in range(20_000):
        now += 0.1
        pace.take(str(chance.random()), now)
        assert len(pace) <= 60, "each is over after 5 s"
    now += 1000
    for number in range(5000):
        pace.take(str(number), now)
    assert len(pace) == 1000
    assert took(pace, "1", now), "it was forgotten"
