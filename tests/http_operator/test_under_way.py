"""Many messages at once while everything goes wrong: each is settled once, no slot is lost; reloads in between."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.simulator.http_carrier import CarrierOptions
from router.message import FINAL
from tests.http_operator.world import LINK, SECRET, TOKEN, world

pytestmark = pytest.mark.end_to_end

ENDINGS = [
    "901",
    "911",
    "912",
    "916",
    "920",
    "924",
    "925",
    "927",
    "928",
    "929",
    "931",
    "932",
    "937",
    "940",
    "942",
    "001",
]


async def test_everything_goes_wrong_at_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    numbers = [f"+2376700{place:02d}{chance.choice(ENDINGS)}" for place in range(80)]
    async with world(tmp_path, LINK + "  window: 8\n") as one:
        messages = [await one.rig.submit(number) for number in numbers]
        await one.until(lambda: all(message.state in FINAL for message in messages), 20)
        await one.until(lambda: one.gateway.in_use == 0)
        assert one.carrier.most_at_once <= 8
        assert all(attempt.outcome is not None for message in messages for attempt in message.parts[0].attempts)
        finals = [event for event in await one.types() if event not in ("message.submitted", "message.received")]
        assert len(finals) == len(messages)


async def test_a_reload_while_requests_are_under_way(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, response_delay=0.2, receipt_delay=0.4)
    async with world(tmp_path, options=options) as one:
        messages = [await one.rig.submit(f"+23767000000{place}") for place in range(5)]
        await one.until(lambda: one.carrier.at_once == 5)
        before = one.gateway
        operator = one.rig.config.operators["carrier"]
        assert operator.link is not None
        other = replace(operator, link=replace(operator.link, keep_alive=3.0))
        one.rig.next_config = replace(one.rig.config, operators={"carrier": other})
        await one.rig.engine.control.reload()
        assert one.gateway is not before
        messages += [await one.rig.submit(f"+23767000001{place}") for place in range(5)]
        await one.until(lambda: all(message.state in FINAL for message in messages))
        assert {message.state for message in messages} == {"delivered"}
        assert len(one.carrier.messages) == 10
        await one.until(lambda: (before.in_use, one.gateway.in_use) == (0, 0))
        faster = replace(other, link=replace(other.link, window=2, tps=500.0))
        one.rig.next_config = replace(one.rig.config, operators={"carrier": faster})
        after = one.gateway
        await one.rig.engine.control.reload()
        assert one.gateway is after
        assert one.gateway.room() == 2


async def test_an_operator_that_left_takes_no_callbacks(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        assert one.rig.engine.callbacks_of("carrier") is one.gateway
        assert one.rig.engine.callbacks_of("nobody") is None
        one.rig.next_config = replace(one.rig.config, operators={})
        await one.rig.engine.control.reload()
        assert one.rig.engine.callbacks_of("carrier") is None


async def test_a_store_that_cannot_write_is_told_to_the_carrier(tmp_path: Path) -> None:
    """What is not on disk is not taken: the carrier sends its callback again."""
    options = CarrierOptions(token=TOKEN, secret=SECRET, receipt_delay=0.3, resend=0.05)
    async with world(tmp_path, options=options) as one:
        message = await one.rig.submit("+237670000001")
        await one.until(lambda: message.state == "submitted")
        await one.rig.settle()
        with one.rig.outage():
            await one.until(lambda: one.carrier.counts.callbacks > 0)
            assert one.carrier.counts.delivered == 0
        await one.event("message.delivered")
        await one.until(lambda: one.carrier.counts.delivered == 1)
