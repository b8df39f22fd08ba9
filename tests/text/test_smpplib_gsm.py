"""smpplib's gsm module beside ours: equal where it is right, and a list of where it is not (2.2.4).

| smpplib.gsm | what it does | what is right |
|---|---|---|
| `§` | refused, the text goes as UCS-2 | code 5F |
| a grave accent | written as code 5F, which is `§` | not in the alphabet |
| form feed | refused | 1B 0A |
| escape (U+001B) | written as a lone 1B | not a character |
| 161 septets and more | cut every 153 octets, between 1B and what it escapes | the pair stays together |
| UCS-2 of 71 units and more | cut every 134 octets, between the halves of a surrogate pair | the pair stays together |
| combining marks, flags, joined emoji | cut anywhere | between clusters where that costs no part |
| the reference | random, 8 bits | never the same twice in 256 for one phone |
| national language tables | none | TS 23.038, annex A |
"""

import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from router.message import EncodingWish
from router.operator import TextRules
from router.text import gsm7
from router.text.segment import segment

RIGHT = sorted(gsm7.CHARACTERS - {"§", "\f"})
ALONE = [one for one in RIGHT if len(gsm7.encode(one) or b"") == 1]


@given(st.text(st.sampled_from(RIGHT), max_size=300))
def test_the_same_septets_where_its_table_has_no_hole(text: str) -> None:
    assert gsm7.encode(text) == smpplib.gsm.gsm_encode(text)


@given(st.text(st.sampled_from(ALONE), min_size=1, max_size=700))
def test_the_same_parts_where_no_pair_can_be_cut(text: str) -> None:
    parts, coding, _ = smpplib.gsm.make_parts(text)
    assert coding == 0
    ours = segment(text.replace("\r", "\n"), EncodingWish.GSM7, TextRules()).segments
    theirs = [part[6:] if len(parts) > 1 else part for part in parts]
    assert [one.payload for one in ours] == [part.replace(b"\r", b"\n") for part in theirs]


@given(st.text(st.sampled_from("ыжщ中字é"), min_size=1, max_size=300))
def test_the_same_parts_in_ucs2_of_single_units(text: str) -> None:
    parts, _, _ = smpplib.gsm.make_parts(text, 8)
    ours = segment(text, EncodingWish.UCS2, TextRules()).segments
    assert [one.payload for one in ours] == [part[6:] if len(parts) > 1 else part for part in parts]


@pytest.mark.parametrize("character", ["§", "\f"])
def test_it_refuses_what_the_alphabet_has(character: str) -> None:
    with pytest.raises(UnicodeError):
        smpplib.gsm.gsm_encode(character)
    assert gsm7.encode(character) is not None


@pytest.mark.parametrize(("character", "written"), [("`", b"\x5f"), ("\x1b", b"\x1b")])
def test_it_writes_what_the_alphabet_has_not(character: str, written: bytes) -> None:
    assert smpplib.gsm.gsm_encode(character) == written
    assert gsm7.encode(character) is None


def test_it_cuts_pairs() -> None:
    theirs, _, _ = smpplib.gsm.make_parts("a" * 152 + "€" + "a" * 20)
    assert theirs[0].endswith(b"\x1b")
    ours = segment("a" * 152 + "€" + "a" * 20, EncodingWish.AUTO, TextRules()).segments
    assert ours[1].payload.startswith(b"\x1be")
    theirs, _, _ = smpplib.gsm.make_parts("ы" * 66 + "😀" + "ы" * 20, 8)
    with pytest.raises(UnicodeDecodeError):
        theirs[0][6:].decode("utf-16-be")
    assert segment("ы" * 66 + "😀" + "ы" * 20, EncodingWish.AUTO, TextRules()).segments[1].text == "😀" + "ы" * 20
