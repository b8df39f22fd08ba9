"""kill -9 in the middle: what was answered with 202 ends once, events stand, and what may be double is told."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientError

from tests.processes import plain_number
from tests.scenarios.world import FINAL, TEXT, Event, World, ending, endings, submissions, until

pytestmark = pytest.mark.process

MESSAGES, BATCH, SUBMITTERS = 4_000, 20, 6
WINDOW, BINDS = 10, 2


@dataclass
class Client:
    """Submits batches, of which every second has an Idempotency-Key and is repeated until it is answered."""

    world: World
    answered: list[str] = field(default_factory=list)
    answers: dict[int, bytes] = field(default_factory=dict)
    broken: int = 0

    async def submit_all(self) -> None:
        batches = iter(range(MESSAGES // BATCH))

        async def work() -> None:
            for batch in batches:
                await self._submit(batch)

        await asyncio.gather(*(work() for _ in range(SUBMITTERS)))

    async def _submit(self, batch: int) -> None:
        while True:
            try:
                status, body, _ = await self.post(batch)
            except (ClientError, OSError):
                self.broken += 1
                if batch % 2 == 0:
                    return
                await asyncio.sleep(0.05)
                continue
            if status == 202:
                self.answers[batch] = body
                return
            assert status == 503, body

    async def post(self, batch: int) -> tuple[int, bytes, str | None]:
        messages = [{"to": plain_number(batch * BATCH + place), "from": "ACME", "text": TEXT} for place in range(BATCH)]
        headers = {} if batch % 2 == 0 else {"Idempotency-Key": f"batch {batch}"}
        async with self.world.client.post("/v1/batches", json={"messages": messages}, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers.get("Idempotency-Replayed")


@dataclass
class Reader:
    """Reads the events by cursor, for as long as the test runs, through every kill."""

    world: World
    events: list[Event] = field(default_factory=list)

    async def read_all(self) -> None:
        while True:
            after = len(self.events)
            try:
                async with self.world.client.get(f"/v1/events?after={after}&limit=200&wait=1") as answer:
                    page = await answer.json(content_type=None)
            except (ClientError, OSError):
                await asyncio.sleep(0.05)
                continue
            assert answer.status == 200, page
            assert [event["seq"] for event in page["events"]] == list(range(after + 1, page["next"] + 1))
            self.events += page["events"]


@pytest.mark.parametrize("on_unanswered", ["resend", "hold"])
async def test_nothing_is_lost_and_little_is_double(world: World, on_unanswered: str) -> None:
    smsc = await world.operator(receipt_delay=0.15)
    world.configure(window=WINDOW, binds=BINDS, operator=f"receipts: {{timeout: 20s}}\non_unanswered: {on_unanswered}")
    await world.start()
    client, reader = Client(world), Reader(world)
    reading = asyncio.create_task(reader.read_all())
    submitting = asyncio.create_task(client.submit_all())

    def taken(count: int) -> Callable[[], bool]:
        return lambda: smsc.counts.submits >= count

    async def only_receipts_to_come() -> bool:
        smsc.options.receipt_delay = 1.5
        samples = await world.metrics()
        return submitting.done() and samples.total("window_in_use") == samples.total("queue_messages") == 0

    moments: list[Callable[[], bool | Awaitable[bool]]] = [
        taken(1),
        taken(700),
        lambda: True,  # as soon as it is ready again
        taken(2000),
        only_receipts_to_come,
    ]
    for moment in moments:
        await until(moment, what=lambda: smsc.counts)
        await world.kill()
        before = list(reader.events)
        await world.start()
        assert (await world.events())[: len(before)] == before
    in_doubt = len(moments) * WINDOW * BINDS
    await submitting
    assert client.broken, "no kill met a request"

    everything = await until(lambda: _all_final(world), within=60)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    events = await world.events()
    assert events[: len(reader.events)] == reader.events
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))

    # Every answered message is there, what was never answered may be; all of them end exactly once.
    answered = {batch: _ids(body) for batch, body in client.answers.items()}
    ids = {one["id"] for one in everything}
    assert {id for batch in answered.values() for id in batch} <= ids
    assert set(range(1, MESSAGES // BATCH, 2)) <= answered.keys(), "a key was never answered"
    assert endings(events) == dict.fromkeys(ids, 1)
    final = {event["message_id"]: event for event in events if ending(event)}
    assert {id: event["state"] for id, event in final.items()} == {one["id"]: one["state"] for one in everything}
    assert max(Counter(one["to"] for one in everything).values()) == 1, "a repeated key made a second message"

    # What the operator has twice is told, and bounded by the windows.
    flagged = {event["to"] for event in final.values() if event["possible_duplicate"]}
    unknown = {event["to"] for event in final.values() if event["state"] == "unknown"}
    twice = {f"+{number}": count for (number, _), count in submissions(smsc).items() if count > 1}
    assert {event["state"] for event in final.values()} <= {"delivered", "unknown"}
    if on_unanswered == "resend":
        assert twice.keys() <= flagged
        assert sum(count - 1 for count in twice.values()) <= in_doubt
        assert len(flagged) <= in_doubt
        assert unknown <= flagged
    else:
        assert not twice
        assert not flagged
        assert len(unknown) <= in_doubt
        assert not unknown & {f"+{one.destination}" for one in smsc.submitted}, "its receipt was not counted"

    # A key from before the kills still has its first answer.
    for batch in (1, 21, 41):
        assert await client.post(batch) == (202, client.answers[batch], "true")


async def _all_final(world: World) -> list[dict[str, Any]]:
    for state in ("queued", "submitted"):
        async with world.client.get(f"/v1/messages?state={state}&limit=1") as answer:
            if (await answer.json())["messages"]:
                return []
    found = await world.messages()
    return found if all(one["state"] in FINAL for one in found) else []


def _ids(body: bytes) -> list[str]:
    return [one["id"] for one in json.loads(body)["results"]]
