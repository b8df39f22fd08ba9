"""The alphabet is written out here once more, as rows of 3GPP TS 23.038, so that a slip in either shows."""

import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from router.text import gsm7

ROWS = [
    "@ £ $ ¥ è é ù ì ò Ç LF Ø ø CR Å å",
    "Δ _ Φ Γ Λ Ω Π Ψ Σ Θ Ξ ESC Æ æ ß É",
    "SP ! \" # ¤ % & ' ( ) * + , - . /",
    "0 1 2 3 4 5 6 7 8 9 : ; < = > ?",
    "¡ A B C D E F G H I J K L M N O",
    "P Q R S T U V W X Y Z Ä Ö Ñ Ü §",
    "¿ a b c d e f g h i j k l m n o",
    "p q r s t u v w x y z ä ö ñ ü à",
]
NAMED = {"LF": "\n", "CR": "\r", "SP": " "}
BASIC = {code: NAMED.get(symbol, symbol) for code, symbol in enumerate(" ".join(ROWS).split(" ")) if symbol != "ESC"}
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
SEPTETS = {character: bytes([code]) for code, character in BASIC.items()} | {
    character: bytes([0x1B, code]) for code, character in EXTENSION.items()
}
texts = st.text(alphabet=sorted(SEPTETS))


def test_there_are_127_and_10_characters() -> None:
    assert len(BASIC) == 127
    assert len(SEPTETS) == 137 == len(gsm7.CHARACTERS)


@pytest.mark.parametrize("character", SEPTETS)
def test_every_character_both_ways(character: str) -> None:
    assert gsm7.encode(character) == SEPTETS[character]
    assert gsm7.decode(SEPTETS[character]) == character
    assert gsm7.missing(character) == ""
    assert gsm7.septets(character) == len(SEPTETS[character])


def test_of_the_whole_plane_nothing_else_can_be_encoded() -> None:
    can = {chr(code) for code in range(0x10000) if gsm7.encode(chr(code)) is not None}
    assert can == set(SEPTETS)


@given(texts)
def test_text_is_the_sum_of_its_characters(text: str) -> None:
    septets = b"".join(SEPTETS[character] for character in text)
    assert gsm7.encode(text) == septets
    assert gsm7.decode(septets) == text
    assert gsm7.septets(text) == len(septets)


@given(st.text())
def test_encodes_exactly_what_lacks_nothing(text: str) -> None:
    missing = gsm7.missing(text)
    assert (gsm7.encode(text) is None) == bool(missing)
    assert len(set(missing)) == len(missing)
    assert sorted(missing, key=text.index) == list(missing)
    assert set(missing) == set(text) - set(SEPTETS)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`", "`"),  # often taken for GSM
        ("ç", "ç"),  # only the capital is there
        ("áíóúê\t\xa0“”", "áíóúê\t\xa0“”"),
        ("\x00", "\x00"),
        ("\x1b", "\x1b"),
        ("\ufffe", "\ufffe"),
        ("a”b“c”", "”“"),
        ("😀", "😀"),
        ("\ud800", "\ud800"),
    ],
)
def test_missing(text: str, missing: str) -> None:
    assert gsm7.missing(text) == missing
    assert gsm7.encode(text) is None


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        (b"", ""),
        (b"\x00", "@"),
        (b"a\x1b", "a "),  # an escape that nothing follows
        (b"\x1b\x1b", " "),  # reserved for another table
        (b"\x1b\x1b\x65", " e"),
        (b"\x1b\x0d", "\r"),
        (b"\x1bA", "A"),  # not in the extension table: the default table's
        (b"\x1b\x00", "@"),
        (b"\x80\xff", "\ufffd\ufffd"),
        (b"\x1b\x80", "\ufffd"),
    ],
)
def test_decode_what_nobody_should_send(septets: bytes, text: str) -> None:
    assert gsm7.decode(septets) == text


@given(st.binary())
def test_decode_never_raises(septets: bytes) -> None:
    assert len(gsm7.decode(septets)) <= len(septets)


def test_agrees_with_smpplib_where_its_table_has_no_hole() -> None:
    for code, character in enumerate(smpplib.gsm.GSM_CHARACTER_TABLE):
        if character not in "`\x1b" and code not in (0x5F, 0x7F):
            assert gsm7.encode(character) == smpplib.gsm.gsm_encode(character)


# --- packed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fill_bits", "octets"),
    [
        ("", 0, ""),
        ("a", 0, "61"),
        ("hellohello", 0, "e8329bfd4697d9ec37"),  # the example that every description uses
        ("1234567", 0, "31d98c56b3dd00"),
        ("12345678", 0, "31d98c56b3dd70"),
        ("a", 1, "c2"),
        ("aa", 6, "40380c"),
    ],
)
def test_pack_known_values(text: str, fill_bits: int, octets: str) -> None:
    septets = gsm7.encode(text)
    assert septets is not None
    assert gsm7.pack(septets, fill_bits).hex() == octets


def bits(octets: bytes) -> str:
    """All bits, the lowest of the first octet first."""
    return "".join(format(octet, "08b")[::-1] for octet in octets)


@given(st.binary().map(lambda data: bytes(octet & 0x7F for octet in data)), st.integers(0, 6))
def test_pack_is_a_row_of_septets_lowest_bit_first(septets: bytes, fill_bits: int) -> None:
    packed = gsm7.pack(septets, fill_bits)
    row = "0" * fill_bits + "".join(format(septet, "07b")[::-1] for septet in septets)
    assert len(packed) == (len(row) + 7) // 8
    assert bits(packed) == row.ljust(8 * len(packed), "0")
    assert gsm7.unpack(packed, len(septets), fill_bits) == septets


@given(st.binary(max_size=20), st.integers(0, 300), st.integers(0, 6))
def test_unpack_takes_what_is_there(octets: bytes, count: int, fill_bits: int) -> None:
    assert len(gsm7.unpack(octets, count, fill_bits)) == min(count, max(0, (8 * len(octets) - fill_bits) // 7))
