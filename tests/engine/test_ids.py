"""UUIDv7 (RFC 9562 section 5.7) that only grow."""

import random
import time
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from router.engine.ids import Ids

NOW = 1_767_225_600_000


def time_of(identity: str) -> int:
    return UUID(identity).int >> 80


@given(st.integers(1, 2**48 - 1))
def test_a_valid_uuid_of_version_7_with_its_time(now: int) -> None:
    identity = Ids().next(now)
    parsed = UUID(identity)
    assert str(parsed) == identity
    assert (parsed.version, parsed.variant) == (7, RFC_4122)
    assert time_of(identity) == now


@given(st.lists(st.integers(-5, 5), max_size=300))
def test_strictly_growing_also_when_the_clock_goes_back(steps: list[int]) -> None:
    ids, now, before, latest = Ids(), NOW, "", NOW
    for step in steps:
        now += step
        identity = ids.next(now)
        assert identity > before
        latest = max(latest, now)
        # The time never goes back, and never ahead of the latest it was told.
        assert NOW - 5 <= time_of(identity) <= latest
        assert UUID(identity).version == 7
        assert UUID(identity).variant == RFC_4122
        before = identity


def test_unique_and_sorted_over_a_hundred_thousand() -> None:
    ids, chance, now = Ids(), random.Random(1), NOW
    made = []
    for _ in range(100_000):
        now += chance.choice((0, 0, 0, 0, 1, -1))
        made.append(ids.next(now))
    assert len(set(made)) == 100_000
    assert made == sorted(made)


def test_two_makers_in_one_millisecond_do_not_meet() -> None:
    one, other = Ids(), Ids()
    made = [ids.next(NOW) for _ in range(10_000) for ids in (one, other)]
    assert len(set(made)) == 20_000


def test_many_in_one_millisecond_stay_in_it() -> None:
    ids = Ids()
    first, *_, last = (ids.next(NOW) for _ in range(50_000))
    assert time_of(first) == time_of(last) == NOW


def test_the_next_one_cannot_be_guessed() -> None:
    """From one millisecond to the next, most bits are new."""
    ids = Ids()
    one, other = UUID(ids.next(NOW)).int, UUID(ids.next(NOW + 1)).int
    assert (one ^ other).bit_count() > 15


def test_cheap_enough_for_every_message() -> None:
    ids = Ids()
    began = time.perf_counter()
    for index in range(20_000):
        ids.next(NOW + index // 100)
    assert (time.perf_counter() - began) / 20_000 < 20e-6


@given(st.integers(NOW - 5, NOW + 5), st.integers(0, 3))
def test_a_new_run_goes_on_behind_the_last_id_it_is_given(now: int, made: int) -> None:
    before = Ids()
    last = [before.next(NOW) for _ in range(made + 1)][-1]
    after = Ids(last)
    following = [after.next(now) for _ in range(3)]
    assert [last, *following] == sorted({last, *following})
    assert UUID(following[0]).version == 7
