"""What the options and the handles of a simulated SMSC do to binds, sessions and credit."""

import struct

import pytest

from adapters.simulator.options import Door
from adapters.smpp import constants as c
from adapters.smpp.pdu import Simple
from tests.turns import until


@pytest.mark.parametrize("status", [c.ESME_RBINDFAIL, c.ESME_RALYBND, c.ESME_RINVPASWD, c.ESME_RINVSYSID])
async def test_the_first_binds_are_refused(world, status) -> None:
    smsc = await world.smsc(bind_status=status, first_binds=2)
    esme = await world.connect()
    assert [(await esme.bind()).status for _ in range(3)] == [status, status, 0]
    assert (smsc.counts.binds, smsc.counts.binds_refused) == (1, 2)


async def test_the_door_is_closed_at_first(world) -> None:
    smsc = await world.smsc(door=Door.CLOSE, first_binds=1)
    esme = await world.connect()
    esme.send(Simple(c.ENQUIRE_LINK))
    esme.write(struct.pack(">IIII", 16 + 9, c.BIND_TRANSCEIVER, 0, 7) + b"\0\0\0\x34\0\0\0\0\0")
    await until(lambda: esme.closed)
    assert not [pdu for _, pdu in esme.frames if pdu.command_id == c.BIND_TRANSCEIVER_RESP]
    await world.bound()
    assert smsc.counts.binds_refused == 1


async def test_nobody_comes_to_the_door(world) -> None:
    smsc = await world.smsc(door=Door.SILENCE)
    esme = await world.connect()
    esme.write(struct.pack(">IIII", 16 + 8, c.BIND_TRANSCEIVER, 0, 7) + b"\0\0\0\x34\0\0\0\0")
    await esme.alive()
    assert len(esme.frames) == 1
    assert smsc.counts.binds == 0
    smsc.options.door = Door.ANSWER
    assert (await esme.bind()).status == 0


async def test_only_so_many_sessions(world) -> None:
    await world.smsc(sessions=2)
    first = await world.bound()
    await world.bound()
    third = await world.connect()
    assert (await third.bind()).status == c.ESME_RALYBND
    await world.bound(system_id="other")
    await first.close()
    while (await third.bind()).status != 0:
        pass


async def test_flapping(world) -> None:
    smsc = await world.smsc(flap=0.02)
    for _ in range(3):
        esme = await world.bound()
        assert (await esme.submitted()).status == 0
        await until(lambda esme=esme: esme.closed)
    assert smsc.counts.binds == 3


async def test_whoever_says_nothing_must_go(world) -> None:
    smsc = await world.smsc(idle=0.1)
    quiet, talker = await world.bound(), await world.bound()

    async def gone() -> bool:
        await talker.alive()
        return quiet.closed

    while not await gone():
        pass
    assert not talker.closed
    assert smsc.counts.idle == 1


async def test_whoever_asks_too_often_must_go(world) -> None:
    smsc = await world.smsc(enquire_gap=60)
    esme = await world.bound()
    await esme.alive()
    assert not esme.closed
    esme.send(Simple(c.ENQUIRE_LINK))
    await until(lambda: esme.closed)
    assert smsc.counts.enquire_links == 2


async def test_errors_with_a_body(world) -> None:
    await world.smsc(bodies=True, bind_status=c.ESME_RBINDFAIL, first_binds=1)
    esme = await world.connect()
    assert (await esme.bind()).system_id == "simulator"
    assert (await esme.bind()).status == 0
    assert (await esme.submitted("237670000913")).status == c.ESME_RTHROTTLED
    assert esme.octets[:4] == b"\0\0\0\x11"
    assert (await esme.submitted("237670000913")).status == 0


async def test_credit(world) -> None:
    smsc = await world.smsc(credit=2, no_credit=0x401)
    esme = await world.bound()
    # What is refused for another reason costs nothing.
    endings = ["001", "911", "901", "002", "003"]
    answers = [(await esme.submitted(f"237670000{ending}")).status for ending in endings]
    assert answers == [0, c.ESME_RINVDSTADR, 0, 0x401, 0x401]
    smsc.refill()
    assert [(await esme.submitted()).status for _ in range(3)] == [0, 0, 0x401]
    smsc.options.credit = None
    smsc.refill()
    assert (await esme.submitted()).status == 0


async def test_refuse(world) -> None:
    smsc = await world.smsc(refuse=0x400)
    esme = await world.bound()
    assert (await esme.submitted("237670000913")).status == 0x400
    smsc.options.refuse = 0
    assert (await esme.submitted()).status == 0


async def test_unbind_from_the_other_side(world) -> None:
    smsc = await world.smsc()
    esme, unbound = await world.bound(), await world.connect()
    await unbound.alive()
    smsc.unbind_all()
    await until(lambda: esme.frames[-1][1] == Simple(c.UNBIND))
    esme.send(Simple(c.UNBIND_RESP), esme.frames[-1][0])
    await until(lambda: esme.closed)
    await unbound.alive()


async def test_inject(world) -> None:
    smsc = await world.smsc()
    bound, unbound = await world.bound(), await world.connect()
    smsc.inject(struct.pack(">IIII", 16, 0x0102, 0, 0))
    await until(lambda: bound.frames[-1][1].command_id == 0x0102)
    await bound.alive()
    await unbound.alive()
    assert len(unbound.frames) == 1
