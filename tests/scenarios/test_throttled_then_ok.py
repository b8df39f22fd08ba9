"""An operator that is too slow for what it is sent: all of it gets through, and a refusal for haste is no attempt."""

import pytest

from tests.scenarios.world import World

pytestmark = pytest.mark.process


async def test_a_rate_limit(world: World) -> None:
    smsc = await world.operator(throttle=40)
    world.configure(operator="retry: {initial: 50ms, max: 200ms, attempts: 1}")
    await world.start()
    await world.bound()
    events = await world.delivered(await world.send(100))
    assert smsc.counts.refused > 0
    # A window full for each time that it complained, and never a storm.
    assert smsc.counts.refused <= 10 * 5
    assert smsc.counts.accepted == 100
    assert not any(event["possible_duplicate"] for event in events)
    (part,) = (await world.message(events[-1]["message_id"]))["parts"]
    assert [attempt["outcome"] for attempt in part["attempts"]] == ["accepted"]
    assert (await world.metrics()).total("throttle_factor", operator="mtn") < 1
    assert smsc.counts.binds == 1


async def test_beside_a_dearer_one_it_is_waited_for(world: World) -> None:
    cheap, dear = await world.operator("cheap", throttle=20), await world.operator("dear")
    world.configure()
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    events = await world.delivered(await world.send(40))
    assert {event["operator"] for event in events} == {"cheap"}
    assert dear.counts.submits == 0
    assert cheap.counts.refused > 0
