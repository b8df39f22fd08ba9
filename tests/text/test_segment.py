from itertools import product
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.message import Encoding, EncodingWish
from router.operator import Alphabet, LongForm, TextRules
from router.refusal import Refusal
from router.text.segment import Segment, Segmentation, segment, segment_binary
from router.text.view import PartView, SegmentationView, view
from tests.text.test_gsm7 import SEPTETS, bits

AUTO, GSM7, UCS2 = EncodingWish.AUTO, EncodingWish.GSM7, EncodingWish.UCS2
HIGH, LOW = chr(0xD83D), chr(0xDE00)
FORMS: tuple[LongForm, ...] = ("udh8", "udh16", "sar", "payload")
OCTETS_OF_HEADER = {"udh8": 6, "udh16": 7, "sar": 6, "payload": 6}
SEPTETS_OF_MANY = {"udh8": 153, "udh16": 152, "sar": 153, "payload": 153}
UNITS_OF_MANY = {"udh8": 67, "udh16": 66, "sar": 67, "payload": 67}
OCTETS_OF_MANY = {"udh8": 134, "udh16": 133, "sar": 134, "payload": 134}


def cut(text: str, wish: EncodingWish = AUTO, **rules: str) -> Segmentation:
    return segment(text, wish, TextRules(**rules))  # type: ignore[arg-type]


# --- how many ------------------------------------------------------------------------------------------------

GSM_CASES = [
    # text, form, units of each short message
    ("", "udh8", [0]),
    ("a", "udh8", [1]),
    ("a" * 160, "udh8", [160]),
    ("a" * 161, "udh8", [153, 8]),
    ("a" * 161, "udh16", [152, 9]),
    ("a" * 161, "sar", [153, 8]),
    ("@" * 306, "udh8", [153, 153]),
    ("@" * 307, "udh8", [153, 153, 1]),
    ("a" * 304, "udh16", [152, 152]),
    ("a" * 305, "udh16", [152, 152, 1]),
    ("{" * 80, "udh8", [160]),
    ("{" * 80 + "a", "udh8", [152, 9]),  # no half pair at 153
    ("a" * 152 + "€" + "a" * 152, "udh8", [152, 153, 1]),  # 306 septets that need three
    ("a" * 151 + "€" + "a" * 153, "udh8", [153, 153]),  # the same 306 that need two
    ("a" * 159 + "€", "udh8", [153, 8]),
    ("a" * 158 + "€", "udh8", [160]),
    ("é\n" * 80, "udh8", [160]),
]
UCS2_CASES = [
    ("ы", "udh8", [1]),
    ("ы" * 70, "udh8", [70]),
    ("ы" * 71, "udh8", [67, 4]),
    ("ы" * 71, "udh16", [66, 5]),
    ("ы" * 134, "udh8", [67, 67]),
    ("ы" * 135, "udh8", [67, 67, 1]),
    ("😀" * 35, "udh8", [70]),
    ("😀" * 36, "udh8", [66, 6]),  # no half pair at 67
    ("😀" * 36, "udh16", [66, 6]),
    ("ы" * 66 + "😀" + "ы" * 66, "udh8", [66, 67, 1]),  # 134 code units that need three
    ("ы" * 65 + "😀" + "ы" * 67, "udh8", [67, 67]),
    ("a" * 69 + "😀", "udh8", [67, 4]),
]


@pytest.mark.parametrize(
    ("encoding", "alone", "text", "form", "units"),
    [(Encoding.GSM7, 160, *case) for case in GSM_CASES] + [(Encoding.UCS2, 70, *case) for case in UCS2_CASES],
)
def test_boundaries(encoding: Encoding, alone: int, text: str, form: LongForm, units: list[int]) -> None:
    found = cut(text, long=form)
    assert found.encoding is encoding
    assert [one.units for one in found.segments] == units
    assert found.count == len(units)
    assert found.units == sum(units)
    many = SEPTETS_OF_MANY if encoding is Encoding.GSM7 else UNITS_OF_MANY
    assert found.units_per_segment == (alone if len(units) == 1 else many[form])


def test_payload_is_counted_cut_and_sent_whole() -> None:
    text = "a" * 152 + "€" + "a" * 152
    found = cut(text, long="payload")
    assert (found.count, found.units, found.units_per_segment) == (3, 306, 153)
    assert found.segments == (Segment(b"a" * 152 + b"\x1be" + b"a" * 152, 306, text),)
    assert cut("a" * 160, long="payload").count == 1


def test_255_parts_and_no_more() -> None:
    assert cut("a" * 153 * 255).count == 255
    assert cut("ы" * 67 * 255).count == 255
    for text in ("a" * (153 * 255 + 1), "ы" * (67 * 255 + 1)):
        with pytest.raises(Refusal) as refused:
            segment(text, AUTO, TextRules(), max_parts=1000)
        assert (refused.value.code, refused.value.field) == ("too_long", "text")
        assert "256" in refused.value.detail
        assert "255" in refused.value.detail


@pytest.mark.parametrize("form", FORMS)
def test_the_configured_limit_counts_short_messages(form: LongForm) -> None:
    rules = TextRules(long=form)
    capacity = SEPTETS_OF_MANY[form]
    assert segment("a" * capacity * 3, AUTO, rules, max_parts=3).count == 3
    with pytest.raises(Refusal, match="need 4 short messages; at most 3"):
        segment("a" * (capacity * 3 + 1), AUTO, rules, max_parts=3)
    assert segment("a" * 160, AUTO, rules, max_parts=1).count == 1


# --- which encoding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wish", "encoding", "reason"),
    [
        ("Hello @£{€}", AUTO, Encoding.GSM7, None),
        ("Hello @£{€}", GSM7, Encoding.GSM7, None),
        ("Hello", UCS2, Encoding.UCS2, "requested"),
        ("ça va", AUTO, Encoding.UCS2, "ç"),
        ("ça va", UCS2, Encoding.UCS2, "requested"),
        ("“no” – “no”", AUTO, Encoding.UCS2, "“ ” –"),
        ("a\u200bb\u00a0c\td", AUTO, Encoding.UCS2, "U+200B U+00A0 U+0009"),
        ("абвгдежзийклмн", AUTO, Encoding.UCS2, "а б в г д е ж з и й"),
        ("hi 😀", AUTO, Encoding.UCS2, "😀"),
    ],
)
def test_encoding_and_what_forced_it(text: str, wish: EncodingWish, encoding: Encoding, reason: str | None) -> None:
    found = segment(text, wish, TextRules())
    assert (found.encoding, found.reason) == (encoding, reason)


@pytest.mark.parametrize(
    ("alphabet", "text", "payload", "units"),
    [
        ("gsm7", "@{é", b"\x00\x1b\x28\x05", 4),
        ("latin1", "@{é", b"@{\xe9", 4),  # counted as it goes on the air
        ("ascii", "@{_", b"@{_", 4),
        ("gsm7-packed", "hellohello", bytes.fromhex("e8329bfd4697d9ec37"), 10),
        ("gsm7-packed", "1234567", bytes.fromhex("31d98c56b3dd1a"), 7),  # seven spare bits: CR, not @
        ("gsm7-packed", "12345678", bytes.fromhex("31d98c56b3dd70"), 8),
    ],
)
def test_the_operators_alphabet(alphabet: Alphabet, text: str, payload: bytes, units: int) -> None:
    found = cut(text, alphabet=alphabet)
    assert found.encoding is Encoding.GSM7
    assert found.segments == (Segment(payload, units, text),)


@pytest.mark.parametrize(
    ("alphabet", "text", "reason"),
    [
        ("latin1", "5 €, Δ", "€ Δ"),  # GSM has both
        ("latin1", "ê", "ê"),  # Latin-1 has it
        ("ascii", "£5 é", "£ é"),
        ("ascii", "`", "`"),
        ("ascii", "“", "“"),
    ],
)
def test_what_the_operators_alphabet_lacks_goes_as_ucs2(alphabet: Alphabet, text: str, reason: str) -> None:
    found = cut(text, alphabet=alphabet)
    assert (found.encoding, found.reason) == (Encoding.UCS2, reason)
    assert found.segments[0].payload == text.encode("utf-16-be")
    with pytest.raises(Refusal) as refused:
        cut(text, GSM7, alphabet=alphabet)
    assert (refused.value.code, refused.value.field) == ("not_encodable", "text")
    assert refused.value.detail.endswith(": " + reason)


@pytest.mark.parametrize("wish", [AUTO, UCS2])
@pytest.mark.parametrize("text", [HIGH, LOW, "a" + LOW + HIGH, chr(0xDCFF)])
def test_half_a_surrogate_pair_is_refused(text: str, wish: EncodingWish) -> None:
    with pytest.raises(Refusal, match=r"U\+D[89A-F]") as refused:
        cut(text, wish)
    assert (refused.value.code, refused.value.field) == ("not_encodable", "text")


# --- nothing is lost -----------------------------------------------------------------------------------------

CHARACTERS = {septets: character for character, septets in SEPTETS.items()}


def read_septets(septets: bytes) -> str:
    """What a handset shows: fails on half an escape pair."""
    text, at = "", 0
    while at < len(septets):
        size = 2 if septets[at] == 0x1B else 1
        text += CHARACTERS[septets[at : at + size]]
        at += size
    return text


def read(found: Segmentation, one: Segment, rules: TextRules) -> str:
    if found.encoding is Encoding.UCS2:
        return one.payload.decode("utf-16-be")  # strict: half a pair fails
    if rules.alphabet in ("latin1", "ascii"):
        return one.payload.decode("latin-1")
    if rules.alphabet == "gsm7":
        return read_septets(one.payload)
    header = OCTETS_OF_HEADER[rules.long] if found.count > 1 and rules.long in ("udh8", "udh16") else 0
    assert header + len(one.payload) <= 140 or rules.long == "payload"
    row = bits(bytes(header) + one.payload)
    first = ceil(8 * header / 7) * 7  # septets begin at a septet boundary of the whole user data
    septets = bytes(int(row[at : at + 7][::-1], 2) for at in range(first, first + 7 * one.units, 7))
    assert row[first + 7 * one.units :] in ("", "0", "00", "000", "0000", "00000", "000000", "1011000")
    return read_septets(septets)


def fewest(text: str, encoding: Encoding, capacity: int) -> int:
    """By trying every place to cut: how many pieces of at most `capacity` units hold the characters."""
    sizes = [len(SEPTETS[one]) if encoding is Encoding.GSM7 else len(one.encode("utf-16-be")) // 2 for one in text]
    needed = [0] + [len(text)] * len(text)
    for end in range(1, len(text) + 1):
        units, start = 0, end
        while start and units + sizes[start - 1] <= capacity:
            start -= 1
            units += sizes[start]
            needed[end] = min(needed[end], needed[start] + 1)
    return needed[-1]


gsm_texts = st.text(alphabet=["a", "@", "{", "€", "é", "\n", "Δ"], min_size=120, max_size=500)
latin_texts = st.text(alphabet="ab{|é@", min_size=120, max_size=500)
any_texts = st.text(alphabet=["a", "{", "ы", "😀", "\u200d", "\u0301"], min_size=40, max_size=260)


@given(st.one_of(gsm_texts, latin_texts, any_texts, st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
@settings(max_examples=50, deadline=None)
@example("a" * 152 + "€" + "a" * 152)
@example("ы" * 66 + "😀" + "ы" * 66)
@pytest.mark.deep
def test_every_text_arrives_in_the_fewest_parts(text: str) -> None:
    for alphabet, form in product(("gsm7", "gsm7-packed", "latin1", "ascii"), FORMS):
        rules = TextRules(alphabet=alphabet, long=form)  # type: ignore[arg-type]
        found = segment(text, AUTO, rules)
        assert "".join(read(found, one, rules) for one in found.segments) == text
        assert "".join(one.text or "" for one in found.segments) == text
        assert sum(one.units for one in found.segments) == found.units
        alone, many = (160, SEPTETS_OF_MANY) if found.encoding is Encoding.GSM7 else (70, UNITS_OF_MANY)
        assert found.count == (1 if found.units <= alone else fewest(text, found.encoding, many[form]))
        assert found.units_per_segment == (alone if found.count == 1 else many[form])
        assert len(found.segments) == (1 if form == "payload" else found.count)
        if form != "payload":
            assert all(one.units <= found.units_per_segment for one in found.segments)


# --- binary --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "form", "units"),
    [
        (1, "udh8", [1]),
        (140, "udh8", [140]),
        (141, "udh8", [134, 7]),
        (268, "udh8", [134, 134]),
        (269, "udh8", [134, 134, 1]),
        (141, "udh16", [133, 8]),
        (141, "sar", [134, 7]),
    ],
)
def test_binary(size: int, form: LongForm, units: list[int]) -> None:
    data = bytes(number % 256 for number in range(size))
    found = segment_binary(data, None, TextRules(long=form, alphabet="gsm7-packed"))
    assert (found.encoding, found.reason, found.units, found.count) == (Encoding.BINARY, None, size, len(units))
    assert found.units_per_segment == (140 if len(units) == 1 else OCTETS_OF_MANY[form])
    assert b"".join(one.payload for one in found.segments) == data
    assert [one.units for one in found.segments] == units
    assert all(one.text is None for one in found.segments)


def test_escape_octets_mean_nothing_in_binary() -> None:
    assert [one.units for one in segment_binary(b"\x1b\xd8" * 100, None, TextRules()).segments] == [134, 66]


def test_long_binary_as_payload() -> None:
    found = segment_binary(b"x" * 300, None, TextRules(long="payload"))
    assert (found.count, found.segments) == (3, (Segment(b"x" * 300, 300),))


def test_too_much_binary() -> None:
    with pytest.raises(Refusal, match="269 octets need 3 short messages; at most 2") as refused:
        segment_binary(b"x" * 269, None, TextRules(), max_parts=2)
    assert (refused.value.code, refused.value.field) == ("too_long", "data")


PORTS = bytes.fromhex("0605040b8423f0")


def test_binary_behind_the_clients_header() -> None:
    found = segment_binary(b"x" * 133, PORTS, TextRules())
    assert (found.count, found.units, found.units_per_segment) == (1, 133, 133)
    assert found.segments == (Segment(b"x" * 133, 133),)
    with pytest.raises(Refusal) as refused:
        segment_binary(b"x" * 134, PORTS, TextRules())
    assert (refused.value.code, refused.value.field) == ("too_long", "data")


@pytest.mark.parametrize("udh", [b"", b"\x05", PORTS[1:], PORTS + b"\x00", b"\x02\x00\x05"])
def test_a_header_whose_lengths_do_not_agree(udh: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        segment_binary(b"x", udh, TextRules())
    assert (refused.value.code, refused.value.field) == ("invalid_request", "udh")


# --- as it is shown ------------------------------------------------------------------------------------------


def test_view() -> None:
    assert view(cut("a" * 152 + "€")) == SegmentationView(
        "gsm7", None, 1, 154, 160, [PartView("a" * 152 + "€", 154)], None
    )
    many = view(cut("ы" * 71))
    assert (many.encoding, many.reason, many.segments, many.units_per_segment) == ("ucs2", "ы", 2, 67)
    assert many.parts == [PartView("ы" * 67, 67), PartView("ы" * 4, 4)]
