"""Questions to the store, each one SELECT (or a few) on a connection of its own that sees what is committed."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec

from adapters.store.rows import (
    decode_long_message,
    decode_piece,
    entry_of,
    id_bytes,
    key_bytes,
    long_message_bytes,
    messages,
)
from adapters.store.schema import open_reader
from router.audit import AuditEntry
from router.inbound import LongMessage, Piece
from router.message import Message
from router.ports.store import Lane, Remembered, StoreUnavailable
from router.wallet import Entry

T = TypeVar("T")

_THREADS = 4
_GRACE = 0.1  # seconds
_ANY = 2**63 - 1


class Readers:
    """A few threads, each with its own read-only connection.

    A read may have begun before a commit and be answered after it. Until then the committed batch is kept, and with it
    the messages that the answer knows only as they were: who holds messages by weak reference still finds the newer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._executor = ThreadPoolExecutor(_THREADS, "store-read")
        self._own = threading.local()
        self._connections: list[apsw.Connection] = []
        self._kept: dict[int, list[object]] = {}

    async def ask(self, question: Callable[[apsw.Connection], T]) -> T:
        """Run `question` in a thread. Raises StoreUnavailable."""
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._executor, self._answer, question)
        except RuntimeError as error:
            raise StoreUnavailable("the store is closed") from error
        kept: list[object] = []
        self._kept[id(kept)] = kept
        try:
            return await answer
        finally:
            del self._kept[id(kept)]
            # The one who asked may be some turns of the loop away, behind a task or a timeout.
            asyncio.get_running_loop().call_later(_GRACE, kept.clear)

    def keep(self, batch: object) -> None:
        """Hold a batch that was just committed for as long as a read that is under way may have missed it."""
        for kept in self._kept.values():
            kept.append(batch)

    def close(self) -> None:
        """Wait for the questions under way, then close."""
        self._executor.shutdown()
        for connection in self._connections:
            connection.close()

    def _answer(self, question: Callable[[apsw.Connection], T]) -> T:
        try:
            connection: apsw.Connection | None = getattr(self._own, "connection", None)
            if connection is None:
                connection = self._own.connection = open_reader(self._path)
                self._connections.append(connection)
            try:
                return question(connection)
            except apsw.Error:
                # What was read from a disk that fails is read again.
                connection.execute("PRAGMA shrink_memory")
                raise
        except (apsw.Error, msgspec.MsgspecError) as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error


def find(connection: apsw.Connection, account: str, message_id: str) -> Message | None:
    try:
        key = id_bytes(message_id)
    except ValueError:
        return None
    rows = connection.execute("SELECT body FROM messages WHERE account = ? AND id = ?", (account, key))
    return next(iter(messages(rows)), None)


def find_linked(connection: apsw.Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Message]]:
    found = {}
    for operator, key in keys:
        rows = connection.execute(
            "SELECT body FROM links JOIN messages USING (no) WHERE links.operator = ? AND key = ?"
            " ORDER BY at DESC, no DESC",
            (operator, key_bytes(key)),
        ).fetchall()
        if rows:
            found[operator, key] = messages(rows)
    return found


def load_lane(connection: apsw.Connection, lane: Lane, after: int, limit: int) -> list[Message]:
    rows = connection.execute(
        "SELECT body FROM messages WHERE operator = ? AND rank = ? AND account = ? AND position > ?"
        " ORDER BY position LIMIT ?",
        (lane.operator, lane.rank, lane.account, after, limit),
    )
    return messages(rows)


def load_due(connection: apsw.Connection, now: int, limit: int) -> list[Message]:
    rows = connection.execute(
        "SELECT body FROM messages WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        (now, limit),
    )
    return messages(rows)


def pieces(connection: apsw.Connection, messages: Sequence[LongMessage]) -> dict[LongMessage, list[Piece]]:
    found = {}
    for message in messages:
        rows = connection.execute(
            "SELECT body FROM pieces WHERE message = ? ORDER BY id", (long_message_bytes(message),)
        )
        got = [decode_piece(body) for (body,) in rows]
        if got:
            found[message] = got
    return found


def overdue(connection: apsw.Connection, before: int, limit: int) -> list[LongMessage]:
    rows = connection.execute(
        "SELECT message FROM pieces WHERE received_at <= ? ORDER BY received_at LIMIT ?", (before, limit)
    )
    return [decode_long_message(message) for message in dict.fromkeys(message for (message,) in rows)]


def audited(connection: apsw.Connection, after: int, limit: int) -> list[AuditEntry]:
    rows = connection.execute(
        "SELECT at, who, action, subject, outcome, seq FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
    )
    return [AuditEntry(*row) for row in rows]


def last_audited(connection: apsw.Connection, before: int, limit: int) -> list[AuditEntry]:
    rows = connection.execute(
        "SELECT at, who, action, subject, outcome, seq FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        (before, limit),
    )
    return [AuditEntry(*row) for row in rows]


def entries(connection: apsw.Connection, account: str, before: int | None, limit: int) -> list[Entry]:
    rows = connection.execute(
        "SELECT no, account, at, kind, amount, reference, detail FROM entries WHERE account = ? AND no < ?"
        " ORDER BY no DESC LIMIT ?",
        (account, _ANY if before is None else before, limit),
    )
    return [entry_of(row) for row in rows]


def recall(connection: apsw.Connection, account: str, key: str) -> Remembered | None:
    row = connection.execute(
        "SELECT digest, status, body, at FROM remembered WHERE account = ? AND key = ?", (account, key_bytes(key))
    ).fetchone()
    return row and Remembered(account, key, *row)
