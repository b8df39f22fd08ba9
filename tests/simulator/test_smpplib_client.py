"""smpplib's blocking client against the simulator: an independent reading of the protocol."""

import asyncio
import warnings

from adapters.smpp import constants as c

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from smpplib.client import Client

DEADLINE = 5


def talk(port: int) -> tuple[list, list]:
    """Bind, submit three and read until their receipts are here, unbind."""
    responses: list = []
    receipts: list = []
    client = Client("127.0.0.1", port, timeout=DEADLINE, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: responses.append(pdu))
    client.set_message_received_handler(lambda pdu: receipts.append(pdu))
    client.connect()
    try:
        client.bind_transceiver(system_id="acme", password="secret")
        for number in ("237670000001", "237670000901", "237670000938"):
            client.send_message(
                source_addr_ton=5,
                source_addr="ACME",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=number,
                short_message=b"Hello",
                registered_delivery=1,
            )
        while len(receipts) < 3 or len(responses) < 3:
            client.read_once(auto_send_enquire_link=False)
        client.unbind()
    finally:
        client.disconnect()
    return responses, receipts


async def test_smpplib_binds_submits_and_gets_receipts(world) -> None:
    smsc = await world.smsc(system_id="acme", password="secret")
    responses, receipts = await asyncio.to_thread(talk, world.port)
    assert [pdu.message_id for pdu in responses] == [b"0305419896", b"0305419897", b"0305419898"]
    assert [pdu.esm_class for pdu in receipts] == [c.ESM_TYPE_RECEIPT] * 3
    assert [pdu.source_addr for pdu in receipts] == [b"237670000001", b"237670000901", b"237670000938"]
    assert b"stat:DELIVRD" in receipts[0].short_message
    assert b"stat:UNDELIV err:001" in receipts[1].short_message
    assert receipts[2].receipted_message_id == b"0305419898"
    assert receipts[2].message_state == c.STATE_DELIVERED
    assert smsc.counts.delivered == 3
    assert smsc.counts.bad == 0
