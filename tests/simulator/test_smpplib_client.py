"""smpplib's blocking client against the simulator: an independent reading of the protocol."""

import asyncio
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from adapters.smpp import constants as c

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from smpplib import exceptions, gsm, smpp
    from smpplib.client import Client

DEADLINE = 5
LOGIN = {"system_id": "acme", "password": "secret"}
MODES = ["transceiver", "transmitter", "receiver"]


class Esme:
    """A client that writes down what comes; `talk` of a test runs it in a thread."""

    def __init__(self, port: int) -> None:
        self.responses: list = []
        self.deliveries: list = []
        self.errors: list = []
        self.client = Client("127.0.0.1", port, timeout=DEADLINE, allow_unknown_opt_params=True)
        self.client.set_message_sent_handler(lambda pdu: self.responses.append(pdu))
        self.client.set_message_received_handler(lambda pdu: self.deliveries.append(pdu))
        self.client.set_error_pdu_handler(lambda pdu: self.errors.append(pdu))

    def bind(self, mode: str = "transceiver", **changes: str):
        return getattr(self.client, f"bind_{mode}")(**(LOGIN | changes))

    def submit(self, number: str = "237670000001", content: bytes = b"Hello", **fields) -> None:
        addresses = {"source_addr_ton": 5, "source_addr": "ACME", "dest_addr_ton": 1, "dest_addr_npi": 1}
        self.client.send_message(**addresses, destination_addr=number, short_message=content, **fields)

    def read_until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self.client.read_once(auto_send_enquire_link=False)


@contextmanager
def connected(port: int) -> Iterator[Esme]:
    esme = Esme(port)
    esme.client.connect()
    try:
        yield esme
    finally:
        esme.client.disconnect()


async def test_binds_submits_and_gets_receipts(world) -> None:
    smsc = await world.smsc(**LOGIN)

    def talk() -> Esme:
        with connected(world.port) as esme:
            esme.bind()
            for number in ("237670000001", "237670000901", "237670000938"):
                esme.submit(number, registered_delivery=1)
            esme.read_until(lambda: len(esme.deliveries) == len(esme.responses) == 3)
            esme.client.unbind()
        return esme

    esme = await asyncio.to_thread(talk)
    receipts = esme.deliveries
    assert [pdu.message_id for pdu in esme.responses] == [b"0305419896", b"0305419897", b"0305419898"]
    assert [pdu.esm_class for pdu in receipts] == [c.ESM_TYPE_RECEIPT] * 3
    assert [pdu.source_addr for pdu in receipts] == [b"237670000001", b"237670000901", b"237670000938"]
    assert b"stat:DELIVRD" in receipts[0].short_message
    assert b"stat:UNDELIV err:001" in receipts[1].short_message
    assert receipts[2].receipted_message_id == b"0305419898"
    assert receipts[2].message_state == c.STATE_DELIVERED
    assert smsc.counts.delivered == 3
    assert smsc.counts.bad == 0


@pytest.mark.parametrize("mode", MODES)
async def test_every_mode_binds_asks_and_unbinds(world, mode) -> None:
    smsc = await world.smsc(**LOGIN)

    def talk() -> tuple:
        with connected(world.port) as esme:
            bound = esme.bind(mode)
            asked = smpp.make_pdu("enquire_link", client=esme.client)
            esme.client.send_pdu(asked)
            answer = esme.client.read_pdu()
            return bound, asked, answer, esme.client.unbind()

    bound, asked, answer, unbound = await asyncio.to_thread(talk)
    assert (bound.command, bound.system_id) == (f"bind_{mode}_resp", b"simulator")
    assert bound.sc_interface_version == 0x34
    assert (answer.command, answer.sequence) == ("enquire_link_resp", asked.sequence)
    assert (unbound.command, unbound.status) == ("unbind_resp", 0)
    assert (smsc.counts.binds, smsc.counts.enquire_links, smsc.counts.bad) == (1, 1, 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("changes", "status"),
    [({"password": "wrong"}, c.ESME_RINVPASWD), ({"system_id": "nobody"}, c.ESME_RINVSYSID)],
)
async def test_who_may_not_bind(world, mode, changes, status) -> None:
    await world.smsc(**LOGIN)

    def talk() -> None:
        with connected(world.port) as esme:
            esme.bind(mode, **changes)

    with pytest.raises(exceptions.PDUError) as refused:
        await asyncio.to_thread(talk)
    assert refused.value.args[1] == status


async def test_receipts_come_on_the_receiver_of_a_pair(world) -> None:
    await world.smsc(**LOGIN)

    def talk() -> tuple[Esme, Esme]:
        with connected(world.port) as sender, connected(world.port) as receiver:
            sender.bind("transmitter")
            receiver.bind("receiver")
            sender.submit(registered_delivery=1)
            sender.read_until(lambda: sender.responses)
            receiver.read_until(lambda: receiver.deliveries)
            sender.client.unbind()
            receiver.client.unbind()
        return sender, receiver

    sender, receiver = await asyncio.to_thread(talk)
    assert sender.deliveries == []
    assert receiver.deliveries[0].receipted_message_id == sender.responses[0].message_id


@pytest.mark.parametrize("text", ["Hello " * 60, "Привет " * 30])
async def test_long_messages_in_parts(world, text) -> None:
    smsc = await world.smsc(**LOGIN)
    parts, coding, esm_class = gsm.make_parts(text)

    def talk() -> Esme:
        with connected(world.port) as esme:
            esme.bind()
            for part in parts:
                esme.submit(content=part, data_coding=coding, esm_class=esm_class, registered_delivery=1)
            esme.read_until(lambda: len(esme.deliveries) == len(esme.responses) == len(parts))
            esme.client.unbind()
        return esme

    esme = await asyncio.to_thread(talk)
    assert len(parts) > 1
    assert [given.pdu.short_message for given in smsc.submitted] == parts
    assert {(given.pdu.esm_class, given.pdu.data_coding) for given in smsc.submitted} == {(0x40, coding)}
    assert {pdu.receipted_message_id for pdu in esme.deliveries} == {pdu.message_id for pdu in esme.responses}


async def test_long_messages_by_tlvs(world) -> None:
    smsc = await world.smsc(**LOGIN)

    def talk() -> None:
        with connected(world.port) as esme:
            esme.bind()
            esme.submit(content=b"", message_payload=b"long " * 300)
            esme.submit(content=b"one", sar_msg_ref_num=0x1234, sar_total_segments=2, sar_segment_seqnum=1)
            esme.read_until(lambda: len(esme.responses) == 2)
            esme.client.unbind()

    await asyncio.to_thread(talk)
    payload, sar = [given.pdu for given in smsc.submitted]
    assert (payload.short_message, payload.tlvs) == (b"", {c.TAG_MESSAGE_PAYLOAD: b"long " * 300})
    assert (sar.short_message, list(sar.tlvs.values())) == (b"one", [b"\x12\x34", b"\2", b"\1"])


@pytest.mark.parametrize(("ending", "status"), [("911", 0x0B), ("913", 0x58), ("917", 0x08), ("919", 0x4A1)])
async def test_refusals_and_messages_from_handsets(world, ending, status) -> None:
    smsc = await world.smsc(**LOGIN)
    loop = asyncio.get_running_loop()

    def talk() -> Esme:
        with connected(world.port) as esme:
            esme.bind()
            esme.submit("237670000" + ending)
            esme.read_until(lambda: esme.errors)
            loop.call_soon_threadsafe(smsc.send_mo, "237670000000", "8080", "Привет".encode("utf-16-be"), 8)
            esme.read_until(lambda: esme.deliveries)
            esme.client.unbind()
        return esme

    esme = await asyncio.to_thread(talk)
    assert (esme.errors[0].command, esme.errors[0].status) == ("submit_sm_resp", status)
    (message,) = esme.deliveries
    assert (message.data_coding, message.short_message.decode("utf-16-be")) == (8, "Привет")
    assert (message.source_addr, message.destination_addr) == (b"237670000000", b"8080")
    assert smsc.counts.delivered == 1
