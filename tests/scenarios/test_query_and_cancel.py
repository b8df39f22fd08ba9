"""A receipt that never comes is asked for; what was submitted is cancelled where the operator lets go of it."""

import pytest

from tests.scenarios.world import World, body_of, until

pytestmark = pytest.mark.process


async def test_a_missing_receipt_is_asked_for(world: World) -> None:
    smsc = await world.operator()
    world.configure(operator="receipts: {timeout: 1s, query: true}", link={"response_timeout": "1s"})
    await world.start()
    await world.bound()
    # Delivered, but no receipt ever comes; and one that knows nothing of it.
    silent = await world.submit("+237670000936")
    events = await world.delivered([silent["id"]])
    assert [event["type"] for event in events][-1] == "message.delivered"
    assert (smsc.counts.queries, smsc.counts.binds) == (1, 1)
    smsc.records.forget()
    forgotten = await world.submit("+237671000936")
    await until(lambda: smsc.counts.submits == 2)
    smsc.records.forget()
    events = await world.ended([forgotten["id"]])
    assert (events[-1]["state"], events[-1]["error"]["code"]) == ("unknown", "no_receipt")
    assert (smsc.counts.queries, smsc.counts.binds) == (2, 1)


async def test_cancelled_at_the_operator(world: World) -> None:
    smsc = await world.operator(receipt_delay=3.0)
    world.configure(operator="cancel: true")
    await world.start()
    await world.bound()
    message = await world.submit("+237670000001", text="a" * 300)
    await until(lambda: smsc.counts.accepted == 2)
    await until(lambda: _is_submitted(world, message["id"]))
    async with world.client.delete(f"/v1/messages/{message['id']}") as answer:
        assert (await body_of(answer, 200))["state"] == "cancelled"
    assert smsc.counts.cancels == 2
    other = await world.submit("+237670000002")
    events = await world.ended([message["id"], other["id"]])
    assert [event["type"] for event in events if event["message_id"] == message["id"]] == [
        "message.submitted",
        "message.cancelled",
    ]
    # What has been delivered cannot be taken back.
    async with world.client.delete(f"/v1/messages/{other['id']}") as answer:
        assert (await body_of(answer, 409))["code"] == "too_late"


async def _is_submitted(world: World, id: str) -> bool:
    return (await world.message(id))["state"] == "submitted"
