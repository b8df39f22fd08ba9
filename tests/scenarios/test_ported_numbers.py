"""Ported numbers by a table and by a provider, in a running daemon: reloaded, bad, slow, silent."""

import asyncio
from typing import Any

import pytest

from tests.lookup.provider import FakeProvider
from tests.scenarios.test_reload import reload
from tests.scenarios.world import World, body_of

pytestmark = pytest.mark.process

PORTED, PLAIN = "+237670000001", "+237670000002"
HEAD = "number,mcc,mnc\n"


async def route(world: World, to: str) -> Any:
    async with world.client.post("/v1/route", json={"to": to}) as answer:
        return await body_of(answer, 200)


async def how(world: World, to: str) -> tuple[Any, ...]:
    decision = await route(world, to)
    network = decision["network"]
    return decision["network_source"], decision.get("lookup_error"), network["mcc"], network["mnc"]


async def test_a_table_and_a_provider(world: World) -> None:
    await world.operator("mtn")
    table = world.folder / "ported.csv"
    table.write_text(f"{HEAD}{PORTED[1:]},624,02\n")
    async with FakeProvider() as provider:
        provider.networks[PLAIN[1:]] = ("624", "04")
        hlr = f'url: "http://127.0.0.1:{provider.port}/{{number}}", mcc: result.mcc, mnc: result.mnc, timeout: 300ms'
        world.configure(router=f"lookup:\n  table: {{file: ported.csv}}\n  hlr: {{{hlr}, countries: [CM]}}")
        await world.start()
        assert await how(world, PORTED) == ("table", None, "624", "02")
        assert await how(world, PLAIN) == ("hlr", None, "624", "04")
        assert await how(world, "+254712345678") == ("prefix", None, None, None)
        sent = [await world.submit(PORTED), await world.submit(PLAIN)]
        assert [one["network"]["mnc"] for one in sent] == ["02", "04"]
        assert provider.asked == [PLAIN[1:]]

        # A bad table changes nothing; a good one does, and the provider's cache stays.
        table.write_text(f"{HEAD}{PORTED[1:]},624,04\n{PORTED[1:]},624,01\n")
        refused = await reload(world, 422)
        assert [(error["file"].rpartition("/")[2], error["line"]) for error in refused["errors"]] == [("ported.csv", 3)]
        assert await how(world, PORTED) == ("table", None, "624", "02")
        table.write_text(f"{HEAD}{PORTED[1:]},624,04\n")
        await reload(world)
        assert await how(world, PORTED) == ("table", None, "624", "04")
        assert await how(world, PLAIN) == ("hlr", None, "624", "04")
        assert provider.asked == [PLAIN[1:]]

        # A provider that is silent holds up nobody whom it does not concern, and the others no longer than it may.
        provider.held.clear()
        slow = [asyncio.create_task(world.submit(f"+2376700001{number:02d}")) for number in range(3)]
        sent.append(await world.submit(PORTED))
        sent += await asyncio.gather(*slow)
        assert await how(world, "+237670000199") == ("prefix", "lookup_timeout", None, None)
        # Then it is not asked any more.
        for number in range(5):
            await world.submit(f"+2376700002{number:02d}")
        assert await how(world, "+237670000299") == ("prefix", "lookup_unavailable", None, None)
        metrics = await world.metrics()
        assert metrics.total("lookups_total", source="table", result="found") >= 4
        assert metrics.total("lookups_total", source="hlr", result="timeout") == 5
        assert metrics.total("lookups_total", source="hlr", result="unavailable") >= 4
        assert metrics.total("lookup_seconds_count") >= 5
        provider.held.set()
    await world.ended([one["id"] for one in sent])
    assert await world.stop() == 0
    # A restart finds the table as it was loaded.
    before = (world.folder / "data" / "ported.csv.table").stat().st_mtime_ns
    await world.start()
    assert await how(world, PORTED) == ("table", None, "624", "04")
    assert (world.folder / "data" / "ported.csv.table").stat().st_mtime_ns == before
    words = [line["event"] for line in world.log()]
    assert words.count("ported_numbers_loaded") == 2
    assert "lookup_unavailable" in words
