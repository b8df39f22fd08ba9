"""Twenty thousand messages: each ends once, events have no gap, and the metrics say the same."""

import asyncio

import pytest

from tests.processes import free_port, plain_number
from tests.scenarios.world import TEXT, World, ending, endings

pytestmark = pytest.mark.process

MESSAGES, BATCH, CONNECTIONS = 20_000, 100, 8


async def test_each_is_delivered_once(world: World) -> None:
    world.ports["mtn"] = free_port()
    world.processes.simulator(world.ports["mtn"], "--receipt-delay", "0.01")
    world.configure(window=200, binds=2)
    await world.start()
    ids: list[str] = []
    numbers = iter(range(0, MESSAGES, BATCH))

    async def submit() -> None:
        for first in numbers:
            messages = [
                {"to": plain_number(first + place), "from": "ACME", "text": TEXT, "reference": f"{first + place}"}
                for place in range(BATCH)
            ]
            taken = await world.batch(messages)
            assert [one["to"] for one in taken] == [message["to"] for message in messages]
            ids.extend(one["id"] for one in taken)

    _, events = await asyncio.gather(
        asyncio.gather(*(submit() for _ in range(CONNECTIONS))),
        reading(world, MESSAGES),
    )
    assert len(set(ids)) == MESSAGES
    assert endings(events) == dict.fromkeys(ids, 1)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}
    assert not any(event["possible_duplicate"] for event in events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert len({event["id"] for event in events}) == len(events) == 2 * MESSAGES
    of = {event["message_id"]: event["to"] for event in events}
    assert len(set(of.values())) == MESSAGES
    assert all(event["to"] == plain_number(int(event["reference"])) for event in events)

    await world.idle()
    samples = await world.metrics()
    assert samples.total("messages_accepted_total", account="acme", channel="sms") == MESSAGES
    assert samples.total("messages_refused_total") == 0
    assert samples.total("parts_submitted_total") == MESSAGES
    assert samples.total("parts_submitted_total", operator="mtn", outcome="accepted") == MESSAGES
    assert samples.total("receipts_total", result="matched") + samples.total("receipts_total", result="early") == (
        MESSAGES
    )
    assert samples.total("receipts_total") == MESSAGES
    assert samples.total("messages_final_total") == MESSAGES
    assert samples.total("messages_final_total", operator="mtn", state="delivered") == MESSAGES
    assert samples.total("events_total", type="message.submitted") == MESSAGES
    assert samples.total("events_total", type="message.delivered") == MESSAGES
    assert samples.total("events_total") == len(events)
    assert samples.total("queue_messages") == 0
    assert samples.total("queue_oldest_seconds") == 0
    assert samples.total("binds", operator="mtn", state="bound_trx") == 2
    assert samples.total("submit_seconds_count", operator="mtn") == MESSAGES
    assert samples.total("receipt_seconds_count", operator="mtn") == MESSAGES
    assert samples.total("accept_seconds_count") == MESSAGES / BATCH


async def reading(world: World, messages: int) -> list[dict[str, object]]:
    """All events, read by cursor while they come."""
    events: list[dict[str, object]] = []
    ended = 0
    async with asyncio.timeout(90):
        while ended < messages:
            after = len(events)
            async with world.client.get(f"/v1/events?after={after}&limit=1000&wait=5") as answer:
                page = await answer.json()
            events += page["events"]
            ended += sum(map(ending, page["events"]))
    return events
