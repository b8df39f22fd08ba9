"""One account's events on their way to one webhook.

The cursor moves past an event only when its POST was answered with 2xx, or when the webhook does not want its type.
A failed POST is tried again with the very same events, in growing pauses, until the first of them is 72 hours old,
whoever restarted meanwhile. Then the webhook is parked: nothing is skipped and nothing is given up, but there is only
one try an hour, of the oldest events, and the account shows in the metric `webhook_parked`. One success ends that, and
everything that waited follows in order; a replay tries at once. Meanwhile all events can be read by GET /v1/events, as
long as retention keeps them; what retention removes is gone for both.

Between two tries nothing is held in memory: the events are read again from the log.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import ClientSession
from aiohttp.abc import AbstractResolver
from structlog.typing import FilteringBoundLogger

from adapters.hooks.addresses import Network
from adapters.hooks.post import open_session, post
from adapters.webhook.schedule import Schedule, is_parked, pause
from adapters.webhook.signing import headers, join
from router.account import Webhook
from router.event import EventType, LoggedEvent
from router.ports.clock import Clock
from router.ports.store import StoreUnavailable

_TOTAL = 30.0  # seconds for one POST
_POLL = 30.0  # seconds to wait for new events in one read
_STORE_PAUSE = 1.0

_ALL = frozenset(EventType)
_WISHES = {
    "all": _ALL,
    "final": _ALL - {EventType.SUBMITTED, EventType.RECEIVED},
    "submitted": frozenset({EventType.SUBMITTED}),
    "received": frozenset({EventType.RECEIVED}),
}


class EventSource(Protocol):
    """The accounts' logs and the webhooks' cursors."""

    async def read(self, account: str, after: int, limit: int, wait: float) -> list[LoggedEvent]:
        """Committed events with seq > `after` in order, at most `limit`; where there are none, the first that come
        within `wait` seconds, else an empty list. Raises StoreUnavailable."""

    def acknowledge(self, account: str, seq: int) -> None:
        """Everything up to `seq` was delivered: move the durable cursor."""

    def rewind(self, account: str, seq: int) -> None:
        """Everything after `seq` is to be delivered again: put the durable cursor there."""

    def backlog(self, account: str) -> int:
        """How many events the cursor has not passed."""


def cut(
    events: Sequence[LoggedEvent], types: frozenset[EventType], size: int, after: int, until: int | None
) -> tuple[list[LoggedEvent], int]:
    """The events for one POST (at most `size`, of `types`) and the seq up to which it settles the log.

    `until` bounds a repeated POST to the events that it had at first.
    """
    chosen: list[LoggedEvent] = []
    last = after
    for event in events:
        if until is not None and event.seq > until:
            break
        if event.type in types:
            if len(chosen) == size:
                break
            chosen.append(event)
        last = event.seq
    return chosen, last


class Delivery:
    """`run` it as a task; `stopping` ends it after the POST that is under way."""

    def __init__(
        self,
        account: str,
        webhook: Webhook,
        allowed: tuple[Network, ...],
        cursor: int,
        source: EventSource,
        clock: Clock,
        log: FilteringBoundLogger,
        schedule: Schedule,
        jitter: Callable[[], float],
        resolver: AbstractResolver | None,
    ) -> None:
        self.account = account
        self.webhook = webhook
        self.allowed = allowed
        self.cursor = cursor
        self.posting = False
        self.stopping = False
        self.parked = False
        self._source = source
        self._clock = clock
        self._log = log.bind(account=account)
        self._schedule = schedule
        self._jitter = jitter
        self._resolver = resolver
        self.types = frozenset[EventType]().union(*(_WISHES[wish] for wish in webhook.events))
        # Where types are left out, read further to fill a POST.
        self._limit = webhook.batch if self.types == _ALL else 2 * webhook.batch
        self._failures = 0
        self._oldest = 0  # the time of the first event under way, ms

    async def run(self) -> None:
        async with open_session(self.allowed, self._resolver, connections=1, total=_TOTAL) as session:
            until: int | None = None
            while not self.stopping:
                try:
                    until, reason = await self._deliver(session, until)
                except StoreUnavailable:
                    await asyncio.sleep(_STORE_PAUSE)
                    continue
                except Exception as error:  # the other accounts must not notice, and this one must go on
                    self._log.exception("webhook delivery broke")
                    reason = type(error).__name__
                if reason is None:
                    self._succeeded()
                    until = None
                elif not self.stopping:
                    await asyncio.sleep(self._failed(reason))

    async def _deliver(self, session: ClientSession, until: int | None) -> tuple[int | None, str | None]:
        """Send the next events. Gives the seq the POST ended with, and why it failed or None."""
        events = await self._source.read(self.account, self.cursor, self._limit, _POLL)
        chosen, last = cut(events, self.types, self.webhook.batch, self.cursor, until)
        if chosen:
            self._oldest = chosen[0].at
            self.posting = True
            try:
                reason = await self._post(session, join(chosen))
            finally:
                self.posting = False
            if reason is not None:
                return last, reason
        if last > self.cursor:
            self.cursor = last
            self._source.acknowledge(self.account, last)
        return None, None

    async def _post(self, session: ClientSession, body: bytes) -> str | None:
        """One POST: None when it was acknowledged, else the reason."""
        signed = headers(body, self.webhook.secret, self._clock.now())
        return await post(session, self.webhook.url, body, signed)

    def _succeeded(self) -> None:
        if self._failures:
            self._log.info("webhook works again", failures=self._failures)
        self._failures = 0
        self.parked = False

    def _failed(self, reason: str) -> float:
        self._failures += 1
        waited = (self._clock.now() - self._oldest) / 1000
        wait = pause(self._schedule, self._failures, waited, self._jitter())
        if is_parked(self._schedule, self._failures, waited) and not self.parked:
            self.parked = True
            self._log.error("webhook parked", hours=round(waited / 3600))
        self._log.warning("webhook failed", reason=reason, failures=self._failures, retry_in=round(wait, 1))
        return wait
