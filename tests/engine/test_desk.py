"""One operator's alarm clock, on the loop that the daemon runs on."""

import asyncio

import pytest
import uvloop

from router.engine.desk import departed


@pytest.mark.parametrize("pauses", [(0.0002, 0.0), (0.0002, 0.05), (0.05, 0.0002), (0.01, 0.02, 0.005)])
def test_the_soonest_alarm_rings_once(pauses: tuple[float, ...]) -> None:
    """Also those so short that the loop makes no timer of them."""

    async def alarms() -> list[float]:
        desk, rung = departed("mtn"), []
        loop = asyncio.get_running_loop()
        first = loop.create_future()

        def ring() -> None:
            rung.append(loop.time())
            if not first.done():
                first.set_result(None)

        began = loop.time()
        for pause in pauses:
            desk.wake_in(pause, ring)
        await first
        assert loop.time() - began < max(pauses) + 0.05
        await asyncio.sleep(max(pauses) + 0.005)
        return rung

    assert len(uvloop.run(alarms())) == 1
