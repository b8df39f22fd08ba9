"""Receipts that overtake the answer to their submit: they wait for it, and nothing is sent twice."""

import pytest

from tests.scenarios.world import TEXT, World, until

pytestmark = pytest.mark.process

LONG = "Three parts long, each with a receipt of its own. " * 9


async def test_receipts_before_responses(world: World) -> None:
    smsc = await world.operator(behaviour="931", receipt_delay=0.02)
    world.configure(binds=2, operator="receipts: {timeout: 5s}")
    await world.start()
    await world.bound()
    ids = [*await world.send(20), *await world.send(5, text=LONG)]
    events = await world.delivered(ids)
    assert not any(event["possible_duplicate"] for event in events)
    await until(lambda: smsc.counts.delivered == 35, what=lambda: smsc.counts)
    samples = await world.metrics()
    assert samples.total("receipts_total", result="early") == 35
    assert samples.total("receipts_total", result="unmatched") == 0
    assert (smsc.counts.binds, smsc.counts.resent) == (2, 0)
    # Submitted is told before delivered, whatever came first.
    told = [(event["message_id"], event["type"]) for event in await world.events()]
    assert all(told.index((id, "message.submitted")) < told.index((id, "message.delivered")) for id in ids)


async def test_a_receipt_before_a_response_that_comes_too_late(world: World) -> None:
    smsc = await world.operator(behaviour="926", receipt_delay=0.02, late=1.5)
    world.configure(link={"response_timeout": "1s"}, operator="receipts: {timeout: 5s}")
    await world.start()
    await world.bound()
    ids = await world.send(10, text=TEXT)
    events = await world.delivered(ids)
    # The receipt has shown that it is there: sending it again would be a duplicate for sure.
    assert not any(event["possible_duplicate"] for event in events)
    assert smsc.counts.submits == 10
    await world.idle()
    assert smsc.counts.binds == 1
