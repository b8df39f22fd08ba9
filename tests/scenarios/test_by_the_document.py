"""schemathesis reads our OpenAPI document and asks every call for what it allows, and for what it does not."""

import asyncio

import pytest

from tests.scenarios.world import World

pytestmark = pytest.mark.process


async def test_every_call_keeps_to_the_document(world: World) -> None:
    await world.operator()
    world.configure(account="    rate: 100000/s\n")
    await world.start()
    # Here, because it takes a second that no other test needs to wait.
    from tests.scenarios.asking import ask_everything

    failures, asked = await asyncio.to_thread(ask_everything, f"http://127.0.0.1:{world.http}")
    assert not failures, "\n\n".join(failures)
    assert len(asked) >= 20
    assert sum(asked.values()) > 10 * len(asked)
    lines = [line for line in world.log() if line["level"] == "error"]
    assert lines == []
    assert await world.stop() == 0
