import asyncio
import struct

import pytest

from adapters.simulator.ids import IdForm
from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.pdu import Bind, DataSm, MessageResp, ShortMessage, Simple
from adapters.smpp.receipts import read_receipt
from tests.simulator.esme import DEADLINE
from tests.turns import until

# --- binding -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command_id", [c.BIND_TRANSMITTER, c.BIND_RECEIVER, c.BIND_TRANSCEIVER])
async def test_bind(world, command_id) -> None:
    smsc = await world.smsc(system_id="acme", password="secret")
    esme = await world.connect()
    answer = await esme.bind("acme", "secret", command_id)
    assert (answer.status, answer.system_id) == (0, "simulator")
    assert answer.tlvs == {c.TAG_SC_INTERFACE_VERSION: b"\x34"}
    # a receiver may not submit
    status = (await esme.submitted()).status
    assert status == (c.ESME_RINVBNDSTS if command_id == c.BIND_RECEIVER else 0)
    assert (await esme.bind("acme", "secret", command_id)).status == c.ESME_RALYBND
    assert smsc.counts.binds == 1


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("acme", "wrong", c.ESME_RINVPASWD),
        ("acme", "gehe\xedm", c.ESME_RINVPASWD),
        ("other", "secret", c.ESME_RINVSYSID),
    ],
)
async def test_who_may_not_bind(world, system_id, password, status) -> None:
    smsc = await world.smsc(system_id="acme", password="secret")
    esme = await world.connect()
    assert (await esme.bind(system_id, password)).status == status
    assert (await esme.submitted()).status == c.ESME_RINVBNDSTS
    # and may try again
    assert (await esme.bind("acme", "secret")).status == 0
    assert smsc.counts.binds_refused == 1


async def test_every_bind_refused(world) -> None:
    smsc = await world.smsc(bind_status=c.ESME_RBINDFAIL)
    esme = await world.connect()
    assert (await esme.bind()).status == c.ESME_RBINDFAIL
    smsc.options.bind_status = 0
    assert (await esme.bind()).status == 0


async def test_unbind(world) -> None:
    smsc = await world.smsc()
    esme = await world.bound()
    sequence = esme.send(Simple(c.UNBIND))
    await esme.answer(sequence, c.UNBIND_RESP)
    await until(lambda: esme.closed and not smsc.sessions)


async def test_enquire_link_needs_no_bind(world) -> None:
    await world.smsc()
    esme = await world.connect()
    await esme.alive()


# --- what is broken ------------------------------------------------------------------------------------------


async def test_what_cannot_be_read_costs_only_itself(world) -> None:
    smsc = await world.smsc()
    esme = await world.bound()
    esme.write(struct.pack(">IIII", 16, 0x99, 0, 500))
    esme.write(struct.pack(">IIII", 18, c.SUBMIT_SM, 0, 501) + b"xx")
    esme.write(struct.pack(">IIII", 18, c.SUBMIT_SM_RESP, 0, 502) + b"\0x")
    esme.send(DataSm(), 503)
    esme.send(ShortMessage(c.DELIVER_SM), 504)
    esme.send(MessageResp(c.DELIVER_SM_RESP), 505)
    await esme.alive()
    answers = {sequence: (pdu.command_id, pdu.status) for sequence, pdu in esme.frames if sequence >= 500}
    assert answers == {
        500: (c.GENERIC_NACK, c.ESME_RINVCMDID),
        501: (c.SUBMIT_SM_RESP, c.ESME_RINVCMDLEN),
        503: (c.DATA_SM_RESP, c.ESME_RINVCMDID),
        504: (c.DELIVER_SM_RESP, c.ESME_RINVCMDID),
    }
    assert smsc.counts.bad == 3


async def test_lost_framing_ends_the_session_after_what_came_before(world) -> None:
    await world.smsc()
    esme = await world.bound()
    sequence = esme.submit()
    esme.write(b"GET / HTTP/1.1\r\n\r\n")
    assert (await esme.answer(sequence, c.SUBMIT_SM_RESP)).status == 0
    assert (await esme.answer(0, c.GENERIC_NACK)).status == c.ESME_RINVCMDLEN
    await until(lambda: esme.closed)


async def test_mute(world) -> None:
    smsc = await world.smsc()
    esme = await world.bound()
    smsc.options.mute = True
    esme.submit()
    esme.send(Simple(c.ENQUIRE_LINK))
    other = await world.connect()
    other.send(Simple(c.ENQUIRE_LINK))
    await until(lambda: smsc.counts.ignored == 3)
    smsc.options.mute = False
    await esme.alive()
    assert len(esme.frames) == 2
    assert other.frames == []
    assert smsc.counts.submits == 0


# --- receipts ------------------------------------------------------------------------------------------------


async def test_a_receipt(world) -> None:
    smsc = await world.smsc()
    esme = await world.bound()
    response = await esme.submitted("+237670000001", b"\x05\x00\x03\x01\x02\x01Hello", esm_class=0x40)
    [pdu] = await esme.receipts(1)
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == ("+237670000001", 1, 1)
    assert (pdu.destination_addr, pdu.dest_addr_ton) == ("ACME", 5)
    assert pdu.short_message.endswith(b"stat:DELIVRD err:000 text:Hello")
    receipt = read_receipt(pdu, "x", 0)
    assert receipt.smsc_message_ids == (response.message_id,)
    assert receipt.done_at is not None
    await until(lambda: smsc.delivered == [(pdu, 0)])
    [note] = smsc.submitted
    assert (note.system_id, note.source, note.destination) == ("acme", "ACME", "+237670000001")
    assert note.content == b"\x05\x00\x03\x01\x02\x01Hello"
    assert (note.status, note.message_id, note.sequence) == (0, response.message_id, 2)


async def test_receipts_only_where_asked(world) -> None:
    await world.smsc()
    esme = await world.bound()
    await esme.submitted("237670000901", registered=0)
    await esme.submitted("237670000001", registered=c.RECEIPT_FAILURE)
    await esme.submitted("237670000902", registered=c.RECEIPT_FAILURE)
    await esme.submitted("237670000002", registered=c.RECEIPT_FINAL)
    receipts = await esme.receipts(2)
    assert [pdu.source_addr[-3:] for pdu in receipts] == ["902", "002"]


async def test_receipts_go_to_any_receiver_of_the_system_id(world) -> None:
    await world.smsc()
    transmitter = await world.bound(command_id=c.BIND_TRANSMITTER)
    receivers = [await world.bound(command_id=c.BIND_RECEIVER) for _ in range(2)]
    stranger = await world.bound(system_id="other")
    for _ in range(10):
        transmitter.submit()
    await until(lambda: sum(len(receiver.received) for receiver in receivers) == 10)
    assert [len(receiver.received) for receiver in receivers] == [5, 5]
    assert transmitter.received == stranger.received == []


async def test_receipts_wait_for_a_receiver_also_over_a_restart(world) -> None:
    smsc = await world.smsc()
    esme = await world.bound(command_id=c.BIND_TRANSMITTER)
    for _ in range(3):
        await esme.submitted()
    await smsc.stop()
    assert smsc.sessions == set()
    await until(lambda: esme.closed)
    assert await smsc.start(port=world.port) == world.port
    receiver = await world.bound(command_id=c.BIND_RECEIVER)
    await receiver.receipts(3)


async def test_only_so_many_receipts_wait(world) -> None:
    smsc = await world.smsc(pending=2)
    esme = await world.bound(command_id=c.BIND_TRANSMITTER)
    for number in range(5):
        await esme.submitted(f"23767000000{number}")
    # a receipt of another account that comes behind them
    other = await world.bound(system_id="other")
    other.submit()
    await other.receipts(1)
    receiver = await world.bound(command_id=c.BIND_RECEIVER)
    receipts = await receiver.receipts(2)
    assert [pdu.source_addr[-1] for pdu in receipts] == ["3", "4"]
    assert smsc.counts.deliveries == 3


async def test_only_a_window_of_deliveries_is_unanswered(world) -> None:
    smsc = await world.smsc(window=3)
    esme = await world.bound()
    esme.acknowledge = None
    for number in range(5):
        esme.submit(f"23767000000{number}")
    await esme.receipts(3)
    await esme.alive()
    assert len(esme.received) == 3
    first = next(sequence for sequence, pdu in esme.frames if isinstance(pdu, ShortMessage))
    esme.send(MessageResp(c.DELIVER_SM_RESP), first)
    await esme.receipts(4)
    assert smsc.counts.delivered == 1


@pytest.mark.parametrize("status", [None, 0x08, 0x14, 0x45, 0x58, 0x64, 0x67, 0xFE, 0xFF])
async def test_a_receipt_is_sent_again_until_it_is_taken(world, status) -> None:
    smsc = await world.smsc(resend=0.02)
    esme = await world.bound()
    esme.acknowledge = status
    esme.submit()
    await esme.receipts(3)
    esme.acknowledge = 0
    await until(lambda: smsc.counts.delivered == 1)
    assert len(set(map(str, esme.received))) == 1
    assert smsc.counts.resent >= 2


@pytest.mark.parametrize("status", [0x01, 0x03, 0x65, 0x400])
async def test_a_receipt_refused_for_good_is_dropped(world, status) -> None:
    smsc = await world.smsc(resend=0.01)
    esme = await world.bound()
    esme.acknowledge = status
    esme.submit("237670000001")
    await until(lambda: smsc.counts.dropped == 1)
    # long enough for another to be sent again
    esme.acknowledge = c.ESME_RX_T_APPN
    esme.submit("237670000002")
    await esme.receipts(3)
    assert [pdu.source_addr[-1] for pdu in esme.received[:3]] == ["1", "2", "2"]
    assert smsc.delivered[0][1] == status


async def test_what_a_cut_session_left_unanswered_goes_to_the_next(world) -> None:
    smsc = await world.smsc()
    esme = await world.bound()
    esme.acknowledge = None
    for number in range(4):
        esme.submit(f"23767000000{number}")
    receipts = await esme.receipts(4)
    await esme.close()
    other = await world.bound()
    assert await other.receipts(4) == receipts
    await until(lambda: smsc.counts.delivered == 4)


# --- options -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "receipt", "ids"),
    [
        (IdForm.DECIMAL, None, ("0305419896", "0305419896")),
        (IdForm.HEX, None, ("12345678", "12345678")),
        (IdForm.HEX, IdForm.DECIMAL, ("12345678", "0305419896")),
        (IdForm.PADDED, IdForm.STRIPPED, ("00000000000305419896", "305419896")),
        (IdForm.UUID, None, ("00000000-0000-0000-0000-000012345678",) * 2),
    ],
)
async def test_id_forms(world, response, receipt, ids) -> None:
    await world.smsc(id_form=response, id_in_receipt=receipt)
    esme = await world.bound()
    answer = await esme.submitted()
    [pdu] = await esme.receipts(1)
    assert (answer.message_id, read_receipt(pdu, "x", 0).smsc_message_ids[0]) == ids


async def test_ids_may_be_longer_than_any_machine_word(world) -> None:
    await world.smsc(id_form=IdForm.HEX, id_in_receipt=IdForm.DECIMAL, first_id=0x812FC7470000001B)
    esme = await world.bound()
    assert (await esme.submitted()).message_id == "812FC7470000001B"
    [pdu] = await esme.receipts(1)
    assert read_receipt(pdu, "x", 0).smsc_message_ids == ("9308878062554710043",)


async def test_throttle(world) -> None:
    smsc = await world.smsc(throttle=5)
    esme = await world.bound()
    answers = [esme.submit() for _ in range(20)]
    statuses = [(await esme.answer(sequence, c.SUBMIT_SM_RESP)).status for sequence in answers]
    assert set(statuses) == {0, c.ESME_RTHROTTLED}
    assert 5 <= statuses.count(0) <= 7
    assert smsc.counts.refused == statuses.count(c.ESME_RTHROTTLED)
    # another account has a rate of its own
    other = await world.bound(system_id="other")
    assert (await other.submitted()).status == 0


async def test_delays(world) -> None:
    loop = asyncio.get_running_loop()
    await world.smsc(response_delay=0.05, receipt_delay=0.1)
    esme = await world.bound()
    start = loop.time()
    sequences = [esme.submit() for _ in range(3)]
    for sequence in sequences:
        await esme.answer(sequence, c.SUBMIT_SM_RESP)
    assert loop.time() - start >= 0.049
    await esme.receipts(3)
    assert loop.time() - start >= 0.099


async def test_hook_and_no_memory(world) -> None:
    seen = []
    smsc = await world.smsc(on_submit=seen.append, keep=False)
    esme = await world.bound()
    await esme.submitted(tlvs={c.TAG_MESSAGE_PAYLOAD: b"long"}, text=b"")
    esme.submit("237670000922")
    await until(lambda: smsc.counts.delivered == 1)
    assert [(note.content, note.status) for note in seen] == [(b"long", 0), (b"Hello", None)]
    assert smsc.submitted == []
    assert smsc.delivered == []


# --- messages from handsets ----------------------------------------------------------------------------------


async def test_messages_from_handsets(world) -> None:
    smsc = await world.smsc()
    with pytest.raises(LookupError):
        smsc.send_mo("237670000001", "8080", b"STOP")
    esme = await world.bound()
    smsc.send_mo("237670000001", "8080", b"\x04\x1f", 8, 0x40)
    smsc.send_mo("237670000001", "8080", b"x" * 255)
    short, long = await esme.receipts(2)
    assert (short.source_addr, short.destination_addr, short.short_message) == ("237670000001", "8080", b"\x04\x1f")
    assert (short.data_coding, short.esm_class) == (8, 0x40)
    assert (long.short_message, long.tlvs) == (b"", {c.TAG_MESSAGE_PAYLOAD: b"x" * 255})
    await world.bound(system_id="other")
    with pytest.raises(LookupError):
        smsc.send_mo("237670000001", "8080", b"STOP")
    with pytest.raises(LookupError):
        smsc.send_mo("237670000001", "8080", b"STOP", system_id="nobody")
    smsc.send_mo("237670000001", "8080", b"START", system_id="acme")
    assert (await esme.receipts(3))[2].short_message == b"START"


# --- a peer that does not read -------------------------------------------------------------------------------


async def test_a_peer_that_does_not_read_gets_everything_later(world) -> None:
    smsc = await world.smsc(keep=False, window=1000)
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=1024)
    try:
        writer.write(encode(Bind(c.BIND_TRANSCEIVER, "acme"), 1))
        await until(lambda: smsc.counts.binds)
        for _ in range(400):
            smsc.send_mo("237670000001", "8080", bytes(60_000))
        assert smsc.counts.deliveries < 400
        for sequence in range(10):
            writer.write(encode(ShortMessage(c.SUBMIT_SM, destination_addr="237670000001"), sequence))
        decoder, responses, deliveries = Decoder(), 0, 0
        async with asyncio.timeout(DEADLINE):
            while (responses, deliveries) != (10, 400):
                for sequence, pdu in decoder.feed(await reader.read(1 << 16)):
                    responses += isinstance(pdu, MessageResp)
                    if isinstance(pdu, ShortMessage):
                        deliveries += 1
                        writer.write(encode(MessageResp(c.DELIVER_SM_RESP), sequence))
    finally:
        writer.close()
        await writer.wait_closed()
