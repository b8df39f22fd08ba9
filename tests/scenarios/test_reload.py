"""SIGHUP and POST /v1/reload: a bad file changes nothing, a good one takes effect and disturbs no other link."""

import asyncio
import signal
from typing import Any

import pytest

from tests.processes import plain_number
from tests.scenarios.world import (
    ADMINISTRATOR,
    TEXT,
    World,
    body_of,
    ending,
    endings,
    submissions,
    until,
)

pytestmark = pytest.mark.process


async def reload(world: World, status: int = 200) -> Any:
    async with world.client.post("/v1/reload", headers=ADMINISTRATOR) as answer:
        return await body_of(answer, status)


async def plan(world: World) -> Any:
    async with world.client.get("/v1/plan", headers=ADMINISTRATOR) as answer:
        return await body_of(answer, 200)


async def binds(world: World, name: str) -> list[tuple[str, str, int]]:
    """What tells one bind from the one before it."""
    return [(bind["id"], bind["state"], bind["since"]) for bind in (await world.operators())[name]["binds"]]


class Load:
    """Messages, one after the other, for as long as the block lasts; all of them have to arrive."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: list[str] = []

    async def __aenter__(self) -> "Load":
        self._over = False
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._over = True
        await self._task
        if kind is None:
            events = await self.world.ended(self.ids)
            assert set(endings(events).values()) == {1}
            assert {event["state"] for event in events if ending(event)} == {"delivered"}
            assert not any(event["possible_duplicate"] for event in events)

    async def _run(self) -> None:
        while not self._over:
            self.ids.append((await self.world.submit(plain_number(len(self.ids))))["id"])

    async def some_more(self, count: int = 20) -> None:
        """Wait until so many were taken from here on."""
        wanted = len(self.ids) + count
        await until(lambda: len(self.ids) >= wanted)


BAD = [
    ("operators/cheap.yaml", "window: 10", "window: many", 4),
    ("operators/cheap.yaml", "currency: XAF", "currency: XAF\nnonsense: 1", 8),
    ("operators/dear.yaml", "operator: dear", "operator: cheap", 1),
    ("routes.yaml", "currencies: {base: XAF}", "currencies: {base: XAF", 2),
    ("routes.yaml", "currencies: {base: XAF}", "currencies: {base: XAF}\nrules:\n  - {operators: [nobody]}", 3),
    ("accounts.yaml", "token: token", "token: ${NOT_SET_ANYWHERE}", 3),
    ("accounts.yaml", "token: token", "token: file:missing.txt", 3),
    ("router.yaml", "log: {level: info", "log: {level: loud", 6),
]


@pytest.mark.parametrize("by", ["call", "signal"])
async def test_a_bad_file_changes_nothing(world: World, by: str) -> None:
    cheap = await world.operator("cheap")
    await world.operator("dear")
    world.configure()
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    before = await plan(world), await binds(world, "cheap"), await binds(world, "dear")
    async with Load(world) as load:
        for file, good, bad, line in BAD:
            path = world.folder / file
            text = path.read_text()
            assert good in text
            path.write_text(text.replace(good, bad))
            if by == "call":
                problem = await reload(world, 422)
                assert problem["code"] == "invalid_config"
                errors = problem["errors"]
                assert all(set(error) == {"file", "line", "detail"} for error in errors)
            else:
                refused = len(_refusals(world))
                world.daemon.send_signal(signal.SIGHUP)
                errors = await until(lambda refused=refused: _refusals(world)[refused:])
            assert (file, line) in {
                (error["file"].removeprefix(f"{world.folder}/"), error["line"]) for error in errors
            }, errors
            assert (await plan(world), await binds(world, "cheap"), await binds(world, "dear")) == before
            path.write_text(text)
            await load.some_more()
        # Nothing of the refused ones is left over.
        assert (await reload(world))["version"] == before[0]["version"] + 1
        assert (await binds(world, "cheap"), await binds(world, "dear")) == before[1:]
        await load.some_more()
    assert len(submissions(cheap)) == len(load.ids)
    assert len(cheap.sessions) == 1


def _refusals(world: World) -> list[dict[str, Any]]:
    return [line for line in world.log() if line["event"] == "config_refused"]


async def test_a_price_takes_effect_and_no_link_moves(world: World) -> None:
    one, other = await world.operator("one"), await world.operator("other")
    world.configure(binds=2)
    await world.start()
    await world.bound("one")
    await world.bound("other")
    before = await binds(world, "one"), await binds(world, "other")
    async with Load(world) as load:
        await load.some_more()
        path = world.folder / "operators" / "one.yaml"
        path.write_text(path.read_text().replace('"0.01"', '"0.03"'))
        world.daemon.send_signal(signal.SIGHUP)
        await until(lambda: other.counts.submits > 20)
        assert (await plan(world))["version"] == 2
        answered = await world.submit(plain_number(5000))
        assert (answered["operator"], answered["cost"]) == ("other", {"amount": "0.02", "currency": "XAF"})
    assert (await binds(world, "one"), await binds(world, "other")) == before
    assert one.counts.binds == other.counts.binds == 2
    assert len(submissions(one)) + len(submissions(other)) == len(load.ids) + 1
    assert (await world.metrics()).total("plan_version") == 2


async def test_an_operator_comes_and_another_changes_its_link(world: World) -> None:
    changed, kept = await world.operator("changed"), await world.operator("kept")
    world.configure()
    await world.start()
    await world.bound("changed")
    await world.bound("kept")
    before = await binds(world, "kept")
    async with Load(world) as load:
        await load.some_more()
        new = await world.operator("new")
        world.configure()
        path = world.folder / "operators" / "changed.yaml"
        path.write_text(path.read_text().replace("binds: 1", "binds: 3").replace("window: 10", "window: 7"))
        path = world.folder / "operators" / "new.yaml"
        path.write_text(path.read_text().replace('"0.03"', '"0.001"'))
        loaded = await reload(world)
        assert loaded["operators"] == ["changed", "kept", "new"]
        await world.bound("new")
        await world.bound("changed")
        await load.some_more()
    views = await world.operators()
    assert len(views["changed"]["binds"]) == 3
    assert views["changed"]["window"] == 21
    assert await binds(world, "kept") == before
    assert len(kept.sessions) == 1
    await until(lambda: len(changed.sessions) == 3)
    assert new.counts.submits >= 20


async def test_what_waits_for_a_removed_operator_goes_elsewhere(world: World) -> None:
    gone = await world.operator("gone")
    world.configure()
    await world.start()
    await world.bound("gone")
    await gone.stop()
    await until(lambda: _is_down(world, "gone"))
    ids = [
        one["id"]
        for one in await world.batch(
            [{"to": plain_number(number), "from": "ACME", "text": TEXT} for number in range(1000)]
        )
    ]
    assert {one["state"] for one in await world.messages()} == {"queued"}
    other = await world.operator("other")
    world.configure()
    (world.folder / "operators" / "gone.yaml").unlink()
    world.daemon.send_signal(signal.SIGHUP)
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert {(event["state"], event["operator"]) for event in events if ending(event)} == {("delivered", "other")}
    assert len(submissions(other)) == len(ids)
    await world.idle()


async def test_removed_under_load_it_ends_what_it_began(world: World) -> None:
    # Its receipts come before its answers, so none is still to come when it is left.
    cheap = await world.operator("cheap", response_delay=0.1, receipt_delay=0.02)
    dear = await world.operator("dear")
    world.configure()
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    async with Load(world) as load:
        await load.some_more()
        (world.folder / "operators" / "cheap.yaml").unlink()
        world.ports.pop("cheap")
        await reload(world)
        submits = cheap.counts.submits
        await load.some_more()
        # Its last answers and receipts are waited for, and no longer.
        await until(lambda: not cheap.sessions, within=5)
        assert cheap.counts.delivered == cheap.counts.deliveries
    assert cheap.counts.submits == cheap.counts.accepted <= submits + 10
    assert dear.counts.submits >= 20
    assert len(submissions(cheap)) + len(submissions(dear)) == len(load.ids)


async def _is_down(world: World, name: str) -> bool:
    return bool((await world.operators())[name]["state"] == "down")
