"""A real Prometheus with our configuration and our rules beside a real daemon: an operator is cut and comes back."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.processes import ROOT, free_port
from tests.scenarios.world import World, until

FOLDER = ROOT / "deploy" / "prometheus"

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="left out: no prometheus on PATH (Debian: apt-get install prometheus)",
    ),
]


@asynccontextmanager
async def prometheus(folder: Path, target: int) -> AsyncIterator[int]:
    """One that has our files, but for the address and that it asks each second; its port."""
    folder.mkdir()
    text = (FOLDER / "prometheus.yml").read_text()
    (folder / "prometheus.yml").write_text(text.replace("127.0.0.1:8080", f"127.0.0.1:{target}").replace("15s", "1s"))
    shutil.copy(FOLDER / "carrier-router.rules.yml", folder)
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=log,
            stderr=log,
        )
        try:
            yield port
        finally:
            process.terminate()
            await process.wait()


async def asked(port: int, path: str) -> Any:
    def ask() -> Any:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5) as answer:
                return json.load(answer)["data"]
        except (URLError, OSError):
            return None

    return await asyncio.to_thread(ask)


async def rules(port: int) -> dict[str, Any]:
    found = await asked(port, "rules")
    return {rule["name"]: rule for group in found["groups"] for rule in group["rules"]}


async def test_it_is_scraped_without_an_error_and_a_cut_operator_is_an_alert(world: World, tmp_path: Path) -> None:
    await world.operator("mtn", proxied=True)
    world.configure()
    await world.start()
    await world.bound("mtn")
    await world.delivered(await world.send(20))
    async with prometheus(tmp_path / "prometheus", world.http) as port:

        async def is_up() -> bool:
            found = await asked(port, "targets")
            return bool(found) and [one["health"] for one in found["activeTargets"]] == ["up"]

        async def evaluated() -> bool:
            return all(rule["health"] != "unknown" for rule in (await rules(port)).values())

        async def state_is(*states: str) -> bool:
            return (await rules(port))["OperatorUnbound"]["state"] in states

        await until(is_up)
        await until(evaluated)
        assert {
            name: rule.get("lastError", "") for name, rule in (await rules(port)).items() if rule["health"] != "ok"
        } == {}
        (counted,) = (await asked(port, "query?query=carrier_router_messages_accepted_total"))["result"]
        assert counted["value"][1] == "20"
        assert await state_is("inactive")
        await world.proxies["mtn"].stop()
        await until(lambda: state_is("pending", "firing"))
        await world.proxies["mtn"].start(world.ports["mtn"])
        await until(lambda: state_is("inactive"))
