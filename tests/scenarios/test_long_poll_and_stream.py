"""Events as they happen: a long poll that answers at once, and a stream that goes on where it was left."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, TraceConfig

from tests.processes import plain_number
from tests.scenarios.world import ACCOUNT, TEXT, Event, World, body_of, until

pytestmark = pytest.mark.process


Page = dict[str, Any]


async def poll(client: ClientSession, after: int, wait: float) -> Page:
    """A page; one of a minute has to be there before that."""
    async with asyncio.timeout(40), client.get(f"/v1/events?after={after}&wait={wait}") as answer:
        return await body_of(answer, 200)


@asynccontextmanager
async def polling(world: World, *after: int) -> AsyncIterator[list[asyncio.Task[Page]]]:
    """Polls of a minute after each of these, when the daemon has begun with all of them."""
    sent = 0

    async def count(*_: Any) -> None:
        nonlocal sent
        sent += 1

    trace = TraceConfig()
    trace.on_request_headers_sent.append(count)
    base = f"http://127.0.0.1:{world.http}"
    async with ClientSession(base, headers=ACCOUNT, trace_configs=[trace]) as client:
        polls = [asyncio.create_task(poll(client, one, 60)) for one in after]
        await until(lambda: sent == len(after))
        # The daemon takes connections and requests in their order.
        await world.metrics()
        yield polls


async def batch(world: World, first: int, count: int) -> list[str]:
    messages = [{"to": plain_number(first + place), "from": "ACME", "text": TEXT} for place in range(count)]
    return [one["id"] for one in await world.batch(messages)]


async def test_a_long_poll_answers_when_something_happens(world: World) -> None:
    await world.operator(receipt_delay=1.0)
    world.configure()
    await world.start()
    await world.bound()
    # Nothing happens: it takes its time, and the cursor stands.
    begun = time.monotonic()
    assert await poll(world.client, 0, 0.5) == {"events": [], "next": 0}
    assert time.monotonic() - begun >= 0.5
    # Several wait for the same, one of them for what comes later.
    async with polling(world, 0, 0, 0, 0, 1) as (*waiting, later):
        id = (await world.submit(plain_number(0)))["id"]
        for page in await asyncio.gather(*waiting):
            assert [(event["seq"], event["type"], event["message_id"]) for event in page["events"]] == [
                (1, "message.submitted", id)
            ]
            assert page["next"] == 1
        page = await later
        assert [(event["seq"], event["type"]) for event in page["events"]] == [(2, "message.delivered")]
    # What is there already is not waited for.
    assert len((await poll(world.client, 0, 60))["events"]) == 2
    assert await poll(world.client, 2, 0) == {"events": [], "next": 2}


async def test_a_stop_answers_who_waits(world: World) -> None:
    await world.operator()
    world.configure()
    await world.start()
    async with polling(world, 0, 0, 7) as waiting, stream(world) as events:
        reading = asyncio.create_task(anext(events, None))
        assert await world.stop() == 0
        assert await asyncio.gather(*waiting) == [{"events": [], "next": after} for after in (0, 0, 7)]
        assert await reading is None


async def test_polls_that_are_given_up_leave_nothing_behind(world: World) -> None:
    await world.operator()
    world.configure()
    await world.start()
    for _ in range(5):
        async with polling(world, 0, 0, 0, 0, 0) as waiting:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    ids = await batch(world, 0, 10)
    assert len(await world.ended(ids)) == 20
    assert await world.stop() == 0
    assert [line for line in world.log() if line["level"] in ("warning", "error")] == []


@asynccontextmanager
async def stream(world: World, last: int | None = None, query: str = "") -> AsyncIterator[AsyncIterator[Event]]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with world.client.get(f"/v1/events/stream{query}", headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield _read(answer)


async def _read(answer: ClientResponse) -> AsyncIterator[Event]:
    """The events of a stream, by the rules of the HTML standard (9.2.6) as far as they are needed."""
    fields: dict[str, str] = {}
    async for octets in answer.content:
        line = octets.decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            event = json.loads(fields["data"])
            assert fields == {"id": str(event["seq"]), "event": event["type"], "data": fields["data"]}
            yield event
            fields = {}


async def take(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(30):
        return [await anext(events) for _ in range(count)]


async def test_a_stream_goes_on_where_it_was_left(world: World) -> None:
    await world.operator()
    world.configure()
    await world.start()
    async with stream(world) as events:
        # It is open before anything happens.
        await batch(world, 0, 100)
        seen = await take(events, 130)
    await batch(world, 100, 100)
    async with stream(world, seen[-1]["seq"]) as events:
        seen += await take(events, 170)
    # Another daemon, the same log; what came while nobody listened is there too.
    await world.kill()
    await world.start()
    async with stream(world, seen[-1]["seq"], "?after=5") as events:
        ids = await batch(world, 200, 100)
        seen += await take(events, 300)
    await world.ended(ids)
    assert [event["seq"] for event in seen] == list(range(1, 601))
    assert seen == (await world.events())[:600]
    # By the query, as with pages.
    async with stream(world, query="?after=590") as events:
        assert [event["seq"] for event in await take(events, 10)] == list(range(591, 601))


async def test_many_streams_and_one_that_does_not_read(world: World) -> None:
    await world.operator()
    world.configure(window=100)
    await world.start()
    async with stream(world), stream(world) as one, stream(world) as other:
        ids: list[str] = []
        for first in range(0, 2000, 500):
            ids += await batch(world, first, 500)
        assert [event["seq"] for event in await take(one, 4000)] == list(range(1, 4001))
        assert [event["seq"] for event in await take(other, 4000)] == list(range(1, 4001))
    assert len(await world.ended(ids)) == 4000
