"""One part to its submit_sm: tables of what goes where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.message_pdu import SubmitForm, source_address, validity_period
from adapters.smpp.pdu import ShortMessage
from router.message import Encoding, ReceiptWish
from router.operator import Addressing, AddressKind, ReceiptRules, TextRules
from tests.smpp.values import operator, submission

NOW = 1_700_000_000_000


def fill(given=None, **fields) -> ShortMessage:
    """The submit_sm after a trip over the wire."""
    one = operator(**(given or {}))
    pdu = SubmitForm(one).fill(submission(**fields), NOW)
    ((sequence, read),) = Decoder().feed(encode(pdu, 7))
    assert sequence == 7
    assert read == pdu
    return pdu


OWN = Addressing(
    AddressKind(1, 2), AddressKind(6, 1), AddressKind(2, 8, plus=True), destination=AddressKind(2, 8, plus=True)
)


@pytest.mark.parametrize(
    ("sender", "default", "own"),
    [
        ("ACME", (5, 0, "ACME"), (1, 2, "ACME")),
        ("+237699000000", (1, 1, "237699000000"), (2, 8, "+237699000000")),
        ("237699000000", (1, 1, "237699000000"), (2, 8, "+237699000000")),
        ("123456789", (1, 1, "123456789"), (2, 8, "+123456789")),
        ("8080", (3, 0, "8080"), (6, 1, "8080")),
        ("123", (3, 0, "123"), (6, 1, "123")),
        ("12345678", (3, 0, "12345678"), (6, 1, "12345678")),
        ("+8080", (1, 1, "8080"), (2, 8, "+8080")),
        ("12", (5, 0, "12"), (1, 2, "12")),
        ("4U", (5, 0, "4U"), (1, 2, "4U")),
        ("+", (5, 0, "+"), (1, 2, "+")),
        ("٠١٢٣", (5, 0, "٠١٢٣"), (1, 2, "٠١٢٣")),
        ("", (0, 0, ""), (0, 0, "")),
        (None, (0, 0, ""), (0, 0, "")),
    ],
)
def test_the_sender_by_its_kind(sender, default, own) -> None:
    assert source_address(sender, Addressing()) == default
    assert source_address(sender, OWN) == own


def test_addresses() -> None:
    pdu = fill(sender="+237699000000", to="+237670000000")
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, "237699000000")
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (1, 1, "237670000000")
    pdu = fill({"addressing": OWN}, to="+237670000000")
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (2, 8, "+237670000000")


def test_many_senders_are_forgotten() -> None:
    form = SubmitForm(operator())
    for number in range(10_050):
        assert form.fill(submission(sender=f"A{number}"), NOW).source_addr == f"A{number}"
    assert len(form._sources) <= 10_000


GSM7, UCS2, BINARY = Encoding.GSM7, Encoding.UCS2, Encoding.BINARY


@pytest.mark.parametrize(
    ("rules", "encoding", "flash", "coding"),
    [
        (TextRules(), GSM7, False, 0),
        (TextRules(), UCS2, False, 8),
        (TextRules(ucs2=24), UCS2, False, 24),
        (TextRules(), BINARY, False, 4),
        (TextRules(), GSM7, True, 0x10),
        (TextRules(), UCS2, True, 0x18),
        (TextRules(ucs2=24), UCS2, True, 0x18),
        (TextRules(), BINARY, True, 0x14),
        (TextRules(alphabet="gsm7-packed"), GSM7, False, 0),
        (TextRules(alphabet="latin1"), GSM7, False, 0),
    ],
)
def test_data_coding(rules, encoding, flash, coding) -> None:
    assert fill({"text": rules}, encoding=encoding, flash=flash).data_coding == coding


@pytest.mark.parametrize(
    ("request_", "wish", "flag"),
    [
        ("final", ReceiptWish.FINAL, 0x01),
        ("final", ReceiptWish.ALL, 0x01),
        ("final", ReceiptWish.NONE, 0x00),
        ("all", ReceiptWish.FINAL, 0x01),
        ("all", ReceiptWish.ALL, 0x11),
        ("all", ReceiptWish.NONE, 0x00),
        ("none", ReceiptWish.FINAL, 0x00),
        ("none", ReceiptWish.ALL, 0x00),
        ("none", ReceiptWish.NONE, 0x00),
    ],
)
def test_registered_delivery(request_, wish, flag) -> None:
    assert fill({"receipts": ReceiptRules(request=request_)}, receipts=wish).registered_delivery == flag


UDH = b"\x06\x05\x04\x15\x81\x00\x00"


@pytest.mark.parametrize(
    ("long", "fields", "esm_class", "content", "tlvs"),
    [
        ("udh8", {}, 0, b"hello", {}),
        ("sar", {}, 0, b"hello", {}),
        ("payload", {}, 0, b"hello", {}),
        ("udh8", {"number": 2, "total": 3}, 0x40, b"\x05\x00\x03\xcd\x03\x02hello", {}),
        ("udh16", {"number": 2, "total": 3}, 0x40, b"\x06\x08\x04\xab\xcd\x03\x02hello", {}),
        ("sar", {"number": 2, "total": 3}, 0, b"hello", {0x020C: b"\xab\xcd", 0x020E: b"\x03", 0x020F: b"\x02"}),
        ("udh8", {"udh": UDH, "encoding": BINARY}, 0x40, UDH + b"hello", {}),
        ("sar", {"udh": UDH, "encoding": BINARY}, 0x40, UDH + b"hello", {}),
        (
            "sar",
            {"udh": UDH, "encoding": BINARY, "number": 1, "total": 2},
            0x40,
            b"\x0b\x00\x03\xcd\x02\x01\x05\x04\x15\x81\x00\x00hello",
            {},
        ),
        (
            "udh16",
            {"udh": UDH, "encoding": BINARY, "number": 1, "total": 2},
            0x40,
            b"\x0c\x08\x04\xab\xcd\x02\x01\x05\x04\x15\x81\x00\x00hello",
            {},
        ),
        ("payload", {"payload": b"x" * 160}, 0, b"x" * 160, {}),
        ("payload", {"payload": b"x" * 161}, 0, b"", {0x0424: b"x" * 161}),
        ("payload", {"payload": b"x" * 140, "encoding": UCS2}, 0, b"x" * 140, {}),
        ("payload", {"payload": b"x" * 142, "encoding": UCS2}, 0, b"", {0x0424: b"x" * 142}),
        ("payload", {"payload": b"x" * 1400}, 0, b"", {0x0424: b"x" * 1400}),
        (
            "payload",
            {"payload": b"x" * 134, "udh": UDH, "encoding": BINARY},
            0x40,
            b"",
            {0x0424: UDH + b"x" * 134},
        ),
    ],
)
def test_long_and_headed_content(long, fields, esm_class, content, tlvs) -> None:
    pdu = fill({"text": TextRules(long=long)}, concat_reference=0xABCD, **({"payload": b"hello"} | fields))
    assert (pdu.esm_class, pdu.short_message, pdu.tlvs) == (esm_class, content, tlvs)


def test_packed_septets_fill_a_short_message_with_140_octets() -> None:
    rules = TextRules(alphabet="gsm7-packed", long="payload")
    assert fill({"text": rules}, payload=b"x" * 140).short_message == b"x" * 140
    assert fill({"text": rules}, payload=b"x" * 141).tlvs == {0x0424: b"x" * 141}


DAY = 86_400_000


@pytest.mark.parametrize(
    ("left", "written"),
    [
        (-5, "000000000001000R"),
        (0, "000000000001000R"),
        (999, "000000000001000R"),
        (1999, "000000000001000R"),
        (60_000, "000000000100000R"),
        (3_600_000, "000000010000000R"),
        (DAY - 1, "000000235959000R"),
        (DAY, "000001000000000R"),
        (30 * DAY, "000100000000000R"),
        (364 * DAY, "001204000000000R"),
        (365 * DAY, "010000000000000R"),
        (365 * 1000 * DAY, "990000000000000R"),
    ],
)
def test_validity(left: int, written: str) -> None:
    assert validity_period(left) == written
    assert fill(expires_at=NOW + left).validity_period == written


def test_no_expiry_no_validity() -> None:
    assert fill().validity_period == ""


@given(st.integers(1000, 365 * DAY))
def test_validity_says_what_is_left(left: int) -> None:
    written = validity_period(left)
    assert len(written) == 16
    years, months, days, hours, minutes, seconds = (int(written[at : at + 2]) for at in range(0, 12, 2))
    total = (years * 365 + months * 30 + days) * 86_400 + hours * 3600 + minutes * 60 + seconds
    assert total == left // 1000
    assert hours < 24
    assert minutes < 60
    assert seconds < 60


def test_tlvs_from_options() -> None:
    given = {"tlvs": {0x1400: "dlt_entity_id", 0x1401: "dlt_template_id", 0x1402: "n"}}
    options = {"dlt_entity_id": "1101400000000000001", "n": 5, "else": "x", "dlt_template_id": None}
    assert fill(given, options=options).tlvs == {0x1400: b"1101400000000000001", 0x1402: b"5"}
    assert fill(given).tlvs == {}
    sar = fill(given | {"text": TextRules(long="sar")}, options=options, number=1, total=2, concat_reference=1)
    assert set(sar.tlvs) == {0x1400, 0x1402, 0x020C, 0x020E, 0x020F}


def test_the_rest_is_plain() -> None:
    pdu = fill()
    assert pdu.command_id == c.SUBMIT_SM
    assert (pdu.service_type, pdu.protocol_id, pdu.priority_flag, pdu.schedule_delivery_time) == ("", 0, 0, "")
    assert (pdu.replace_if_present_flag, pdu.sm_default_msg_id) == (0, 0)
