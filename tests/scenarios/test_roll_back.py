"""A reload says what it changes; the plans before it are kept, survive the daemon, and are gone back to."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.processes import ADMIN, ROOT, plain_number
from tests.scenarios.world import ADMINISTRATOR, World, body_of, until

pytestmark = pytest.mark.process


async def cli(world: World, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command, with the admin token."""
    environ = {
        **os.environ,
        "CARRIER_ROUTER_URL": f"http://127.0.0.1:{world.http}",
        "CARRIER_ROUTER_ADMIN_TOKEN": ADMIN,
        "COLUMNS": "200",
    }
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "router", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


async def reload(world: World, status: int = 200, **body: int) -> Any:
    async with world.client.post("/v1/reload", headers=ADMINISTRATOR, json=body or None) as answer:
        return await body_of(answer, status)


async def plan(world: World) -> Any:
    async with world.client.get("/v1/plan", headers=ADMINISTRATOR) as answer:
        return await body_of(answer, 200)


def edit(world: World, name: str, old: str, new: str) -> None:
    path = world.folder / "operators" / f"{name}.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


async def carrier(world: World, number: int) -> Any:
    return (await world.submit(plain_number(number)))["operator"]


async def test_checked_loaded_and_taken_back(world: World) -> None:
    one = await world.operator("one")
    await world.operator("other")
    world.configure()
    assert (await cli(world, "check", "-c", str(world.config), "--diff"))[0] == 1
    await world.start()
    await world.bound("one")
    await world.bound("other")
    edit(world, "one", '"0.01"', '"0.09"')
    edit(world, "one", "window: 10", "window: 11")

    code, shown, _ = await cli(world, "check", "-c", str(world.config), "--diff")
    assert code == 0
    assert "against version 1" in shown
    for word in ("link.window", "0.01 XAF", "0.09 XAF"):
        assert word in shown
    assert (await plan(world))["version"] == 1

    loaded = await reload(world)
    assert loaded["difference"]["binds"] == []
    assert [one["key"] for one in loaded["difference"]["operators"]["changed"][0]["changes"]] == ["link.window"]
    assert await carrier(world, 1) == "other"

    code, shown, _ = await cli(world, "reload", "--to", "1")
    assert code == 0
    assert "as version 1 was" in shown
    assert "The files on disk were left alone" in shown
    assert await carrier(world, 2) == "one"
    assert one.counts.binds == 1
    assert (await world.metrics()).total("plan_version") == 3
    (line,) = [line for line in world.log() if line["event"] == "plan_reloaded" and line["version"] == 3]
    assert (line["rolled_back_to"], line["rates_changed"], line["operators_changed"]) == (1, 1, 1)

    problem = await reload(world, 404, version=9)
    assert (problem["code"], "3, 2, 1" in problem["detail"]) == ("not_found", True)
    code, shown, _ = await cli(world, "reload", "--list")
    assert code == 0
    for word in ("rollback to 1", "request", "start", "runs"):
        assert word in shown


async def test_versions_outlive_the_daemon(world: World) -> None:
    await world.operator("one")
    world.configure()
    await world.start()
    edit(world, "one", '"0.01"', '"0.05"')
    world.daemon.send_signal(signal.SIGHUP)
    await until(lambda: _is_kept(world, 2))
    await world.kill()
    await world.start()
    again = await plan(world)
    assert (again["version"], [one["cause"] for one in again["kept"]]) == (2, ["signal", "start"])
    await world.stop()
    edit(world, "one", '"0.05"', '"0.06"')
    # One that nobody can read any more does no harm but to itself.
    plans = world.folder / "data" / "plans"
    (plans / "000002.tar.gz").write_bytes(b"\x1f\x8b")
    await world.start()
    again = await plan(world)
    assert (again["version"], [one["version"] for one in again["kept"]]) == (3, [3, 1])
    problem = await reload(world, 422, version=2)
    assert problem["code"] == "invalid_config"
    assert problem["errors"][0]["file"].endswith("data/plans/000002.tar.gz")
    assert (await reload(world, version=1))["difference"]["rates"][0]["changed"] == 1


async def test_where_plans_cannot_be_kept_a_reload_still_works(world: World) -> None:
    await world.operator("one")
    world.configure()
    (world.folder / "data").mkdir()
    (world.folder / "data" / "plans").write_text("in the way")
    await world.start()
    assert [line["event"] for line in world.log() if line["level"] == "warning"].count("plan_not_kept") == 1
    edit(world, "one", '"0.01"', '"0.05"')
    code, shown, said = await cli(world, "reload")
    assert code == 0
    assert "version 2 runs" in shown
    assert "could not be kept" in said
    assert (await world.submit(plain_number(1)))["cost"]["amount"] == "0.05"


async def _is_kept(world: World, version: int) -> bool:
    """It runs a moment before it is kept."""
    return bool((await plan(world))["kept"][0]["version"] == version)
