"""An ESME on node's smpp package at our simulated SMSC: what each understood of the other."""

from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.simulator.smsc import Smsc, SmscOptions
from adapters.smpp import constants as c
from tests.smpp.nodejs import NodePeer
from tests.turns import until

pytestmark = pytest.mark.process

Running = tuple[Smsc, int]
LOGIN = {"system_id": "acme", "password": "secret"}
ADDRESSES = {"source_addr_ton": 5, "source_addr": "ACME", "dest_addr_ton": 1, "dest_addr_npi": 1}


@pytest.fixture
async def smsc() -> AsyncIterator[Running]:
    one = Smsc(SmscOptions(system_id="acme", password="secret", receipt_delay=0.01, first_id=305_419_896))
    yield one, await one.start()
    await one.stop()


@pytest.fixture
def esme(node: str, smsc: Running) -> Iterator[NodePeer]:
    one = NodePeer(node, "connect", str(smsc[1]))
    yield one
    one.stop()


async def bound(esme: NodePeer, command: str = "bind_transceiver", status: int = 0, **changes: str) -> dict:
    await until(esme.sessions)
    esme.send(command, **(LOGIN | changes))
    await until(lambda: esme.got(f"{command}_resp"))
    (answer,) = esme.got(f"{command}_resp")
    assert answer["command_status"] == status
    return answer


@pytest.mark.parametrize(
    ("command", "submits", "receives"),
    [("bind_transceiver", True, True), ("bind_transmitter", True, False), ("bind_receiver", False, True)],
)
async def test_binds_submits_and_unbinds(
    smsc: Running, esme: NodePeer, command: str, submits: bool, receives: bool
) -> None:
    one, _ = smsc
    answer = await bound(esme, command)
    assert (answer["system_id"], answer["sc_interface_version"]) == ("simulator", 0x34)
    esme.send("submit_sm", **ADDRESSES, destination_addr="237670000001", short_message="Hello", registered_delivery=1)
    await until(lambda: esme.got("submit_sm_resp"))
    (taken,) = esme.got("submit_sm_resp")
    assert taken["command_status"] == (0 if submits else c.ESME_RINVBNDSTS)
    assert taken.get("message_id", "") == ("0305419896" if submits else "")
    if submits and receives:
        await until(lambda: esme.got("deliver_sm"))
        (receipt,) = esme.got("deliver_sm")
        assert receipt["esm_class"] == c.ESM_TYPE_RECEIPT
        assert (receipt["receipted_message_id"], receipt["message_state"]) == ("0305419896", 2)
        assert "id:0305419896 " in receipt["short_message"]["message"]
        assert "stat:DELIVRD" in receipt["short_message"]["message"]
        await until(lambda: one.counts.delivered == 1)
    esme.send("unbind")
    await until(lambda: esme.got("unbind_resp") and esme.closed(0))
    assert esme.got("unbind_resp")[0]["command_status"] == 0
    assert (one.counts.bad, esme.errors()) == (0, [])


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"system_id": "nobody"}, c.ESME_RINVSYSID), ({"password": "wrong"}, c.ESME_RINVPASWD)],
)
async def test_who_may_not_bind(esme: NodePeer, changes: dict[str, str], status: int) -> None:
    await bound(esme, status=status, **changes)


async def test_texts(smsc: Running, esme: NodePeer) -> None:
    one, _ = smsc
    await bound(esme)
    long = {"message_payload": "long " * 80, "data_coding": 0}
    headed = {"short_message": {"udh": {"hex": "050003770201"}, "message": "one of two"}, "data_coding": 0}
    sar = {"short_message": "two", "data_coding": 0, "sar_msg_ref_num": 0x1234}
    sar |= {"sar_total_segments": 2, "sar_segment_seqnum": 2}
    binary = {"short_message": {"hex": "00ff1b"}, "data_coding": 4}
    for fields in (
        {"short_message": "Hello @", "data_coding": 0},
        {"short_message": "Привет"},
        long,
        headed,
        sar,
        binary,
    ):
        esme.send("submit_sm", **ADDRESSES, destination_addr="237670000001", **fields)
    await until(lambda: len(esme.got("submit_sm_resp")) == 6)
    gsm, wide, payload, first, second, octets = [given.pdu for given in one.submitted]
    assert gsm.short_message == b"Hello \0"
    assert (wide.data_coding, wide.short_message.decode("utf-16-be")) == (8, "Привет")
    assert (payload.short_message, payload.tlvs) == (b"", {c.TAG_MESSAGE_PAYLOAD: b"long " * 80})
    assert (first.esm_class, first.short_message) == (0x40, b"\x05\0\x03\x77\x02\x01one of two")
    assert second.tlvs == {
        c.TAG_SAR_MSG_REF_NUM: b"\x12\x34",
        c.TAG_SAR_TOTAL_SEGMENTS: b"\2",
        c.TAG_SAR_SEGMENT_SEQNUM: b"\2",
    }
    assert (octets.data_coding, octets.short_message) == (4, b"\0\xff\x1b")
    assert one.counts.bad == 0


@pytest.mark.parametrize(("ending", "status"), [("911", 0x0B), ("913", 0x58), ("917", 8), ("919", 0x4A1)])
async def test_refusals(esme: NodePeer, ending: str, status: int) -> None:
    await bound(esme)
    esme.send("submit_sm", **ADDRESSES, destination_addr="237670000" + ending, short_message="x")
    await until(lambda: esme.got("submit_sm_resp"))
    assert esme.got("submit_sm_resp")[0]["command_status"] == status


async def test_receipts_and_messages_come_again_until_taken(smsc: Running, esme: NodePeer) -> None:
    one, _ = smsc
    one.options.resend = 0.05
    await bound(esme)
    esme.answers(deliver_sm={"command_status": c.ESME_RX_T_APPN})
    one.send_mo("237670000000", "8080", "Привет".encode("utf-16-be"), 8)
    await until(lambda: len(esme.got("deliver_sm")) >= 2)
    esme.answers(deliver_sm={})
    await until(lambda: one.counts.delivered == 1)
    assert {pdu["short_message"]["message"] for pdu in esme.got("deliver_sm")} == {"Привет"}
    assert {pdu["source_addr"] for pdu in esme.got("deliver_sm")} == {"237670000000"}


async def test_enquire_link_and_what_is_unknown(smsc: Running, esme: NodePeer) -> None:
    one, _ = smsc
    await bound(esme)
    esme.send("enquire_link", sequence_number=77)
    esme.send("broadcast_sm", sequence_number=78)
    esme.send("enquire_link", sequence_number=79)
    await until(lambda: len(esme.got("enquire_link_resp")) == 2)
    assert [pdu["sequence_number"] for pdu in esme.got("enquire_link_resp")] == [77, 79]
    assert [(pdu["sequence_number"], pdu["command_status"]) for pdu in esme.got("generic_nack")] == [(78, 3)]
    assert one.counts.enquire_links == 2
