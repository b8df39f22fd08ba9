"""Receipts that come on another bind than their submit went out on, on a new connection, or to the next run."""

from typing import Any

import pytest

from adapters.simulator.ids import IdForm
from adapters.simulator.smsc import Smsc
from tests.processes import plain_number
from tests.scenarios.world import TEXT, World, ending, endings, until

pytestmark = pytest.mark.process

LONG = "Three parts long, each with a receipt of its own. " * 9


async def submit(world: World, count: int = 60) -> list[str]:
    """Messages of which every third has three parts."""
    return [
        one["id"]
        for one in await world.batch(
            [
                {"to": plain_number(number), "from": "ACME", "text": TEXT if number % 3 else LONG}
                for number in range(count)
            ]
        )
    ]


async def assert_all_delivered(world: World, smsc: Smsc, ids: list[str]) -> None:
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}
    assert not any(event["possible_duplicate"] for event in events)
    parts = sum(event["segments"] for event in events if ending(event))
    assert parts == len(ids) + 2 * len(ids) // 3
    # All of them were answered with success, and none came a second time.
    await until(lambda: smsc.counts.delivered == parts, what=lambda: smsc.counts)
    assert {status for _, status in smsc.delivered} == {0}
    assert smsc.counts.dropped == smsc.counts.resent == 0


@pytest.mark.parametrize("mode", ["transceiver", "transmitter+receiver"])
async def test_on_any_of_several_binds(world: World, mode: str) -> None:
    smsc = await world.operator()
    world.configure(binds=2, link={"mode": mode})
    await world.start()
    await world.bound()
    assert {bind["state"] for bind in (await world.operators())["mtn"]["binds"]} == (
        {"bound_trx"} if mode == "transceiver" else {"bound_tx", "bound_rx"}
    )
    answers = {session: 0 for session in smsc.sessions if session.can_receive}
    note = smsc.answered

    def answered(session: Any, *rest: Any) -> None:
        answers[session] += 1
        note(session, *rest)

    smsc.answered = answered  # type: ignore[method-assign]
    await assert_all_delivered(world, smsc, await submit(world))
    # The simulator spreads its receipts, as operators do.
    assert len(answers) == 2
    assert min(answers.values()) > 20
    samples = await world.metrics()
    assert samples.total("receipts_total", operator="mtn") == smsc.counts.delivered
    assert samples.total("receipts_total", result="unmatched") == 0


async def test_on_a_new_connection(world: World) -> None:
    smsc = await world.operator(receipt_delay=1.5)
    world.configure(binds=2)
    await world.start()
    ids = await submit(world)
    # What an event tells is on disk.
    await until(lambda: _are_told(world, len(ids)))
    smsc.cut()
    assert smsc.counts.deliveries == 0
    await assert_all_delivered(world, smsc, ids)


@pytest.mark.parametrize(
    ("killed", "in_response", "in_receipt"),
    [
        (False, IdForm.DECIMAL, IdForm.DECIMAL),
        (True, IdForm.HEX, IdForm.DECIMAL),
        (False, IdForm.PADDED, IdForm.STRIPPED),
    ],
)
async def test_to_the_next_run(world: World, killed: bool, in_response: IdForm, in_receipt: IdForm) -> None:
    smsc = await world.operator(receipt_delay=2.5, id_form=in_response, id_in_receipt=in_receipt)
    world.configure(binds=2)
    await world.start()
    ids = await submit(world)
    # What an event tells is on disk.
    await until(lambda: _are_told(world, len(ids)))
    if killed:
        await world.kill()
    else:
        assert await world.stop() == 0
    assert smsc.counts.deliveries == 0
    await world.start()
    # How soon the new run is ready is not for this test to say.
    assert {one["state"] for one in await world.messages()} <= {"submitted", "delivered"}
    await assert_all_delivered(world, smsc, ids)
    assert not [line for line in world.log() if line["event"] == "receipt_unmatched"]


async def _are_told(world: World, count: int) -> bool:
    return len(await world.events()) == count
