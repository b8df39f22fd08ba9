"""Receipts and answers octet by octet: what the reader of receipts forgives has to be there."""

import re

import pytest

from adapters.simulator.ids import IdForm
from adapters.smpp import constants as c
from adapters.smpp.pdu import DataSm, ShortMessage
from adapters.smpp.receipts import read_receipt
from tests.turns import until


async def receipt_for(world, ending: str) -> ShortMessage | DataSm:
    await world.smsc()
    esme = await world.bound()
    esme.submit(f"237670000{ending}", b"Hello")
    return (await esme.receipts(1))[0]


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("948", rb"00,\d{10},\d{10},000,447700900001,ACME,0305419896"),
        (
            "950",
            rb"sub:001 dlvrd:001 err:000 stat:DELIVRD id:0305419896 done date:\d{10} submit date:\d{10} text:Hello",
        ),
        ("951", rb"id:0305419896 .* err:000 text: stat:DELIVRD"),
        ("952", rb"id:0305419896 stat:DELIVRD"),
        ("953", rb"stat:DELIVRD"),
        ("954", rb"id:0305419896 submit date:\d{10} done date:\d{10} DELIVRD err:000"),
        ("955", rb"id:0305419896 sub:1 dlvrd:1 .* err:0 Text:Hello"),
        ("956", rb"id:0305419896 .* stat:DELIVRD err:000 text:\0\x1b\x84\r\nid:1 stat:UNDELIV err:9"),
        ("959", rb"id:0305419896 .* stat:UNDELIV text:err:31"),
        ("960", rb".* submit date:\d{12} done date:2\d{11} .*"),
        ("961", rb".* submit date:20\d{10} done date:20\d{10} .*"),
        ("962", rb".* submit date:20\d{12} done date:20\d{12} .*"),
        ("963", rb".* submit date:\d{12} done date:\d{10} .*"),
        ("964", rb".* submit date:0000000000 done date:0000000000 .*"),
        ("965", rb".* submit date:269931997799 done date:269931997799 .*"),
        ("966", rb".* submit date: done date: .*"),
        ("974", rb".* stat:UNDELIV .*"),
    ],
)
async def test_layout(world, ending, text) -> None:
    pdu = await receipt_for(world, ending)
    assert re.fullmatch(text, pdu.short_message, re.DOTALL), pdu.short_message


async def test_places(world) -> None:
    pdu = await receipt_for(world, "941")
    assert (pdu.short_message, set(pdu.tlvs)) == (b"", {c.TAG_MESSAGE_PAYLOAD})
    assert pdu.tlvs[c.TAG_MESSAGE_PAYLOAD].endswith(b"text:Hello\0")
    pdu = await receipt_for(world, "943")
    assert isinstance(pdu, DataSm)
    assert set(pdu.tlvs) == {c.TAG_RECEIPTED_MESSAGE_ID, c.TAG_MESSAGE_STATE}


async def test_alphabets(world) -> None:
    ucs2 = await receipt_for(world, "946")
    assert (ucs2.data_coding, ucs2.short_message[:6]) == (8, b"\0i\0d\0:")
    ascii_text = await receipt_for(world, "947")
    assert (ascii_text.data_coding, ascii_text.short_message[:3]) == (8, b"id:")


@pytest.mark.parametrize(("ending", "esm_class"), [("944", 0), ("945", 0), ("949", 0x87), ("969", 0x08)])
async def test_esm_class(world, ending, esm_class) -> None:
    assert (await receipt_for(world, ending)).esm_class == esm_class


@pytest.mark.parametrize(("ending", "value"), [("967", b"\x03\0\x22"), ("968", b"034")])
async def test_network_error_code(world, ending, value) -> None:
    pdu = await receipt_for(world, ending)
    assert pdu.tlvs[c.TAG_NETWORK_ERROR_CODE] == value
    assert b"err:" not in pdu.short_message


async def test_too_long_for_short_message_goes_into_the_payload(world) -> None:
    await world.smsc(id_form=IdForm.UUID)
    esme = await world.bound()
    esme.submit("237670000946", b"x" * 20)
    (pdu,) = await esme.receipts(1)
    assert pdu.short_message == b""
    assert len(pdu.tlvs[c.TAG_MESSAGE_PAYLOAD]) > 254


async def test_odd_pdus(world) -> None:
    assert (await receipt_for(world, "990")).tlvs.items() >= {0x1777: b"odd", 0x1778: b""}.items()
    assert (await receipt_for(world, "993")).source_addr == "237670000993@messages.example.net"
    await world.smsc()
    esme = await world.bound()
    assert (await esme.submitted("237670000994")).tlvs == {0x1777: b"odd", 0x1778: b""}


@pytest.mark.parametrize(
    ("ending", "octets"),
    [
        ("920", b"\0\0\0\x11\x80\0\0\4\0\0\0\x0b\0\0\0\2\0"),
        ("911", b"\0\0\0\x10\x80\0\0\4\0\0\0\x0b\0\0\0\2"),
        ("929", b"\0\0\0\x10\x80\0\0\0\0\0\0\3\0\0\0\2"),
        ("930", b"\0\0\0\x1a\x80\0\0\4\0\0\0\0\0\0\0\x020305419896"),
    ],
)
async def test_octets_of_an_answer(world, ending, octets) -> None:
    await world.smsc()
    esme = await world.bound()
    esme.submit(f"237670000{ending}")
    await until(lambda: len(esme.frames) > 1)
    assert esme.octets.endswith(octets)


async def test_capitals_in_the_response_only(world) -> None:
    await world.smsc(first_id=0xABCDEF12)
    esme = await world.bound()
    assert (await esme.submitted("237670000982")).message_id == "ABCDEF12"
    (pdu,) = await esme.receipts(1)
    assert read_receipt(pdu, "x", 0).smsc_message_ids == ("abcdef12",)


async def test_a_receipt_elsewhere(world) -> None:
    await world.smsc()
    first, second = await world.bound(), await world.bound()
    for _ in range(5):
        first.submit("237670000984")
    assert len(await second.receipts(5)) == 5
    assert first.received == []


@pytest.mark.parametrize(
    ("fields", "received"),
    [
        ({"text": b"\x05\0\3\7\2\1one", "esm_class": 0x40}, True),
        ({"text": b"\x05\0\3\7\2\2two", "esm_class": 0x40}, False),
        ({"text": b"\x06\x08\4\0\7\2\2two", "esm_class": 0x40}, False),
        ({"tlvs": {c.TAG_SAR_SEGMENT_SEQNUM: b"\1"}}, True),
        ({"tlvs": {c.TAG_SAR_SEGMENT_SEQNUM: b"\2"}}, False),
    ],
)
async def test_a_receipt_for_the_first_part_only(world, fields, received) -> None:
    await world.smsc()
    esme = await world.bound()
    await esme.submitted("237670000976", **fields)
    await esme.submitted("237670000000")
    await until(lambda: any(pdu.source_addr.endswith("000000") for pdu in esme.received))
    assert len(esme.received) == 1 + received
