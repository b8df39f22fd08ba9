"""The link breaks in the middle of a PDU, either way: nothing is lost, and only what may be double says so."""

from collections.abc import Callable

import pytest

from adapters.simulator.smsc import Smsc
from tests.scenarios.world import World, submissions, until
from tests.simulator.proxy import Proxy, Way

pytestmark = pytest.mark.process

RESPONSE = 27
"""Octets of a submit_sm_resp with an id of ten digits."""


async def cut(world: World, smsc: Smsc, way: Way, after: int, when: Callable[[], object]) -> tuple[bool, int]:
    """One message whose link breaks so many octets after `when`: whether it says double, and how often it was sent."""
    await world.bound()
    # Where the one before was sent twice it has two receipts; their octets are not what is counted here.
    await until(lambda: smsc.counts.delivered >= smsc.counts.accepted)
    binds = smsc.counts.binds
    if when is bool:
        world.proxies["mtn"].cut_after(after, way)
    (id,) = await world.send(1)
    if when is not bool:
        await until(when)
        world.proxies["mtn"].cut_after(after, way)
    (event,) = await world.delivered([id])
    await until(lambda: smsc.counts.binds == binds + 1)
    return event["possible_duplicate"], submissions(smsc)[event["to"][1:], smsc.submitted[-1].content]


async def test_wherever_it_is_cut(world: World) -> None:
    smsc = await world.operator(proxied=True, receipt_delay=0.3)
    proxy: Proxy = world.proxies["mtn"]
    world.configure(operator="receipts: {timeout: 10s}")
    await world.start()

    # The submit_sm did not arrive, which the daemon cannot know.
    assert await cut(world, smsc, Way.UP, 20, bool) == (True, 1)

    # It did, and its answer did not.
    doubt, sent = await cut(world, smsc, Way.DOWN, 20, bool)
    assert sent == (2 if doubt else 1)

    # The receipt breaks: it comes again on the new bind.
    assert await cut(world, smsc, Way.DOWN, RESPONSE + 30, bool) == (False, 1)

    # The answer to the receipt breaks: it comes again too, and is known already.
    submits = smsc.counts.submits
    delivered = smsc.counts.delivered
    known = (await world.metrics()).total("receipts_total", result="duplicate")
    assert await cut(world, smsc, Way.UP, 5, lambda: smsc.counts.submits > submits) == (False, 1)
    await until(lambda: smsc.counts.delivered == delivered + 1)
    samples = await world.metrics()
    assert samples.total("receipts_total", result="duplicate") == known + 1
    assert samples.total("receipts_total", result="unmatched") == 0
    await world.idle()
    assert proxy.links == smsc.counts.binds == 5


async def test_under_load(world: World) -> None:
    smsc = await world.operator(proxied=True, receipt_delay=0.02)
    world.configure(binds=2, operator="receipts: {timeout: 10s}")
    await world.start()
    await world.bound()
    ids: list[str] = []
    for way, after in [(Way.UP, 3001), (Way.DOWN, 2003), (Way.UP, 1999), (Way.DOWN, 4001)]:
        links = smsc.counts.binds
        world.proxies["mtn"].cut_after(after, way)
        ids += await world.send(60)
        await until(lambda links=links: smsc.counts.binds >= links + 2)
    events = await world.delivered(ids)
    # At most what was in the windows.
    assert sum(event["possible_duplicate"] for event in events) <= 4 * 2 * 10
    await world.idle()
