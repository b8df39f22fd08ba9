"""Binds that are refused, not answered, or cut at the door: the daemon comes again, and other operators take over."""

import pytest

from adapters.simulator.options import Door
from adapters.smpp.constants import ESME_RALYBND, ESME_RBINDFAIL, ESME_RINVPASWD
from tests.scenarios.world import World, until

pytestmark = pytest.mark.process


async def test_each_in_its_way(world: World) -> None:
    failing = await world.operator("failing", bind_status=ESME_RBINDFAIL, first_binds=6, bodies=True)
    taken = await world.operator("taken", bind_status=ESME_RALYBND, first_binds=3)
    closing = await world.operator("closing", door=Door.CLOSE, first_binds=6)
    crowded = await world.operator("crowded", sessions=1)
    locked = await world.operator("locked", bind_status=ESME_RINVPASWD)
    silent = await world.operator("silent", door=Door.SILENCE)
    world.configure(binds=2, link={"reconnect": "{initial: 20ms, max: 100ms}"})
    await world.start()
    # Before any of them is up.
    ids = await world.send(10)
    for name in ("failing", "taken", "closing"):
        await world.bound(name)
    for smsc, refusals in ((failing, 6), (taken, 3), (closing, 6)):
        assert (smsc.counts.binds, smsc.counts.binds_refused) == (2, refusals)

    # One session is enough; for the other it asks again and again.
    asked = crowded.counts.binds_refused
    await until(lambda: crowded.counts.binds_refused >= asked + 3)
    assert crowded.counts.binds == 1
    states = [bind["state"] for bind in (await world.operators())["crowded"]["binds"]]
    assert states.count("bound_trx") == 1

    # Who knocks too often with a wrong password is locked out: once for each bind.
    assert (locked.counts.binds, locked.counts.binds_refused) == (0, 2)
    assert (await world.operators())["locked"]["state"] == "down"
    assert {line["reason"] for line in world.log() if line["event"] == "credentials_refused"} == {
        "bind refused with 0x0000000E"
    }

    # An answer that never comes holds up that operator only.
    assert (silent.counts.binds, silent.counts.binds_refused, len(silent.sessions)) == (0, 2, 2)
    await world.delivered(ids)
    # Each kind of trouble is told once for each bind, not with every try.
    told = [line["bind"] for line in world.log() if line["event"] == "bind_failed" and line["operator"] == "failing"]
    assert sorted(told) == ["1", "2"]

    silent.options.door = Door.ANSWER
    silent.cut()
    await world.bound("silent")


async def test_messages_wait_for_the_only_one(world: World) -> None:
    smsc = await world.operator(door=Door.CLOSE)
    world.configure()
    await world.start()
    ids = await world.send(10)
    await until(lambda: smsc.counts.binds_refused >= 3)
    assert smsc.counts.submits == 0
    smsc.options.door = Door.ANSWER
    events = await world.delivered(ids)
    assert not any(event["possible_duplicate"] for event in events)


async def test_the_password_is_wrong_and_somebody_else_is_there(world: World) -> None:
    cheap = await world.operator("cheap", bind_status=ESME_RINVPASWD)
    await world.operator("dear")
    world.configure()
    await world.start()
    events = await world.delivered(await world.send(10))
    assert {event["operator"] for event in events} == {"dear"}
    assert cheap.counts.binds_refused == 1
