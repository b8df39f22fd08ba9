"""The operator takes leave under load: it is answered, and nothing is lost by it."""

import pytest

from tests.scenarios.world import World, until

pytestmark = pytest.mark.process


async def test_unbind_under_load(world: World) -> None:
    smsc = await world.operator(response_delay=0.05, receipt_delay=0.1)
    world.configure(binds=2, operator="receipts: {timeout: 20s}")
    await world.start()
    await world.bound()
    ids: list[str] = []
    for rounds in range(1, 4):
        ids += await world.send(60)
        seen = smsc.counts.submits
        await until(lambda seen=seen: smsc.counts.submits > seen)
        smsc.unbind_all()
        await until(lambda rounds=rounds: smsc.counts.binds == 2 * (rounds + 1))
    events = await world.delivered(ids)
    assert sum(event["possible_duplicate"] for event in events) <= 3 * 2 * 10
    assert {line["reason"] for line in world.log() if line["event"] == "bind_lost"} == {"the peer unbound"}
    await world.idle()
