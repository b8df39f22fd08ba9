"""Receipts in every form at once, spread over several binds, with ids that no machine word holds."""

import pytest

from adapters.simulator.behaviour import BEHAVIOURS, BY_ENDING
from adapters.simulator.ids import IdForm
from tests.scenarios.test_every_behaviour import ALONE
from tests.scenarios.world import World, ending, until

pytestmark = pytest.mark.process

ACCEPTED = [row.ending for row in BEHAVIOURS if row.times == 0]
WITHOUT = [row for row in ACCEPTED if ALONE[row].code == "no_receipt"]
ON_TWO_BINDS = {"972"}
"""Of two final states the first counts, and which one that is on several binds is the network's choice."""


IDS = [(IdForm.HEX, IdForm.DECIMAL), (IdForm.DOTTED, None), (IdForm.LOWER, IdForm.HEX), (IdForm.UUID, None)]


async def test_every_form_with_every_id(world: World) -> None:
    smsc = await world.operator(first_id=0x812FC7470000001B, late=0.1)
    world.configure(binds=3, operator="receipts: {timeout: 60s}")
    await world.start()
    await world.bound()
    rows = [row for row in ACCEPTED if row not in WITHOUT and row not in ON_TWO_BINDS]
    for smsc.options.id_form, smsc.options.id_in_receipt in IDS:
        await assert_read(world, rows)
    # All were answered, those that say nothing too, or they would come for ever; only what is broken was refused.
    broken = len(IDS) * sum(row.receipts.then_whole for row in BEHAVIOURS)
    await until(lambda: not any(session.unanswered for session in smsc.sessions))
    assert smsc.counts.dropped == broken
    assert smsc.counts.delivered == smsc.counts.deliveries - broken
    assert (smsc.counts.resent, smsc.counts.binds) == (0, 3)
    assert [line for line in world.log() if line["level"] in ("error", "critical")] == []


async def assert_read(world: World, rows: list[str]) -> None:
    taken = await world.batch([{"to": f"+237670000{row}", "text": f"row {row}"} for row in rows + WITHOUT])
    of = {one["id"]: row for one, row in zip(taken, rows + WITHOUT, strict=True)}
    await world.ended([id for id, row in of.items() if row not in WITHOUT], within=10)
    found = {of[one["message_id"]]: one["state"] for one in await world.events() if one["message_id"] in of}
    assert found == {row: ALONE[row].state for row in rows} | dict.fromkeys(WITHOUT, "submitted")


async def test_one_receipt_for_a_long_message(world: World) -> None:
    """The other parts have none: what is not known is said to be so."""
    await world.operator(behaviour="976")
    world.configure(operator="receipts: {timeout: 1s}")
    await world.start()
    await world.bound()
    (id,) = await world.send(1, text="Two parts long, and a receipt for the first. " * 5)
    (event,) = [one for one in await world.ended([id]) if ending(one)]
    assert (event["segments"], event["state"], event["error"]["code"]) == (2, "unknown", "no_receipt")
    assert BY_ENDING["976"].receipts.first_part_only
