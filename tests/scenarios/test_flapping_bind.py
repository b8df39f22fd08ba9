"""An operator that ends every session soon after its bind: messages get through all the same, one or two at a time."""

import pytest

from tests.scenarios.world import World, until

pytestmark = pytest.mark.process


async def test_flapping(world: World) -> None:
    smsc = await world.operator(flap=0.25, response_delay=0.03, receipt_delay=0.05)
    world.configure(window=5, operator="receipts: {timeout: 20s}")
    await world.start()
    events = await world.delivered(await world.send(100))
    assert smsc.counts.binds >= 3
    # What was in the window when a session ended, no more.
    assert sum(event["possible_duplicate"] for event in events) <= 5 * smsc.counts.binds
    smsc.options.flap = 0.0
    binds = smsc.counts.binds
    await until(lambda: smsc.counts.binds > binds)
    await world.delivered(await world.send(10))
    await world.idle()


async def test_beside_a_dearer_one(world: World) -> None:
    """Nothing goes to both: what one of them may have stays there."""
    cheap = await world.operator("cheap", flap=0.15, response_delay=0.03)
    dear = await world.operator("dear")
    world.configure(window=5, operator="receipts: {timeout: 20s}")
    await world.start()
    await world.bound("dear")
    events = await world.delivered(await world.send(100))
    numbers = [{one.destination for one in smsc.submitted} for smsc in (cheap, dear)]
    assert not numbers[0] & numbers[1]
    assert {event["operator"] for event in events} <= {"cheap", "dear"}
