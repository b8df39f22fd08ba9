"""Every row of the table of endings, against what a user reads in it."""

import re

import pytest
from msgspec import Struct

from adapters.simulator.behaviour import BEHAVIOURS, BY_ENDING, Reply, help_text
from adapters.simulator.ids import IdForm
from adapters.smpp import constants as c
from adapters.smpp.pdu import BadBody, DataSm, ShortMessage
from adapters.smpp.receipts import read_receipt
from router.receipt import ReceiptState
from tests.simulator.esme import until

S = ReceiptState
DECIMAL = "0305419896"
HEX = "12345678"
FOREIGN = "mc-12345678"
LINK_CUT = -1
SILENCE = -2


class Expected(Struct):
    """`answers` to one submit after the other, until it is taken; the receipts' states, errors and ids.

    `unread`: so many deliveries that are no receipt, or that cannot be read."""

    answers: list[int]
    states: list[ReceiptState]
    error: str = "000"
    response_id: str = DECIMAL
    receipt_ids: tuple[str, ...] = (DECIMAL,)
    unread: int = 0


EXPECTED = {
    "901": Expected([0], [S.UNDELIVERED], "001"),
    "902": Expected([0], [S.EXPIRED], "027"),
    "903": Expected([0], [S.REJECTED], "045"),
    "904": Expected([0], [S.UNKNOWN]),
    "905": Expected([0], [S.DELETED]),
    "906": Expected([0], [S.UNDELIVERED], "21b"),
    "907": Expected([0], [S.REJECTED], "0000"),
    "908": Expected([0], [S.UNDELIVERED], "2050"),
    "909": Expected([0], [S.UNKNOWN]),
    "910": Expected([0], [S.ACCEPTED]),
    "911": Expected([0x0B, 0x0B], []),
    "912": Expected([0x45, 0x45], []),
    "913": Expected([0x58, 0], [S.DELIVERED]),
    "914": Expected([0x58, 0x58, 0x58, 0x58, 0x58, 0], [S.DELIVERED]),
    "915": Expected([0x14, 0x14, 0], [S.DELIVERED]),
    "916": Expected([0x08, 0], [S.DELIVERED]),
    "917": Expected([0x08, 0x08, 0x08], []),
    "918": Expected([0x65, 0x65], []),
    "919": Expected([0x4A1, 0x4A1], []),
    "920": Expected([0x0B, 0x0B], []),
    "921": Expected([SILENCE], [S.DELIVERED]),
    "922": Expected([SILENCE, SILENCE], []),
    "923": Expected([SILENCE, 0], [S.DELIVERED]),
    "924": Expected([LINK_CUT, 0], [S.DELIVERED]),
    "925": Expected([LINK_CUT], [S.DELIVERED]),
    "926": Expected([0], [S.DELIVERED]),
    "927": Expected([0x0B, 0x0B], []),
    "928": Expected([0x04, 0], [S.DELIVERED]),
    "929": Expected([0x03, 0x03], []),
    "930": Expected([0], [S.DELIVERED]),
    "931": Expected([0], [S.DELIVERED]),
    "932": Expected([0], [S.DELIVERED, S.DELIVERED]),
    "933": Expected([0], [S.DELIVERED], response_id=HEX, receipt_ids=(DECIMAL,)),
    "934": Expected([0], [S.DELIVERED], response_id=DECIMAL, receipt_ids=(HEX,)),
    "935": Expected([0], [S.DELIVERED], response_id="00000000000305419896", receipt_ids=("305419896",)),
    "936": Expected([0], []),
    "937": Expected([0], [S.ENROUTE, S.ACCEPTED, S.DELIVERED]),
    "938": Expected([0], [S.DELIVERED], error=""),
    "939": Expected([0], [S.DELIVERED]),
    "940": Expected([0], [S.DELIVERED], response_id=""),
    **dict.fromkeys(["941", "942", "943", "944", "946", "947", "949"], Expected([0], [S.DELIVERED])),
    "942": Expected([0], [S.DELIVERED], error=""),
    "943": Expected([0], [S.DELIVERED], error=""),
    "945": Expected([0], [], unread=1),
    "948": Expected([0], [S.UNKNOWN]),
    **dict.fromkeys(["950", "951", "954", "956"], Expected([0], [S.DELIVERED])),
    "952": Expected([0], [S.DELIVERED], error=""),
    "953": Expected([0], [S.DELIVERED], error=""),
    "955": Expected([0], [S.DELIVERED], error="0"),
    "957": Expected([0], [S.UNDELIVERED], error="nul"),
    "958": Expected([0], [S.DELIVERED], error="002"),
    "959": Expected([0], [S.UNDELIVERED], error="31"),
    **dict.fromkeys(["960", "961", "962", "963", "964", "965", "966"], Expected([0], [S.DELIVERED])),
    "967": Expected([0], [S.UNDELIVERED], error="34"),
    "968": Expected([0], [S.UNDELIVERED], error="034"),
    "969": Expected([0], [], unread=1),
    "970": Expected([0], [S.ENROUTE, S.ENROUTE, S.ACCEPTED, S.DELIVERED]),
    "971": Expected([0], [S.DELIVERED, S.ENROUTE]),
    "972": Expected([0], [S.DELIVERED, S.UNDELIVERED]),
    "973": Expected([0], [S.UNKNOWN, S.DELIVERED]),
    "974": Expected([0], [S.DELIVERED]),
    "975": Expected([0], [S.DELIVERED]),
    "976": Expected([0], [S.DELIVERED]),
    "980": Expected([0], [S.DELIVERED], receipt_ids=(DECIMAL, FOREIGN)),
    "981": Expected([0], [S.DELIVERED], receipt_ids=(HEX, DECIMAL)),
    "982": Expected([0], [S.DELIVERED], response_id=HEX, receipt_ids=(HEX,)),
    "983": Expected([0], [S.DELIVERED], receipt_ids=(FOREIGN,)),
    "984": Expected([0], [S.DELIVERED]),
    **dict.fromkeys(["990", "991", "993", "994"], Expected([0], [S.DELIVERED])),
    "992": Expected([0], [S.DELIVERED], unread=1),
    "995": Expected([0x64, 0], [S.DELIVERED]),
    "996": Expected([0x0A, 0x0A], []),
    "997": Expected([0x22, 0x22], []),
    "998": Expected([0xFF, 0xFF], []),
    "999": Expected([0x400, 0x400], []),
}


def test_the_table_is_complete() -> None:
    assert [behaviour.ending for behaviour in BEHAVIOURS] == sorted(EXPECTED)
    assert len(BY_ENDING) == len(BEHAVIOURS)
    for behaviour in BEHAVIOURS:
        assert f"...{behaviour.ending}  {behaviour.what}" in help_text()


@pytest.mark.parametrize("ending", EXPECTED)
async def test_behaviour(world, ending) -> None:
    smsc = await world.smsc(late=0.02)
    esme = await world.bound()
    expected = EXPECTED[ending]
    command_id = c.GENERIC_NACK if BY_ENDING[ending].reply is Reply.NACK else c.SUBMIT_SM_RESP
    for answer in expected.answers:
        if esme.closed:
            esme = await world.bound()
        sequence = esme.submit(f"237670000{ending}")
        if answer == LINK_CUT:
            await until(lambda esme=esme: esme.closed)
        elif answer == SILENCE:
            await esme.alive()
            assert not any(pdu.command_id == c.SUBMIT_SM_RESP for _, pdu in esme.frames)
        else:
            response = await esme.answer(sequence, command_id)
            assert response.status == answer
            if not answer:
                assert response.message_id == expected.response_id
    assert [note.status for note in smsc.submitted] == [None if status < 0 else status for status in expected.answers]

    if esme.closed:
        esme = await world.bound()
    # a message behind it, whose receipt comes after all others
    await esme.submitted("237670000000")
    await until(lambda: any(pdu.source_addr.endswith("000000") for pdu in esme.received))
    about = [pdu for pdu in esme.received if ending in pdu.source_addr]
    receipts = [receipt for pdu in about if (receipt := read_receipt(pdu, "x", 0)) is not None]
    assert [receipt.state for receipt in receipts] == expected.states
    for receipt in receipts:
        assert receipt.to == f"237670000{ending}"
        assert receipt.smsc_message_ids == expected.receipt_ids
        assert (receipt.error or "") == expected.error
    unreadable = [pdu for _, pdu in esme.frames if isinstance(pdu, BadBody)]
    assert len(about) - len(receipts) + len(unreadable) == expected.unread
    await until(lambda: smsc.counts.delivered == len(about) + 1)


async def test_a_receipt_before_its_response(world) -> None:
    await world.smsc()
    esme = await world.bound()
    await esme.submitted("237670000931")
    kinds = [pdu.command_id for _, pdu in esme.frames[1:]]
    assert kinds == [c.DELIVER_SM, c.SUBMIT_SM_RESP]


async def test_receipts_of_one_kind_only(world) -> None:
    await world.smsc()
    esme = await world.bound()
    esme.submit("237670000938")
    esme.submit("237670000939")
    tlvs_only, text_only = await esme.receipts(2)
    assert tlvs_only.short_message == b""
    assert set(tlvs_only.tlvs) == {c.TAG_RECEIPTED_MESSAGE_ID, c.TAG_MESSAGE_STATE}
    assert text_only.short_message.startswith(b"id:")
    assert text_only.tlvs == {}


async def test_an_intermediate_notification_says_so(world) -> None:
    await world.smsc()
    esme = await world.bound()
    esme.submit("237670000937")
    assert [pdu.esm_class for pdu in await esme.receipts(3)] == [0x20, 0x04, 0x04]


async def test_a_fault_is_met_anew_by_the_next_message(world) -> None:
    await world.smsc()
    esme = await world.bound()
    for _ in range(2):
        assert [(await esme.submitted("237670000913")).status for _ in range(2)] == [0x58, 0]
    # and each part of a message meets its own
    assert [(await esme.submitted("237670000916", text)).status for text in (b"1", b"2", b"1", b"2")] == [8, 8, 0, 0]


async def test_a_behaviour_for_all(world) -> None:
    await world.smsc(behaviour="901")
    esme = await world.bound()
    esme.submit("237670000001")
    esme.submit("237670000902")
    receipts = [read_receipt(pdu, "x", 0).state for pdu in await esme.receipts(2)]
    assert receipts == [S.UNDELIVERED, S.EXPIRED]


# --- what the reader of receipts forgives, looked at on the wire ------------------------------------------------


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
