"""SIGTERM under load: a clean end within its time, and the next run goes on where this one stopped."""

import asyncio
import time

import pytest
from aiohttp import ClientError

from tests.processes import plain_number
from tests.scenarios.world import TEXT, World, ending, endings, submissions, until

pytestmark = pytest.mark.process

BATCH, SUBMITTERS = 20, 4
LONGEST = 20.0
"""Seconds: ten for answers of operators, five each for webhooks and clients."""


class Load:
    """Submits until nobody takes it any more: as fast as it goes until `stopping`, then a few now and then.

    `ids` are those answered with 202.
    """

    def __init__(self, world: World) -> None:
        self.ids: list[str] = []
        self.stopping = False
        self._world = world

    async def run(self) -> None:
        batches = iter(range(10_000))

        async def work() -> None:
            for batch in batches:
                messages = [
                    {"to": plain_number(batch * BATCH + place), "from": "ACME", "text": TEXT} for place in range(BATCH)
                ]
                try:
                    self.ids.extend(one["id"] for one in await self._world.batch(messages))
                except (ClientError, OSError):
                    return
                if self.stopping:
                    await asyncio.sleep(0.5)

        await asyncio.gather(*(work() for _ in range(SUBMITTERS)))


async def never_ready(world: World) -> int:
    """From the moment the stop is known until the end, /readyz is never good again; how often it said so."""
    said = 0
    await until(lambda: any(line["event"] == "draining" for line in world.log()))
    while world.daemon.poll() is None:
        try:
            async with world.client.get("/readyz") as answer:
                assert answer.status == 503
                said += 1
        except (ClientError, OSError):
            pass
        await asyncio.sleep(0.01)
    return said


async def stop(world: World, load: Load) -> float:
    """SIGTERM under load; the seconds it took."""
    watching = asyncio.create_task(never_ready(world))
    load.stopping = True
    begun = time.monotonic()
    assert await world.stop() == 0
    took = time.monotonic() - begun
    # A drain that is over in a moment may be over before anybody asks.
    assert await watching > 0 or took < 1
    return took


async def assert_next_run_ends_all(world: World, ids: list[str]) -> None:
    lines = world.log()
    assert [line for line in lines if line["level"] in ("error", "critical")] == []
    assert lines[-1]["event"] == "stopped"
    await world.start()
    everything = {one["id"] for one in await world.messages()}
    assert set(ids) <= everything
    events = await world.ended(everything)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert endings(events) == dict.fromkeys(everything, 1)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}


@pytest.mark.parametrize("delay", [0.0, 0.5])
async def test_it_waits_for_answers_and_nothing_is_double(world: World, delay: float) -> None:
    smsc = await world.operator(response_delay=delay)
    world.configure(window=50, binds=2)
    await world.start()
    load = Load(world)
    loading = asyncio.create_task(load.run())
    await until(lambda: smsc.counts.submits > 150)
    assert await stop(world, load) < LONGEST / 2
    await loading
    smsc.options.response_delay = 0.0
    # Every answer was waited for, and the operator was told goodbye.
    assert smsc.counts.accepted == smsc.counts.submits
    assert not smsc.sessions
    await assert_next_run_ends_all(world, load.ids)
    assert max(submissions(smsc).values()) == 1
    assert not any(event["possible_duplicate"] for event in await world.events())


async def test_an_operator_that_does_not_answer_is_waited_for_in_vain(world: World) -> None:
    smsc = await world.operator()
    world.configure(window=20, link={"response_timeout": "60s"})
    await world.start()
    load = Load(world)
    loading = asyncio.create_task(load.run())
    await until(lambda: smsc.counts.submits > 300)
    smsc.options.mute = True
    # The answers to its receipts are ignored too: a whole window of submits has to be on the way.
    await until(lambda: smsc.counts.ignored_submits == 20)
    assert await stop(world, load) < LONGEST
    await loading
    smsc.options.mute = False
    await assert_next_run_ends_all(world, load.ids)
    flagged = [event for event in await world.events() if ending(event) and event["possible_duplicate"]]
    assert len(flagged) == 20
    assert max(submissions(smsc).values()) == 1, "those had not been taken, and nothing else was sent again"
