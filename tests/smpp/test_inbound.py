"""What a handset sent, out of deliver_sm and data_sm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.inbound import read_inbound
from adapters.smpp.pdu import DataSm, ShortMessage
from router.inbound import WHOLE, Inbound, Place
from router.operator import TextRules
from router.text import gsm7
from router.text.received import ALPHABETS, read_data, read_text
from tests.smpp.values import operator

UDH = b"\x05\x00\x03\x07\x02\x01"
SAR = {c.TAG_SAR_MSG_REF_NUM: b"\x01\x02", c.TAG_SAR_TOTAL_SEGMENTS: b"\x03", c.TAG_SAR_SEGMENT_SEQNUM: b"\x02"}
PACKED = TextRules(alphabet="gsm7-packed")


def read(content: bytes = b"", rules: TextRules | None = None, tlvs=None, **fields) -> Inbound:
    given = {"source_addr": "237670000000", "destination_addr": "8080", **fields}
    pdu = ShortMessage(c.DELIVER_SM, short_message=content, **given)
    pdu.tlvs = tlvs or {}
    return read_inbound(pdu, operator(text=rules or TextRules()), 5)


@pytest.mark.parametrize(
    ("coding", "content", "text"),
    [
        (0, b"hello \x00 \x1b\x65", "hello @ €"),
        (0, b"", ""),
        (0, b"caf\xe9", None),
        (1, b"hello @", "hello @"),
        (1, b"caf\xe9", None),
        (3, b"caf\xe9", "café"),
        (8, "héllo 😀".encode("utf-16-be"), "héllo 😀"),
        (8, b"", ""),
        (8, b"\xd8\x3d", None),
        (8, b"\xde\x00\x00a", None),
        (8, b"\x00", None),
        (8, b"\x00a\x00", None),
        (8, b"\xfe\xff\x00a", "a"),
        (8, b"\xff\xfea\x00", "a"),
        (6, b"\xb0", "А"),
        (7, b"\xe0", "א"),
        (10, b'\x1b$B$"\x1b(B', "あ"),
        (10, b"\xff", None),
        (14, b"\xb0\xa1", "가"),
        (14, b"\xb0", None),
        (2, b"hello", None),
        (2, b"", None),
        (4, b"hello", None),
        (5, b"hello", None),
        (9, b"hello", None),
        (11, b"hello", None),
        (12, b"hello", None),
        (13, b"hello", None),
        (15, b"hello", None),
        (0x10, b"\x00", "@"),
        (0x11, b"\x00", "@"),
        (0x12, b"\x00", "@"),
        (0x13, b"\x00", "@"),
        (0x14, b"\x00", None),
        (0x17, b"\x00", None),
        (0x18, b"\x00a", "a"),
        (0x1B, b"\x00a", "a"),
        (0x1C, b"\x00a", None),
        (0x20, b"hello", None),
        (0x30, b"hello", None),
        (0x38, b"\x00a", None),
        (0x40, b"\x00", "@"),
        (0x44, b"\x00", None),
        (0x48, b"\x00a", "a"),
        (0x50, b"\x00", "@"),
        (0x62, b"hello", None),
        (0x80, b"hello", None),
        (0xB0, b"hello", None),
        (0xC0, b"\x00", "@"),
        (0xC8, b"\x00", "@"),
        (0xD8, b"\x00", "@"),
        (0xE8, b"\x00a", "a"),
        (0xF0, b"\x00", "@"),
        (0xF1, b"\x00", "@"),
        (0xF3, b"\x00", "@"),
        (0xF4, b"\x00", None),
        (0xF7, b"\x00", None),
    ],
)
def test_data_coding(coding: int, content: bytes, text: str | None) -> None:
    inbound = read(content, data_coding=coding)
    assert read_text([inbound]) == text
    assert inbound.content == content


@pytest.mark.parametrize(
    ("rules", "coding", "content", "text"),
    [
        (TextRules(alphabet="latin1"), 0, b"caf\xe9", "café"),
        (TextRules(alphabet="latin1"), 0x10, b"caf\xe9", "café"),
        (TextRules(alphabet="ascii"), 0, b"@", "@"),
        (TextRules(alphabet="ascii"), 0, b"\xe9", None),
        (TextRules(alphabet="ascii"), 0xF0, b"@", "@"),
        (TextRules(ucs2=24), 24, b"\x00a", "a"),
        (TextRules(ucs2=245), 245, b"\x00a", "a"),
        (TextRules(ucs2=245), 8, b"\x00a", "a"),
        (PACKED, 0, gsm7.pack(b"hello"), "hello"),
        (PACKED, 0x10, gsm7.pack(b"hello"), "hello"),
        (PACKED, 0, gsm7.pack(b"1234567"), "1234567"),
        (PACKED, 0, gsm7.pack(b"1234567\r"), "1234567"),
        (PACKED, 0, gsm7.pack(b"12345678"), "12345678"),
        (PACKED, 0, b"", ""),
        (PACKED, 0, b"\x1b", " "),
        (PACKED, 3, b"caf\xe9", "café"),
    ],
)
def test_by_the_operators_rules(rules: TextRules, coding: int, content: bytes, text: str | None) -> None:
    assert read_text([read(content, rules, data_coding=coding)]) == text


@pytest.mark.parametrize("header", [bytes([size]) + bytes(size) for size in range(20)])
def test_packed_behind_a_header_of_any_size(header: bytes) -> None:
    fill_bits = -8 * len(header) % 7
    for length in range(20):
        text = "abcdefghijklmnopqrst"[:length]
        content = header + gsm7.pack(text.encode(), fill_bits)
        assert read_text([read(content, PACKED, esm_class=c.ESM_UDHI)]) == text


def test_a_full_middle_piece_keeps_its_last_septet() -> None:
    full = b"x" * 152 + b"\x00"
    inbound = read(UDH + gsm7.pack(full, 1), PACKED, esm_class=c.ESM_UDHI)
    assert read_text([inbound]) == "x" * 152 + "@"


@pytest.mark.parametrize(
    ("address", "ton", "sender"),
    [
        ("237670000000", 1, "+237670000000"),
        ("237670000000", 0, "+237670000000"),
        ("+237670000000", 0, "+237670000000"),
        ("+237670000000", 1, "+237670000000"),
        ("00237670000000", 0, "+237670000000"),
        ("00237670000000", 1, "+237670000000"),
        ("237670000000", 2, "237670000000"),
        ("237670000000", 3, "237670000000"),
        ("0670000001", 0, "0670000001"),
        ("670000001", 0, "670000001"),
        ("670000001", 2, "670000001"),
        ("2376700000001234", 1, "2376700000001234"),
        ("999670000000", 0, "999670000000"),
        ("8080", 1, "8080"),
        ("8080", 0, "8080"),
        ("ACME", 5, "ACME"),
        ("237670000000", 5, "237670000000"),
        ("ACME", 0, "ACME"),
        ("", 0, ""),
        ("+", 1, "+"),
        ("٢٣٧٦٧٠٠٠٠٠٠٠", 1, "٢٣٧٦٧٠٠٠٠٠٠٠"),
        ("\xff\x00", 1, "\xff\x00"),
    ],
)
def test_the_sender_is_in_e164_where_it_is_a_number(address: str, ton: int, sender: str) -> None:
    assert read(b"", source_addr=address, source_addr_ton=ton).sender == sender


def test_the_rest_is_as_it_came() -> None:
    inbound = read(b"hi", destination_addr="+8080")
    assert (inbound.operator, inbound.to, inbound.received_at) == ("mtn", "+8080", 5)


@pytest.mark.parametrize(
    ("header", "place"),
    [
        (b"\x05\x00\x03\x07\x02\x01", Place(7, 2, 1)),
        (b"\x06\x08\x04\x01\x07\x02\x02", Place(0x107, 2, 2, wide=True)),
        (b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x02\x01", Place(7, 2, 1)),
        (b"\x08\x24\x01\x01\x00\x03\x07\x02\x01", Place(7, 2, 1)),
        (b"\x05\x00\x03\x07\x01\x01", WHOLE),
        (b"\x05\x00\x03\x07\x00\x00", WHOLE),
        (b"\x05\x00\x03\x07\x02\x03", WHOLE),
        (b"\x05\x00\x03\x07\x02\x00", WHOLE),
        (b"\x05\x00\x04\x07\x02\x01", WHOLE),
        (b"\x03\x24\x01\x01", WHOLE),
        (b"\x00", WHOLE),
    ],
)
def test_header(header: bytes, place: Place) -> None:
    inbound = read(header + b"hello", esm_class=c.ESM_UDHI)
    assert (inbound.udh, inbound.place, inbound.content) == (header, place, b"hello")
    assert read(header + b"hello").udh is None


@pytest.mark.parametrize("content", [b"", b"\x05", b"\xff\x00\x03", b"\x05\x00\x03\x07\x02"])
def test_a_header_longer_than_the_message_is_none(content: bytes) -> None:
    inbound = read(content, esm_class=c.ESM_UDHI, data_coding=4)
    assert (inbound.udh, inbound.content, inbound.place) == (None, content, WHOLE)


@pytest.mark.parametrize(
    ("header", "left"),
    [
        (b"\x05\x00\x03\x07\x02\x01", None),
        (b"\x06\x08\x04\x01\x07\x02\x02", None),
        (b"\x0b\x00\x03\x07\x02\x01\x05\x04\x0b\x84\x23\xf0", b"\x06\x05\x04\x0b\x84\x23\xf0"),
        (b"\x06\x05\x04\x0b\x84\x23\xf0", b"\x06\x05\x04\x0b\x84\x23\xf0"),
        (b"\x00", None),
        (b"\x03\x24\x05\x01", b"\x03\x24\x05\x01"),
    ],
)
def test_data_keeps_what_its_header_says_beside_its_place(header: bytes, left: bytes | None) -> None:
    inbound = read(header + b"\xff\x00", esm_class=c.ESM_UDHI, data_coding=4)
    assert read_text([inbound]) is None
    assert read_data([inbound]) == (b"\xff\x00", left)


def test_payload_tlv() -> None:
    assert read(tlvs={c.TAG_MESSAGE_PAYLOAD: b"hello" * 100}).content == b"hello" * 100
    assert read(b"short", tlvs={c.TAG_MESSAGE_PAYLOAD: b"long"}).content == b"short"
    long = read(tlvs={c.TAG_MESSAGE_PAYLOAD: UDH + b"hello"}, esm_class=c.ESM_UDHI)
    assert (long.place, long.content) == (Place(7, 2, 1), b"hello")


def test_sar() -> None:
    assert read(b"hi", tlvs=SAR).place == Place(0x102, 3, 2, wide=True)
    assert read(b"hi", tlvs=SAR).udh is None
    for tag in SAR:
        assert read(b"hi", tlvs={one: value for one, value in SAR.items() if one != tag}).place == WHOLE
        assert read(b"hi", tlvs=SAR | {tag: b""}).place == WHOLE
        assert read(b"hi", tlvs=SAR | {tag: b"\x09" * 5}).place == WHOLE
    assert read(b"hi", tlvs=SAR | {c.TAG_SAR_SEGMENT_SEQNUM: b"\x04"}).place == WHOLE
    assert read(b"hi", tlvs=SAR | {c.TAG_SAR_SEGMENT_SEQNUM: b"\x00"}).place == WHOLE


def test_a_header_goes_before_sar_unless_it_says_no_place() -> None:
    assert read(UDH + b"hi", tlvs=SAR, esm_class=c.ESM_UDHI).place == Place(7, 2, 1)
    ports = b"\x06\x05\x04\x0b\x84\x23\xf0"
    both = read(ports + b"hi", tlvs=SAR, esm_class=c.ESM_UDHI)
    assert (both.place, both.udh) == (Place(0x102, 3, 2, wide=True), ports)


def test_shift_tables_are_of_gsm7_whatever_data_coding_says() -> None:
    shifted = b"\x03\x24\x01\x01hello\x00"
    assert read(shifted, data_coding=1, esm_class=c.ESM_UDHI).alphabet == "gsm7"
    assert read(UDH + b"hello", data_coding=1, esm_class=c.ESM_UDHI).alphabet == "ascii"


def test_data_sm() -> None:
    pdu = DataSm(source_addr="1", destination_addr="2", tlvs={c.TAG_MESSAGE_PAYLOAD: b"hi"})
    assert read_inbound(pdu, operator(), 5).content == b"hi"
    assert read_inbound(DataSm(), operator(), 5).content == b""


@given(
    st.binary(max_size=60),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["gsm7", "gsm7-packed", "latin1", "ascii"]),
    st.dictionaries(st.sampled_from([0x020C, 0x020E, 0x020F, 0x0424]), st.binary(max_size=4)),
    st.text(st.characters(max_codepoint=255), max_size=20),
    st.integers(0, 255),
)
def test_anything_can_be_read(content, coding, esm_class, alphabet, tlvs, source, ton) -> None:
    fields = {"data_coding": coding, "esm_class": esm_class, "source_addr": source, "source_addr_ton": ton}
    inbound = read(content, TextRules(alphabet=alphabet), tlvs, **fields)
    assert inbound.alphabet is None or inbound.alphabet in ALPHABETS
    text = read_text([inbound])
    assert text is None or text.encode("utf-8") is not None
    octets, _ = read_data([inbound])
    assert (inbound.udh or b"") + octets in (content, tlvs.get(0x0424))
