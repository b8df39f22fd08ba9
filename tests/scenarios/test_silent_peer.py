"""A peer that says nothing more: the daemon asks, gives it up, and binds anew."""

import pytest

from tests.scenarios.world import World, until
from tests.simulator.proxy import Way

pytestmark = pytest.mark.process

LINK = {"link": {"enquire_link": "300ms", "response_timeout": "1s"}}


async def test_it_reads_and_answers_nothing(world: World) -> None:
    smsc = await world.operator()
    world.configure(**LINK)
    await world.start()
    await world.bound()
    smsc.options.mute = True
    ids = await world.send(15)
    # Asked twice, then left.
    await until(lambda: not any(session.is_bound for session in smsc.sessions), within=5)
    smsc.options.mute = False
    events = await world.delivered(ids)
    # It may have taken what was written: a window full.
    assert sum(event["possible_duplicate"] for event in events) == 10
    assert smsc.counts.binds == 2
    await world.idle()


async def test_the_network_swallows_everything(world: World) -> None:
    smsc = await world.operator(proxied=True)
    proxy = world.proxies["mtn"]
    world.configure(**LINK)
    await world.start()
    await world.bound()
    for ways in ((Way.DOWN,), (Way.UP,), (Way.UP, Way.DOWN)):
        links, binds = proxy.links, smsc.counts.binds
        proxy.stall(*ways)
        ids = await world.send(15)
        await until(lambda links=links: proxy.links > links, within=5)
        # What waited on the old link never arrives.
        proxy.cut()
        proxy.flow()
        events = await world.delivered(ids)
        assert sum(event["possible_duplicate"] for event in events) <= 10
        assert smsc.counts.binds > binds
        await world.idle()
        await world.bound()


async def test_an_operator_that_wants_to_hear_something_but_not_too_often(world: World) -> None:
    smsc = await world.operator(idle=0.5, enquire_gap=0.15)
    world.configure(link={"enquire_link": "200ms"})
    await world.start()
    await world.bound()
    await until(lambda: smsc.counts.enquire_links >= 6)
    await world.delivered(await world.send(1))
    assert (smsc.counts.binds, smsc.counts.idle) == (1, 0)
