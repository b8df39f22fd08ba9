"""An operator that is not there, goes away, comes back: messages take another way or wait; none is lost."""

import asyncio
import time

import pytest

from adapters.simulator.smsc import Smsc
from tests.processes import free_port, plain_number
from tests.scenarios.world import TEXT, Event, World, ending, endings, submissions, until

pytestmark = pytest.mark.process

BATCH = 50


def numbered(first: int, count: int = BATCH) -> list[dict[str, object]]:
    return [{"to": plain_number(first + place), "from": "ACME", "text": TEXT} for place in range(count)]


async def test_one_that_never_listens_is_passed_over(world: World) -> None:
    world.ports["nobody"] = free_port()
    dear = await world.operator("dear")
    world.configure()
    await world.start()
    # At once, while the first try to connect may be under way still.
    ids = [one["id"] for one in await world.batch(numbered(0))]
    events = await world.ended(ids)
    assert {(event["state"], event["operator"]) for event in events if ending(event)} == {("delivered", "dear")}
    assert not any(event["possible_duplicate"] for event in events)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert len(submissions(dear)) == BATCH
    assert (await world.operators())["nobody"]["state"] == "down"


async def test_a_single_one_is_waited_for(world: World) -> None:
    mtn = await world.operator()
    await mtn.stop()
    world.configure()
    await world.start()
    await until(lambda: _state(world, "mtn", "down"))
    ids = [one["id"] for one in await world.batch(numbered(0))]
    samples = await world.metrics()
    assert samples.total("queue_messages", operator="mtn", **{"class": "transactional"}) == BATCH
    assert samples.total("binds", operator="mtn", state="bound_trx") == 0
    async with world.client.get("/readyz") as answer:
        assert answer.status == 200, "an operator that is down is no reason to refuse messages"
    detail = await world.message(ids[0])
    assert (detail["state"], detail["operator"]) == ("queued", "mtn")
    await world.return_of("mtn")
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}
    assert max(submissions(mtn).values()) == 1
    await world.idle()


async def test_what_has_waited_is_valid_for_what_is_left(world: World) -> None:
    """The operator is told how long the message may still take, and nothing where its time is over."""
    mtn = await world.operator()
    await mtn.stop()
    world.configure()
    await world.start()
    await until(lambda: _state(world, "mtn", "down"))
    began = time.monotonic()
    lasting, short = (
        await world.submit(plain_number(0), expires_in=100),
        await world.submit(plain_number(1), expires_in=1),
    )
    await world.ended([short["id"]])
    await world.return_of("mtn")
    await world.ended([lasting["id"]])
    waited = time.monotonic() - began
    (submitted,) = mtn.submitted
    written = submitted.pdu.validity_period
    assert written.startswith("00000000")
    assert written.endswith("000R")
    left = int(written[8:10]) * 60 + int(written[10:12])
    assert 99 - waited <= left <= 99, "a second at least has passed"
    assert (await world.message(short["id"]))["state"] == "expired"


async def test_the_cheaper_one_goes_away_under_load_and_comes_back(world: World) -> None:
    cheap, dear = await world.operator("cheap"), await world.operator("dear")
    world.configure(operator="receipts: {timeout: 20s}")
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    ids: list[str] = []

    async def submit(batches: range) -> None:
        for batch in batches:
            ids.extend(one["id"] for one in await world.batch(numbered(batch * BATCH)))

    async def outage() -> None:
        await until(lambda: cheap.counts.submits > 200)
        await cheap.stop()
        # Somebody has to take what comes now.
        await until(lambda: dear.counts.submits > 300)
        await world.return_of("cheap")
        before = cheap.counts.submits
        await until(lambda: cheap.counts.submits > before + 100)

    async def load() -> None:
        batch = 0
        while not gone.done():
            await submit(range(batch, batch + 2))
            batch += 2

    gone = asyncio.create_task(outage())
    await asyncio.gather(load(), gone)
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert_only_the_flagged_are_double(events, cheap, dear)
    final = {event["to"]: event for event in events if ending(event)}
    assert {event["state"] for event in final.values()} == {"delivered"}
    assert {event["operator"] for event in final.values()} == {"cheap", "dear"}
    await world.idle()


async def test_a_restart_during_the_outage(world: World) -> None:
    """What was in doubt at the operator that is gone waits there, everything else takes the other way."""
    cheap, dear = await world.operator("cheap", response_delay=0.2), await world.operator("dear")
    world.configure(operator="receipts: {timeout: 20s}")
    await world.start()
    await world.bound("cheap")
    ids = [one["id"] for one in await world.batch(numbered(0, 100))]
    await until(lambda: cheap.counts.submits >= 10)
    await cheap.stop()
    await until(lambda: dear.counts.submits >= 80)
    assert await world.stop() == 0
    await world.start()
    await until(lambda: _state(world, "cheap", "down"))
    in_doubt = {f"+{number}" for number, _ in submissions(cheap)}
    waiting = [one for one in await world.messages() if one["to"] in in_doubt]
    assert {(one["state"], one["operator"]) for one in waiting} == {("queued", "cheap")}
    await world.return_of("cheap")
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert_only_the_flagged_are_double(events, cheap, dear)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}


def assert_only_the_flagged_are_double(events: list[Event], *smscs: Smsc) -> None:
    """Nothing went to two operators, and twice to one only what says so: at most a window full for one outage."""
    numbers = [{number for number, _ in submissions(smsc)} for smsc in smscs]
    assert len(set.union(*numbers)) == sum(map(len, numbers)), "sent through two operators"
    flagged = {event["to"] for event in events if ending(event) and event["possible_duplicate"]}
    twice = {f"+{number}": count for smsc in smscs for (number, _), count in submissions(smsc).items() if count > 1}
    assert twice.keys() <= flagged
    assert len(flagged) <= 10
    assert max(twice.values(), default=2) == 2


async def _state(world: World, name: str, state: str) -> bool:
    return bool((await world.operators())[name]["state"] == state)
