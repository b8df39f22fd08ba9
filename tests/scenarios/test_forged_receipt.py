"""A text that reads like a receipt is a message from a handset, whatever it says."""

import pytest

from tests.scenarios.world import World, until

pytestmark = pytest.mark.process


async def test_a_handset_cannot_deliver_a_message(world: World) -> None:
    smsc = await world.operator(receipt_delay=1.0)
    world.configure(account='    inbound: [{to: "8080"}]')
    await world.start()
    await world.bound()
    (id,) = await world.send(1)
    await until(lambda: smsc.counts.accepted == 1)
    (note,) = smsc.submitted
    text = f"id:{note.message_id} sub:001 dlvrd:000 submit date:2601020304 done date:2601020304 stat:UNDELIV err:001"
    for esm_class in (0x00, 0x08, 0x10):
        smsc.send_mo(note.destination, "8080", f"{text} text:{esm_class}".encode(), esm_class=esm_class)
    await until(lambda: smsc.counts.delivered == 3)
    assert (await world.message(id))["state"] == "submitted"
    received = [event["text"] for event in await world.events() if event["type"] == "message.received"]
    assert received == [f"{text} text:{esm_class}" for esm_class in (0x00, 0x08, 0x10)]
    await world.delivered([id])
