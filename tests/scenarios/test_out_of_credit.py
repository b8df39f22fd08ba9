"""An operator whose credit is used up: the next one takes over, and it is used again once it is paid."""

import pytest

from tests.scenarios.world import World

pytestmark = pytest.mark.process


async def test_out_of_credit(world: World) -> None:
    cheap = await world.operator("cheap", credit=5)
    dear = await world.operator("dear")
    world.configure()
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    # What operators say then.
    for rounds, status in enumerate((0xFF, 0x400, 0x401), 1):
        cheap.options.no_credit = status
        cheap.refill()
        events = await world.delivered(await world.send(20))
        assert (cheap.counts.accepted, dear.counts.accepted) == (5 * rounds, 15 * rounds)
        assert not any(event["possible_duplicate"] for event in events)
        assert sorted(event["cost"]["amount"] for event in events) == ["0.01"] * 5 + ["0.02"] * 15
    assert cheap.counts.binds == dear.counts.binds == 1
