"""When a provider is not asked."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.lookup.breaker import Breaker


def test_it_opens_after_five_failures_in_a_row() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(4):
            assert breaker.admit(0.0)
            assert not breaker.failed(0.0)
        assert not breaker.succeeded()
    assert [breaker.failed(1.0) for _ in range(5)] == [False] * 4 + [True]
    assert breaker.refuses(10.9)
    assert not breaker.admit(10.9)


def test_one_question_tries_it_again() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0.0)
    assert breaker.admit(10.0)
    assert not breaker.admit(10.0)
    breaker.failed(11.0)
    assert breaker.refuses(20.9)
    assert breaker.admit(21.0)
    assert breaker.succeeded()
    assert breaker.admit(21.0)
    assert breaker.admit(21.0)


def test_late_failures_do_not_keep_it_open() -> None:
    breaker = Breaker()
    for second in range(9):
        breaker.failed(float(second))
    assert not breaker.refuses(14.0)


@given(st.lists(st.tuples(st.sampled_from(["admit", "fail", "succeed"]), st.floats(0, 20)), max_size=60))
def test_it_never_stays_shut_for_ever(steps: list[tuple[str, float]]) -> None:
    breaker, now, outstanding = Breaker(), 0.0, 0
    for step, pause in steps:
        now += pause
        if step == "admit":
            outstanding += breaker.admit(now)
        elif outstanding:
            outstanding -= 1
            breaker.failed(now) if step == "fail" else breaker.succeeded()
    for _ in range(outstanding):
        breaker.failed(now)
    assert breaker.admit(now + 10.0 + 1e-6)
