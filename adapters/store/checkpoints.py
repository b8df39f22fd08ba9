"""Bringing what is committed from the write-ahead log into the database, beside the commits.

A commit that did it on its way would take tens of milliseconds, and whoever waits for it with it. So a thread with a
connection of its own copies what is in the log while the log grows on. What has come meanwhile is little: the writer
copies it between two commits, and then SQLite begins the log anew (sqlite.org/wal.html, section 4).
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
from structlog.typing import FilteringBoundLogger

from adapters.store.schema import LOG_PAGES, open_checkpointer

# So many pages at most the writer should have to copy; the thread goes over the log again before, up to so many times.
_FEW = 128
_PASSES = 4


class Checkpoints:
    """Takes over from SQLite's own checkpoints of `writer`, each time the log has grown by LOG_PAGES."""

    def __init__(self, path: Path, writer: apsw.Connection, log: FilteringBoundLogger) -> None:
        """Raises apsw.Error."""
        self._writer = writer
        self._log = log
        self._own = open_checkpointer(path)
        self._executor = ThreadPoolExecutor(1, "store-checkpoint")
        self._in_log = 0
        self._next = LOG_PAGES
        self._passing = False
        self._passed = False
        writer.set_wal_hook(self._committed)

    def look(self) -> bool:
        """After a commit: whether the writer is to `finish` before its next."""
        if self._in_log >= self._next and not self._passing:
            self._passing = True
            self._executor.submit(self._pass)
        return self._passed

    def finish(self) -> None:
        """In the writer's thread, between two commits: copy the rest."""
        self._copy(self._writer)
        self._passed = self._passing = False

    def close(self) -> None:
        """Wait for what is under way. The writer copies the rest when it is closed, as every last connection does."""
        self._executor.shutdown()
        self._own.close()

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._in_log = pages
        return apsw.SQLITE_OK

    def _pass(self) -> None:
        for _ in range(_PASSES):
            copied = self._copy(self._own)
            if copied is None:
                self._passing = False
                return
            if self._in_log - copied <= _FEW:
                break
        self._passed = True

    def _copy(self, connection: apsw.Connection) -> int | None:
        """How many pages of the log are in the database now; None where not all could be copied, because somebody still
        reads what was there before or the disk does not take them. Then it is tried again later."""
        try:
            pages, copied = connection.wal_checkpoint()
        except apsw.Error as error:
            self._log.warning("store_checkpoint_failed", error=str(error))
            pages, copied = self._in_log, 0
        self._next = LOG_PAGES if copied >= pages else pages + LOG_PAGES
        return copied if copied >= pages else None
