"""Long messages from handsets, in every form and any order, through a daemon that is killed between their parts."""

import base64
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from adapters.simulator.smsc import Smsc
from adapters.smpp.constants import (
    ESM_UDHI,
    TAG_SAR_MSG_REF_NUM,
    TAG_SAR_SEGMENT_SEQNUM,
    TAG_SAR_TOTAL_SEGMENTS,
)
from router.text import gsm7, udh
from tests.scenarios.world import Event, World, until

pytestmark = pytest.mark.process

KILLS = 3
INBOUND = '    inbound: [{to: "8080"}]'
MIXED = "Ça va? 😀👨\u200d👩\u200d👧 हिन्दी "
PLAIN = "All of it has to come as it was written, {euro} and ^ too. "


@dataclass(frozen=True)
class Part:
    sender: str
    content: bytes
    data_coding: int = 0
    esm_class: int = 0
    tlvs: dict[int, bytes] = field(default_factory=dict)

    def send(self, smsc: Smsc) -> None:
        smsc.send_mo(self.sender, "8080", self.content, self.data_coding, self.esm_class, tlvs=self.tlvs)


def long_message(sender: str, form: str, reference: int, text: str) -> list[Part]:
    """Cut where it hurts: an escape from its character, one half of a surrogate pair from the other, a unit in two."""
    plain = gsm7.encode(text)
    content, coding, size = (plain, 0, 19) if plain is not None else (text.encode("utf-16-be"), 8, 33)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    parts = []
    for number, piece in enumerate(pieces, 1):
        if form == "sar":
            tlvs = {
                TAG_SAR_MSG_REF_NUM: reference.to_bytes(2),
                TAG_SAR_TOTAL_SEGMENTS: bytes([len(pieces)]),
                TAG_SAR_SEGMENT_SEQNUM: bytes([number]),
            }
            parts.append(Part(sender, piece, coding, 0, tlvs))
            continue
        concat = udh.concat8 if form == "udh8" else udh.concat16
        parts.append(Part(sender, concat(reference, len(pieces), number) + piece, coding, ESM_UDHI))
    return parts


def handset(number: int) -> str:
    return f"2376{number:08}"


async def received(world: World, count: int) -> list[Event]:
    events: list[Event] = []

    async def enough() -> bool:
        events[:] = await world.events()
        return len(events) >= count

    await until(enough, within=60.0, what=lambda: f"{len(events)} of {count} events")
    return events


async def test_killed_between_the_parts(world: World) -> None:
    chance = random.Random(7)
    smsc = await world.operator()
    world.configure(binds=2, account=INBOUND)
    await world.start()
    await world.bound()
    sent: set[tuple[str, str]] = set()
    parts: list[Part] = []
    for number in range(150):
        # Handsets of ten messages each; neighbours use the same references.
        sender = handset(number // 10)
        text = f"{number} {(MIXED if number % 2 else PLAIN) * (1 + number % 3)}"
        parts += long_message(sender, ("udh8", "udh16", "sar")[number % 3], number % 10, text)
        sent.add((f"+{sender}", text))
    chance.shuffle(parts)
    pauses = sorted(chance.sample(range(len(parts)), KILLS))
    for start, stop in zip([0, *pauses], [*pauses, len(parts)], strict=True):
        killed = stop < len(parts)
        for part in parts[start : stop - 10 * killed]:
            part.send(smsc)
        if killed:
            # Some of it is answered, and some is on its way, however fast this disk is.
            done = smsc.counts.delivered + (stop - start) // 2
            await until(lambda: smsc.counts.delivered >= done)  # noqa: B023
            for part in parts[stop - 10 : stop]:
                part.send(smsc)
            await world.kill()
            await world.start()
    told: Counter[tuple[str, str]] = Counter()
    events: list[Event] = []

    async def all_told() -> bool:
        events[:] = await world.events()
        told.clear()
        told.update((event["from"], event["text"]) for event in events if event["complete"])
        return told.keys() >= sent

    await until(all_told, within=60.0, what=lambda: f"{len(told)} of {len(sent)} messages")
    assert told.keys() == sent
    # All parts of one may come again only where all their answers were lost with a link that was killed.
    assert max(told.values()) <= 1 + KILLS
    assert {(event["type"], event["to"], event["operator"]) for event in events} == {
        ("message.received", "8080", "mtn")
    }
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    metrics = await world.metrics()
    assert metrics.total("inbound_total", operator="mtn", result="no_account") == 0
    assert smsc.counts.resent > 0
    assert await world.stop() == 0
    # Nothing of what they wrote is in the log.
    assert "as it was written" not in (world.folder / "daemon.log").read_text()


async def test_what_never_became_whole_is_told_as_it_is(world: World) -> None:
    smsc = await world.operator()
    world.configure(account=INBOUND, router="limits: {mo_join: 2s}")
    await world.start()
    await world.bound()
    first, second, third, *_ = long_message(handset(1), "udh8", 5, PLAIN)
    third.send(smsc)
    first.send(smsc)
    await until(lambda: smsc.counts.delivered >= 2)
    await world.kill()
    await world.start()
    (event,) = await received(world, 1)
    assert (event["complete"], event["segments"]) == (False, 2)
    assert event["text"] == PLAIN[: len(gsm7.decode(first.content[6:]))] + gsm7.decode(third.content[6:])
    second.send(smsc)
    late = (await received(world, 2))[1]
    assert (late["complete"], late["text"]) == (False, gsm7.decode(second.content[6:]))


async def test_no_octets_break_a_bind(world: World) -> None:
    chance = random.Random(3)
    smsc = await world.operator()
    world.configure(account=INBOUND)
    await world.start()
    await world.bound()
    sent = 400
    for number in range(sent):
        content = chance.randbytes(chance.randint(0, 140))
        smsc.send_mo(handset(number), "8080", content, chance.randint(0, 255), chance.choice([0, ESM_UDHI, 0x3C, 0x80]))
    smsc.send_mo(handset(1), "8080", b"caf\xe9", 0)
    await until(lambda: smsc.counts.delivered == sent + 1, what=lambda: smsc.counts)
    smsc.send_mo(handset(2), "8080", b"still here")
    events = await until(lambda: told(world, "still here"))
    assert any(event["data"] == base64.b64encode(b"caf\xe9").decode() for event in events)
    assert all((event["text"] is None) != (event["data"] is None) for event in events)
    assert smsc.counts.binds == 1
    assert not [line for line in world.log() if line["level"] in ("error", "critical")]


async def told(world: World, text: str) -> list[Event]:
    """All events, once one has this text."""
    events = await world.events()
    return events if any(event["text"] == text for event in events) else []
