"""Pauses between tries, as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp.bind import CREDENTIALS_PAUSE, Backoff
from router.operator import Reconnect


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dice always fall on the ceiling."""
    monkeypatch.setattr("adapters.smpp.bind.random.uniform", lambda low, high: high)


@pytest.mark.usefixtures("longest")
@pytest.mark.parametrize(
    ("held", "pauses"),
    [
        ([0, 0, 0, 0, 0, 0], [1, 2, 4, 8, 10, 10]),
        ([0, 0, 0, 100, 0], [1, 2, 4, 1, 2]),
        ([100, 100, 100], [1, 1, 1]),
        ([0.5, 1.5, 3.5], [1, 2, 4]),
        ([0.5, 2.5, 0], [1, 1, 2]),
    ],
)
def test_the_ceiling_grows_until_a_bind_holds(held: list[float], pauses: list[float]) -> None:
    backoff = Backoff(Reconnect(1, 10))
    assert [backoff.pause(one, False) for one in held] == pauses


@given(st.lists(st.tuples(st.floats(0, 1000), st.booleans()), max_size=30))
def test_within_bounds(tries: list[tuple[float, bool]]) -> None:
    backoff = Backoff(Reconnect(1, 90))
    for held, credentials in tries:
        pause = backoff.pause(held, credentials)
        assert (CREDENTIALS_PAUSE if credentials else 0) <= pause <= 90


def test_pauses_differ() -> None:
    backoff = Backoff(Reconnect(1, 1))
    assert len({backoff.pause(0, False) for _ in range(20)}) > 1
