"""The write-ahead log comes into the database while commits go on, and never grows without end."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import structlog
from structlog.testing import capture_logs

from adapters.store import checkpoints, open_store
from adapters.store.schema import open_reader
from router.ports.store import Store
from tests.store.values import accepted, event, message

PAGE = 8192
PAGES = 64


@pytest.fixture(autouse=True)
def small_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "LOG_PAGES", PAGES)
    monkeypatch.setattr(checkpoints, "_FEW", 8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "router.db"


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[apsw.Connection]]:
    """Whose connections have copied, in order."""
    copied: list[apsw.Connection] = []
    copy = checkpoints.Checkpoints._copy

    def noted(self: checkpoints.Checkpoints, connection: apsw.Connection) -> int | None:
        copied.append(connection)
        return copy(self, connection)

    monkeypatch.setattr(checkpoints.Checkpoints, "_copy", noted)
    return copied


def store_at(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None)


async def fill(store: Store, first: int, commits: int, until: Callable[[], Any] = lambda: False) -> int:
    """So many commits of a message and its events, or fewer where it is so; the next number."""
    for no in range(first, first + commits):
        for place in range(10):
            store.append(event(10 * no + place))
        await accepted(store, message(no, text="x" * 4000))
        if until():
            return no + 1
    return first + commits


def log_of(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size // PAGE


async def test_the_log_is_begun_anew_while_commits_go_on(path: Path, copying: list[apsw.Connection]) -> None:
    store = store_at(path)
    await store.open()
    await fill(store, 1, 150)
    assert log_of(path) < 6 * PAGES
    own, writer = copying[0], next(one for one in copying if one is not copying[0])
    assert copying.count(own) >= copying.count(writer) > 1
    await store.close()
    assert not Path(f"{path}-wal").exists()
    again = store_at(path)
    assert (await again.open()).last_no == 150
    assert len(await again.events("acme", 0, 9999)) == 1500
    await again.close()


async def test_an_old_read_holds_the_log_up_for_as_long_as_it_lasts(path: Path) -> None:
    store = store_at(path)
    await store.open()
    next_no = await fill(store, 1, 10)
    reader = open_reader(path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM messages").get == 10
    next_no = await fill(store, next_no, 120)
    held = log_of(path)
    assert held > 6 * PAGES
    assert reader.execute("SELECT count(*) FROM messages").get == 10
    reader.execute("COMMIT")
    reader.close()
    size = path.stat().st_size
    await fill(store, next_no, 300, until=lambda: path.stat().st_size > size)
    assert path.stat().st_size > size
    await store.close()


async def test_a_disk_that_does_not_take_it_is_tried_again_and_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sick:
        broken = True

        def __init__(self, connection: apsw.Connection) -> None:
            self._connection = connection

        def wal_checkpoint(self) -> tuple[int, int]:
            if self.broken:
                raise apsw.FullError("database or disk is full")
            return self._connection.wal_checkpoint()

        def close(self) -> None:
            self._connection.close()

    opened = checkpoints.open_checkpointer
    monkeypatch.setattr(checkpoints, "open_checkpointer", lambda path: Sick(opened(path)))
    store = store_at(path)
    await store.open()
    with capture_logs() as logs:
        next_no = await fill(store, 1, 300, until=lambda: len(logs) > 1)
    assert {line["event"] for line in logs} == {"store_checkpoint_failed"}
    assert store.healthy
    Sick.broken = False
    size = path.stat().st_size
    next_no = await fill(store, next_no, 300, until=lambda: path.stat().st_size > size)
    assert path.stat().st_size > size
    await store.close()
    again = store_at(path)
    assert (await again.open()).last_no == next_no - 1
    await again.close()


async def test_a_close_waits_for_it(path: Path) -> None:
    store = store_at(path)
    await store.open()
    await asyncio.gather(*(accepted(store, message(no, text="x" * 4000)) for no in range(1, 400)))
    await store.close()
    assert not Path(f"{path}-wal").exists()
