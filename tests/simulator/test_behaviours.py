"""Every row of the table of endings, against what a user reads in it."""

import pytest
from msgspec import Struct

from adapters.simulator.behaviour import BEHAVIOURS, BY_ENDING, help_text
from adapters.smpp import constants as c
from adapters.smpp.receipts import read_receipt
from router.receipt import ReceiptState
from tests.simulator.esme import until

S = ReceiptState
DECIMAL = "0305419896"
HEX = "12345678"
LINK_CUT = -1
SILENCE = -2


class Expected(Struct):
    """`answers` to one submit after the other, until it is taken; the receipts' states, errors and ids."""

    answers: list[int]
    states: list[ReceiptState]
    error: str = "000"
    response_id: str = DECIMAL
    receipt_id: str = DECIMAL


EXPECTED = {
    "901": Expected([0], [S.UNDELIVERED], "001"),
    "902": Expected([0], [S.EXPIRED], "027"),
    "903": Expected([0], [S.REJECTED], "045"),
    "904": Expected([0], [S.UNKNOWN]),
    "905": Expected([0], [S.DELETED]),
    "911": Expected([0x0B, 0x0B], []),
    "912": Expected([0x45, 0x45], []),
    "913": Expected([0x58, 0], [S.DELIVERED]),
    "914": Expected([0x58, 0x58, 0x58, 0x58, 0x58, 0], [S.DELIVERED]),
    "915": Expected([0x14, 0x14, 0], [S.DELIVERED]),
    "916": Expected([0x08, 0], [S.DELIVERED]),
    "917": Expected([0x08, 0x08, 0x08], []),
    "918": Expected([0x65, 0x65], []),
    "919": Expected([0x4A1, 0x4A1], []),
    "921": Expected([SILENCE], [S.DELIVERED]),
    "922": Expected([SILENCE, SILENCE], []),
    "923": Expected([SILENCE, 0], [S.DELIVERED]),
    "924": Expected([LINK_CUT, 0], [S.DELIVERED]),
    "925": Expected([LINK_CUT], [S.DELIVERED]),
    "931": Expected([0], [S.DELIVERED]),
    "932": Expected([0], [S.DELIVERED, S.DELIVERED]),
    "933": Expected([0], [S.DELIVERED], response_id=HEX, receipt_id=DECIMAL),
    "934": Expected([0], [S.DELIVERED], response_id=DECIMAL, receipt_id=HEX),
    "935": Expected([0], [S.DELIVERED], response_id="00000000000305419896", receipt_id="305419896"),
    "936": Expected([0], []),
    "937": Expected([0], [S.ENROUTE, S.ACCEPTED, S.DELIVERED]),
    "938": Expected([0], [S.DELIVERED], error=""),
    "939": Expected([0], [S.DELIVERED]),
    "940": Expected([0], [S.DELIVERED], response_id=""),
}


def test_the_table_is_complete() -> None:
    assert [behaviour.ending for behaviour in BEHAVIOURS] == list(EXPECTED)
    assert len(BY_ENDING) == len(BEHAVIOURS)
    for behaviour in BEHAVIOURS:
        assert f"...{behaviour.ending}  {behaviour.what}" in help_text()


@pytest.mark.parametrize("ending", EXPECTED)
async def test_behaviour(world, ending) -> None:
    smsc = await world.smsc()
    esme = await world.bound()
    expected = EXPECTED[ending]
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
            response = await esme.answer(sequence, c.SUBMIT_SM_RESP)
            assert response.status == answer
            assert response.message_id == ("" if answer else expected.response_id)
    assert [note.status for note in smsc.submitted] == [None if status < 0 else status for status in expected.answers]

    if esme.closed:
        esme = await world.bound()
    # a message behind it, whose receipt comes after all others
    await esme.submitted("237670000000")
    await until(lambda: any(pdu.source_addr.endswith("000000") for pdu in esme.received))
    receipts = [read_receipt(pdu, "x", 0) for pdu in esme.received if pdu.source_addr.endswith(ending)]
    assert [receipt.state for receipt in receipts] == expected.states
    for receipt in receipts:
        assert receipt.to == f"237670000{ending}"
        assert receipt.smsc_message_ids == (expected.receipt_id,)
        assert (receipt.error or "") == expected.error
    await until(lambda: smsc.counts.delivered == len(expected.states) + 1)


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
