"""Opening the database file: alone, migrated, set up for a log that is on disk when COMMIT returns."""

from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import apsw
from msgspec import Struct

from router.ports.store import StoreUnavailable

_PAGE = 8192
_WRITER_CACHE = 64 * 1024 * 1024
_READER_CACHE = 8 * 1024 * 1024
_WAL = 32 * 1024 * 1024
LOG_PAGES = _WAL // _PAGE
"""So far the write-ahead log grows before it is brought into the database."""

# No two threads ever use one connection at a time, so SQLite need not guard it.
_ALONE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX


_ADVICE: dict[type[Exception], str] = {
    apsw.CorruptError: "was not touched; restore a backup, or save what can be read: sqlite3 FILE .recover",
    apsw.NotADBError: "was not touched; restore a backup, or name another file in `store`",
    apsw.ReadOnlyError: "has to be on a disk that can be written, and belong to the user who runs the daemon",
    apsw.CantOpenError: "has to be in a folder that can be written by the user who runs the daemon",
    apsw.FullError: "needs more room on its disk",
}


def unavailable(path: Path, error: Exception) -> StoreUnavailable:
    """What keeps a store from being opened, in words for the one who has to do something about it."""
    advice = _ADVICE.get(type(error))
    return StoreUnavailable(f"{path}: {error}" + (f"; the file {advice}" if advice else ""))


class SchemaState(Struct, frozen=True):
    """`schema` is the version of the file, None where there is none; `wanted` is this program's; `to_run` names what
    leads from one to the other."""

    file: str
    schema: int | None
    wanted: int
    to_run: list[str]


def state_of(path: Path) -> SchemaState:
    """What would be done to the file, read beside a daemon that may be running. Raises StoreUnavailable."""
    wanted = steps()
    version = None
    if path.exists():
        try:
            with closing(open_reader(path)) as connection:
                version = version_of(connection)
        except apsw.Error as error:
            raise unavailable(path, error) from error
    return SchemaState(str(path), version, len(wanted), [step.name for step in wanted[version or 0 :]])


def migrate(path: Path, show: Callable[[str], None]) -> None:
    """Do what a start would do to the file. Raises StoreUnavailable, also while a daemon has it."""
    with closing(lock(path)):
        open_writer(path, show).close()


def lock(path: Path) -> apsw.Connection:
    """Keep other daemons off this store until the returned connection is closed or the process ends.

    SQLite's own file locks do it, on an empty database beside ours. Raises StoreUnavailable.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = apsw.Connection(f"{path}.lock")
    except (OSError, apsw.Error) as error:
        raise unavailable(path, error) from error
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except apsw.Error as error:
        connection.close()
        if isinstance(error, apsw.BusyError):
            raise StoreUnavailable(f"{path} is in use by another daemon") from error
        raise unavailable(path, error) from error
    return connection


def open_writer(path: Path, show: Callable[[str], None] = lambda step: None) -> apsw.Connection:
    """The one connection that writes, at our schema; `show` is told each step on the way there. Raises
    StoreUnavailable."""
    try:
        # No waiting for locks: a writer that runs on the loop's thread fails and tries again later.
        connection = apsw.Connection(str(path), _ALONE)
    except apsw.Error as error:
        raise unavailable(path, error) from error
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = {-_WRITER_CACHE // 1024}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {2 * _WAL}")
        _migrate(connection, show)
    except (apsw.Error, StoreUnavailable) as error:
        connection.close()
        raise unavailable(path, error) from error
    return connection


def open_checkpointer(path: Path) -> apsw.Connection:
    """A connection that brings the log of others into the database. Raises apsw.Error."""
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX)
    connection.execute("PRAGMA synchronous = FULL")
    # Without a statement the file is not looked into, and its log not found.
    connection.execute("PRAGMA user_version")
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that only reads. Raises apsw.Error."""
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOMUTEX)
    connection.execute(f"PRAGMA cache_size = {-_READER_CACHE // 1024}")
    return connection


def steps() -> list[Traversable]:
    """The statements that lead from an empty file to our schema, in order."""
    folder = files("adapters.store") / "migrations"
    return sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)


def version_of(connection: apsw.Connection) -> int:
    """How many of the steps a file has behind it; 0 for an empty one."""
    version: int = connection.execute("PRAGMA user_version").get
    return version


def _migrate(connection: apsw.Connection, show: Callable[[str], None]) -> None:
    wanted = steps()
    version = version_of(connection)
    if version > len(wanted):
        raise StoreUnavailable(
            f"its schema is version {version}, newer than this program's {len(wanted)}; run the one that wrote it"
        )
    for number, step in enumerate(wanted[version:], version + 1):
        show(step.name)
        try:
            connection.execute(f"BEGIN IMMEDIATE;\n{step.read_text('utf-8')}\nPRAGMA user_version = {number};\nCOMMIT;")
        except apsw.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
