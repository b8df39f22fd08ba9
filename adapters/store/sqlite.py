"""The Store on one SQLite file; the contract is router.ports.store.Store."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

import apsw
import msgspec
from structlog.typing import FilteringBoundLogger

from adapters.store import event_log, lists, reads, retention, searching, transaction
from adapters.store.batch import Acceptance, Done, Step
from adapters.store.checkpoints import Checkpoints
from adapters.store.claims import bring_in
from adapters.store.recovery import next_due, oldest_piece, recover
from adapters.store.rows import audit_row, key_bytes, piece_key, piece_row, receipt_bytes
from adapters.store.schema import lock, open_writer, unavailable
from adapters.store.writer import Writer
from router.audit import AuditEntry
from router.event import LoggedEvent
from router.inbound import LongMessage, Piece
from router.message import Message
from router.ports.store import (
    Lane,
    MessageFilter,
    MessageSearch,
    MessagesFound,
    Recovery,
    Remembered,
    Rider,
    Spent,
    StoreUnavailable,
)
from router.receipt import Receipt
from router.refusal import Refusal
from router.wallet import Entry

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Lists may walk far back through an account's history; the engine's own reads must not wait behind them.
_LISTS_AT_ONCE = 2


class SqliteStore:
    def __init__(
        self,
        path: Path,
        log: FilteringBoundLogger,
        on_commit: Callable[[float, int], None],
        monotonic: Callable[[], float],
    ) -> None:
        """`on_commit` is told each commit's duration in seconds and its number of writes."""
        self.path = path
        self._log = log
        self._on_commit = on_commit
        self._monotonic = monotonic
        self._opened = False
        self._executor: ThreadPoolExecutor
        self._resources: ExitStack
        self._readers: reads.Readers
        self._writer: Writer
        self._progress: retention.Progress
        self._lists = asyncio.Semaphore(_LISTS_AT_ONCE)

    async def open(self) -> Recovery:
        self._executor = ThreadPoolExecutor(1, "store-commit")
        try:
            connection, checkpoints, recovery = await self._in_thread(self._prepare)
        except BaseException:
            self._executor.shutdown(wait=False)
            raise
        self._writer = Writer(
            connection,
            self._executor,
            lambda: self._progress.texts_gone_to,
            self._readers.keep,
            self._log,
            checkpoints,
            self._on_commit,
            self._monotonic,
        )
        self._opened = True
        return recovery

    async def close(self) -> None:
        if not self._opened:
            return
        self._opened = False
        try:
            await self._writer.close()
        finally:
            await self._in_thread(self._resources.close)
            self._executor.shutdown()

    @property
    def healthy(self) -> bool:
        return self._opened and self._writer.healthy

    def accept(
        self,
        messages: Sequence[Message],
        remembered: Remembered | None,
        done: Done,
        debit: Entry | None = None,
        riders: Sequence[Rider] = (),
    ) -> None:
        writer = self._writer
        if writer.healthy:
            writer.batch().accept(Acceptance(messages, remembered, done, riders), debit)
        else:
            error = StoreUnavailable("the store cannot write at the moment")
            asyncio.get_running_loop().call_soon(writer.call, done, error)

    def enter(self, entry: Entry, message: Message | None = None) -> None:
        self._writer.enter(entry, message)

    async def pay(self, entry: Entry, answer: Remembered | None, since: int) -> Remembered | None:
        return await self.write(partial(transaction.pay, entry=entry, answer=answer, since=since))

    def save(self, message: Message) -> None:
        self._writer.batch().save(message)

    def claim(self, message: Message) -> None:
        self._writer.batch().claim(message)

    def link(self, operator: str, key: str, message: Message, at: int) -> None:
        self._writer.batch().link(operator, key_bytes(key), message.no, at)

    def append(self, event: LoggedEvent) -> None:
        self._writer.batch().append(event)

    def park(self, receipt: Receipt) -> None:
        self._writer.batch().park(receipt_bytes(receipt), receipt.received_at)

    def unpark(self, receipt: Receipt) -> None:
        self._writer.batch().park(receipt_bytes(receipt), None)

    def keep(self, piece: Piece) -> None:
        self._writer.batch().keep(piece_row(piece))

    def drop(self, pieces: Sequence[Piece], event: LoggedEvent | None = None) -> None:
        self._writer.batch().drop([piece_key(piece) for piece in pieces], event)

    def move_cursor(self, reader: str, seq: int) -> None:
        self._writer.batch().move_cursor(reader, seq)

    def rewind(self, reader: str, seq: int) -> None:
        self._writer.batch().rewind(reader, seq)

    def audit(self, entry: AuditEntry) -> None:
        self._writer.batch().audit(audit_row(entry))

    def spend(self, spent: Spent) -> None:
        self._writer.batch().spend(spent)

    def opt_out(self, account: str, number: int, at: int) -> None:
        self._writer.batch().opt_out(account, number, at)

    def opt_in(self, account: str, number: int) -> None:
        self._writer.batch().opt_out(account, number, None)

    def listen(self, heard: Callable[[Sequence[LoggedEvent]], None]) -> None:
        self._writer.listeners.append(heard)

    def before_commit(self, call: Callable[[], None]) -> None:
        self._writer.askers.append(call)

    def after_commit(self, call: Callable[[Unpack[Ts]], None], *args: *Ts) -> None:
        self._writer.batch().callbacks.append((call, args))

    async def find(self, account: str, message_id: str) -> Message | None:
        return await self._readers.ask(partial(reads.find, account=account, message_id=message_id))

    async def list_messages(self, query: MessageFilter) -> list[Message]:
        return await self.search(partial(lists.list_messages, query=query))

    async def search_messages(self, query: MessageSearch) -> MessagesFound:
        return await self.search(partial(searching.search_messages, query=query))

    async def find_linked(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Message]]:
        return await self._readers.ask(partial(reads.find_linked, keys=keys))

    async def load_lane(self, lane: Lane, after: int, limit: int) -> list[Message]:
        return await self._readers.ask(partial(reads.load_lane, lane=lane, after=after, limit=limit))

    async def load_due(self, now: int, limit: int) -> list[Message]:
        return await self._readers.ask(partial(reads.load_due, now=now, limit=limit))

    async def next_due(self) -> int | None:
        return await self._readers.ask(next_due)

    async def events(self, account: str, after: int, limit: int) -> list[LoggedEvent]:
        return await self._readers.ask(partial(event_log.read, account=account, after=after, limit=limit))

    async def pieces(self, messages: Sequence[LongMessage]) -> dict[LongMessage, list[Piece]]:
        return await self._readers.ask(partial(reads.pieces, messages=messages))

    async def overdue(self, before: int, limit: int) -> list[LongMessage]:
        return await self._readers.ask(partial(reads.overdue, before=before, limit=limit))

    async def oldest_piece(self) -> int | None:
        return await self._readers.ask(oldest_piece)

    async def audited(self, after: int, limit: int) -> list[AuditEntry]:
        return await self._readers.ask(partial(reads.audited, after=after, limit=limit))

    async def last_audited(self, before: int, limit: int) -> list[AuditEntry]:
        return await self._readers.ask(partial(reads.last_audited, before=before, limit=limit))

    async def entries(self, account: str, before: int | None, limit: int) -> list[Entry]:
        return await self._readers.ask(partial(reads.entries, account=account, before=before, limit=limit))

    async def recall(self, account: str, key: str) -> Remembered | None:
        return await self._readers.ask(partial(reads.recall, account=account, key=key))

    async def purge(self, messages_before: int, events_before: int, text_before: int, keys_before: int) -> bool:
        """Parked receipts go with the remembered answers, by `keys_before`. Raises StoreUnavailable."""
        cutoffs = retention.Cutoffs(messages_before, events_before, text_before, keys_before)
        self._progress, more = await self.write(
            lambda connection: retention.step(connection, self._progress, cutoffs, self._monotonic)
        )
        return more

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Have something small done in the next transaction, and give its result once that is on disk. What `work`
        refuses (a Refusal, before it wrote anything) is raised here. Raises StoreUnavailable."""
        result: T | Refusal
        committed: asyncio.Future[StoreUnavailable | None] = asyncio.get_running_loop().create_future()

        def run(connection: apsw.Connection) -> None:
            nonlocal result
            try:
                result = work(connection)
            except Refusal as refusal:
                result = refusal

        def done(error: StoreUnavailable | None) -> None:
            if not committed.done():
                committed.set_result(error)

        self._writer.batch().run(Step(run, done))
        error = await committed
        if error is not None:
            raise error
        if isinstance(result, Refusal):
            raise result
        return result

    async def read(self, question: Callable[[apsw.Connection], T]) -> T:
        """Ask something of what is committed. Raises StoreUnavailable."""
        return await self._readers.ask(question)

    async def search(self, question: Callable[[apsw.Connection], T]) -> T:
        """`read` for what may take long: only a few at a time."""
        async with self._lists:
            return await self._readers.ask(question)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def _prepare(self) -> tuple[apsw.Connection, Checkpoints, Recovery]:
        with ExitStack() as resources:
            resources.callback(lock(self.path).close)
            connection = open_writer(self.path)
            resources.callback(connection.close)
            try:
                self._progress = retention.progress(connection)
                bring_in(connection)
                recovery = recover(connection)
                checkpoints = Checkpoints(self.path, connection, self._log)
            except (apsw.Error, msgspec.MsgspecError) as error:
                raise unavailable(self.path, error) from error
            resources.callback(checkpoints.close)
            self._readers = reads.Readers(self.path)
            resources.callback(self._readers.close)
            self._resources = resources.pop_all()
        return connection, checkpoints, recovery
