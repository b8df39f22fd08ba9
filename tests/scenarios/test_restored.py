"""A backup taken under traffic, kill -9, and a daemon on what was restored: it has every message that was accepted
before the backup began, and brings each to its end."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.scenarios.world import FINAL, World, until

pytestmark = pytest.mark.process


async def test_every_message_accepted_before_the_backup_is_there_and_ends(world: World, tmp_path: Path) -> None:
    smsc = await world.operator(receipt_delay=0.2)
    world.configure(window=20, operator="receipts: {timeout: 5s}")
    await world.start()
    ids: list[str] = []

    async def traffic() -> None:
        while True:
            ids.extend(await world.send(20))
            await asyncio.sleep(0.005)

    async def command(*words: str) -> int:
        child = world.processes.start(*words, "-c", str(world.config), log=tmp_path / "commands.log")
        return await asyncio.to_thread(child.wait, 60)

    sending = asyncio.create_task(traffic())
    await until(lambda: len(smsc.submitted) >= 300, what=lambda: len(smsc.submitted))
    before = set(ids)
    made = await command("backup", str(tmp_path / "backup"))
    assert made == 0, (tmp_path / "commands.log").read_text()
    await until(lambda: len(ids) > len(before) + 100, what=lambda: len(ids))
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert await command("restore", str(tmp_path / "backup"), "--replace") == 1  # the daemon has it
    await world.kill()
    assert await command("restore", str(tmp_path / "backup")) == 1  # a database is there
    log = (tmp_path / "commands.log").read_text()
    assert "in use by another daemon" in log
    assert "--replace" in log
    assert await command("restore", str(tmp_path / "backup"), "--replace") == 0, log

    restarted = datetime.now(UTC)
    await world.start()
    restored = {one["id"]: one for one in await world.messages()}
    assert before <= set(restored)
    assert await command("migrate", "--check") == 0
    await world.ended([id for id, one in restored.items() if one["state"] not in FINAL])
    ended = await world.messages()
    assert {one["id"] for one in ended} == set(restored)
    # Receipts that came between the backup and the kill went with the old database.
    for one in ended:
        lost = datetime.fromisoformat(one["submitted_at"]) < restarted
        assert one["state"] == "delivered" or (one["state"] == "unknown" and lost), one
    assert await world.stop() == 0
