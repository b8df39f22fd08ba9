"""The Store port on databases."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
from structlog.typing import FilteringBoundLogger

from adapters.store.book import SqliteBook
from adapters.store.schema import open_reader, unavailable
from adapters.store.sqlite import SqliteStore
from router.book import Book
from router.ports.watching import GaugeSample

_SQLITE = "sqlite:///"


def open_store(
    url: str,
    log: FilteringBoundLogger,
    on_commit: Callable[[float, int], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> SqliteStore:
    """The store that `url` names, not yet opened: sqlite:///relative/path or sqlite:////absolute/path.

    `on_commit` is told each commit's duration in seconds and its number of writes. Raises ValueError for any other url.
    """
    return SqliteStore(path_of(url), log, on_commit, monotonic)


def open_book(store: SqliteStore) -> Book:
    """What the gateway domain keeps in the same database, not yet opened."""
    return SqliteBook(store)


def has_opted_out(url: str, account: str, number: int) -> bool:
    """Whether a number (E.164 digits) is on an account's list, read beside a daemon that may be running. Where there is
    no store yet, or one without lists, it is not. Raises StoreUnavailable, and ValueError as `open_store`."""
    path = path_of(url)
    if not path.exists():
        return False
    try:
        with closing(open_reader(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'opted_out'").get:
                return False
            found = connection.execute("SELECT 1 FROM opted_out WHERE account = ? AND number = ?", (account, number))
            return found.get is not None
    except apsw.Error as error:
        raise unavailable(path, error) from error


def room_gauges(url: str) -> Iterator[GaugeSample]:
    """What the store takes of its disk and what is left there; what the disk does not say is left out."""
    path = path_of(url)
    try:
        disk = os.statvfs(path.parent)
        taken = sum(os.stat(file).st_size for file in (path, f"{path}-wal") if os.path.exists(file))
    except OSError:
        return
    yield GaugeSample("disk_free_bytes", (), disk.f_bavail * disk.f_frsize)
    yield GaugeSample("disk_size_bytes", (), disk.f_blocks * disk.f_frsize)
    yield GaugeSample("database_bytes", (), taken)


def path_of(url: str) -> Path:
    """The database file that `url` names. Raises ValueError as `open_store`."""
    path = url.removeprefix(_SQLITE)
    if path in (url, ""):
        scheme = url.partition(":")[0]
        raise ValueError(f"no store for {scheme!r}: sqlite:///PATH is what there is")
    return Path(path)
