"""Answers that come after the daemon gave them up: they still count, and a refusal does too."""

from typing import Any

import pytest

from tests.scenarios.world import World, ending, until

pytestmark = pytest.mark.process

# The daemon looks at its watch four times a second.
LATE: dict[str, Any] = {"behaviour": "926", "late": 1.5, "receipt_delay": 2.0}
LINK = {"link": {"response_timeout": "1s"}}


async def test_held_it_is_sent_once(world: World) -> None:
    smsc = await world.operator(**LATE)
    world.configure(operator="on_unanswered: hold", **LINK)
    await world.start()
    await world.bound()
    events = await world.delivered(await world.send(10))
    assert not any(event["possible_duplicate"] for event in events)
    assert (smsc.counts.submits, smsc.counts.binds) == (10, 1)
    # Late as it was, it gave the id.
    (part,) = (await world.message(events[0]["message_id"]))["parts"]
    assert [attempt["outcome"] for attempt in part["attempts"]] == ["accepted"]
    await world.idle()


async def test_resent_it_says_so(world: World) -> None:
    smsc = await world.operator(**LATE)
    world.configure(operator="on_unanswered: resend", **LINK)
    await world.start()
    await world.bound()
    events = await world.delivered(await world.send(10))
    assert all(event["possible_duplicate"] for event in events)
    # Once again, and never a third time.
    assert smsc.counts.submits == 20
    assert smsc.counts.binds == 1
    await until(lambda: smsc.counts.delivered == 20, what=lambda: smsc.counts)
    await world.idle()


async def test_refused_late(world: World) -> None:
    smsc = await world.operator(behaviour="927", late=1.5)
    world.configure(operator="on_unanswered: hold", **LINK)
    await world.start()
    await world.bound()
    (id,) = await world.send(1)
    (event,) = [one for one in await world.ended([id]) if ending(one)]
    assert (event["state"], event["error"]["smsc_error"]) == ("rejected", "0x0000000B")
    assert not event["possible_duplicate"]
    assert (smsc.counts.submits, smsc.counts.binds) == (1, 1)
