"""Which encoding and which tables: the cheapest that loses nothing, against all there are."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.message import Encoding, EncodingWish
from router.operator import Alphabet, LongForm, TextRules
from router.refusal import Refusal
from router.text.languages import IDENTIFIERS, Language, forms
from router.text.segment import Segmentation, segment
from router.text.view import view
from tests.text.tables import ESC, LOCKING, SINGLE
from tests.text.test_gsm7 import BASIC, EXTENSION

AUTO, GSM7, UCS2 = EncodingWish.AUTO, EncodingWish.GSM7, EncodingWish.UCS2


def cut(text: str, *names: str, wish: EncodingWish = AUTO, **rules: str) -> Segmentation:
    return segment(text, wish, TextRules(language_tables=names, **rules))  # type: ignore[arg-type]


# --- capacities ----------------------------------------------------------------------------------------------

ONE_SHIFT = {"udh8": 149, "udh16": 148, "sar": 149, "payload": 149}
BOTH = {"udh8": 146, "udh16": 145, "sar": 146, "payload": 146}


@pytest.mark.parametrize("form", ONE_SHIFT)
@pytest.mark.parametrize("alphabet", ["gsm7", "gsm7-packed"])
@pytest.mark.parametrize(
    ("name", "text", "language", "alone", "of_many"),
    [
        ("spanish", "á", Language("spanish", True, False), 155, ONE_SHIFT),
        ("turkish", "ğ", Language("turkish", False, True), 155, ONE_SHIFT),
        ("hindi", "बA", Language("hindi", True, True), 152, BOTH),
    ],
)
def test_capacities_with_shift_elements(
    name: str,
    text: str,
    language: Language,
    alone: int,
    of_many: dict[LongForm, int],
    alphabet: Alphabet,
    form: LongForm,
) -> None:
    first = cut(text, name, alphabet=alphabet, long=form)
    rest = alone - first.units
    exact = cut(text + "a" * rest, name, alphabet=alphabet, long=form)
    assert (exact.language, exact.encoding) == (language, Encoding.GSM7)
    assert (exact.count, exact.units, exact.units_per_segment) == (1, alone, alone)
    over = cut(text + "a" * (rest + 1), name, alphabet=alphabet, long=form)
    capacity = of_many[form]
    assert (over.count, over.units_per_segment, over.language) == (2, capacity, language)
    assert [one.units for one in over.segments] == [capacity, alone + 1 - capacity]
    full = cut(text + "a" * (3 * capacity - first.units), name, alphabet=alphabet, long=form)
    assert [one.units for one in full.segments] == [capacity] * 3
    assert cut(text + "a" * (3 * capacity - first.units + 1), name, alphabet=alphabet, long=form).count == 4


def test_no_escape_pair_is_cut_behind_a_shift_header() -> None:
    found = cut("a" * 148 + "á" + "a" * 20, "spanish")
    assert [one.units for one in found.segments] == [148, 22]


# --- the choice ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "language", "units", "count"),
    [
        ("plain", ("turkish",), None, 5, 1),  # nothing to gain
        ("ğ", (), None, 1, 1),
        ("ğ", ("spanish", "hindi"), None, 1, 1),  # neither has it
        ("ğ", ("turkish",), Language("turkish", False, True), 1, 1),
        ("ğ è", ("turkish",), Language("turkish", True, False), 4, 1),  # è only in the default alphabet
        ("á", ("portuguese", "spanish"), Language("portuguese", False, True), 1, 1),
        ("á Ñ", ("portuguese", "spanish"), Language("portuguese", True, False), 4, 1),  # as good: the first named
        ("á Ñ", ("spanish", "portuguese"), Language("spanish", True, False), 4, 1),
        ("é" * 10, ("portuguese",), None, 10, 1),
        ("बAब", ("hindi",), Language("hindi", True, True), 4, 1),
        ("ब", ("hindi",), Language("hindi", False, True), 1, 1),
        ("१", ("hindi",), Language("hindi", True, False), 2, 1),  # a digit, behind the escape
        ("ب پ", ("urdu",), Language("urdu", False, True), 3, 1),
        # Plain GSM 7-bit would do, but a table saves a short message: € is one septet there.
        ("€" * 100, ("turkish",), Language("turkish", False, True), 100, 1),
        ("€" * 80, ("turkish",), None, 160, 1),  # no short message saved: nothing to announce
        ("a" * 300, ("turkish",), None, 300, 2),
    ],
)
def test_tables(text: str, names: tuple[str, ...], language: Language | None, units: int, count: int) -> None:
    found = cut(text, *names)
    assert (found.language, found.units, found.count) == (language, units, count)


def test_the_reason_is_what_the_default_alphabet_lacks() -> None:
    assert cut("ağbçİ", "turkish").reason == "ğ ç İ"
    assert cut("€" * 100, "turkish").reason is None
    assert cut("ağы", "turkish").reason == "ğ ы"


def test_wishes() -> None:
    assert cut("ğ", "turkish", wish=GSM7).language == Language("turkish", False, True)
    found = cut("ğ", "turkish", wish=UCS2)
    assert (found.encoding, found.reason, found.language) == (Encoding.UCS2, "requested", None)
    for text, names, named in [
        ("ağы", ("turkish",), "ы"),
        ("ağ", (), "ğ"),
        ("ğब", ("turkish", "hindi"), "ğ ब"),  # each has a table, no table has both
        ("ğ", ("hindi",), "ğ"),
    ]:
        with pytest.raises(Refusal) as refused:
            cut(text, *names, wish=GSM7)
        assert refused.value.code == "not_encodable"
        assert refused.value.detail.endswith(": " + named)


@pytest.mark.parametrize("alphabet", ["latin1", "ascii"])
def test_no_tables_where_data_coding_0_is_no_gsm(alphabet: Alphabet) -> None:
    found = cut("ğ", "turkish", alphabet=alphabet)
    assert (found.encoding, found.language) == (Encoding.UCS2, None)


def units_with(text: str, single: int, locking: int) -> int | None:
    """Septets by the tables of the test, None where one has no place."""
    basic = set(LOCKING[locking]) - {ESC, " "} | {" "} if locking else set(BASIC.values())
    behind = set(SINGLE[single]) - {ESC, " "} if single else set(EXTENSION.values())
    sizes = [1 if one in basic else 2 if one in behind else None for one in text]
    return None if None in sizes else sum(sizes)  # type: ignore[arg-type]


def fewest(sizes: list[int], alone: int, capacity: int) -> int:
    """Parts, by filling each as far as it goes."""
    if sum(sizes) <= alone:
        return 1
    count, room = 1, capacity
    for size in sizes:
        if size > room:
            count, room = count + 1, capacity
        room -= size
    return count


letters = st.sampled_from([*"abcA €{ğİçáãâΦêØ\n", "ब", "१", "ं", "ب", "ы", "😀"])


@given(
    st.lists(letters, min_size=1, max_size=7, unique=True),
    st.integers(1, 60),
    st.sets(st.sampled_from(sorted(IDENTIFIERS)), max_size=4),
    st.sampled_from(["udh8", "udh16", "sar", "payload"]),
)
@settings(max_examples=100, deadline=None)
def test_no_other_choice_is_cheaper(alphabet: list[str], times: int, names: set[str], form: LongForm) -> None:
    text = "".join(alphabet) * times
    found = cut(text, *sorted(names), long=form)
    concatenation = 7 if form == "udh16" else 6
    options: list[tuple[int, int]] = []
    for single, locking in [(0, 0)] + [
        pair
        for name in names
        for pair in product((0, IDENTIFIERS[name]), repeat=2)
        if any(pair) and (pair[1] == 0 or pair[1] in LOCKING)
    ]:
        header = 3 * bool(single) + 3 * bool(locking)
        sizes = [units_with(one, single, locking) for one in text]
        if None not in sizes:
            alone, many = (140 - header - bool(header)) * 8 // 7, (140 - concatenation - header) * 8 // 7
            options.append((fewest(sizes, alone, many), sum(sizes)))  # type: ignore[arg-type]
    wide = [2 if one > "\uffff" else 1 for one in text]
    options_ucs2 = fewest(wide, 70, 66 if form == "udh16" else 67)
    if options:
        assert found.encoding is Encoding.GSM7
        assert found.count == min(options)[0]
        assert found.count <= options_ucs2  # septets never cost more
        if found.language is not None and units_with(text, 0, 0) is None:
            assert (found.count, found.units) == min(options)
    else:
        assert (found.encoding, found.count) == (Encoding.UCS2, options_ucs2)


def test_the_view_names_the_tables() -> None:
    assert view(cut("ğ", "turkish")).language == Language("turkish", False, True)
    assert view(cut("g", "turkish")).language is None


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_every_language_can_be_chosen(name: str) -> None:
    letters = sorted(set(SINGLE[IDENTIFIERS[name]]) - {" ", ESC} - set(BASIC.values()) - set(EXTENSION.values()))
    found = cut("".join(letters), name)
    assert found.language is not None
    assert found.language in forms(name)


# --- look-alikes ---------------------------------------------------------------------------------------------


def like(text: str, wish: EncodingWish = AUTO, max_parts: int = 10, **rules: object) -> Segmentation:
    return segment(text, wish, TextRules(**rules), max_parts, True)  # type: ignore[arg-type]


SMART = "“It’s 5\u00a0o’clock – really…” " * 3


def test_look_alikes_where_they_save_a_short_message() -> None:
    found = like(SMART)
    assert found.transliterated
    assert (found.encoding, found.count) == (Encoding.GSM7, 1)
    assert found.segments[0].text == "\"It's 5 o'clock - really...\" " * 3
    assert found.reason == "look-alikes for “ ’ U+00A0 – … ”"
    plain = segment(SMART, AUTO, TextRules())
    assert (plain.count, plain.transliterated) == (2, False)
    assert "".join(one.text or "" for one in plain.segments) == SMART


@pytest.mark.parametrize(
    "text",
    [
        "It’s short",  # one short message either way
        "plain " * 40,  # nothing to replace
        "чисто – " * 30,  # UCS-2 anyway
        "…" * 60,  # three characters for one
        "\u200b" * 80,  # nothing would be left
    ],
)
def test_no_look_alikes_where_they_save_nothing(text: str) -> None:
    found = like(text)
    assert not found.transliterated
    assert "".join(one.text or "" for one in found.segments) == text


def test_look_alikes_and_wishes() -> None:
    assert not like(SMART, UCS2).transliterated
    found = like("It’s", GSM7)  # the wish cannot be met otherwise
    assert (found.transliterated, found.segments[0].payload) == (True, b"It's")
    with pytest.raises(Refusal, match="’ ы"):
        like("It’s ы", GSM7)


def test_look_alikes_can_make_it_short_enough() -> None:
    text = "’" + "a" * 159
    assert like(text, max_parts=1).count == 1
    with pytest.raises(Refusal, match="need 3"):
        segment(text, AUTO, TextRules(), 1)


def test_look_alikes_and_tables() -> None:
    found = like("ğ’" * 60, language_tables=("turkish",))
    assert (found.transliterated, found.count, found.reason) == (True, 1, "ğ; look-alikes for ’")
    # For an ASCII operator what ASCII has will do.
    assert like(SMART, alphabet="ascii").segments[0].payload.startswith(b"\"It's 5 o")


@given(st.text(st.sampled_from([*"a€“’–…\u00a0\u200bыğ😀"]), min_size=1, max_size=300))
@settings(max_examples=100, deadline=None)
def test_look_alikes_never_cost_more(text: str) -> None:
    plain, found = segment(text, AUTO, TextRules()), like(text, max_parts=255)
    if found.transliterated:
        assert found.count < plain.count
    else:
        assert found == plain
