"""What is done by hand is on record, through kill -9; a webhook gets events again when someone says so."""

import signal
from typing import Any

import pytest

from tests import leaks
from tests.scenarios.test_webhook import set_up, submit
from tests.scenarios.world import ADMINISTRATOR, World, body_of, until

pytestmark = pytest.mark.process


async def record(world: World, after: int = 0) -> list[dict[str, Any]]:
    async with world.client.get(f"/v1/audit?after={after}", headers=ADMINISTRATOR) as answer:
        text = await answer.text()
        assert not leaks.leaks(text)
        entries: list[dict[str, Any]] = (await body_of(answer, 200))["entries"]
        return entries


async def act(world: World, path: str, status: int = 200) -> None:
    async with world.client.post(path, headers=ADMINISTRATOR) as answer:
        await body_of(answer, status)


async def test_every_control_action_is_on_record_through_kill_9(world: World) -> None:
    smsc = await world.operator()
    await smsc.stop()
    world.configure()
    await world.start()
    waiting = await world.submit(world.number())
    later = await world.submit(world.number(), send_at="2090-01-01T00:00:00Z")
    await act(world, "/v1/operators/mtn/pause")
    await act(world, "/v1/operators/nobody/pause", 404)
    await act(world, "/v1/operators/mtn/drain")
    await act(world, "/v1/operators/mtn/resume")
    await act(world, "/v1/reload")
    for one, status in ((waiting, 200), (waiting, 409), (later, 200)):
        async with world.client.delete(f"/v1/messages/{one['id']}") as answer:
            await body_of(answer, status)
    await world.kill()
    await world.start()
    routes = world.folder / "routes.yaml"
    good = routes.read_text()
    routes.write_text("nonsense: 1\n")
    await act(world, "/v1/reload", 422)
    world.daemon.send_signal(signal.SIGHUP)
    await until(lambda: any(line["event"] == "config_refused" for line in world.log()))
    routes.write_text(good)
    world.daemon.send_signal(signal.SIGHUP)
    await until(lambda: any(line["event"] == "plan_reloaded" and line["version"] > 1 for line in world.log()))

    async def complete() -> list[dict[str, Any]] | None:
        entries = await record(world)
        return entries if len(entries) >= 11 else None

    entries = await until(complete)
    told = [(entry["who"], entry["action"], entry["subject"], entry["outcome"]) for entry in entries]
    assert told == [
        ("admin", "operator.pause", "mtn", "done"),
        ("admin", "operator.pause", "nobody", "not_found"),
        ("admin", "operator.drain", "mtn", "done"),
        ("admin", "operator.resume", "mtn", "done"),
        ("admin", "plan.reload", None, "done"),
        ("account:acme", "message.cancel", waiting["id"], "done"),
        ("account:acme", "message.cancel", waiting["id"], "too_late"),
        ("account:acme", "message.cancel", later["id"], "done"),
        ("admin", "plan.reload", None, "invalid_config"),
        ("signal", "plan.reload", None, "invalid_config"),
        ("signal", "plan.reload", None, "done"),
    ]
    assert [entry["seq"] for entry in entries] == list(range(1, 12))
    assert [entry["time"] for entry in entries] == sorted(entry["time"] for entry in entries)
    assert await record(world, after=9) == entries[9:]


async def test_a_replay_sends_what_followed_an_event_again_also_after_kill_9(world: World) -> None:
    await world.operator()
    receiver = await set_up(world, "[all]")
    await receiver.open()
    await world.start()
    await world.ended(await submit(world, 0))
    await until(lambda: len(receiver.events) >= 100)
    await receiver.close()
    had = list(receiver.events)
    async with world.client.post("/v1/accounts/acme/replay", json={"after": 40}, headers=ADMINISTRATOR) as answer:
        assert await body_of(answer, 200) == {"account": "acme", "after": 40, "events": 60}
    await world.kill()
    await receiver.open()
    await world.start()
    await until(lambda: len(receiver.events) >= 160)
    assert receiver.events[100:] == had[40:]
    async with world.client.post("/v1/events/replay", json={"after": 99}) as answer:
        assert (await body_of(answer, 200))["events"] == 1
    await until(lambda: len(receiver.events) >= 161)
    assert receiver.events[160:] == had[99:]
    for after, status in ((101, 422), (None, 200)):
        async with world.client.post("/v1/events/replay", json={"after": after}) as answer:
            await body_of(answer, status)
    assert [(one["who"], one["outcome"]) for one in await record(world)] == [
        ("admin", "done"), ("account:acme", "done"), ("account:acme", "invalid_request"), ("account:acme", "done"),
    ]  # fmt: skip
    assert len(receiver.events) == 161
    await receiver.close()
