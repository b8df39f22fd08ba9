"""What a handset sent, out of deliver_sm and data_sm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.inbound import read_inbound
from adapters.smpp.pdu import DataSm, ShortMessage
from router.operator import TextRules
from router.receipt import Inbound
from router.text import gsm7
from tests.smpp.values import operator

UDH = b"\x05\x00\x03\x07\x02\x01"
PACKED = TextRules(alphabet="gsm7-packed")


def read(content: bytes = b"", rules: TextRules | None = None, tlvs=None, **fields) -> Inbound:
    pdu = ShortMessage(
        c.DELIVER_SM, source_addr="237670000000", destination_addr="8080", short_message=content, **fields
    )
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
        (8, b"\xd8\x3d", None),
        (8, b"\x00", None),
        (6, b"\xb0", "А"),
        (7, b"\xe0", "א"),
        (2, b"hello", None),
        (4, b"hello", None),
        (5, b"hello", None),
        (13, b"hello", None),
        (0x10, b"\x00", "@"),
        (0x14, b"\x00", None),
        (0x18, b"\x00a", "a"),
        (0x1C, b"\x00a", None),
        (0x20, b"hello", None),
        (0x42, b"hello", None),
        (0xC8, b"\x00", "@"),
        (0xD8, b"\x00", "@"),
        (0xE8, b"\x00a", "a"),
        (0xF0, b"\x00", "@"),
        (0xF4, b"\x00", None),
    ],
)
def test_data_coding(coding: int, content: bytes, text: str | None) -> None:
    inbound = read(content, data_coding=coding)
    assert inbound.text == text
    assert inbound.data == (content if text is None else None)


@pytest.mark.parametrize(
    ("rules", "coding", "content", "text"),
    [
        (TextRules(alphabet="latin1"), 0, b"caf\xe9", "café"),
        (TextRules(alphabet="ascii"), 0, b"@", "@"),
        (TextRules(alphabet="ascii"), 0, b"\xe9", None),
        (TextRules(ucs2=24), 24, b"\x00a", "a"),
        (TextRules(ucs2=245), 245, b"\x00a", "a"),
        (PACKED, 0, gsm7.pack(b"hello"), "hello"),
        (PACKED, 0, gsm7.pack(b"1234567"), "1234567"),
        (PACKED, 0, gsm7.pack(b"12345678"), "12345678"),
        (PACKED, 0, b"", ""),
    ],
)
def test_by_the_operators_rules(rules: TextRules, coding: int, content: bytes, text: str | None) -> None:
    assert read(content, rules, data_coding=coding).text == text


def test_packed_behind_a_header() -> None:
    inbound = read(UDH + gsm7.pack(b"hello", 1), PACKED, esm_class=c.ESM_UDHI)
    assert (inbound.udh, inbound.text) == (UDH, "hello")


def test_addresses_and_time() -> None:
    inbound = read(b"hi")
    assert (inbound.operator, inbound.sender, inbound.to) == ("mtn", "237670000000", "8080")
    assert inbound.received_at == 5


def test_header_is_split_off() -> None:
    inbound = read(UDH + b"hello", esm_class=c.ESM_UDHI)
    assert (inbound.udh, inbound.text) == (UDH, "hello")
    assert read(UDH + b"hello").udh is None


@pytest.mark.parametrize("content", [b"", b"\x05", b"\xff\x00\x03", b"\x05\x00\x03\x07\x02"])
def test_a_header_longer_than_the_message_is_none(content: bytes) -> None:
    inbound = read(content, esm_class=c.ESM_UDHI, data_coding=4)
    assert (inbound.udh, inbound.data) == (None, content)


def test_payload_tlv() -> None:
    assert read(tlvs={c.TAG_MESSAGE_PAYLOAD: b"hello" * 100}).text == "hello" * 100
    assert read(b"short", tlvs={c.TAG_MESSAGE_PAYLOAD: b"long"}).text == "short"


def test_sar_reads_as_a_header() -> None:
    sar = {c.TAG_SAR_MSG_REF_NUM: b"\x01\x02", c.TAG_SAR_TOTAL_SEGMENTS: b"\x03", c.TAG_SAR_SEGMENT_SEQNUM: b"\x02"}
    assert read(b"hi", tlvs=sar).udh == b"\x06\x08\x04\x01\x02\x03\x02"
    for tag in sar:
        assert read(b"hi", tlvs={one: value for one, value in sar.items() if one != tag}).udh is None
        assert read(b"hi", tlvs=sar | {tag: b""}).udh is None


def test_data_sm() -> None:
    pdu = DataSm(source_addr="1", destination_addr="2", tlvs={c.TAG_MESSAGE_PAYLOAD: b"hi"})
    assert read_inbound(pdu, operator(), 5).text == "hi"
    assert read_inbound(DataSm(), operator(), 5).text == ""


@given(
    st.binary(max_size=60),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["gsm7", "gsm7-packed", "latin1", "ascii"]),
    st.dictionaries(st.sampled_from([0x020C, 0x020E, 0x020F, 0x0424]), st.binary(max_size=4)),
)
def test_anything_is_text_or_data(content: bytes, coding: int, esm_class: int, alphabet: str, tlvs) -> None:
    inbound = read(content, TextRules(alphabet=alphabet), tlvs, data_coding=coding, esm_class=esm_class)
    assert (inbound.text is None) != (inbound.data is None)
