"""The Store contract on SQLite, and what only a file can suffer."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from adapters.store import open_store
from router.ports import Store
from tests.store import contract


class Folder:
    """A folder with a database in it; SQLite has the file, its -wal, and what can be built anew."""

    def __init__(self, path: Path) -> None:
        self.path = path / "data" / "router.db"

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.path}", structlog.get_logger(), lambda seconds, size: None)

    def crashed(self) -> "Folder":
        copy = Folder(self.path.parent / "crashed")
        copy.path.parent.mkdir(parents=True)
        for suffix in ("", "-wal"):
            shutil.copy(f"{self.path}{suffix}", f"{copy.path}{suffix}")
        return copy

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Another process holds the write lock: BEGIN fails with "database is locked"."""
        connection = sqlite3.connect(self.path, isolation_level=None)
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


class TestFailing(OnSqlite, contract.Failing):
    pass


class TestForgetting(OnSqlite, contract.Forgetting):
    pass
