"""Our gateway bound to an SMSC on node's smpp package: what each understood of the other."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.smpp import constants as c
from adapters.smpp.gateway import SmppGateway
from router.message import Attempt, EncodingWish, Message, Part, ReceiptWish
from router.operator import ReceiptRules, TextRules
from router.outcome import OutcomeKind
from router.ports.operators import Submission
from router.receipt import ReceiptState
from router.text.received import read_text
from router.text.segment import segment
from tests.smpp.conftest import Open
from tests.smpp.nodejs import NodePeer
from tests.smpp.peer import DELIVER_RECEIPT, Log, Sink
from tests.smpp.test_node_peer import TEXTS
from tests.smpp.values import submission
from tests.turns import until

pytestmark = pytest.mark.process

RECEIPT = DELIVER_RECEIPT.format("node-1")
HANDSET = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "237670000000", "destination_addr": "8080"}


@pytest.fixture
def smsc(node: str) -> Iterator[NodePeer]:
    one = NodePeer(node, "serve")
    yield one
    one.stop()


async def bound(open_gateway: Open, smsc: NodePeer, **fields: Any) -> SmppGateway:
    await until(lambda: smsc.port)
    gateway = await open_gateway(smsc.port, **fields)
    await until(lambda: gateway.link().up and gateway.link().settled)
    # What node tells comes by a pipe of its own.
    binds = ("bind_transceiver", "bind_transmitter", "bind_receiver")
    await until(lambda: len(smsc.got(*binds)) >= len(gateway.views()))
    return gateway


def send(gateway: SmppGateway, text: str, rules: TextRules | None = None, **fields: Any) -> int:
    """Submit a text, part by part; returns how many."""
    cut = segment(text, EncodingWish.AUTO, rules or TextRules())
    parts = [Part(number) for number in range(1, len(cut.segments) + 1)]
    fields = {"concat_reference": 0x1234} | fields
    message = Message("id", "acme", "+237670000000", 0, text=text, encoding=cut.encoding, parts=parts, **fields)
    for part, one in zip(parts, cut.segments, strict=True):
        given = Submission(message, part, Attempt("mtn", 0), one, gateway.reserve(), "ACME")
        assert gateway.submit(given)
    return len(parts)


@pytest.mark.parametrize(
    ("mode", "commands"),
    [("transceiver", ["bind_transceiver"]), ("transmitter+receiver", ["bind_receiver", "bind_transmitter"])],
)
async def test_binds_and_unbinds(open_gateway: Open, smsc: NodePeer, mode: str, commands: list[str]) -> None:
    gateway = await bound(open_gateway, smsc, link={"mode": mode, "system_type": "VMA", "address_range": "^237"})
    binds = smsc.got("bind_transceiver", "bind_transmitter", "bind_receiver")
    assert sorted(bind["command"] for bind in binds) == commands
    for bind in binds:
        assert (bind["system_id"], bind["password"], bind["system_type"]) == ("acme", "secret", "VMA")
        assert (bind["interface_version"], bind["addr_ton"], bind["addr_npi"]) == (0x34, 0, 0)
        assert bind["address_range"] == "^237"
        assert bind["sequence_number"] == 1
    await gateway.stop(5)
    await until(lambda: all(smsc.closed(number) for number in smsc.sessions()))
    await until(lambda: len(smsc.got("unbind")) == len(commands))
    assert smsc.errors() == []


async def test_a_refused_bind(open_gateway: Open, smsc: NodePeer, log: Log) -> None:
    smsc.answers(bind_transceiver={"command_status": c.ESME_RINVPASWD})
    await until(lambda: smsc.port)
    gateway = await open_gateway(smsc.port)
    await until(lambda: log.warnings())
    assert log.warnings() == ["credentials_refused"]
    assert gateway.views()[0].last_error == "bind refused with 0x0000000E"


@pytest.mark.parametrize("long", ["udh8", "udh16", "sar", "payload"])
async def test_every_text_is_read_as_written(open_gateway: Open, smsc: NodePeer, sink: Sink, long: str) -> None:
    rules = TextRules(long=long)
    gateway = await bound(open_gateway, smsc, text=rules, link={"window": 100})
    for text in TEXTS:
        before = len(smsc.got("submit_sm"))
        count = send(gateway, text, rules)
        await until(lambda before=before, count=count: len(smsc.got("submit_sm")) == before + count)
        parts = smsc.got("submit_sm")[before:]
        read = [part["message_payload"] if "message_payload" in part else part["short_message"] for part in parts]
        assert "".join(one["message"] for one in read) == text
        if count > 1 and long == "sar":
            places = [(one["sar_msg_ref_num"], one["sar_total_segments"], one["sar_segment_seqnum"]) for one in parts]
            assert places == [(0x1234, count, number) for number in range(1, count + 1)]
            assert {part["esm_class"] for part in parts} == {0}
        elif count > 1:
            reference = "08041234" if long == "udh16" else "000334"
            headers = [one["udh"] for one in read]
            assert headers == [[f"{reference}{count:02x}{number:02x}"] for number in range(1, count + 1)]
            assert {part["esm_class"] for part in parts} == {0x40}
    await until(lambda: len(sink.results) == len(smsc.got("submit_sm")))
    assert {outcome.kind for _, outcome in sink.results} == {OutcomeKind.ACCEPTED}
    ids = [outcome.smsc_message_id for _, outcome in sink.results]
    assert ids == [f"node-{number}" for number in range(1, len(ids) + 1)]
    assert smsc.errors() == []


async def test_what_else_a_submit_says(open_gateway: Open, smsc: NodePeer, sink: Sink) -> None:
    gateway = await bound(
        open_gateway,
        smsc,
        tlvs={0x1400: "entity", 0x1401: "template", c.TAG_SAR_MSG_REF_NUM: "reference"},
        receipts=ReceiptRules(request="all"),
    )
    options = {"entity": "1234567890123456789", "template": b"\0\xff", "reference": b"\x12\x34"}
    send(gateway, "flash", flash=True, options=options, receipts=ReceiptWish.ALL)
    send(gateway, "флеш", flash=True)
    send(gateway, "plain", receipts=ReceiptWish.NONE)
    await until(lambda: len(sink.results) == len(smsc.got("submit_sm")) == 3)
    flash, wide, plain = smsc.got("submit_sm")
    assert (flash["data_coding"], flash["short_message"]["message"]) == (0x10, "flash")
    assert (wide["data_coding"], wide["short_message"]["message"]) == (0x18, "флеш")
    assert (flash[str(0x1400)], flash[str(0x1401)]) == (b"1234567890123456789".hex(), "00ff")
    assert flash["sar_msg_ref_num"] == 0x1234
    assert [one["registered_delivery"] for one in (flash, wide, plain)] == [0x11, 1, 0]
    for one in (flash, wide, plain):
        assert (one["source_addr_ton"], one["source_addr_npi"], one["source_addr"]) == (5, 0, "ACME")
        assert (one["dest_addr_ton"], one["dest_addr_npi"], one["destination_addr"]) == (1, 1, "237670000000")
        assert (one["esm_class"], one["protocol_id"], one["priority_flag"]) == (0, 0, 0)
        assert (one["schedule_delivery_time"], one["validity_period"], one["service_type"]) == ("", "", "")


@pytest.mark.parametrize("how", ["command_status", "with_body", "nack"])
async def test_errors(open_gateway: Open, smsc: NodePeer, sink: Sink, how: str) -> None:
    gateway = await bound(open_gateway, smsc)
    for status in (0x58, 0x08, 0x45, 0x0B, 0x4A1, 0):
        smsc.answers(submit_sm={how: status})
        before = len(sink.results)
        send(gateway, "one")
        await until(lambda before=before: len(sink.results) > before)
        _, outcome = sink.results[-1]
        assert outcome.status == status
        assert (outcome.kind is OutcomeKind.ACCEPTED) == (status == 0)
    assert sink.results[-1][1].smsc_message_id
    assert smsc.sessions() == [0]


RECEIPTS = [
    ("deliver_sm", {"short_message": RECEIPT}, ("node-1",), ReceiptState.DELIVERED, "000"),
    ("deliver_sm", {"message_payload": RECEIPT}, ("node-1",), ReceiptState.DELIVERED, "000"),
    (
        "deliver_sm",
        {"short_message": RECEIPT, "receipted_message_id": "other", "message_state": 5},
        ("other", "node-1"),
        ReceiptState.UNDELIVERED,
        "000",
    ),
    (
        "deliver_sm",
        {"receipted_message_id": "node-1", "message_state": 2, "network_error_code": {"hex": "030000"}},
        ("node-1",),
        ReceiptState.DELIVERED,
        "0",
    ),
    (
        "data_sm",
        {"receipted_message_id": "node-1", "message_state": 3, "network_error_code": {"hex": "03001b"}},
        ("node-1",),
        ReceiptState.EXPIRED,
        "27",
    ),
    ("data_sm", {"message_payload": RECEIPT}, ("node-1",), ReceiptState.DELIVERED, "000"),
]


@pytest.mark.parametrize("mode", ["transceiver", "transmitter+receiver"])
async def test_receipts(open_gateway: Open, smsc: NodePeer, sink: Sink, mode: str) -> None:
    await bound(open_gateway, smsc, link={"mode": mode})
    receiver = smsc.got("bind_transceiver", "bind_receiver")[0]["session"]
    for number, (command, fields, ids, state, error) in enumerate(RECEIPTS, 1):
        given = {"source_addr": "237670000000", "destination_addr": "ACME", "esm_class": 4, "data_coding": 0}
        smsc.send(command, receiver, **given, **fields)
        await until(lambda number=number: len(sink.receipts) == number)
        receipt, _ = sink.receipts[-1]
        assert receipt.smsc_message_ids == ids
        assert (receipt.state, receipt.to, receipt.error) == (state, "237670000000", error)
        await until(lambda number=number: len(smsc.got("deliver_sm_resp", "data_sm_resp")) == number)
        answer = smsc.got("deliver_sm_resp", "data_sm_resp")[-1]
        assert (answer["command"], answer["command_status"]) == (f"{command}_resp", 0)
        assert (answer["sequence_number"], answer["message_id"]) == (number, "")
    sink.acknowledges = False
    smsc.send("deliver_sm", receiver, source_addr="237670000000", esm_class=4, short_message=RECEIPT)
    await until(lambda: len(smsc.got("deliver_sm_resp", "data_sm_resp")) == len(RECEIPTS) + 1)
    assert smsc.got("deliver_sm_resp")[-1]["command_status"] == c.ESME_RSYSERR


MESSAGES = [
    ("deliver_sm", [{"short_message": "Hello {€} @ é", "data_coding": 0}], "Hello {€} @ é"),
    ("deliver_sm", [{"short_message": "Привет 😀"}], "Привет 😀"),
    ("deliver_sm", [{"short_message": "olé", "data_coding": 3}], "olé"),
    ("deliver_sm", [{"message_payload": "long " * 80, "data_coding": 0}], "long " * 80),
    ("deliver_sm", [{"message_payload": "x" * 65_535, "data_coding": 0}], "x" * 65_535),
    ("data_sm", [{"message_payload": "Здравствуйте"}], "Здравствуйте"),
    (
        "deliver_sm",
        [
            {"short_message": {"udh": {"hex": f"0500037702{number:02x}"}, "message": text}}
            for number, text in ((1, "one and "), (2, "два"))
        ],
        "one and два",
    ),
]


@pytest.mark.parametrize(("command", "pdus", "text"), MESSAGES, ids=range(len(MESSAGES)))
async def test_messages_from_handsets(
    open_gateway: Open, smsc: NodePeer, sink: Sink, command: str, pdus: list[dict[str, Any]], text: str
) -> None:
    await bound(open_gateway, smsc)
    for pdu in pdus:
        smsc.send(command, **HANDSET, **pdu)
    await until(lambda: len(sink.inbounds) == len(pdus))
    messages = [message for message, _ in sink.inbounds]
    assert {(message.sender, message.to) for message in messages} == {("+237670000000", "8080")}
    assert "".join(read_text([message]) or "?" for message in messages) == text
    if len(pdus) > 1:
        assert [(one.place.reference, one.place.total, one.place.number) for one in messages] == [
            (0x77, 2, 1),
            (0x77, 2, 2),
        ]
    await until(lambda: len(smsc.got(f"{command}_resp")) == len(pdus))


async def test_enquire_link_both_ways(open_gateway: Open, smsc: NodePeer) -> None:
    gateway = await bound(open_gateway, smsc, link={"enquire_link": 0.06})
    smsc.send("enquire_link", sequence_number=0x7FFFFFFF)
    await until(lambda: smsc.got("enquire_link_resp"))
    assert smsc.got("enquire_link_resp")[0]["sequence_number"] == 0x7FFFFFFF
    await until(lambda: len(smsc.got("enquire_link")) >= 3)
    assert gateway.link().up
    assert smsc.sessions() == [0]
    smsc.answers(enquire_link=None)
    await until(lambda: smsc.closed(0))
    smsc.answers(enquire_link={})
    await until(lambda: len(smsc.sessions()) > 1 and gateway.link().up)


async def test_node_unbinds(open_gateway: Open, smsc: NodePeer) -> None:
    gateway = await bound(open_gateway, smsc)
    smsc.send("unbind")
    await until(lambda: smsc.got("unbind_resp") and smsc.closed(0))
    assert smsc.got("unbind_resp")[0]["command_status"] == 0
    await until(lambda: len(smsc.sessions()) == 2 and gateway.link().up)


async def test_what_we_do_not_know(open_gateway: Open, smsc: NodePeer, sink: Sink) -> None:
    gateway = await bound(open_gateway, smsc)
    smsc.send("broadcast_sm", sequence_number=41)
    smsc.send("submit_multi", sequence_number=42, short_message="x")
    smsc.send("bind_transceiver", sequence_number=43, system_id="me")
    smsc.send("alert_notification", sequence_number=44, source_addr="237670000000")
    smsc.send("outbind", sequence_number=45, system_id="me")
    smsc.send("deliver_sm", sequence_number=46, **HANDSET, short_message="still here")
    await until(lambda: smsc.got("deliver_sm_resp"))
    nacks = smsc.got("generic_nack")
    assert [(nack["sequence_number"], nack["command_status"]) for nack in nacks] == [
        (number, c.ESME_RINVCMDID) for number in (41, 42, 43)
    ]
    assert len(sink.inbounds) == 1
    assert gateway.link().up


async def test_answers_in_another_order(open_gateway: Open, smsc: NodePeer, sink: Sink) -> None:
    smsc.answers(submit_sm=None)
    gateway = await bound(open_gateway, smsc)
    sent = [submission(f"+23767000000{number}", slot=gateway.reserve()) for number in range(4)]
    assert all(gateway.submit(one) for one in sent)
    await until(lambda: len(smsc.got("submit_sm")) == 4)
    for pdu in reversed(smsc.got("submit_sm")):
        smsc.send("submit_sm_resp", sequence_number=pdu["sequence_number"], message_id=pdu["destination_addr"])
    await until(lambda: len(sink.results) == 4)
    assert [given for given, _ in sink.results] == sent[::-1]
    assert [outcome.smsc_message_id for _, outcome in sink.results] == [one.message.to[1:] for one in sent[::-1]]
