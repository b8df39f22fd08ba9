"""One account floods, its webhook is dead, an operator is dead: the others hardly notice."""

import asyncio
import time
from collections import Counter
from statistics import median
from typing import Any

import pytest

from tests.processes import free_port
from tests.scenarios.world import TEXT, World, body_of, ending, until

pytestmark = pytest.mark.process

FLOOD = {"Authorization": "Bearer flood-token"}
CLASSES = ("otp", "transactional", "marketing")
TPS, EACH = 150, 400


async def test_nobody_waits_for_others_troubles(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    mtn = await world.operator(receipt_delay=0.01)
    orange = await world.operator("orange")
    await orange.stop()
    flood = (
        "  - name: flood\n    token: flood-token\n    webhook: "
        f"{{url: 'http://127.0.0.1:{free_port()}/hook', secret: whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0, events: [all]}}"
    )
    world.configure(
        link={"tps": TPS}, account=flood, router="webhooks: {allow: [127.0.0.0/8]}\nlimits: {in_memory: 2000}"
    )
    for name, prefix in (("mtn", "23767"), ("orange", "23769")):
        file = world.folder / "operators" / f"{name}.yaml"
        file.write_text(file.read_text().replace('prefix: ""', f'prefix: "{prefix}"'))
    await world.start()
    await world.bound()
    quiet = await latencies(world, 20)

    # For the dead operator more than memory may hold; then as much as the other takes in eight seconds, in every class.
    for name in CLASSES * 2:
        await pour(world, [{"to": f"+23769{at:07d}", "from": "DEAD", "class": name} for at in range(1000)])
    for name in CLASSES:
        await pour(world, [{"to": world.number(), "from": name.upper()[:11], "class": name} for _ in range(EACH)])
    begun = len(mtn.submitted)
    stormy, own = await asyncio.gather(latencies(world, 40), world.send(100))
    samples = await world.metrics()
    assert samples.total("queue_messages", operator="mtn") > 100, "the flood was over too soon"
    assert samples.total("queue_messages", operator="orange") == 6000
    assert samples.total("webhook_backlog", account="flood") > 0

    # Whatever the others do, an otp goes out next; the clock of a busy machine is allowed for.
    assert median(stormy) < median(quiet) + 0.25
    await until(lambda: sum(one.source == "ACME" for one in mtn.submitted[begun:]) == 100 + 40)
    order = [one.source for one in mtn.submitted[begun:]]
    with_flood = Counter(order)
    # Accounts of one class take turns: when the last of the hundred went, as many of the flood's had gone.
    assert with_flood["TRANSACTION"] <= 130
    await until(lambda: len(mtn.submitted) >= begun + 21 * 10)
    shares = Counter(one.source for one in mtn.submitted[begun : begun + 21 * 10])
    assert shares["MARKETING"] >= 8, "starved"
    assert shares["TRANSACTION"] + shares["ACME"] >= 40
    with capsys.disabled():
        print(
            f"\n  otp beside a flood: median {median(stormy) * 1000:.0f} ms, longest {max(stormy) * 1000:.0f} ms; "
            f"alone {median(quiet) * 1000:.0f} and {max(quiet) * 1000:.0f} ms; of 210: {dict(shares)}"
        )
    events = await world.ended(own)
    assert {event["state"] for event in events if ending(event)} == {"delivered"}


async def latencies(world: World, count: int) -> list[float]:
    """Seconds from the request to the event `delivered`, for messages of class otp, one every 50 ms."""
    sent: dict[str, float] = {}
    took = []
    after = (await world.events())[-1]["seq"] if await world.events() else 0

    async def submit() -> None:
        for _ in range(count):
            began = time.monotonic()
            message = await world.submit(world.number(), **{"class": "otp"})
            sent[message["id"]] = began
            await asyncio.sleep(0.05)

    submitting = asyncio.create_task(submit())
    while len(took) < count:
        async with world.client.get(f"/v1/events?after={after}&wait=5") as answer:
            page = await body_of(answer, 200)
        after = page["next"]
        now = time.monotonic()
        took += [now - sent[one["message_id"]] for one in page["events"] if ending(one) and one["message_id"] in sent]
    await submitting
    return took


async def pour(world: World, messages: list[dict[str, Any]]) -> None:
    """A batch of the account that floods."""
    body = {"messages": [{"text": TEXT, **one} for one in messages]}
    async with world.client.post("/v1/batches", json=body, headers=FLOOD) as answer:
        assert (await body_of(answer, 202))["accepted"] == len(messages)
