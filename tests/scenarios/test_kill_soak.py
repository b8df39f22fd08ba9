"""kill -9 at random moments, many times: the long form of test_kill_and_restart, part of `make soak`."""

import asyncio
import random
import time

import pytest

from tests.scenarios.kills import storm
from tests.scenarios.world import World

pytestmark = [pytest.mark.process, pytest.mark.soak]

WINDOW, BINDS = 20, 2


@pytest.mark.parametrize(("on_unanswered", "kills"), [("resend", 50), ("hold", 15)])
async def test_kills_at_random_moments(
    world: World, on_unanswered: str, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random()
    async with asyncio.timeout(600), await storm(world, window=WINDOW, binds=BINDS, on_unanswered=on_unanswered) as it:
        for kill in range(1, kills + 1):
            # Some come while the daemon takes up what the one before left.
            pause = chance.choice((0.0, chance.uniform(0, 0.1), chance.uniform(0, 1), chance.uniform(0, 2)))
            await asyncio.sleep(pause)
            began = time.monotonic()
            await it.kill()
            with capsys.disabled():
                print(
                    f"\rkill {kill}/{kills} ({on_unanswered}) after {pause:.2f} s: {len(it.clients.ids)} accepted,"
                    f" {it.reader.ended} ended, ready again in {time.monotonic() - began:.2f} s",
                    flush=True,
                )
        await it.calm()
        toll = await it.settled(within=120)
        with capsys.disabled():
            for name, count in toll.table():
                print(f"  {name:32}{count:>10}")
        toll.check(on_unanswered)
        assert await world.stop() == 0
