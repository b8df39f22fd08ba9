"""The Store contract on SQLite, and what only a file can suffer."""

import asyncio
import gc
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import apsw
import pytest
import structlog
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.store import event_log, open_store, reads
from router.event import EventType, LoggedEvent
from router.message import Message, State
from router.ports.store import MessageFilter, Store, StoreUnavailable
from tests.store import contract, paying
from tests.store.contract import found, ids, opened
from tests.store.values import (
    NOW,
    accepted,
    accepting,
    answer,
    committed,
    event,
    message,
    piece,
    receipt,
    refused,
    waiting,
)


class Folder:
    """A folder with a database in it; SQLite has the file, its -wal, and what can be built anew."""

    def __init__(self, path: Path) -> None:
        self.path = path / "data" / "router.db"

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.path}", structlog.get_logger(), lambda seconds, size: None)

    def crashed(self) -> "Folder":
        copy = Folder(Path(mkdtemp(dir=self.path.parent)))
        copy.path.parent.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(f"{self.path}{suffix}", f"{copy.path}{suffix}")
        return copy

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Another process holds the write lock: BEGIN fails with "database is locked"."""
        connection = apsw.Connection(str(self.path))
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()


class OnSqlite:
    @pytest.fixture
    def make_shelf(self) -> Callable[[Path], contract.Shelf]:
        return Folder


class TestWriting(OnSqlite, contract.Writing):
    pass


class TestReading(OnSqlite, contract.Reading):
    pass


class TestRecovering(OnSqlite, contract.Recovering):
    pass


class TestAuditing(OnSqlite, contract.Auditing): ...


class TestGuarding(OnSqlite, contract.Guarding):
    pass


class TestPaying(OnSqlite, paying.Paying):
    pass


class TestJoining(OnSqlite, contract.Joining):
    pass


class TestFailing(OnSqlite, contract.Failing):
    pass


class TestForgetting(OnSqlite, contract.Forgetting):
    pass


class TestRemembering(OnSqlite, contract.Remembering):
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class TestOpening:
    async def test_the_folder_is_made_and_is_ours_alone(self, folder: Folder) -> None:
        await found(folder)
        assert folder.path.parent.stat().st_mode & 0o777 == 0o700

    async def test_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        store = open_store("sqlite:///some where/100%#?.db", structlog.get_logger(), lambda seconds, size: None)
        await store.open()
        await accepted(store, message(1))
        assert await ids(store.list_messages(MessageFilter("acme"))) == [1]
        await store.close()
        assert (tmp_path / "some where" / "100%#?.db").exists()

    @pytest.mark.parametrize("url", ["", "sqlite:", "sqlite:///", "router.db", "mysql://root:hunter2@host/db"])
    def test_other_urls_are_refused_without_telling_secrets(self, url: str) -> None:
        with pytest.raises(ValueError, match="no store for") as error:
            open_store(url, structlog.get_logger(), lambda seconds, size: None)
        assert "hunter2" not in str(error.value)

    async def test_a_newer_schema_is_refused_and_left_alone(self, folder: Folder) -> None:
        await found(folder)
        connection = apsw.Connection(str(folder.path))
        connection.execute("PRAGMA user_version = 999")
        connection.close()
        with pytest.raises(StoreUnavailable, match="version 999, newer than"):
            await folder.store().open()

    async def test_a_migration_that_fails_leaves_nothing_behind(self, folder: Folder) -> None:
        folder.path.parent.mkdir()
        connection = apsw.Connection(str(folder.path))
        connection.execute("CREATE TABLE events (other INTEGER)")
        with pytest.raises(StoreUnavailable, match="already exists"):
            await folder.store().open()
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("events",)]
        connection.close()

    async def test_a_database_of_version_1_keeps_all_it_has(self, folder: Folder) -> None:
        async with opened(folder) as (store, _):
            one = waiting(1, due_at=NOW)
            await accepted(store, one, message(2, state=State.DELIVERED), remembered=answer("k"))
            store.link("mtn", "id1", one, NOW)
            store.append(event(1))
            store.park(receipt(1))
            store.move_cursor("hook", 1)
        before = await found(folder)
        back_to_version_1(folder.path)
        assert await found(folder) == before
        async with opened(folder) as (store, _):
            assert await ids(store.list_messages(MessageFilter("acme"))) == [2, 1]
            assert await store.find_linked([("mtn", "id1")]) == {("mtn", "id1"): [one]}
            assert await store.events("acme", 0, 9) == [event(1)]
            assert await store.recall("acme", "k") == answer("k")
            store.keep(piece(1))
        async with opened(folder) as (store, _):
            assert await store.pieces([piece(1).message]) == {piece(1).message: [piece(1)]}

    async def test_a_migration_that_is_killed_is_done_again(self, folder: Folder) -> None:
        """A step and its number are one transaction: a second daemon finds version 1 or 2, nothing between."""
        await found(folder)
        back_to_version_1(folder.path)
        connection = apsw.Connection(str(folder.path))
        connection.execute("CREATE TABLE other (x)")
        connection.execute("CREATE INDEX pieces_age ON other (x)")
        with pytest.raises(StoreUnavailable, match="already"):
            await folder.store().open()
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'pieces'").fetchone() == (0,)
        connection.execute("DROP TABLE other")
        connection.close()
        assert (await found(folder)).joinable == []

    async def test_what_is_no_database_is_refused_by_name(self, folder: Folder) -> None:
        folder.path.parent.mkdir()
        folder.path.write_bytes(b"not a database, " * 1000)
        with pytest.raises(StoreUnavailable, match=r"router\.db.*not a database"):
            await folder.store().open()
        assert folder.path.read_bytes() == b"not a database, " * 1000

    async def test_a_corrupt_file_is_refused(self, folder: Folder) -> None:
        async with opened(folder) as (store, _):
            await accepted(store, *(waiting(no) for no in range(1, 500)))
        whole = folder.path.read_bytes()
        folder.path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
        with pytest.raises(StoreUnavailable, match="malformed"):
            await folder.store().open()

    async def test_a_document_that_cannot_be_read_is_named(self, folder: Folder) -> None:
        async with opened(folder) as (store, _):
            one = message(1)
            await accepted(store, one)
            connection = apsw.Connection(str(folder.path))
            connection.execute("UPDATE messages SET body = '{\"id\": 5}'")
            connection.close()
            with pytest.raises(StoreUnavailable, match=r"router\.db"):
                await store.find("acme", one.id)

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file")
        with pytest.raises(StoreUnavailable, match="data"):
            await Folder(tmp_path).store().open()

    async def test_a_second_daemon_is_refused_until_the_first_has_closed(self, folder: Folder) -> None:
        async with opened(folder) as (store, _):
            second = folder.store()
            with pytest.raises(StoreUnavailable, match="in use by another daemon"):
                await second.open()
            await second.close()
            await accepted(store, message(1))
        assert (await found(folder)).last_no == 1

    async def test_a_store_that_could_not_open_may_try_again(self, folder: Folder) -> None:
        second = folder.store()
        async with opened(folder):
            with pytest.raises(StoreUnavailable):
                await second.open()
        await second.open()
        assert second.healthy
        await second.close()


def events_of(path: Path) -> Iterator[tuple[object, ...]]:
    with closing(apsw.Connection(str(path))) as connection:
        for account, last in connection.execute("SELECT account, last_seq FROM logs"):
            for one in event_log.read(connection, account, 0, last):
                yield one.account, one.seq, one.type.value, one.at, one.payload


def back_to_version_1(path: Path) -> None:
    """The database as the first release would have left it: made by its statements, with what is there now."""
    old = path.with_suffix(".old")
    connection = apsw.Connection(str(old))
    connection.execute((files("adapters.store") / "migrations" / "0001_initial.sql").read_text("utf-8"))
    connection.execute("PRAGMA user_version = 1")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    connection.execute("ATTACH ? AS now", (str(path),))
    for table in tables:
        if table == "events":  # stand together by now
            connection.executemany("INSERT INTO main.events VALUES (?, ?, ?, ?, ?)", list(events_of(path)))
            continue
        columns = ", ".join(name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM now.{table}")
    connection.close()
    old.rename(path)


class TestWriter:
    async def test_a_full_disk(self, folder: Folder) -> None:
        """The write-ahead log cannot grow: the COMMIT itself fails."""
        async with opened(folder) as (store, _):
            kept = [waiting(no) for no in range(1, 200)]
            await accepted(store, *kept)
            with capture_logs() as logs, no_room(Path(f"{folder.path}-wal")):
                for one in kept:
                    one.state, one.position = State.SUBMITTED, None
                    store.save(one)
                await refused(store, message(200))
                assert not store.healthy
                assert await ids(store.list_messages(MessageFilter("acme", state=State.SUBMITTED))) == []
            await committed(store)
            await accepted(store, message(201))
            assert len(await store.list_messages(MessageFilter("acme", state=State.SUBMITTED, limit=999))) == 199
            assert [line["event"] for line in logs] == ["store_commit_failed"]
        recovery = await found(folder)
        assert (recovery.last_no, recovery.open_messages) == (201, 1)

    @pytest.mark.deep
    async def test_the_disk_must_take_a_write_before_the_store_is_healthy_again(self, tmp_path: Path) -> None:
        tries = 0

        def monotonic() -> float:
            nonlocal tries
            tries += 1
            return time.monotonic()

        path = tmp_path / "router.db"
        store = open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None, monotonic)
        await store.open()
        await accepted(store, message(1))
        with no_room(Path(f"{path}-wal")):
            await refused(store, message(2))
            tries = 0
            while tries < 3:
                assert not store.healthy
                await asyncio.sleep(0.005)
        await committed(store)
        await accepted(store, message(2))
        await store.close()

    async def test_what_is_asked_while_a_commit_is_about_to_fail_comes_after_it(self, tmp_path: Path) -> None:
        cut = False

        def monotonic() -> float:
            nonlocal cut
            cut = True
            return time.monotonic()

        path = tmp_path / "router.db"
        store = open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None, monotonic)
        await store.open()
        one = waiting(1)
        await accepted(store, one)
        told: list[int] = []
        with no_room(Path(f"{path}-wal")):
            cut = False
            new = message(2)
            failing = accepting(store, new, remembered=answer("k"))
            store.save(replace(one, waiting_for="first"))
            store.after_commit(lambda: told.append(1))
            while not cut:
                await asyncio.sleep(0)
            store.save(replace(one, waiting_for="second"))
            store.save(new)
            store.link("mtn", "new", new, 1)
            behind = accepting(store, message(3))
            store.after_commit(lambda: told.append(2))
            assert isinstance(await failing, StoreUnavailable)
            assert isinstance(await behind, StoreUnavailable)
        await committed(store)
        assert told == [1, 2]
        assert await store.list_messages(MessageFilter("acme")) == [replace(one, waiting_for="second")]
        await store.close()
        connection = apsw.Connection(str(path))
        assert connection.execute("SELECT count(*) FROM links").fetchone() == (0,)
        connection.close()

    async def test_one_commit_holds_what_came_together(self, tmp_path: Path) -> None:
        commits: list[int] = []
        store = open_store(
            f"sqlite:///{tmp_path}/router.db", structlog.get_logger(), lambda seconds, size: commits.append(size)
        )
        await store.open()
        outcomes = [accepting(store, message(no)) for no in range(1, 301)]
        store.append(event(1))
        await asyncio.gather(*outcomes)
        assert commits == [301]
        await store.close()

    async def test_a_purge_that_nobody_waits_for_any_more(self, folder: Folder) -> None:
        async with opened(folder) as (store, _):
            task = asyncio.create_task(store.purge(0, 0, 0, 0))
            await asyncio.sleep(0)
            task.cancel()
            with capture_logs() as logs:
                await committed(store)
            assert logs == []

    @pytest.mark.deep
    async def test_the_file_stops_growing_under_steady_traffic(self, folder: Folder) -> None:
        """What retention frees is used again: with two rounds' messages kept, ten rounds take no more than four."""
        chance = random.Random(1)
        pages, round_ = [], 600
        async with opened(folder) as (store, _):
            for first in range(1, 10 * round_, round_):
                for no in range(first, first + round_):
                    one = message(no, reference=f"order {no}", sender="ACME")
                    await accepted(store, one) if no % 50 == 0 else accepting(store, one)
                    store.link("mtn", f"{chance.getrandbits(64):x}", one, NOW + no)
                    one.state = State.DELIVERED if no % 10 else State.UNDELIVERED
                    store.save(one)
                    store.append(LoggedEvent("acme", no, EventType.DELIVERED, NOW + no, b"x" * 600))
                await committed(store)
                before = NOW + first - round_
                while await store.purge(before, before, before + round_, before):
                    pass
                connection = apsw.Connection(str(folder.path))
                pages.append(connection.pragma("page_count"))
                connection.close()
        assert pages[9] < 1.05 * pages[3], pages


class TestReaders:
    async def test_a_message_outlives_the_reads_that_missed_its_commit(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read, go_on = threading.Event(), threading.Event()
        find = reads.find

        def slow_find(*args: Any, **kwargs: Any) -> Message | None:
            found = find(*args, **kwargs)
            read.set()
            go_on.wait(20)
            return found

        monkeypatch.setattr(reads, "find", slow_find)
        async with opened(folder) as (store, _):
            one = waiting(1)
            await accepted(store, one)
            answer = asyncio.create_task(store.find("acme", one.id))
            while not read.is_set():
                await asyncio.sleep(0)
            one.state = State.CANCELLED
            store.save(one)
            await committed(store)
            store.append(event(1))
            await committed(store)
            live = weakref.ref(one)
            del one
            gc.collect()
            go_on.set()
            old = await answer
            assert old is not None
            assert live() is not None
            assert (old.state, live().state) == (State.QUEUED, State.CANCELLED)
            while live() is not None:
                await asyncio.sleep(0.01)


@contextmanager
def no_room(file: Path) -> Iterator[None]:
    """No file of this process may grow beyond this one's present size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def write_until_killed(folder: Folder) -> None:
    """Accept pairs, settle them, and say on standard output what is on disk."""
    store = folder.store()
    recovery = await store.open()
    no, seq = recovery.last_no, recovery.last_seqs.get("acme", 0)
    while True:
        outcomes = []
        for _ in range(20):
            pair = waiting(no + 1), waiting(no + 2)
            no += 2
            outcomes.append(accepting(store, *pair, remembered=answer(str(no))))
            for one in pair:
                seq += 1
                one.state, one.position = State.SUBMITTED, None
                store.save(one)
                store.link("mtn", f"id{one.no}", one, one.created_at)
                store.append(event(seq))
        assert set(await asyncio.gather(*outcomes)) == {None}
        os.write(1, f"{no}\n".encode())


@pytest.mark.process
async def test_what_was_confirmed_survives_kill_9(folder: Folder) -> None:
    for lines in (1, 7, 23):
        daemon = subprocess.Popen(
            [sys.executable, "-m", "tests.store.test_sqlite", str(folder.path.parent.parent)], stdout=subprocess.PIPE
        )
        with daemon:
            assert daemon.stdout is not None
            confirmed = int([daemon.stdout.readline() for _ in range(lines)][-1])
            os.kill(daemon.pid, signal.SIGKILL)
            rest = daemon.stdout.read().split(b"\n")[:-1]
        confirmed = int(rest[-1]) if rest else confirmed
        async with opened(folder) as (store, recovery):
            listed = await store.list_messages(MessageFilter("acme", limit=10**9))
            assert recovery.last_no >= confirmed
            assert recovery.last_no % 2 == 0
            assert recovery.last_seqs == {"acme": recovery.last_no}
            assert recovery.open_messages == 0
            assert {one.state for one in listed} == {State.SUBMITTED}
            assert [one.no for one in listed] == list(range(recovery.last_no, 0, -1))
            assert len(await store.events("acme", 0, 10**9)) == recovery.last_no
            assert await store.recall("acme", str(recovery.last_no))
            keys = [("mtn", f"id{one.no}") for one in listed]
            assert {key: [one.no for one in linked] for key, linked in (await store.find_linked(keys)).items()} == {
                key: [one.no] for key, one in zip(keys, listed, strict=True)
            }


if __name__ == "__main__":
    asyncio.run(write_until_killed(Folder(Path(sys.argv[1]))))
