"""Longest-prefix match against looking at every prefix."""

from hypothesis import given
from hypothesis import strategies as st

from router.routing.prefixes import PrefixTable

# Few digits, so that prefixes meet.
digits = st.text("123", max_size=6)


@given(st.dictionaries(digits, st.integers(), max_size=30), digits)
def test_against_all_prefixes(items: dict[str, int], number: str) -> None:
    table = PrefixTable(items.items())
    longest = max((prefix for prefix in items if number.startswith(prefix)), key=len, default=None)
    assert table.longest(number) == (items[longest] if longest is not None else None)
    assert len(table) == len(items)


def test_the_empty_prefix_matches_everything() -> None:
    table = PrefixTable([("", "all"), ("237", "cm")])
    assert table.longest("") == "all"
    assert table.longest("23") == "all"
    assert table.longest("237") == "cm"
    assert table.longest("2376") == "cm"


def test_an_empty_table_matches_nothing() -> None:
    table: PrefixTable[int] = PrefixTable([])
    assert table.longest("237") is None


def test_a_value_that_is_false_is_still_a_value() -> None:
    assert PrefixTable([("1", 7), ("12", 0)]).longest("123") == 0


def test_the_last_of_two_equal_prefixes_counts() -> None:
    assert PrefixTable([("1", "a"), ("1", "b")]).longest("1") == "b"
