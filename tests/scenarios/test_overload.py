"""More than can be taken: an answer that says so, bounded memory, and what was accepted still flows."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.processes import plain_number
from tests.scenarios.world import TEXT, World, body_of, ending, endings, submissions, until

pytestmark = pytest.mark.process

QUEUED, IN_MEMORY, BATCH = 6_000, 400, 500
LAST = QUEUED + 3 * BATCH
"""The first number of the batch that is taken when there is room again."""


def batch(first: int) -> dict[str, list[dict[str, str]]]:
    return {"messages": [{"to": plain_number(first + place), "from": "ACME", "text": TEXT} for place in range(BATCH)]}


def resident(world: World) -> float:
    """Megabytes of memory that the daemon uses."""
    pages = int(Path(f"/proc/{world.daemon.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_queue_is_bounded_and_empties(world: World, restarted: bool) -> None:
    smsc = await world.operator(receipt_delay=0.01)
    await smsc.stop()
    world.configure(window=100, router=f"limits: {{queued: {QUEUED}, in_memory: {IN_MEMORY}}}")
    await world.start()
    before = resident(world)
    ids: list[str] = []
    refused = 0
    for first in range(0, LAST, BATCH):
        async with world.client.post("/v1/batches", json=batch(first)) as answer:
            if answer.status == 202:
                ids.extend(one["id"] for one in (await answer.json())["results"])
                continue
            problem = await body_of(answer, 503)
            assert problem["code"] == "queue_full"
            assert int(answer.headers["Retry-After"]) >= 1
            refused += 1
    assert (len(ids), refused) == (QUEUED, 3)
    async with world.client.post("/v1/messages", json={"to": plain_number(0), "text": TEXT}) as answer:
        assert (await body_of(answer, 503))["code"] == "queue_full"
    async with world.client.get("/readyz") as answer:
        assert answer.status == 200
    samples = await world.metrics()
    assert samples.total("queue_messages") == QUEUED
    assert samples.total("messages_refused_total", code="queue_full") >= 1
    assert resident(world) - before < 60, "what waits is on disk"
    if restarted:
        await world.kill()
        await world.start()
        assert (await world.metrics()).total("queue_messages") == QUEUED
        async with world.client.post("/v1/batches", json=batch(0)) as answer:
            assert (await body_of(answer, 503))["code"] == "queue_full"
    await world.return_of("mtn")
    # There is room again before all of it is gone.
    await until(lambda: smsc.counts.submits >= BATCH)
    more = await until(lambda: _taken(world))
    events = await world.ended([*ids, *more])
    assert endings(events) == dict.fromkeys([*ids, *more], 1)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}
    assert max(submissions(smsc).values()) == 1
    # First in, first out: an account's messages of one class leave in their order.
    order = [one.destination for one in smsc.submitted]
    assert order == [plain_number(at)[1:] for at in (*range(QUEUED), *range(LAST, LAST + BATCH))]
    await world.idle()


async def test_many_large_bodies_at_once_take_bounded_memory_and_others_are_served(world: World) -> None:
    """Forty connections of one account, each with a body just below the limit that never ends."""
    await world.operator()
    world.configure(account="  - name: hog\n    token: hog-token\n")
    await world.start()
    await world.bound()
    size = 4 * 1024 * 1024
    head = (
        f"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer hog-token\r\nContent-Length: {size}\r\n\r\n"
    ).encode()
    before = resident(world)

    async def pour() -> tuple[bytes, asyncio.StreamWriter]:
        """What came as the answer to all but the last octet, nothing where there was none within a second."""
        reader, writer = await asyncio.open_connection("127.0.0.1", world.http)
        writer.write(head + b" " * (size - 1))
        try:
            await asyncio.wait_for(writer.drain(), 5)
            return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 1), writer
        except (TimeoutError, ConnectionError):
            return b"", writer

    poured = await asyncio.gather(*(pour() for _ in range(40)))
    answers = [answer for answer, _ in poured if answer]
    assert len(answers) >= 40 - 8 - 1
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1\r\n" in answer
    # Half of the room, and what is read of each before it is refused: 60 to 85 MB on a busy machine.
    assert resident(world) - before < 110, "forty times four megabytes were sent"
    await world.delivered(await world.send(50))
    async with world.client.post(
        "/v1/messages", json={"to": world.number(), "text": TEXT}, headers={"Authorization": "Bearer hog-token"}
    ) as answer:
        assert answer.status in (202, 503)
    for _, writer in poured:
        writer.transport.abort()
    assert (await world.metrics()).total("messages_refused_total", code="overloaded") >= len(answers)


async def _taken(world: World) -> list[str]:
    async with world.client.post("/v1/batches", json=batch(LAST)) as answer:
        if answer.status == 503:
            await asyncio.sleep(0.05)
            return []
        return [one["id"] for one in (await body_of(answer, 202))["results"]]
