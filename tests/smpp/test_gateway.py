"""The pool of binds over real sockets, against an SMSC that does what each test says."""

import asyncio
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from adapters.smpp import constants as c
from adapters.smpp import gateway as gateway_module
from adapters.smpp.codec import LocalProtocolError
from adapters.smpp.gateway import SmppGateway
from adapters.smpp.pdu import BadBody, MessageResp, ShortMessage, Simple
from router.operator import Addressing, AddressKind, Reconnect, SmppLink
from router.outcome import Fault, OutcomeKind
from router.receipt import ReceiptState
from tests.smpp.conftest import Open
from tests.smpp.peer import Log, Peer, Sink, WallClock, data_receipt_pdu, receipt_pdu
from tests.smpp.values import operator, submission
from tests.turns import until


def up(gateway: SmppGateway, room: int | None = None):
    return lambda: gateway.link().up and (room is None or gateway.room() == room)


def send(gateway: SmppGateway, count: int = 1, **fields):
    """Submit as many as there is room for, at most `count`."""
    sent = []
    for _ in range(count):
        slot = gateway.reserve()
        if slot is None:
            break
        one = submission(slot=slot, **fields)
        assert gateway.submit(one)
        sent.append(one)
    return sent


# --- binding -------------------------------------------------------------------------------------------------


async def test_binds_and_says_so(open_gateway: Open, peer: Peer, sink: Sink, log: Log) -> None:
    gateway = await open_gateway(link={"binds": 3, "window": 7, "system_type": "SMPP", "address_range": "^237"})
    assert not gateway.link().up
    assert not gateway.link().settled
    assert gateway.reserve() is None
    assert gateway.room() == 0
    await until(up(gateway, 21))
    assert gateway.link().settled
    assert [view.state for view in gateway.views()] == ["bound_trx"] * 3
    assert [view.id for view in gateway.views()] == ["1", "2", "3"]
    assert abs(gateway.views()[0].since - time.time() * 1000) < 5000
    bind = peer.last.bind
    assert bind is not None
    assert (bind.command_id, bind.system_id, bind.password) == (c.BIND_TRANSCEIVER, "acme", "secret")
    assert (bind.system_type, bind.address_range, bind.interface_version) == ("SMPP", "^237", 0x34)
    assert sink.changes >= 3
    assert "secret" not in str(log.lines)


async def test_a_pair_of_binds(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway(link={"mode": "transmitter+receiver", "window": 5})
    await until(lambda: gateway.link().settled)
    assert gateway.link().up
    assert gateway.room() == 5
    assert [(view.id, view.state, view.window) for view in gateway.views()] == [
        ("1-tx", "bound_tx", 5),
        ("1-rx", "bound_rx", 0),
    ]
    receiver = next(one for one in peer.sessions if one.bind and one.bind.command_id == c.BIND_RECEIVER)
    transmitter = next(one for one in peer.sessions if one.bind and one.bind.command_id == c.BIND_TRANSMITTER)
    receiver.send(receipt_pdu("a"), 1)
    transmitter.send(receipt_pdu("b"), 1)
    send(gateway)
    await until(lambda: len(sink.receipts) == 2 and sink.results)
    assert len(transmitter.submits()) == 1
    assert receiver.submits() == []


async def test_nobody_there(open_gateway: Open, sink: Sink, log: Log) -> None:
    async with Peer() as gone:
        pass
    gateway = await open_gateway(gone.port)
    await until(lambda: gateway.link().settled)
    assert not gateway.link().up
    assert sink.changes >= 1
    await until(lambda: sink.changes >= 4)
    view = gateway.views()[0]
    assert view.state in ("waiting", "connecting")
    assert view.last_error is not None
    assert "cannot connect" in view.last_error
    assert log.warnings() == ["bind_failed"]


async def test_refused_credentials_are_not_tried_again_soon(
    open_gateway: Open, peer: Peer, sink: Sink, log: Log
) -> None:
    peer.bind_status = c.ESME_RINVPASWD
    gateway = await open_gateway()
    await until(lambda: gateway.link().settled)
    await until(lambda: log.warnings())
    assert log.warnings() == ["credentials_refused"]
    _, _, fields = log.lines[-1]
    assert fields["next_try_in"] >= 60
    await until(lambda: gateway.views()[0].state == "refused")
    assert gateway.views()[0].last_error == "bind refused with 0x0000000E"
    assert len(peer.sessions) == 1
    assert not gateway.link().up


async def test_other_refusals_are_tried_again(open_gateway: Open, peer: Peer, log: Log) -> None:
    peer.bind_status = c.ESME_RBINDFAIL
    gateway = await open_gateway()
    await until(lambda: len(peer.sessions) >= 3)
    assert log.warnings() == ["bind_failed"]
    peer.bind_status = 0
    await until(up(gateway))
    assert gateway.views()[0].last_error is None


async def test_a_slammed_door_counts_as_failure(open_gateway: Open, peer: Peer, log: Log) -> None:
    peer.slams_door = True
    gateway = await open_gateway()
    await until(lambda: len(peer.sessions) >= 3)
    assert gateway.link().settled
    assert not gateway.link().up
    assert log.warnings() == ["bind_failed"]


async def test_a_bind_that_is_never_answered(open_gateway: Open, peer: Peer) -> None:
    peer.answers_bind = False
    gateway = await open_gateway(handshake=0.1)
    await until(lambda: gateway.link().settled)
    assert not gateway.link().up
    await until(lambda: len(peer.sessions) >= 2)
    peer.answers_bind = True
    await until(up(gateway))


def test_credentials_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(LocalProtocolError):
        SmppGateway(operator(link_changes={"password": "much too long"}), Sink(), WallClock(), Log())


def test_an_operator_without_smpp_link() -> None:
    with pytest.raises(TypeError):
        SmppGateway(operator(link=None, protocol="http"), Sink(), WallClock(), Log())


# --- submitting ----------------------------------------------------------------------------------------------


async def test_a_submission_is_answered(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    (one,) = send(gateway, payload=b"hello")
    assert abs(one.written_at - time.monotonic()) < 5
    await until(lambda: sink.results)
    ((settled, outcome),) = sink.results
    assert settled is one
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.status == 0
    assert outcome.smsc_message_id
    ((_, pdu),) = peer.last.submits()
    assert (pdu.command_id, pdu.short_message, pdu.destination_addr) == (c.SUBMIT_SM, b"hello", "237670000000")


async def test_the_window_holds_until_release(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    sink.holds_slots = True
    gateway = await open_gateway(link={"binds": 2, "window": 3})
    await until(up(gateway, 6))
    sent = send(gateway, 100)
    assert len(sent) == 6
    assert gateway.room() == 0
    assert gateway.reserve() is None
    assert [view.in_use for view in gateway.views()] == [3, 3]
    await until(lambda: len(sink.results) == 6)
    assert gateway.room() == 0
    gateway.release(sent[0].slot)
    assert gateway.room() == 1
    assert len(send(gateway, 100)) == 1


async def test_slots_come_from_the_least_filled_bind(open_gateway: Open) -> None:
    gateway = await open_gateway(link={"binds": 3, "window": 10})
    await until(up(gateway, 30))
    for _ in range(9):
        assert gateway.reserve() is not None
    assert [view.in_use for view in gateway.views()] == [3, 3, 3]


async def test_all_of_one_turn_go_in_one_write(open_gateway: Open, peer: Peer, sink: Sink, monkeypatch) -> None:
    gateway = await open_gateway(link={"window": 50})
    await until(up(gateway))
    connection = gateway._binds[0].connection
    assert connection is not None
    writes = []
    write = connection._transport.write
    monkeypatch.setattr(connection, "_transport", Spy(connection._transport, writes))
    send(gateway, 50)
    await until(lambda: len(sink.results) == 50)
    assert len(writes) == 1
    peer.last.send(*(one for number in range(20) for one in (receipt_pdu(f"id{number}"), number)))
    await until(lambda: len(peer.last.got(c.DELIVER_SM_RESP)) == 20)
    assert len(writes) <= 3
    assert callable(write)


class Spy:
    def __init__(self, transport, writes) -> None:
        self._transport, self._writes = transport, writes

    def write(self, data) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


ANSWERS = [
    (c.ESME_RTHROTTLED, OutcomeKind.THROTTLED, Fault.RATE),
    (c.ESME_RSYSERR, OutcomeKind.FAILED, Fault.OPERATOR),
    (c.ESME_RINVSRCADR, OutcomeKind.REJECTED, Fault.OPERATOR),
    (c.ESME_RINVDSTADR, OutcomeKind.REJECTED, Fault.MESSAGE),
    (0x4A1, OutcomeKind.REJECTED, Fault.UNCLEAR),
]


@pytest.mark.parametrize(("status", "kind", "fault"), ANSWERS)
async def test_errors_become_outcomes(
    open_gateway: Open, peer: Peer, sink: Sink, status: int, kind: OutcomeKind, fault: Fault
) -> None:
    peer.answers_submit = False
    gateway = await open_gateway()
    await until(up(gateway))
    send(gateway)
    await until(lambda: peer.last.submits())
    peer.last.send(MessageResp(c.SUBMIT_SM_RESP, status), peer.last.submits()[0][0])
    await until(lambda: sink.results)
    ((_, outcome),) = sink.results
    assert (outcome.kind, outcome.status, outcome.fault) == (kind, status, fault)
    assert gateway.link().up


async def test_overridden_errors(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    gateway = await open_gateway(errors={c.ESME_RINVDSTADR: "retry"})
    await until(up(gateway))
    send(gateway)
    await until(lambda: peer.last.submits())
    peer.last.send(MessageResp(c.SUBMIT_SM_RESP, c.ESME_RINVDSTADR), peer.last.submits()[0][0])
    await until(lambda: sink.results)
    assert sink.kinds() == ["failed"]


async def test_accepted_without_an_id(open_gateway: Open, peer: Peer, sink: Sink, log: Log) -> None:
    peer.answers_submit = False
    gateway = await open_gateway()
    await until(up(gateway))
    send(gateway, 3)
    await until(lambda: len(peer.last.submits()) == 3)
    for sequence, _ in peer.last.submits():
        peer.last.send(MessageResp(c.SUBMIT_SM_RESP), sequence)
    await until(lambda: len(sink.results) == 3)
    assert {(outcome.kind, outcome.smsc_message_id) for _, outcome in sink.results} == {(OutcomeKind.ACCEPTED, None)}
    assert log.warnings() == ["accepted_without_id"]


async def test_what_cannot_be_written_is_rejected(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    for sender in ("x" * 21, "prix €", "nul\0"):
        slot = gateway.reserve()
        assert gateway.submit(submission(slot=slot, sender=sender))
    assert sink.results == []
    await until(lambda: len(sink.results) == 3)
    assert sink.kinds() == ["rejected"] * 3
    assert not any(outcome.fault is Fault.MESSAGE for _, outcome in sink.results)
    send(gateway)
    await until(lambda: len(sink.results) == 4)
    assert len(peer.last.submits()) == 1


async def test_no_answer_then_a_late_one(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    gateway = await open_gateway(link={"response_timeout": 0.1})
    await until(up(gateway))
    (one,) = send(gateway)
    await until(lambda: sink.results)
    assert sink.kinds() == ["unknown"]
    assert gateway.link().up
    assert gateway.room() == 10
    sequence, _ = peer.last.submits()[0]
    peer.last.send(MessageResp(c.SUBMIT_SM_RESP, 0, "late"), sequence, MessageResp(c.SUBMIT_SM_RESP, 0, "x"), sequence)
    await until(lambda: sink.late)
    ((late, outcome),) = sink.late
    assert late is one
    assert (outcome.kind, outcome.smsc_message_id) == (OutcomeKind.ACCEPTED, "late")
    assert len(sink.results) == 1


async def test_new_rules_for_the_same_link(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    gateway.reconfigure(replace(gateway.operator, addressing=Addressing(destination=AddressKind(0, 0, plus=True))))
    send(gateway)
    await until(lambda: sink.results)
    assert peer.last.submits()[0][1].destination_addr == "+237670000000"
    assert len(peer.sessions) == 1


async def test_another_window_for_the_same_binds(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    sink.holds_slots = True
    gateway = await open_gateway(link={"window": 3})
    await until(up(gateway))
    slots = [gateway.reserve() for _ in range(3)]
    link = gateway.operator.link
    assert isinstance(link, SmppLink)
    gateway.reconfigure(replace(gateway.operator, link=replace(link, window=5)))
    assert gateway.room() == 2
    gateway.reconfigure(replace(gateway.operator, link=replace(link, window=2)))
    assert gateway.room() == 0
    assert gateway.reserve() is None
    for slot in slots:
        assert slot is not None
        gateway.release(slot)
    assert gateway.room() == 2
    assert len(peer.sessions) == 1


async def test_the_rates_of_a_bind(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway(link={"enquire_link": 0.1})
    await until(up(gateway))
    send(gateway, 10)
    peer.last.send(receipt_pdu("x"), 900, receipt_pdu("y"), 901)
    await until(lambda: gateway.views()[0].submits_per_second > 0 and gateway.views()[0].deliveries_per_second > 0)
    assert gateway.views()[0].submits_per_second > gateway.views()[0].deliveries_per_second


# --- losing and coming back ----------------------------------------------------------------------------------


async def test_a_cut_link_settles_what_was_out_and_comes_back(
    open_gateway: Open, peer: Peer, sink: Sink, log: Log
) -> None:
    peer.answers_submit = False
    sink.holds_slots = True
    gateway = await open_gateway(link={"window": 3})
    await until(up(gateway))
    sent = send(gateway, 2)
    spare = gateway.reserve()
    await until(lambda: len(peer.last.submits()) == 2)
    was = peer.last
    peer.answers_bind = False
    was.cut()
    await until(lambda: not gateway.link().up)
    assert [one for one, _ in sink.results] == sent
    assert sink.kinds() == ["unknown", "unknown"]
    assert not gateway.submit(submission(slot=spare))
    assert gateway.room() == 0
    peer.answers_bind = True
    await until(lambda: peer.last is not was and peer.last.bind)
    peer.last.send(*bind_ok(peer))
    await until(up(gateway))
    # The slots are still held: they are free when the engine has stored what became of them.
    assert gateway.room() == 0
    for one in sent:
        gateway.release(one.slot)
    gateway.release(spare)
    assert gateway.room() == 3
    assert "bind_lost" in log.warnings()


def bind_ok(peer: Peer):
    from adapters.smpp.pdu import BindResp

    return BindResp(c.BIND_TRANSCEIVER_RESP), peer.last.received[0][0]


async def test_settled_follows_a_loss(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    seen: list[tuple[bool, bool]] = []
    gateway = await open_gateway()
    changed = sink.link_changed
    sink.link_changed = lambda operator: (seen.append((gateway.link().up, gateway.link().settled)), changed(operator))
    await until(up(gateway))
    peer.slams_door = True
    peer.last.cut()
    await until(lambda: not gateway.link().up and gateway.link().settled)
    peer.slams_door = False
    await until(up(gateway))
    assert gateway.link().settled
    assert [new for old, new in pairwise([(False, False), *seen]) if old != new] == [
        (True, True),
        (False, False),
        (False, True),
        (True, True),
    ]


@pytest.mark.parametrize("lost", [False, True])
async def test_a_bind_that_is_not_answered_is_not_waited_for(
    lost: bool, open_gateway: Open, peer: Peer, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may have the traffic long before the handshake is over; when it comes up after all it counts."""
    monkeypatch.setattr(gateway_module, "_GRACE" if lost else "_FIRST_GRACE", 0.1)
    peer.answers_bind = lost
    gateway = await open_gateway(handshake=60.0, link={"reconnect": Reconnect(0.01, 0.01)})
    if lost:
        await until(up(gateway))
        peer.answers_bind = False
        peer.last.cut()
        await until(lambda: not gateway.link().up)
    told: list[tuple[bool, bool]] = []
    changed = sink.link_changed
    sink.link_changed = lambda operator: (told.append((gateway.link().up, gateway.link().settled)), changed(operator))
    await until(lambda: gateway.link().settled)
    assert told in ([], [(False, True)])
    assert gateway.views()[0].state == "connecting"
    await until(lambda: peer.last.received)
    peer.last.send(*bind_ok(peer))
    await until(up(gateway))
    send(gateway)
    await until(lambda: sink.kinds() == ["accepted"])


async def test_one_of_two_binds_is_enough(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway(link={"binds": 2, "window": 2})
    await until(up(gateway, 4))
    peer.slams_door = True
    peer.sessions[0].cut()
    await until(lambda: gateway.room() == 2)
    assert gateway.link() == type(gateway.link())(up=True, settled=True)
    send(gateway, 10)
    await until(lambda: sink.kinds() == ["accepted", "accepted"])


async def test_the_peer_unbinds(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    gateway = await open_gateway()
    await until(up(gateway))
    send(gateway)
    await until(lambda: peer.last.submits())
    was = peer.last
    was.send(Simple(c.UNBIND), 1)
    await until(lambda: was.got(c.UNBIND_RESP) and not was.open)
    assert sink.kinds() == ["unknown"]
    await until(lambda: peer.last is not was and gateway.link().up)


async def test_a_status_that_says_we_are_not_bound(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    gateway = await open_gateway()
    await until(up(gateway))
    send(gateway, 2)
    await until(lambda: len(peer.last.submits()) == 2)
    was = peer.last
    was.send(MessageResp(c.SUBMIT_SM_RESP, c.ESME_RINVBNDSTS), was.submits()[0][0])
    await until(lambda: len(sink.results) == 2)
    assert sink.kinds() == ["failed", "unknown"]
    await until(lambda: peer.last is not was and gateway.link().up)


@pytest.mark.deep
async def test_a_silent_peer_is_dead(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway(link={"enquire_link": 0.08})
    await until(up(gateway))
    await until(lambda: len(peer.last.got(c.ENQUIRE_LINK)) >= 2)
    was = peer.last
    assert gateway.link().up
    peer.answers_enquire_link = False
    await until(lambda: not was.open)
    peer.answers_enquire_link = True
    await until(lambda: peer.last is not was and gateway.link().up)


async def test_rubbish_from_the_peer(open_gateway: Open, peer: Peer) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    was = peer.last
    was.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await until(lambda: not was.open)
    assert was.got(c.GENERIC_NACK) == [(0, Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN))]
    await until(lambda: peer.last is not was and gateway.link().up)
    assert not any(isinstance(pdu, BadBody) for _, pdu in was.received)


# --- receipts and messages -----------------------------------------------------------------------------------


async def test_receipts_are_acknowledged_once_stored(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    sink.acknowledges = None
    gateway = await open_gateway()
    await until(up(gateway))
    peer.last.send(receipt_pdu("a"), 5, data_receipt_pdu("b"), 6, receipt_pdu("c"), 7)
    await until(lambda: len(sink.receipts) == 3)
    assert [receipt.smsc_message_ids for receipt, _ in sink.receipts] == [("a",), ("b",), ("c",)]
    assert {receipt.state for receipt, _ in sink.receipts} == {ReceiptState.DELIVERED}
    assert {(receipt.operator, receipt.to) for receipt, _ in sink.receipts} == {("mtn", "237670000000")}
    assert peer.last.got(MessageResp) == []
    for (_, token), stored in zip(sink.receipts, (True, True, False), strict=True):
        gateway.acknowledge((token,), stored)
    await until(lambda: len(peer.last.got(MessageResp)) == 3)
    assert peer.last.got(MessageResp) == [
        (5, MessageResp(c.DELIVER_SM_RESP)),
        (6, MessageResp(c.DATA_SM_RESP)),
        (7, MessageResp(c.DELIVER_SM_RESP, c.ESME_RSYSERR)),
    ]


async def test_an_acknowledgement_for_a_bind_that_is_gone(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    sink.acknowledges = None
    gateway = await open_gateway()
    await until(up(gateway))
    was = peer.last
    was.send(receipt_pdu("a"), 5)
    await until(lambda: sink.receipts)
    was.cut()
    await until(lambda: peer.last is not was and gateway.link().up)
    gateway.acknowledge((sink.receipts[0][1],), True)
    peer.last.send(receipt_pdu("a"), 9)
    await until(lambda: len(sink.receipts) == 2)
    gateway.acknowledge((sink.receipts[1][1],), True)
    await until(lambda: peer.last.got(MessageResp))
    assert peer.last.got(MessageResp) == [(9, MessageResp(c.DELIVER_SM_RESP))]


async def test_messages_from_handsets(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    mo = ShortMessage(
        c.DELIVER_SM, source_addr="237670000000", destination_addr="8080", data_coding=8, short_message=b"\x06\x27"
    )
    peer.last.send(mo, 3)
    await until(lambda: sink.inbounds)
    message, _ = sink.inbounds[0]
    assert (message.operator, message.sender, message.to) == ("mtn", "+237670000000", "8080")
    assert (message.content, message.alphabet) == (b"\x06\x27", "ucs2")
    await until(lambda: peer.last.got(MessageResp))


async def test_receipt_in_the_same_read_as_the_answer(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    order = []
    sink.settled = lambda results: order.extend(["settled"] * len(results))
    sink.received = lambda operator, receipts: order.extend(["received"] * len(receipts))
    gateway = await open_gateway()
    await until(up(gateway))
    send(gateway)
    await until(lambda: peer.last.submits())
    sequence = peer.last.submits()[0][0]
    peer.last.send(receipt_pdu("a"), 1, MessageResp(c.SUBMIT_SM_RESP, 0, "a"), sequence, receipt_pdu("a"), 2)
    await until(lambda: len(order) == 3)
    assert order == ["received", "settled", "received"]


async def test_a_flood_of_deliveries_is_not_read_without_end(
    open_gateway: Open, peer: Peer, sink: Sink, monkeypatch
) -> None:
    monkeypatch.setattr("adapters.smpp.connection._OWED", 100)
    sink.acknowledges = None
    gateway = await open_gateway()
    await until(up(gateway))
    peer.last.send(*(one for number in range(6_000) for one in (receipt_pdu(f"id{number}"), number)))
    await until(lambda: sink.receipts and not gateway._binds[0].connection._transport.is_reading())
    assert len(sink.receipts) < 6_000
    done = 0
    while done < 6_000:
        await until(lambda done=done: len(sink.receipts) > done)
        for _, token in sink.receipts[done:]:
            gateway.acknowledge((token,), True)
            done += 1
    await until(lambda: len(peer.last.got(MessageResp)) == 6_000)


# --- stopping ------------------------------------------------------------------------------------------------


async def test_stop_waits_for_answers_and_unbinds(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    gateway = await open_gateway(link={"binds": 2})
    await until(up(gateway, 20))
    send(gateway, 2)
    spare = gateway.reserve()
    await until(lambda: all(len(one.submits()) == 1 for one in peer.sessions))
    stop = asyncio.create_task(gateway.stop(5))
    await until(lambda: not gateway.room())
    assert gateway.reserve() is None
    assert not gateway.submit(submission(slot=spare))
    # Receipts still count while we drain.
    peer.last.send(receipt_pdu("r"), 1)
    await until(lambda: peer.last.got(c.DELIVER_SM_RESP))
    assert not stop.done()
    assert all(not one.got(c.UNBIND) for one in peer.sessions)
    for one in peer.sessions:
        one.send(MessageResp(c.SUBMIT_SM_RESP, 0, "id"), one.submits()[0][0])
    await stop
    assert sink.kinds() == ["accepted", "accepted"]
    assert [view.state for view in gateway.views()] == ["closed", "closed"]
    await until(lambda: not any(one.open for one in peer.sessions))
    assert all(one.got(c.UNBIND) for one in peer.sessions)


async def test_stop_gives_up_on_answers(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    peer.answers_submit = False
    gateway = await open_gateway()
    await until(up(gateway))
    sent = send(gateway, 3)
    await gateway.stop(0.05)
    assert [one for one, _ in sink.results] == sent
    assert sink.kinds() == ["unknown"] * 3


async def test_stop_while_the_peer_answers_nothing(open_gateway: Open, peer: Peer, monkeypatch) -> None:
    monkeypatch.setattr("adapters.smpp.gateway._FAREWELL", 0.05)
    peer.answers_unbind = False
    gateway = await open_gateway()
    await until(up(gateway))
    await gateway.stop(1)
    await until(lambda: not peer.last.open)


@pytest.mark.parametrize("moment", ["before connecting", "binding", "waiting"])
async def test_stop_without_a_bind(open_gateway: Open, peer: Peer, log: Log, moment: str) -> None:
    if moment == "waiting":
        peer.bind_status = c.ESME_RINVSYSID
    peer.answers_bind = moment != "binding"
    gateway = await open_gateway()
    match moment:
        case "binding":
            await until(lambda: peer.sessions and peer.last.bind)
        case "waiting":
            await until(lambda: log.warnings())
    await gateway.stop(1)
    assert gateway.views()[0].state == "closed"
    assert not gateway.link().up
    await until(lambda: not any(one.open for one in peer.sessions))


async def test_a_release_after_stop(open_gateway: Open) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    slot = gateway.reserve()
    await gateway.stop(1)
    gateway.release(slot)
    assert gateway.views()[0].in_use == 0
