"""kill -9 in the middle: what was answered with 202 ends once, events stand, and what may be double is told."""

from collections.abc import Awaitable, Callable

import pytest

from tests.scenarios.kills import BATCH, storm
from tests.scenarios.world import World, until

pytestmark = pytest.mark.process

WINDOW, BINDS = 10, 2


@pytest.mark.parametrize("on_unanswered", ["resend", "hold"])
async def test_nothing_is_lost_and_little_is_double(world: World, on_unanswered: str) -> None:
    async with await storm(world, window=WINDOW, binds=BINDS, on_unanswered=on_unanswered) as it:
        smsc = it.smsc

        def taken(count: int) -> Callable[[], bool]:
            return lambda: smsc.counts.submits >= count

        async def only_receipts_to_come() -> bool:
            smsc.options.receipt_delay = 1.5
            await it.calm()
            samples = await world.metrics()
            return samples.total("window_in_use") == samples.total("queue_messages") == 0

        moments: list[Callable[[], bool | Awaitable[bool]]] = [
            taken(1),
            taken(700),
            lambda: True,  # as soon as it is ready again
            taken(2000),
            only_receipts_to_come,
        ]
        for moment in moments:
            await until(moment, what=lambda: smsc.counts)
            await it.kill()
        assert it.clients.broken, "no kill met a request"
        toll = await it.settled(within=60)
        toll.check(on_unanswered)

        # A key from before the kills still has its first answer.
        for request, body in list(it.clients.answers.items())[:200]:
            if request % 2:
                first, count = it.clients.sent[request]
                assert count in (1, BATCH)
                assert await it.clients.post(request, first, count) == (202, body, "true")
