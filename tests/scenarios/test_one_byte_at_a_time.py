"""TCP has no messages: PDUs in pieces of any size, both ways."""

from collections import Counter

import pytest

from adapters.simulator.smsc import Smsc
from tests.scenarios.world import World, until

pytestmark = pytest.mark.process

LONG = "Three parts long, each with a receipt of its own. " * 9


async def test_pieces(world: World) -> None:
    smsc = await world.operator(proxied=True)
    world.proxies["mtn"].piece = 1
    world.configure(binds=2, account='    inbound: [{to: "8080"}]')
    await world.start()
    await world.bound()
    for rounds, piece in enumerate((1, 7, 1000), 1):
        world.proxies["mtn"].piece = piece
        await there_and_back(world, smsc, rounds)
    assert (smsc.counts.binds, smsc.counts.resent, smsc.counts.bad) == (2, 0, 0)


async def there_and_back(world: World, smsc: Smsc, rounds: int) -> None:
    ids = [*await world.send(20), *await world.send(5, text=LONG), *await world.send(5, text="\N{SNOWMAN} " * 30)]
    for number in range(20):
        smsc.send_mo(f"2376800000{number:02d}", "8080", b"A message from a handset. " * (1 + number))
    events = await world.delivered(ids)
    assert not any(event["possible_duplicate"] for event in events)
    await until(lambda: smsc.counts.delivered == smsc.counts.deliveries == (20 + 20 + 15 + 5) * rounds)
    received = [event["text"] for event in await world.events() if event["type"] == "message.received"]
    assert Counter(map(len, received)) == {26 * (1 + number): rounds for number in range(20)}
