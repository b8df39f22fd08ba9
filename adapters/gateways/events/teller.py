"""Telling one webhook what waits for it.

Notices about one thing go one behind the other; those about different things do not wait for each other, so one that
a receiver chokes on keeps nothing else back. A receiver that is down as a whole is tried with one notice at a time, in
growing pauses. What could not be told in a day is given up. Memory holds a window of the notices at most: the rest
waits in the store, where each stays until it was told.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from aiohttp import ClientSession
from aiohttp.abc import AbstractResolver
from structlog.typing import FilteringBoundLogger

from adapters.gateways.domain.hook import Hook
from adapters.hooks.addresses import Network
from adapters.hooks.pauses import growing
from adapters.hooks.post import open_session, post
from router.book import Book
from router.gateway.records import Notice
from router.ports.clock import Clock
from router.ports.store import StoreUnavailable

_AT_ONCE = 8
# Notices that are ready to be told, and all that memory holds: those that were refused wait there for their next try.
_WINDOW, _MOST = 500, 10_000
# So many failures in a row, of whatever kind, are the receiver's.
_ROW = 10
_STORE_PAUSE = 1.0


class Patience(NamedTuple):
    """Seconds: pauses between tries grow from `initial` to `largest`, each try takes at most `answer`, and after `life`
    a notice is given up."""

    initial: float = 1.0
    largest: float = 600.0
    answer: float = 10.0
    life: float = 24 * 3600.0


class Teller:
    """One webhook of one account. `run` it as a task, `wake` it where there is more to tell; `stop` lets what is under
    way come to its end."""

    def __init__(
        self,
        account: str,
        channel: str,
        hook: Hook,
        allowed: Sequence[Network],
        book: Book,
        clock: Clock,
        log: FilteringBoundLogger,
        patience: Patience,
        jitter: Callable[[], float] = random.random,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.hook = hook
        self.allowed = tuple(allowed)
        self._account = account
        self._channel = channel
        self._book = book
        self._clock = clock
        self._log = log.bind(account=account, channel=channel)
        self._patience = patience
        self._jitter = jitter
        self._resolver = resolver
        self._stopping = False
        self._changed = asyncio.Event()
        self._more = True
        self._last = 0
        self._ready: deque[Notice] = deque()
        # What is under way, or waits for its next try, by what it is about; and what waits behind that.
        self._behind: dict[str, deque[Notice]] = {}
        self._later: dict[int, tuple[float, Notice]] = {}
        self._tries: dict[int, int] = {}
        self._held = 0
        # Failures in a row; of these the receiver's, each with a rest after it, and the last rest's bounds.
        self._row = 0
        self._rests = 0
        self._rested_at = 0.0
        self._quiet_until = 0.0

    def wake(self) -> None:
        self._more = True
        self._changed.set()

    def stop(self) -> None:
        self._stopping = True
        self._changed.set()

    async def run(self) -> None:
        posting: dict[asyncio.Task[str | None], _Post] = {}
        async with open_session(self.allowed, self._resolver, _AT_ONCE, self._patience.answer) as session:
            try:
                while not self._stopping or posting:
                    self._changed.clear()
                    await self._load()
                    await self._give_up_old()
                    self._begin(session, posting)
                    await self._wait(posting)
                    await self._ended(posting)
            finally:
                for task in posting:
                    task.cancel()
                await asyncio.gather(*posting, return_exceptions=True)

    async def _load(self) -> None:
        while self._more and len(self._ready) < _WINDOW and self._held < _MOST and not self._stopping:
            self._more = False  # until somebody says otherwise, also while we look
            try:
                found = await self._book.notices.waiting(self._account, self._channel, self._last, _WINDOW)
            except StoreUnavailable:
                self._more = True
                await asyncio.sleep(_STORE_PAUSE)
                continue
            self._more = self._more or len(found) == _WINDOW
            for notice in found:
                self._last = notice.no
                self._held += 1
                if notice.about in self._behind:
                    self._behind[notice.about].append(notice)
                else:
                    self._behind[notice.about] = deque()
                    self._ready.append(notice)

    async def _give_up_old(self) -> None:
        """What a receiver that is down was not told in time."""
        while self._rests and (old := [notice for notice in self._ready if self._is_old(notice)]):
            self._ready = deque(notice for notice in self._ready if not self._is_old(notice))
            self._log.error("notices given up", count=len(old))
            await self._settle(old)

    def _begin(self, session: ClientSession, posting: dict[asyncio.Task[str | None], "_Post"]) -> None:
        now = asyncio.get_running_loop().time()
        for notice in [notice for at, notice in self._later.values() if at <= now]:
            del self._later[notice.no]
            self._ready.append(notice)
        if now < self._quiet_until or self._stopping:
            return
        while self._ready and len(posting) < (1 if self._rests else _AT_ONCE):
            notice = self._ready.popleft()
            posting[asyncio.create_task(self._tell(session, notice))] = _Post(notice, now)

    async def _tell(self, session: ClientSession, notice: Notice) -> str | None:
        return await post(session, self.hook.url, notice.body, self.hook.headers(notice.body))

    async def _wait(self, posting: dict[asyncio.Task[str | None], "_Post"]) -> None:
        """Until a POST has ended, there is more to tell, or the time of a next try has come."""
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({changed, *posting}, timeout=self._pause(posting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()

    def _pause(self, posting: Collection[object]) -> float | None:
        now = asyncio.get_running_loop().time()
        times = [max(at, self._quiet_until) for at, _ in self._later.values()]
        # The rest may have ended since it was looked whether to begin; nothing under way would wake us then.
        if self._ready and (now < self._quiet_until or not posting):
            times.append(self._quiet_until)
        return max(0.0, min(times) - now) if times else None

    async def _ended(self, posting: dict[asyncio.Task[str | None], "_Post"]) -> None:
        settled = []
        for task in [task for task in posting if task.done()]:
            notice, began = posting.pop(task)
            error = task.exception()
            reason = task.result() if error is None else type(error).__name__
            if reason is None:
                self._succeeded()
                settled.append(notice)
            elif self._failed(notice, began, reason):
                settled.append(notice)
        if settled:
            await self._settle(settled)

    async def _settle(self, notices: list[Notice]) -> None:
        """These need not be told any more: what waits behind them may go."""
        while True:
            try:
                await self._book.notices.done([notice.no for notice in notices])
                break
            except StoreUnavailable:
                await asyncio.sleep(_STORE_PAUSE)
        for notice in notices:
            self._held -= 1
            self._tries.pop(notice.no, None)
            behind = self._behind[notice.about]
            if behind:
                self._ready.append(behind.popleft())
            else:
                del self._behind[notice.about]

    def _succeeded(self) -> None:
        if self._row:
            self._log.info("webhook works again", failures=self._row)
        self._row = self._rests = 0
        self._quiet_until = 0.0

    def _failed(self, notice: Notice, began: float, reason: str) -> bool:
        """Note a failure; whether the notice is given up with that."""
        now = asyncio.get_running_loop().time()
        tries = self._tries[notice.no] = self._tries.get(notice.no, 0) + 1
        self._row += 1
        # What was under way when the receiver was given its rest says nothing new of it.
        if began >= self._rested_at and (self._row >= _ROW or not _is_its_own(reason)):
            self._rests += 1
            self._rested_at, self._quiet_until = now, now + self._rest(self._rests)
            self._log.warning("webhook failed", reason=reason, rests=self._rests)
        elif self._row == 1:
            self._log.warning("notice refused", reason=reason)
        if self._is_old(notice):
            self._log.error("notices given up", count=1, reason=reason)
            return True
        self._later[notice.no] = now + self._rest(tries), notice
        return False

    def _is_old(self, notice: Notice) -> bool:
        return self._clock.now() - notice.at >= self._patience.life * 1000

    def _rest(self, failures: int) -> float:
        return self._jitter() * min(self._patience.largest, growing(self._patience.initial, failures))


class _Post(NamedTuple):
    """One that is under way, since `began` (the loop's seconds)."""

    notice: Notice
    began: float


def _is_its_own(reason: str) -> bool:
    """Whether a refusal is about the notice, not about the receiver: a 4xx but for those that ask to wait."""
    return reason.startswith("status 4") and reason not in ("status 408", "status 429")
