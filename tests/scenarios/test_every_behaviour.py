"""One message to every row of the simulator's table: what becomes of it, at one operator and beside a dearer one."""

from dataclasses import dataclass
from typing import Any

import pytest

from adapters.simulator.behaviour import BEHAVIOURS, BY_ENDING, Reply
from adapters.simulator.smsc import Smsc
from adapters.smpp.constants import ESME_RINVBNDSTS
from tests.processes import plain_number
from tests.scenarios.world import ADMINISTRATOR, Event, World, body_of, ending

pytestmark = pytest.mark.process

QUICK = {"link": {"response_timeout": "1s"}}
RULES = "retry: {initial: 50ms, max: 200ms, attempts: 3}\nreceipts: {timeout: 3s}"


@dataclass(frozen=True)
class End:
    """`doubt`: whether the event says possible_duplicate, None where both are true to the promise.
    `submits`: how often the SMSC saw it."""

    state: str
    code: str | None = None
    smsc_error: str | None = None
    doubt: bool | None = False
    submits: tuple[int, ...] = (1,)


DELIVERED = End("delivered")

ALONE = {
    "901": End("undelivered", "receipt_undelivered", "001"),
    "902": End("expired", "receipt_expired", "027"),
    "903": End("rejected", "receipt_rejected", "045"),
    "904": End("unknown", "receipt_unknown", "000"),
    "905": End("undelivered", "receipt_undelivered", "000"),
    "906": End("undelivered", "receipt_undelivered", "21b"),
    "907": End("rejected", "receipt_rejected", "0000"),
    "908": End("undelivered", "receipt_undelivered", "2050"),
    "909": End("unknown", "receipt_unknown", "000"),
    "910": End("unknown", "no_receipt"),
    "911": End("rejected", "rejected_by_operator", "0x0000000B"),
    "912": End("rejected", "rejected_by_operator", "0x00000045"),
    "913": End("delivered", submits=(2,)),
    "914": End("delivered", submits=(6,)),
    "915": End("delivered", submits=(3,)),
    "916": End("delivered", submits=(2,)),
    "917": End("failed", "retries_exhausted", "0x00000008", submits=(3,)),
    "918": End("rejected", "rejected_by_operator", "0x00000065"),
    "919": End("rejected", "rejected_by_operator", "0x000004A1"),
    "920": End("rejected", "rejected_by_operator", "0x0000000B"),
    # Its receipt is there before the answer is given up, so there is no reason to send it again.
    "921": End("delivered", doubt=False, submits=(1,)),
    "922": End("unknown", "no_receipt", doubt=True, submits=(2,)),
    "923": End("delivered", doubt=True, submits=(2,)),
    "924": End("delivered", doubt=True, submits=(2,)),
    # Whether its receipt or the second sending is first on the new bind is the network's choice.
    "925": End("delivered", doubt=None, submits=(1, 2)),
    "926": DELIVERED,
    # Whether the refusal or the turn to send it again is first is chance.
    "927": End("rejected", "rejected_by_operator", "0x0000000B", doubt=None, submits=(1, 2)),
    "928": End("delivered", submits=(2,)),
    "929": End("rejected", "rejected_by_operator", "0x00000003"),
    "930": DELIVERED,
    "931": DELIVERED,
    "932": DELIVERED,
    "933": DELIVERED,
    "934": DELIVERED,
    "935": DELIVERED,
    "936": End("unknown", "no_receipt"),
    "937": DELIVERED,
    "938": DELIVERED,
    "939": DELIVERED,
    "940": DELIVERED,
    **dict.fromkeys(["941", "942", "943", "944", "946", "947", "949"], DELIVERED),
    # No receipts, or none that may be believed.
    **dict.fromkeys(["945", "969", "983"], End("unknown", "no_receipt")),
    "948": End("unknown", "receipt_unknown", "000"),
    **dict.fromkeys(["950", "951", "952", "953", "954", "955", "956", "958"], DELIVERED),
    "957": End("undelivered", "receipt_undelivered", "nul"),
    "959": End("undelivered", "receipt_undelivered", "31"),
    **dict.fromkeys(["960", "961", "962", "963", "964", "965", "966"], DELIVERED),
    "967": End("undelivered", "receipt_undelivered", "34"),
    "968": End("undelivered", "receipt_undelivered", "034"),
    **dict.fromkeys(["970", "971", "972", "973", "974", "975", "976"], DELIVERED),
    **dict.fromkeys(["980", "981", "982", "984", "990", "991", "992", "993", "994"], DELIVERED),
    "995": End("delivered", submits=(2,)),
    "996": End("rejected", "rejected_by_operator", "0x0000000A"),
    "997": End("rejected", "rejected_by_operator", "0x00000022"),
    "998": End("rejected", "rejected_by_operator", "0x000000FF"),
    "999": End("rejected", "rejected_by_operator", "0x00000400"),
}
CUTS = [row.ending for row in BEHAVIOURS if row.reply is Reply.CUT or row.status == ESME_RINVBNDSTS]
"""The link ends."""

MOVES_ON = {"912", "917", "919", "929", "996", "997", "998", "999"}
"""Refused by this operator, or failing there once too often: another one may take it."""
ONLY_WAITS = {"910", "913", "914", "915", "936", "945", "969", "983"}
"""What a second operator changes nothing about."""
PATIENT = "914"
"""Takes five seconds, which once is enough for."""
CHANGES_ITS_MIND = "973"
"""`unknown` is the one end that a true one may follow."""


def test_the_table_is_whole() -> None:
    assert ALONE.keys() == BY_ENDING.keys()


@pytest.mark.parametrize("piece", [None, 1])
async def test_at_one_operator(world: World, piece: int | None) -> None:
    smsc = await world.operator(proxied=piece is not None, late=1.5)
    if piece is not None:
        world.proxies["mtn"].piece = piece
    world.configure(operator=RULES, **QUICK)
    await world.start()
    await world.bound()
    wanted = {row: end for row, end in ALONE.items() if piece is None or row != PATIENT}
    together = [row for row in wanted if row not in CUTS]
    taken = await world.batch([{"to": f"+237670000{row}", "text": f"row {row}"} for row in together])
    of = {one["id"]: row for one, row in zip(taken, together, strict=True)}
    events = await world.ended(of, within=40)
    # These end the link for everyone, so each comes alone.
    for row in CUTS:
        await world.bound()
        one = await world.submit(f"+237670000{row}", f"row {row}")
        of[one["id"]] = row
        await world.ended([one["id"]])
    events = await world.events()
    found = {}
    for event in events:
        if ending(event):
            row = of[event["message_id"]]
            assert row not in found or (row, found[row].state) == (CHANGES_ITS_MIND, "unknown"), "ended twice"
            found[row] = seen(smsc, row, event, ALONE[row])
    assert found == wanted
    samples = await world.metrics()
    assert samples.total("receipts_total", result="duplicate") >= 1
    assert samples.total("queue_messages") == samples.total("window_in_use") == 0


def seen(smsc: Smsc, row: str, event: Event, wanted: End) -> End:
    """What happened, in the words of the table."""
    error: dict[str, Any] = event["error"] or {}
    submits = sum(one.destination == f"237670000{row}" for one in smsc.submitted)
    return End(
        event["state"],
        error.get("code"),
        error.get("smsc_error"),
        None if wanted.doubt is None else event["possible_duplicate"],
        wanted.submits if submits in wanted.submits else (submits,),
    )


async def test_beside_a_dearer_operator(world: World) -> None:
    cheap, dear = await world.operator("cheap", late=1.5), await world.operator("dear")
    world.configure(operator=RULES, **QUICK)
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    for index, (row, alone) in enumerate(ALONE.items()):
        if row in ONLY_WAITS or (alone.state == "delivered" and not BY_ENDING[row].times):
            continue
        cheap.options.behaviour = row
        await world.bound("cheap")
        # An operator that was away gets its traffic back slowly, unless somebody says that it is well.
        async with world.client.post("/v1/operators/cheap/resume", headers=ADMINISTRATOR) as answer:
            await body_of(answer, 200)
        to = plain_number(index)
        id = (await world.submit(to, f"row {row}"))["id"]
        (event,) = (one for one in await world.ended([id]) if one["message_id"] == id and ending(one))
        at_cheap = sum(one.destination == to[1:] for one in cheap.submitted)
        at_dear = sum(one.destination == to[1:] for one in dear.submitted)
        assert at_cheap in alone.submits, row
        if row in MOVES_ON:
            assert (event["state"], event["operator"], at_dear) == ("delivered", "dear", 1), row
            assert (event["error"], event["cost"]["amount"], event["possible_duplicate"]) == (None, "0.02", False), row
            (part,) = (await world.message(id))["parts"]
            assert [attempt["operator"] for attempt in part["attempts"]] == ["cheap"] * at_cheap + ["dear"], row
        else:
            assert (event["state"], event["operator"], at_dear) == (alone.state, "cheap", 0), row
