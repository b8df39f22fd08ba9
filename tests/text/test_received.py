"""From a handset's octets to text: tables, an encoder of the test's own, and everything cut everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.inbound import WHOLE, Inbound, Place
from router.text import gsm7
from router.text.received import ALPHABETS, read_data, read_text

TURKISH_SINGLE = b"\x03\x24\x01\x01"
TURKISH_LOCKING = b"\x03\x25\x01\x01"
PORTUGUESE_BOTH = b"\x06\x24\x01\x03\x25\x01\x03"


def came(content: bytes, alphabet: str | None = "gsm7", udh: bytes | None = None, place: Place = WHOLE) -> Inbound:
    return Inbound("mtn", "+237670000001", "8080", 0, content, alphabet, udh, place)


def pieces(contents: list[bytes | None], alphabet: str | None) -> list[Inbound]:
    """One piece for each content; None for those that never came."""
    return [
        came(content, alphabet, place=Place(1, len(contents), number))
        for number, content in enumerate(contents, 1)
        if content is not None
    ]


@pytest.mark.parametrize(
    ("header", "septets", "text"),
    [
        (None, b"g\x1bg", "gg"),
        (TURKISH_SINGLE, b"g\x1bg\x1bs", "gğş"),
        (TURKISH_SINGLE, b"\x1be \x00", "€ @"),
        (TURKISH_LOCKING, b"\x04\x07", "€ı"),
        (PORTUGUESE_BOTH, b"\x1b\x61\x0b\x1f", "ÂÔÉ"),
        (b"\x03\x24\x01\x0e", b"\x1be\x00", "€@"),
        (b"\x03\x25\x01\xff", b"\x00", "@"),
        (b"\x03\x24\x05\x01", b"\x00", "@"),
        (b"\x04\x24\x02\x01\x01", b"\x1bg", "g"),
    ],
)
def test_shift_tables(header: bytes | None, septets: bytes, text: str) -> None:
    assert read_text([came(septets, udh=header)]) == text


@pytest.mark.parametrize(
    ("alphabet", "contents", "text"),
    [
        ("gsm7", [b"price 5 \x1b", b"e net"], "price 5 € net"),
        ("gsm7", [b"a\x1b", None, b"b"], "a b"),
        ("ucs2", [b"\xd8\x3d", b"\xde\x00"], "😀"),
        ("ucs2", [b"\x00", b"a"], "a"),
        ("ucs2", [b"\x00a\xd8", b"\x3d\xde", b"\x00\x00b"], "a😀b"),
        ("ucs2", [b"\x00a\xd8\x3d", None, b"\x00b"], "a\ufffdb"),
        ("ucs2", [b"\x00a", None, b"\xde\x00\x00b"], "a\ufffdb"),
        ("ucs2", [b"\x00a\xd8\x3d", None], "a\ufffd"),
        ("ucs2", [None, b"\xde\x00\x00b"], "\ufffdb"),
        ("ucs2", [b"\x00a\x00", None], "a\ufffd"),
        ("ucs2", [None, b"\x61\x00b"], "\ufffdb"),
        ("ucs2", [None, b"\x00", None], None),
        ("ucs2", [None, b"\xde\x00", None], "\ufffd"),
        ("ucs2", [None, b"", None], ""),
        ("ucs2", [b"\xd8\x3d", b"\x00a"], None),
        ("ucs2", [b"\xff\xfea", b"\x00b\x00"], "ab"),
        ("latin1", [b"caf", b"\xe9"], "café"),
        ("ascii", [b"caf", b"\xe9"], None),
        ("ks-c-5601", [b"\xb0", b"\xa1"], "가"),
        ("iso-2022-jp", [b"\x1b$B$", b'"\x1b(B'], "あ"),
        (None, [b"a", b"b"], None),
    ],
)
def test_what_one_piece_begins_the_next_one_ends(alphabet: str, contents: list[bytes | None], text: str | None) -> None:
    assert read_text(pieces(contents, alphabet)) == text


def test_pieces_of_several_alphabets_are_read_each_as_it_is() -> None:
    first = came(b"\x00", "gsm7", place=Place(1, 3, 1))
    second = came(b"\x00a", "ucs2", place=Place(1, 3, 2))
    third = came(b"\x1bs", "gsm7", TURKISH_SINGLE, Place(1, 3, 3))
    assert read_text([first, second, third]) == "@aş"
    octets = came(b"\xff", None, place=Place(1, 3, 3))
    assert read_text([first, second, octets]) is None
    assert read_data([first, second, octets]) == (b"\x00\x00a\xff", None)


TEXTS = st.text(st.one_of(st.sampled_from(sorted(gsm7.CHARACTERS)), st.characters(codec="utf-8")), max_size=400)


@given(TEXTS, st.data())
def test_ucs2_cut_anywhere(text: str, data: st.DataObject) -> None:
    if text[:1] in ("\ufeff", "\ufffe"):
        text = "x" + text
    octets = text.encode("utf-16-be")
    assert read_text(pieces(cut(octets, data), "ucs2")) == text


@given(st.text(st.sampled_from(sorted(gsm7.CHARACTERS)), max_size=400), st.data())
def test_septets_cut_anywhere(text: str, data: st.DataObject) -> None:
    septets = gsm7.encode(text)
    assert septets is not None
    contents = cut(septets, data)
    assert read_text(pieces(contents, "gsm7")) == text


def cut(content: bytes, data: st.DataObject) -> list[bytes | None]:
    ends = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    return [content[start:end] for start, end in zip([0, *ends], [*ends, len(content)], strict=True)]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.binary(max_size=30),
            st.sampled_from([None, *sorted(ALPHABETS)]),
            st.none() | st.binary(max_size=12),
        ),
        min_size=1,
        unique_by=lambda one: one[0],
    )
)
@pytest.mark.deep
def test_any_octets_are_text_or_data(found) -> None:
    message = [came(content, alphabet, udh, Place(1, 5, number)) for number, content, alphabet, udh in sorted(found)]
    text = read_text(message)
    assert text is None or isinstance(text.encode("utf-8"), bytes)
    octets, udh = read_data(message)
    assert octets == b"".join(one.content for one in message)
    assert udh is None or len(udh) > 0
