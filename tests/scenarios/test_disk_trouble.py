"""The disk takes no more: submits are refused and told so, what was accepted stands, and all goes on by itself.

RLIMIT_FSIZE of the running daemon stands for the full disk: every write to a file fails, that to the log too.
"""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientError

from tests.processes import plain_number
from tests.scenarios.world import TEXT, World, body_of, ending, endings, submissions, until

pytestmark = pytest.mark.process

WINDOW = 10


@contextmanager
def full_disk(world: World) -> Iterator[None]:
    """No write of the daemon reaches a file within the block."""
    pid = world.daemon.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        if world.daemon.poll() is None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@dataclass
class Load:
    """Submits one message after the other on four connections until told to stop."""

    world: World
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    over: bool = False
    _next: int = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._work() for _ in range(4)))

    async def _work(self) -> None:
        while not self.over:
            to = plain_number(self._next)
            self._next += 1
            try:
                async with self.world.client.post("/v1/messages", json={"to": to, "from": "ACME", "text": TEXT}) as it:
                    if it.status == 202:
                        self.accepted.append((await it.json())["id"])
                        continue
                    problem = await body_of(it, 503)
            except (ClientError, OSError):
                return
            assert problem["code"] == "store_unavailable"
            assert int(it.headers["Retry-After"]) >= 1
            self.refused.append(to)
            await asyncio.sleep(0.02)


async def ready(world: World) -> bool:
    async with world.client.get("/readyz") as answer:
        return answer.status == 200


async def not_ready(world: World) -> bool:
    return not await ready(world)


async def test_it_recovers_by_itself(world: World) -> None:
    smsc = await world.operator(receipt_delay=0.01)
    world.configure(window=WINDOW)
    await world.start()
    await world.bound()
    load = Load(world)
    loading = asyncio.create_task(load.run())
    for _ in range(3):
        enough = len(load.accepted) + 100
        await until(lambda enough=enough: len(load.accepted) > enough)
        before = len(load.refused)
        with full_disk(world):
            await until(lambda before=before: len(load.refused) > before + 10)
            assert await not_ready(world)
            # What can be read is read.
            assert (await world.message(load.accepted[0]))["id"] == load.accepted[0]
            await world.events()
        await until(lambda: ready(world), within=10)
    load.over = True
    await loading
    await assert_all_stands(world, load)
    assert max(submissions(smsc).values()) == 1
    assert not any(event["possible_duplicate"] for event in await world.events())
    await world.idle()
    assert await world.stop() == 0


@pytest.mark.parametrize("way", ["kill", "stop"])
async def test_an_end_on_a_full_disk_loses_nothing(world: World, way: str) -> None:
    smsc = await world.operator(receipt_delay=0.01)
    world.configure(window=WINDOW)
    await world.start()
    await world.bound()
    load = Load(world)
    loading = asyncio.create_task(load.run())
    await until(lambda: len(load.accepted) > 100)
    with full_disk(world):
        await until(lambda: len(load.refused) > 10)
        if way == "kill":
            await world.kill()
        else:
            assert await world.stop() != 0, "what could not be stored is no success"
    await loading
    await world.start()
    await assert_all_stands(world, load)
    twice = {f"+{number}" for (number, _), count in submissions(smsc).items() if count > 1}
    flagged = {event["to"] for event in await world.events() if ending(event) and event["possible_duplicate"]}
    assert twice <= flagged
    assert len(flagged) <= WINDOW


async def assert_all_stands(world: World, load: Load) -> None:
    everything = await world.messages()
    ids = {one["id"] for one in everything}
    assert set(load.accepted) <= ids
    assert not {one["to"] for one in everything} & set(load.refused), "refused, and yet taken"
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["state"] for event in events if ending(event)} == {"delivered"}
