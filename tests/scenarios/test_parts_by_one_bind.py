"""Long messages over several binds under load: all parts of one go in order, by one bind, whatever the others do."""

from collections import defaultdict

import pytest

from tests.scenarios.world import World

pytestmark = pytest.mark.process


async def test_in_order_by_one_bind(world: World) -> None:
    smsc = await world.operator(response_delay=0.005)
    world.configure(link={"binds": 4, "window": 2})
    await world.start()
    await world.bound()
    texts = {f"+23767{number:07d}": f"{number} " + "word " * (10 + number % 4 * 40) for number in range(100)}
    taken = await world.batch([{"to": to, "from": "ACME", "text": text} for to, text in texts.items()])
    await world.delivered([message["id"] for message in taken])
    went = defaultdict(list)
    for one in smsc.submitted:
        went[one.destination].append((one.link, one.content[5] if one.content[:1] == b"\x05" else 1))
    assert len(went) == 100
    assert max(map(len, went.values())) >= 4
    for parts in went.values():
        assert [number for _, number in parts] == list(range(1, len(parts) + 1))
        assert len({link for link, _ in parts}) == 1
    # And the load was spread over all of them.
    assert {link for parts in went.values() for link, _ in parts} == {1, 2, 3, 4}


async def test_one_recipients_full_queue_slows_nobody(world: World) -> None:
    """915: its queue is full twice."""
    smsc = await world.operator(response_delay=0.02)
    world.configure()
    await world.start()
    await world.bound()
    full = "+237670000915"
    taken = await world.batch(
        [{"to": to, "from": "ACME", "text": "hi"} for to in (f"+23767100{n:04d}" for n in range(100, 400))][:150]
        + [{"to": full, "from": "ACME", "text": "hi"}]
        + [{"to": f"+23767200{n:04d}", "from": "ACME", "text": "hi"} for n in range(100, 250)]
    )
    others = [message["id"] for message in taken if message["to"] != full]
    await world.delivered(others)
    # Nobody was slowed down for it.
    assert (await world.metrics()).total("throttle_factor", operator="mtn") == 1
    (id,) = [message["id"] for message in taken if message["to"] == full]
    await world.delivered([id])
    (part,) = (await world.message(id))["parts"]
    assert [attempt["outcome"] for attempt in part["attempts"]] == ["accepted"]
    assert sum(one.destination == full.removeprefix("+") for one in smsc.submitted) == 3
    assert (await world.metrics()).total("throttle_factor", operator="mtn") == 1
