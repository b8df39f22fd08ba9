"""Every row of the table of endings, against what a user reads in it."""

import pytest
from msgspec import Struct

from adapters.simulator.behaviour import BEHAVIOURS, BY_ENDING, Reply, help_text
from adapters.smpp import constants as c
from adapters.smpp.pdu import BadBody
from adapters.smpp.receipts import read_receipt
from router.receipt import ReceiptState
from tests.turns import until

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
