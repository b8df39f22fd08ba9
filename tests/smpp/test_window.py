"""The in-flight table against a plain model: every submission leaves exactly once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp.constants import MAX_SEQUENCE_NUMBER
from adapters.smpp.window import Window
from tests.smpp.values import submission


def test_settles_once() -> None:
    window = Window()
    one = submission()
    sequence = window.next_sequence()
    window.add(sequence, one)
    assert len(window) == 1
    assert window.settle(sequence) is one
    assert window.settle(sequence) is None
    assert window.settle_late(sequence) is None
    assert len(window) == 0


def test_expires_in_order_and_remembers() -> None:
    window = Window()
    ones = [submission(written_at=float(at)) for at in range(5)]
    for one in ones:
        window.add(window.next_sequence(), one)
    assert window.expire(-0.5) == []
    assert window.expire(2.0) == ones[:3]
    assert len(window) == 2
    assert window.settle(1) is None
    assert window.settle_late(1) is ones[0]
    assert window.settle_late(1) is None
    assert window.settle_late(4) is None
    assert window.settle(4) is ones[3]
    assert window.lose() == [ones[4]]
    assert window.settle_late(2) is None


def test_remembers_only_the_newest() -> None:
    window = Window(late_limit=2)
    for at in range(4):
        window.add(window.next_sequence(), submission(written_at=float(at)))
    assert len(window.expire(10.0)) == 4
    assert [window.settle_late(sequence) is not None for sequence in (1, 2, 3, 4)] == [False, False, True, True]


def test_wraps_to_one_and_skips_what_is_in_use() -> None:
    window = Window(first=MAX_SEQUENCE_NUMBER - 1)
    window.add(1, submission(written_at=0.0))
    window.add(2, submission(written_at=5.0))
    window.expire(1.0)
    assert [window.next_sequence() for _ in range(4)] == [MAX_SEQUENCE_NUMBER - 1, MAX_SEQUENCE_NUMBER, 3, 4]


@given(
    st.lists(
        st.one_of(
            st.just("add"),
            st.tuples(st.sampled_from(["answer"]), st.integers(0, 30)),
            st.tuples(st.sampled_from(["expire"]), st.integers(0, 10)),
        ),
        max_size=60,
    ),
    st.sampled_from([1, MAX_SEQUENCE_NUMBER - 3]),
)
def test_each_leaves_exactly_once(steps: list[object], first: int) -> None:
    window = Window(late_limit=5, first=first)
    now = 0.0
    given_out: list[tuple[int, object]] = []
    left: list[int] = []
    late: list[int] = []
    for step in steps:
        now += 1
        match step:
            case "add":
                one = submission(written_at=now)
                sequence = window.next_sequence()
                assert 1 <= sequence <= MAX_SEQUENCE_NUMBER
                window.add(sequence, one)
                given_out.append((sequence, one))
            case ("answer", index) if given_out:
                sequence, one = given_out[index % len(given_out)]
                settled = window.settle(sequence)
                if settled is not None:
                    left.append(id(settled))
                else:
                    settled = window.settle_late(sequence)
                    if settled is not None:
                        late.append(id(settled))
            case ("expire", age):
                expired = window.expire(now - age)
                assert [one.written_at for one in expired] == sorted(one.written_at for one in expired)
                left += [id(one) for one in expired]
    left += [id(one) for one in window.lose()]
    assert sorted(left) == sorted(id(one) for _, one in given_out)
    assert len(late) == len(set(late))
    assert set(late) <= set(left)


@pytest.mark.parametrize("count", [1, 1000])
def test_numbers_are_never_given_twice_while_open(count: int) -> None:
    window = Window(first=MAX_SEQUENCE_NUMBER - count // 2)
    seen = set()
    for _ in range(count):
        sequence = window.next_sequence()
        window.add(sequence, submission())
        seen.add(sequence)
    assert len(seen) == count
