"""What we write for an operator, read as if a handset had sent it: every alphabet, header and cut."""

import random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.smpp.codec import Decoder, encode
from adapters.smpp.inbound import read_inbound
from adapters.smpp.message_pdu import SubmitForm
from adapters.smpp.pdu import ShortMessage
from router.delivery.join import assemble
from router.inbound import Inbound, Piece
from router.message import Attempt, EncodingWish, Message, Part
from router.operator import Operator, TextRules
from router.ports.operators import Submission
from router.refusal import Refusal
from router.text import gsm7
from router.text.received import read_data, read_text
from router.text.segment import Segmentation, segment, segment_binary
from tests.smpp.values import operator

LANGUAGES = ("turkish", "spanish", "portuguese", "hindi", "urdu", "tamil")
RULES = st.builds(
    TextRules,
    alphabet=st.sampled_from(["gsm7", "gsm7-packed", "latin1", "ascii"]),
    ucs2=st.sampled_from([8, 24]),
    long=st.sampled_from(["udh8", "udh16", "sar", "payload"]),
    language_tables=st.sampled_from([(), LANGUAGES]),
)
GSM = st.sampled_from(sorted(gsm7.CHARACTERS - {"\r"}))
MIXED = st.one_of(GSM, st.sampled_from("ğşçãõÁहिन्दीतमिழ்اردو😀👨\u200d👩\u200d👧🇨🇲é"), st.characters(codec="utf-8"))
TEXTS = st.one_of(st.text(GSM, max_size=500), st.text(MIXED, max_size=400), st.text(MIXED, max_size=3).map("x".join))


def over_the_air(cut: Segmentation, rules: TextRules, **fields: Any) -> list[Inbound]:
    """Each short message as a PDU, as octets, and read again from the other side."""
    there = operator(text=rules)
    parts = [Part(number) for number in range(1, len(cut.segments) + 1)]
    message = Message(
        "id",
        "acme",
        "+237670000000",
        0,
        "8080",
        encoding=cut.encoding,
        segments=cut.count,
        parts=parts,
        concat_reference=0xABCD,
        **fields,
    )
    form = SubmitForm(there)
    return [
        carried(form.fill(Submission(message, part, Attempt("mtn", 0), one, None, "8080"), 0), there)
        for part, one in zip(parts, cut.segments, strict=True)
    ]


def carried(pdu: ShortMessage, there: Operator) -> Inbound:
    ((_, read),) = Decoder().feed(encode(pdu, 1))
    assert isinstance(read, ShortMessage)
    return read_inbound(read, there, 0)


def joined(inbounds: list[Inbound], order: random.Random) -> list[Inbound]:
    kept = [Piece(str(number), inbound) for number, inbound in enumerate(inbounds)]
    order.shuffle(kept)
    (message,), repeated = assemble([*kept, kept[0]] if len(kept) > 1 else kept, -1)
    assert len(repeated) <= 1
    return [piece.inbound for piece in message]


@given(TEXTS, RULES, st.sampled_from(EncodingWish), st.booleans(), st.randoms())
def test_text(text: str, rules: TextRules, wish: EncodingWish, flash: bool, order: random.Random) -> None:
    # SMPP tells no septets: at the very end a packed @ that fills its octet cannot be told from padding.
    assume(rules.alphabet != "gsm7-packed" or not text.endswith("@"))
    try:
        cut = segment(text, wish, rules)
    except Refusal:
        assume(False)
    inbounds = over_the_air(cut, rules, flash=flash)
    assert [one.place.total for one in inbounds] == [len(inbounds)] * len(inbounds)
    assert read_text(joined(inbounds, order)) == text


@given(st.binary(max_size=800), RULES, st.booleans(), st.randoms())
def test_octets(data: bytes, rules: TextRules, flash: bool, order: random.Random) -> None:
    message = joined(over_the_air(segment_binary(data, None, rules), rules, flash=flash), order)
    assert read_text(message) is None
    assert read_data(message) == (data, None)


@given(st.binary(max_size=100), RULES, st.sampled_from([b"\x06\x05\x04\x0b\x84\x23\xf0", b"\x00", b"\x02\x70\x00"]))
def test_octets_behind_a_header_of_the_clients(data: bytes, rules: TextRules, header: bytes) -> None:
    (inbound,) = over_the_air(segment_binary(data, header, rules), rules, udh=header)
    assert read_text([inbound]) is None
    assert read_data([inbound]) == (data, header if len(header) > 1 else None)
