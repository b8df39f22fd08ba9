"""A copy of a store, taken while a daemon may be writing to it, and its way back.

A backup is a folder: router.db, the key and the files of tickets beside it (router.db.key, router.db.files/), the plans
that ran (plans/) and backup.json, which says what it is. Whatever the store's file is called, it has these names in the
backup.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct

from adapters.store import claims
from adapters.store.book.tickets import files_beside
from adapters.store.rows import OPEN, UNSETTLED
from adapters.store.schema import lock, open_reader, steps, unavailable, version_of
from router.refusal import Refusal

FORMAT = 1
_DATABASE = "router.db"
_LABEL = "backup.json"
_PLANS = "plans"
_ARCHIVES = "*.tar.gz"
_PAGES = 1024  # at a time: 8 MiB between two looks at the progress bar
_CHUNK = 8 * 1024 * 1024

Show = Callable[[str, int, int], None]
"""Told what is done at the moment, and how much of how much of it: octets or pages; a total of 0 is not known."""


class Backup(Struct, frozen=True):
    """backup.json. `schema` is the database's version, `open` counts messages that are scheduled or queued, `unsettled`
    those that an operator has and that may still get a receipt; `last_seqs` is where each account's log of events
    ends."""

    format: int
    made_at: datetime
    schema: int
    octets: int
    open: int
    unsettled: int
    last_seqs: dict[str, int]


def back_up(store: Path, plans: Path, target: Path, show: Show) -> Backup:
    """Copy the database at `store` as it is at this moment, its key and the plans into the new folder `target`, which
    is there whole or not at all. Raises Refusal (`exists`, `not_found`, `damaged`, `not_written`), StoreUnavailable."""
    if target.exists() or target.is_symlink():
        raise Refusal("exists", f"{target} is there already, and nothing is overwritten: name another folder")
    if not store.exists():
        raise Refusal("not_found", f"there is no database at {store}")
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise Refusal("not_written", f"{target.parent}: {error.strerror}") from error
    try:
        copy = draft / _DATABASE
        _copy_database(store, copy, show)
        # The key never changes, a plan's archive or a ticket's file is never rewritten, and a file is there before its
        # ticket: no moment in common is needed.
        if _key(store).exists():
            _copy(_key(store), _key(copy), show)
        _copy_folder(files_beside(store), files_beside(copy), "*", show)
        _copy_folder(plans, draft / _PLANS, _ARCHIVES, show)
        backup = _described(copy, show)
        (draft / _LABEL).write_bytes(msgspec.json.format(msgspec.json.encode(backup)))
        for file in (copy, draft / _LABEL, draft):
            _sync(file)
        os.rename(draft, target)
        _sync(target.parent)
    except OSError as error:
        raise Refusal("not_written", f"{error.filename or target}: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return backup


def restore(source: Path, store: Path, plans: Path, replace: bool, show: Show) -> tuple[Backup, Path | None]:
    """Put a backup in the place of `store` and `plans`, after it was checked; nothing that is there is deleted: with
    `replace` it is moved into a folder beside, which is given as well. Raises Refusal (`not_found`, `damaged`,
    `exists`, `not_written`), and StoreUnavailable while a daemon has the store."""
    backup = _read_label(source)
    copy = source / _DATABASE
    _described(copy, show)
    with closing(lock(store)):
        there = [file for file in (*_files(store), plans) if file.exists()]
        if there and not replace:
            raise Refusal("exists", f"{there[0]} is there already: it is moved aside with --replace, or by hand")
        draft = store.with_name(f".{store.name}.restoring")
        try:
            free = shutil.disk_usage(store.parent).free
            if free < backup.octets:
                raise Refusal(
                    "not_written", f"{store.parent} has room for {free} octets, and {backup.octets} are needed"
                )
            _copy(copy, draft, show)
            aside = _move_aside(there, store.parent)
            _copy_folder(source / _PLANS, plans, _ARCHIVES, show)
            _copy_folder(files_beside(copy), files_beside(store), "*", show)
            if _key(copy).exists():
                _copy(_key(copy), _key(store), show)
            # The last step: until then there is no database, and no daemon takes half of this for one.
            os.rename(draft, store)
            _sync(store.parent)
        except OSError as error:
            raise Refusal("not_written", f"{error.filename or store}: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)
    return backup, aside


def _copy_database(store: Path, target: Path, show: Show) -> None:
    try:
        with closing(open_reader(store)) as source, closing(apsw.Connection(str(target))) as copy:
            target.chmod(0o600)
            # One look at the database for all steps: what is written meanwhile neither comes in nor starts it anew.
            source.execute("BEGIN; SELECT count(*) FROM sqlite_schema")
            copy.execute("PRAGMA synchronous = OFF")  # synced as a whole, and thrown away where this does not end
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES)
                    show("copying the database", backup.page_count - backup.remaining, backup.page_count)
    except apsw.FullError as error:
        raise Refusal("not_written", f"{target.parent.parent}: the disk is full") from error
    except apsw.Error as error:
        raise unavailable(store, error) from error


def _described(copy: Path, show: Show) -> Backup:
    """What is in the database of a backup, after every page of it was looked at."""

    def goes_on() -> bool:
        show("checking the copy", 0, 0)
        return False

    try:
        with _opened(copy) as database:
            database.set_progress_handler(goes_on, 1_000_000)
            found = database.execute("PRAGMA quick_check(1)").get
            if found != "ok":
                raise Refusal("damaged", f"{copy}: {found}")
            schema = version_of(database)
            if not 0 < schema <= len(steps()):
                raise Refusal("damaged", f"{copy} has schema {schema}, this program knows 1 to {len(steps())}")
            return Backup(
                format=FORMAT,
                made_at=datetime.now(UTC),
                schema=schema,
                octets=copy.stat().st_size,
                open=_count(database, OPEN),
                unsettled=_count(database, UNSETTLED, claims.CLAIMED if schema >= claims.SINCE else ""),
                last_seqs=dict(database.execute("SELECT account, last_seq FROM logs")),
            )
    except (apsw.Error, OSError) as error:
        raise Refusal("damaged", f"{copy}: {error}") from error


def _count(database: apsw.Connection, kind: int, others: str = "") -> int:
    """Messages of one kind, and those whose numbers the query `others` gives."""
    marked = f"SELECT no FROM messages WHERE live IN ({kind}, {OPEN | UNSETTLED})"
    count: int = database.execute(f"SELECT count(*) FROM ({marked}{others and ' UNION ' + others})").get
    return count


@contextmanager
def _opened(copy: Path) -> Iterator[apsw.Connection]:
    """To be read, without leaving a file beside it: nobody else writes to a copy."""
    with closing(
        apsw.Connection(f"{copy.absolute().as_uri()}?immutable=1", apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    ) as database:
        yield database


def _read_label(source: Path) -> Backup:
    try:
        content = (source / _LABEL).read_bytes()
    except OSError as error:
        raise Refusal("not_found", f"{source} is no backup: {_LABEL} is missing ({error.strerror})") from error
    try:
        label = msgspec.json.decode(content, type=Backup)
    except msgspec.DecodeError as error:
        raise Refusal("damaged", f"{source / _LABEL}: {error}") from error
    if label.format != FORMAT:
        raise Refusal("damaged", f"{source} has format {label.format}, of another version of carrier-router")
    return label


def _key(database: Path) -> Path:
    return Path(f"{database}.key")


def _files(store: Path) -> tuple[Path, ...]:
    """The database and what belongs to it. A log that is left of another database must not meet a new one."""
    return (store, Path(f"{store}-wal"), Path(f"{store}-shm"), _key(store), files_beside(store))


def _move_aside(there: list[Path], folder: Path) -> Path | None:
    if not there:
        return None
    aside = Path(tempfile.mkdtemp(prefix=f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-", dir=folder))
    for one in there:
        os.rename(one, aside / one.name)
    return aside


def _copy_folder(folder: Path, target: Path, names: str, show: Show) -> None:
    """The files of these names (a pattern), if there is such a folder at all."""
    if not folder.is_dir():
        return
    target.mkdir(mode=0o700)
    for file in sorted(folder.glob(names)):
        try:
            _copy(file, target / file.name, show)
        except FileNotFoundError:
            continue  # the daemon keeps the last ten plans only
    _sync(target)


def _copy(source: Path, target: Path, show: Show) -> None:
    """Readable for us only, and on disk when this returns."""
    with (
        source.open("rb") as reading,
        open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writing,
    ):
        total = os.fstat(reading.fileno()).st_size
        while chunk := reading.read(_CHUNK):
            writing.write(chunk)
            show(f"copying {source.name}", writing.tell(), total)
        writing.flush()
        os.fsync(writing.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
