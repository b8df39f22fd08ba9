from hypothesis import given
from hypothesis import strategies as st

from router.text.references import References

HOUR = 3_600_000


@given(st.lists(st.sampled_from(["+237670000001", "+237670000002", "+237670000003"]), max_size=900), st.data())
def test_a_phone_sees_a_number_again_only_after_all_others(order: list[str], data: st.DataObject) -> None:
    references = References()
    now = data.draw(st.integers(1_600_000_000_000, 1_900_000_000_000))
    seen: dict[str, list[int]] = {}
    for to in order:
        now += data.draw(st.sampled_from([0, 1, 999, 86_400_000])) if len(order) < 50 else 500
        seen.setdefault(to, []).append(references.next(to, now))
    for numbers in seen.values():
        octets = [number & 0xFF for number in numbers]
        for at in range(len(octets)):
            assert octets[at] not in octets[max(0, at - 255) : at]


def test_all_numbers_of_16_bits_come_before_one_comes_twice() -> None:
    references = References()
    first = [references.next("a", 5) for _ in range(0x10000)]
    assert sorted(first) == list(range(1, 0x10001))
    assert {number & 0xFFFF for number in first} == set(range(0x10000))
    assert references.next("a", 5) == first[0]


@given(st.integers(1_600_000_000_000, 1_900_000_000_000), st.integers(1, 100), st.integers(0, 8 * 60_000))
def test_a_restart_forgets_without_repeating(now: int, sent: int, later: int) -> None:
    """As long as one phone got no more than one long message in two seconds before it."""
    counted = References()
    before = [counted.next("a", now + 2000 * number) for number in range(sent)]
    restarted = References().next("a", now + 2000 * sent + later)
    if sent * 2000 + later < 512_000 - 2000:
        assert restarted & 0xFF not in {number & 0xFF for number in before}


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    references = References(remembered=2)
    one = references.next("a", 0)
    references.next("b", 0)
    assert references.next("a", 0) == one + 1
    references.next("c", 0)  # b goes
    assert references.next("a", HOUR) == one + 2
    assert references.next("b", HOUR) != 2
    assert len(references._last) == 2
