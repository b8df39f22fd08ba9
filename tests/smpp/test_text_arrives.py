"""From a text to the PDUs of one operator and back by the tests' own handset: what arrives is what was written."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.smpp.message_pdu import SubmitForm
from adapters.smpp.pdu import ShortMessage
from router.message import Attempt, EncodingWish, Message, Part
from router.operator import TextRules
from router.ports.operators import Submission
from router.text.languages import IDENTIFIERS, forms, table_of
from router.text.segment import Segmentation, segment
from tests.smpp.handset import read
from tests.smpp.values import operator

ALPHABETS = ("gsm7", "gsm7-packed", "latin1", "ascii")
LONG = ("udh8", "udh16", "sar", "payload")


def sent(text: str, rules: TextRules, **changes) -> tuple[Segmentation, list[ShortMessage]]:
    """What the text becomes, and the submit_sm of every segment."""
    cut = segment(text, EncodingWish.AUTO, rules, transliterate=changes.pop("transliterate", False))
    form = SubmitForm(operator(text=rules))
    parts = [Part(number) for number in range(1, len(cut.segments) + 1)]
    message = Message("id", "acme", "+237670000000", 0, text=text, encoding=cut.encoding, parts=parts, **changes)
    pdus = [
        form.fill(Submission(message, part, Attempt("mtn", 0), one, None, "ACME"), 0)
        for part, one in zip(parts, cut.segments, strict=True)
    ]
    return cut, pdus


def characters_of(name: str) -> st.SearchStrategy[str]:
    """Letters of one language, with some that need a pair of septets or a pair of code units."""
    own = sorted(table_of(forms(name)[0]).characters - {"\r"})
    return st.one_of(st.sampled_from(own), st.sampled_from("aA1 {€"), st.sampled_from(["a", "b", " "]))


def texts(names: list[str]) -> st.SearchStrategy[str]:
    one = st.sampled_from(names).flatmap(lambda name: st.text(characters_of(name), min_size=1, max_size=420))
    mixed = st.text(st.sampled_from(["a", "{", "é", "ы", "😀", "\u200d", "\u0301", "ç", "İ", "न", "्"]), max_size=300)
    # A long text of few different characters falls on the boundaries more often.
    drawn = st.tuples(st.text(st.sampled_from(["a", "ğ", "€", "ब", "😀"]), min_size=1, max_size=8), st.integers(1, 90))
    return st.one_of(one, mixed.filter(bool), drawn.map(lambda pair: pair[0] * pair[1]))


@pytest.mark.deep
@given(texts(sorted(IDENTIFIERS)), st.sets(st.sampled_from(sorted(IDENTIFIERS)), max_size=3), st.integers(1, 65536))
@settings(max_examples=80, deadline=None)
def test_what_is_sent_is_what_was_written(text: str, tables: set[str], reference: int) -> None:
    for alphabet, long in product(ALPHABETS, LONG):
        names = tuple(sorted(tables)) if alphabet.startswith("gsm7") else ()
        rules = TextRules(alphabet=alphabet, long=long, language_tables=names)
        cut, pdus = sent(text, rules, concat_reference=reference)
        assert read(pdus, rules) == text
        assert "".join(one.text for one in cut.segments) == text
        assert (cut.language is not None) == any(one.shifts for one in cut.segments)
        # Reading backwards is reading forwards.
        assert read(pdus[::-1], rules) == text


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize("alphabet", ["gsm7", "gsm7-packed"])
@pytest.mark.parametrize("long", LONG)
def test_every_language_in_full_short_messages(name: str, alphabet: str, long: str) -> None:
    rules = TextRules(alphabet=alphabet, long=long, language_tables=(name,))
    letters = sorted(table_of(forms(name)[0]).characters - {"\r"})
    for size in (1, 76, 145, 152, 153, 155, 156, 304, 305, 460):
        text = ("".join(letters) * 4)[-size:]
        cut, pdus = sent(text, rules, concat_reference=0x1234)
        assert read(pdus, rules) == text
        assert len(pdus) == cut.count or long == "payload"


@pytest.mark.parametrize(
    ("long", "text", "headers"),
    [
        ("udh8", "á", ["03 24 01 02"]),
        ("udh8", "ğ", ["03 25 01 01"]),  # one septet instead of two
        ("udh8", "बA", ["06 24 01 06 25 01 06"]),
        ("udh8", "a" * 155 + "á", ["08 00 03 34 02 01 24 01 02", "08 00 03 34 02 02 24 01 02"]),
        ("udh16", "a" * 155 + "á", ["09 08 04 12 34 02 01 24 01 02", "09 08 04 12 34 02 02 24 01 02"]),
        ("udh8", "ब" * 155 + "A", ["0b 00 03 34 02 01 24 01 06 25 01 06", "0b 00 03 34 02 02 24 01 06 25 01 06"]),
        # SAR parameters and message_payload do not go with a header: it has the concatenation too.
        ("sar", "a" * 155 + "á", ["08 00 03 34 02 01 24 01 02", "08 00 03 34 02 02 24 01 02"]),
        ("payload", "a" * 155 + "á", ["08 00 03 34 02 01 24 01 02", "08 00 03 34 02 02 24 01 02"]),
    ],
)
def test_shift_elements_stand_behind_the_concatenation(long: str, text: str, headers: list[str]) -> None:
    rules = TextRules(long=long, language_tables=("turkish", "spanish", "hindi"))
    _, pdus = sent(text, rules, concat_reference=0x1234)
    assert read(pdus, rules) == text
    found = [pdu.short_message[: pdu.short_message[0] + 1].hex() for pdu in pdus]
    assert found == [header.replace(" ", "") for header in headers]
    assert all((pdu.esm_class, pdu.data_coding, pdu.tlvs) == (0x40, 0, {}) for pdu in pdus)


def test_flash_says_class_0_with_tables_too() -> None:
    rules = TextRules(language_tables=("turkish",))
    _, (pdu,) = sent("ğ", rules, flash=True)
    assert (pdu.data_coding, pdu.esm_class) == (0x10, 0x40)
    assert read([pdu], rules) == "ğ"
    _, (pdu,) = sent("ы", rules, flash=True)
    assert (pdu.data_coding, pdu.esm_class) == (0x18, 0)


def test_the_two_widths_of_a_reference() -> None:
    for reference, octet in ((1, 1), (0x1FF, 0xFF), (0x10000, 0)):
        _, pdus = sent("a" * 200, TextRules(), concat_reference=reference)
        assert [pdu.short_message[3] for pdu in pdus] == [octet, octet]
    _, pdus = sent("a" * 200, TextRules(long="sar"), concat_reference=0x10000)
    assert [pdu.tlvs[0x020C] for pdu in pdus] == [b"\0\0", b"\0\0"]


def test_look_alikes_are_what_is_sent() -> None:
    text = "“Pay by 12 o’clock – or else…” " * 5
    rules = TextRules()
    cut, pdus = sent(text, rules, transliterate=True)
    assert cut.transliterated
    assert read(pdus, rules) == '"Pay by 12 o\'clock - or else..." ' * 5
    assert read(sent(text, rules)[1], rules) == text
    assert not sent(text, replace(rules, alphabet="ascii"))[0].transliterated
