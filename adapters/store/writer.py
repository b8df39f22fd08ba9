"""Group commit: one ordered writer, one transaction for all that came while the last one was under way.

The statements run on the loop's own thread, because the interpreter lock is given up at every row and a second thread
would fight the loop for it; only the COMMIT, which waits for the disk, has a thread of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import ParamSpec

import apsw
from structlog.typing import FilteringBoundLogger

from adapters.store import transaction
from adapters.store.batch import Acceptance, Batch
from adapters.store.checkpoints import Checkpoints
from adapters.store.claims import Claims
from router.event import LoggedEvent
from router.message import Message
from router.ports.store import StoreUnavailable
from router.wallet import Entry

P = ParamSpec("P")

# Seconds between two commits' starts: under load a batch then holds what came in that time, not just a few rows.
_RHYTHM = 0.002
# A batch takes no more than this many writes (but one acceptance stays whole), so the loop is never held for long.
_MOST = 5_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0


class Writer:
    """Commits batches in order. A batch whose commit fails stays the first in line, without its acceptances."""

    def __init__(
        self,
        connection: apsw.Connection,
        executor: Executor,
        texts_gone_to: Callable[[], int],
        keep: Callable[[Batch], None],
        log: FilteringBoundLogger,
        checkpoints: Checkpoints,
        on_commit: Callable[[float, int], None],
        monotonic: Callable[[], float],
    ) -> None:
        """`executor` has one thread; `keep` is given each committed batch, `on_commit` its seconds and size."""
        self.healthy = True
        self._claims = Claims()
        self._texts_gone_to = texts_gone_to
        self._connection = connection
        self._executor = executor
        self._keep = keep
        self._log = log
        self._checkpoints = checkpoints
        self._on_commit = on_commit
        self._monotonic = monotonic
        self.listeners: list[Callable[[Sequence[LoggedEvent]], None]] = []
        self.askers: list[Callable[[], None]] = []
        self._waiting: deque[Batch] = deque()
        self._asked = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run())

    def batch(self) -> Batch:
        """The batch that takes what is asked now; it is committed soon. Raises StoreUnavailable once closed."""
        waiting = self._waiting
        if waiting and waiting[-1].size < _MOST:
            return waiting[-1]
        if self._task.done():
            raise StoreUnavailable("the store is closed")
        waiting.append(Batch())
        self._asked.set()
        return waiting[-1]

    def enter(self, entry: Entry, message: Message | None) -> None:
        """Into the batch that takes what is asked now; with a message into the first one that writes it, for what that
        writes is what the message says by then."""
        batch = self.batch()
        if message is not None:
            batch = next((waiting for waiting in self._waiting if waiting.writes(message.no)), batch)
            batch.save(message)
        batch.enter(entry, 0 if message is None else message.no)

    def call(self, callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run a caller's callback; what it raises is its own affair and stops nobody else."""
        try:
            callback(*args, **kwargs)
        except Exception as trouble:
            self._call_failed(trouble)

    def _call_failed(self, trouble: Exception) -> None:
        self._log.error("store_callback_failed", exc_info=trouble)

    async def close(self) -> None:
        """Commit what is waiting. Raises StoreUnavailable where the last try failed as well."""
        self._closing = True
        self._asked.set()
        await self._task
        if self._waiting:
            lost = sum(batch.size for batch in self._waiting)
            self._waiting.clear()
            raise StoreUnavailable(f"closed with {lost} writes that could not be committed")

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while await self._something():
            began = self._monotonic()
            if await self._next(began):
                pause = _FIRST_PAUSE
                if self._checkpoints.look():
                    await asyncio.get_running_loop().run_in_executor(self._executor, self._checkpoints.finish)
                rest = began + _RHYTHM - self._monotonic()
                if rest > 0 and not self._closing:
                    await asyncio.sleep(rest)
            elif self._closing:
                return
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _next(self, began: float) -> bool:
        """Commit the first batch in line; False when that failed."""
        for ask in self.askers:
            self.call(ask)
        batch = self._waiting.popleft()
        try:
            await self._commit(batch, began)
        except Exception as error:
            self._failed(batch, error)
            return False
        return True

    async def _something(self) -> bool:
        """Wait for a batch; False when there is none and there will be none."""
        while not self._waiting and not self._closing:
            self._asked.clear()
            await self._asked.wait()
        return bool(self._waiting)

    async def _commit(self, batch: Batch, began: float) -> None:
        """Return once it is on disk and whoever waited for that was told."""
        if not batch.size and self.healthy:
            self._committed(batch, began)
            return
        try:
            self._write(batch)
            loop = asyncio.get_running_loop()
            done: asyncio.Future[None] = loop.create_future()
            # Those who wait are told in the first turn of the loop after the commit, not in the second as by
            # run_in_executor.
            self._executor.submit(
                self._finish,
                batch,
                lambda error: loop.call_soon_threadsafe(self._finished, batch, began, done, error),
            )
            await done
        except Exception:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            # What was read from a disk that fails is read again.
            self._connection.execute("PRAGMA shrink_memory")
            raise

    def _write(self, batch: Batch) -> None:
        try:
            transaction.write(self._connection, batch, self._claims, self._texts_gone_to())
        except transaction.Unwritable as error:
            self._take_out(batch, error.numbers)
            transaction.write(self._connection, batch, self._claims, self._texts_gone_to())
        if not self.healthy:
            transaction.touch(self._connection)

    def _finish(self, batch: Batch, told: Callable[[Exception | None], object]) -> None:
        """In the commit's thread."""
        try:
            for acceptance in batch.acceptances:
                for rider in acceptance.riders:
                    rider(self._connection)
            for step in batch.steps:
                step.run(self._connection)
            self._connection.execute("COMMIT")
        except Exception as error:
            told(error)
        else:
            told(None)

    def _finished(self, batch: Batch, began: float, done: asyncio.Future[None], error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
            return
        done.set_result(None)
        self._committed(batch, began)

    def _take_out(self, batch: Batch, numbers: set[int]) -> None:
        """Do not let a message that cannot be written hold up all others."""
        self._log.error("store_unwritable", messages=len(numbers))
        refused = batch.refuse(lambda acceptance: any(message.no in numbers for message in acceptance.messages))
        batch.forget(numbers | _numbers(refused))
        batch.void(_numbers(refused))
        self._refuse(refused, StoreUnavailable("a message holds what cannot be stored"))

    def _failed(self, batch: Batch, error: Exception) -> None:
        if self.healthy:
            self._log.error("store_commit_failed", error=_reason(error), writes=batch.size)
        self.healthy = False
        self._waiting.appendleft(batch)
        refused = [acceptance for waiting in self._waiting for acceptance in waiting.refuse(lambda _: True)]
        steps = [step for waiting in self._waiting for step in waiting.steps]
        numbers = _numbers(refused)
        for waiting in self._waiting:
            waiting.forget(numbers)
            waiting.void(numbers)
            waiting.steps = []
            if waiting is not batch:
                batch.take_over(waiting)
        unavailable = StoreUnavailable(_reason(error))
        self._refuse(refused, unavailable)
        for step in steps:
            self.call(step.done, unavailable)

    def _refuse(self, acceptances: list[Acceptance], error: StoreUnavailable) -> None:
        for acceptance in acceptances:
            self.call(acceptance.done, error)

    def _committed(self, batch: Batch, began: float) -> None:
        self._claims.committed()
        self._keep(batch)
        if not self.healthy:
            self.healthy = True
            self._log.info("store_recovered")
        if batch.size:
            self.call(self._on_commit, self._monotonic() - began, batch.size)
        for acceptance in batch.acceptances:
            self.call(acceptance.done, None)
        for step in batch.steps:
            self.call(step.done, None)
        if batch.events:
            for heard in self.listeners:
                self.call(heard, batch.events)
        for callback, args in batch.callbacks:
            try:
                callback(*args)
            except Exception as trouble:
                self._call_failed(trouble)


def _numbers(acceptances: list[Acceptance]) -> set[int]:
    return {message.no for acceptance in acceptances for message in acceptance.messages}


def _reason(error: Exception) -> str:
    """Only SQLite's own sentences are known to hold nothing of what was to be written."""
    return str(error) if isinstance(error, apsw.Error) else type(error).__name__
