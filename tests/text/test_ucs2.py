import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.text import ucs2

HIGH, LOW = chr(0xD83D), chr(0xDE00)


@pytest.mark.parametrize(
    ("text", "octets"),
    [("", ""), ("A", "0041"), ("ы", "044b"), ("😀", "d83dde00"), ("\ufffe", "fffe"), ("\x00", "0000")],
)
def test_known_values(text: str, octets: str) -> None:
    assert ucs2.encode(text) == bytes.fromhex(octets)
    assert ucs2.decode(bytes.fromhex(octets)) == text
    assert ucs2.units(text) == len(octets) // 4


@pytest.mark.parametrize("text", [HIGH, LOW, LOW + HIGH, f"a{HIGH}b"])
def test_half_a_pair_has_no_encoding(text: str) -> None:
    assert ucs2.encode(text) is None


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_both_ways(text: str) -> None:
    octets = ucs2.encode(text)
    assert octets is not None
    assert ucs2.decode(octets) == text
    assert ucs2.units(text) == len(octets) // 2


@given(st.binary())
def test_decode_never_raises(octets: bytes) -> None:
    ucs2.decode(octets)


def test_decode_marks_what_it_cannot_read() -> None:
    assert ucs2.decode(b"\x00A\xd8") == "A\ufffd"
    assert ucs2.decode(b"\xd8\x3d\x00A") == "\ufffdA"
