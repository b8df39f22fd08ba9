"""Where long texts are cut, against a search through every way to cut them."""

import sys

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.message import EncodingWish
from router.operator import LongForm, TextRules
from router.text import clusters
from router.text.segment import segment

FAMILY = "👨\u200d👩\u200d👧\u200d👦"  # one cluster of 11 code units
FLAG = "🇨🇲"
THUMB = "👍🏽"
CONJUNCT = "क्ष"
SMILE = "😀"


def boundaries(text: str) -> set[int]:
    """Where clusters begin, from one pass over the whole text."""
    return {0, len(text)} | {match.start() for match in regex.finditer(r"\X", text)}


def best(text: str, sizes: list[int], capacity: int) -> tuple[int, int]:
    """By trying every cut at every character: the fewest parts, and then the fewest clusters cut through."""
    whole = boundaries(text)
    found: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(text) + 1):
        units, start = 0, end
        reached = []
        while start and units + sizes[start - 1] <= capacity:
            start -= 1
            units += sizes[start]
            parts, cut = found[start]
            reached.append((parts + 1, cut + (end not in whole)))
        found.append(min(reached))
    return found[-1]


def code_units(text: str) -> list[int]:
    return [2 if one > "\uffff" else 1 for one in text]


def cuts(text: str, rules: TextRules | None = None) -> list[int]:
    """How many characters each part has."""
    found = segment(text, EncodingWish.AUTO, rules or TextRules())
    return [len(one.text or "") for one in found.segments]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("ы" * 60 + FAMILY + "ы" * 20, [60, 31]),  # moved whole: there is room behind
        ("ы" * 66 + FLAG + "ы" * 20, [66, 24]),
        ("ы" * 65 + THUMB + "ы" * 20, [65, 24]),
        ("ы" * 66 + "e\u0301" + "ы" * 20, [66, 22]),
        ("ы" * 65 + CONJUNCT + "ы" * 20, [65, 23]),
        ("ы" * 66 + "\r\n" + "ы" * 20, [66, 22]),
        ("ы" * 64 + FLAG + FLAG + "ы" * 20, [64, 28]),  # flags pair from the first on
        ("ы" * 56 + FAMILY + "ы" * 67, [67, 67]),  # exactly at its end
        ("ы" * 59 + FAMILY + "ы" * 64, [67, 67]),  # no room behind: never a part more for it
        ("ы" * 60 + FAMILY + "ы" * 63, [60, 67, 7]),  # three are needed anyway (a pair at 67), so it stays whole
        ("ы" * 60 + FAMILY + "ы" * 62, [66, 67]),  # one unit of room is not enough; the pair decides
        ("ы" * 60 + FAMILY + "ы" * 55, [60, 66]),  # just enough
        ("ы" * 60 + FAMILY + "ы" * 56, [60, 67]),
        ("ы" * 60 + FAMILY + "ы" * 57, [66, 62]),  # just not
        ("\u0301" * 200, [67, 67, 66]),  # one cluster longer than a part
        ("각" * 200, [67, 67, 66]),
        ("\u1112\u1161\u11ab" * 30, [66, 24]),  # a syllable in three letters
    ],
)
def test_cuts_of_ucs2(text: str, units: list[int]) -> None:
    found = segment(text, EncodingWish.UCS2, TextRules())
    assert [one.units for one in found.segments] == units


def test_septets_are_cut_between_clusters_too() -> None:
    assert cuts("a" * 152 + "\r\n" + "b" * 20) == [152, 22]
    rules = TextRules(language_tables=("hindi",))
    assert cuts("ब" * 148 + CONJUNCT + "ब" * 20, rules) == [148, 23]


def test_an_earlier_cut_makes_room_for_a_later_cluster() -> None:
    # With the first part full the second cut would fall into the family; nothing before it does.
    text = "ы" * 66 + FLAG + "ы" * 60 + FAMILY + "ы" * 10
    found = segment(text, EncodingWish.AUTO, TextRules())
    assert [one.text for one in found.segments] == ["ы" * 66, FLAG + "ы" * 60, FAMILY + "ы" * 10]


def test_fewer_broken_clusters_are_worth_an_early_break() -> None:
    """The farthest whole cut first would be the short-sighted way: it leaves no room for the clusters behind."""
    rules = TextRules()
    text = "ы" * 60 + FAMILY + ("ы" * 56 + FAMILY) * 2 + "ы" * 56
    sizes = code_units(text)
    _, broken = best(text, sizes, 67)
    assert broken_in(text, cuts(text, rules)) == broken


def broken_in(text: str, parts: list[int]) -> int:
    whole = boundaries(text)
    at, broken = 0, 0
    for length in parts[:-1]:
        at += length
        broken += at not in whole
    return broken


CLUSTERS = ["ы", "ы" * 7, "a b", SMILE, FAMILY, FLAG, "🇨", THUMB, "e\u0301", "o\u0308\u0304", CONJUNCT, "क्ष्म्य", "நி"]
pieces = st.sampled_from(
    [
        *CLUSTERS,
        "\r\n",
        "\r",
        "\u0600",
        "\u200d",
        "\u0301" * 40,
        "각",
        "\u1112\u1161",
        "\u11ab",
        "क्\u200dष",
        "\ufe0f",
        "#️⃣",
    ]
)


@given(st.lists(pieces, min_size=10, max_size=130).map("".join), st.sampled_from(["udh8", "udh16", "sar"]))
@settings(max_examples=120, deadline=None)
@example(FAMILY * 40, "udh8")
@example(FLAG * 100, "udh16")
@example(("ы" * 60 + FAMILY) * 5, "udh8")
@pytest.mark.deep
def test_fewest_parts_then_fewest_broken_clusters(text: str, form: LongForm) -> None:
    found = segment(text, EncodingWish.UCS2, TextRules(long=form))
    if found.count == 1:
        return
    parts = [len(one.text or "") for one in found.segments]
    assert (found.count, broken_in(text, parts)) == best(text, code_units(text), 66 if form == "udh16" else 67)
    assert "".join(one.text or "" for one in found.segments) == text
    assert all(one.text and one.units <= 67 for one in found.segments)


@given(st.lists(pieces, min_size=1, max_size=60).map("".join), st.data())
@settings(max_examples=100, deadline=None)
def test_a_cluster_found_from_its_middle_is_the_cluster_of_the_whole_text(text: str, data: st.DataObject) -> None:
    if len(text) < 2:
        return
    whole = boundaries(text)
    index = data.draw(st.integers(1, len(text) - 1))
    assert clusters.start(text, index) == max(place for place in whole if place <= index)


@pytest.mark.deep
def test_every_character_that_joins_is_known() -> None:
    lone = r"[\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]"
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert set(regex.sub(lone, "", every)) == clusters.JOINING


def test_a_run_of_any_length_is_one_cluster_and_not_remembered() -> None:
    before = clusters._last.cache_info().currsize
    text = "e" + "\u0301" * 5000 + "x"
    assert clusters.start(text, 4000) == 0
    assert clusters._last.cache_info().currsize == before


INDIAN = ["ब", "्", "ि", "ं", "A", "{", "ष", " ", "क्ष"]


@given(st.lists(st.sampled_from(INDIAN), min_size=80, max_size=260).map("".join))
@settings(max_examples=40, deadline=None)
@pytest.mark.deep
def test_with_language_tables_too(text: str) -> None:
    found = segment(text, EncodingWish.AUTO, TextRules(language_tables=("hindi",)))
    if found.count == 1 or found.language is None:
        return
    capacity = 146 if found.language.single and found.language.locking else 149
    assert found.units_per_segment == capacity
    # What needs an escape is two septets: capitals and brackets.
    sizes = [2 if one in "A{" else 1 for one in text]
    if found.language.locking:
        parts = [len(one.text or "") for one in found.segments]
        assert (found.count, broken_in(text, parts)) == best(text, sizes, capacity)
