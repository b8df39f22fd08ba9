"""Following the event logs of all accounts that have a public API.

Of each account one task reads its log from a cursor of its own: what handsets wrote is kept and may put them into
lists, and what webhooks are to be told of it all is written down, in one transaction with the cursor. Telling them is a
matter of their own (see teller.py): one that is down holds up nobody else.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from aiohttp.abc import AbstractResolver
from msgspec.json import Decoder
from structlog.typing import FilteringBoundLogger

from adapters.gateways.domain.hook import Hook
from adapters.gateways.events.teller import Patience, Teller
from adapters.gateways.textdigo import hooks as textdigo
from adapters.hooks.addresses import Network
from router.account import Account
from router.book import Book
from router.engine.directory import Directory
from router.engine.trouble import described
from router.event import Event, EventType, LoggedEvent, ReceivedEvent
from router.gateway.records import InboundMessage, Notice
from router.ports.clock import Clock
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from router.settings import Settings

_EVENTS = 200
_POLL = 30.0  # seconds to wait for new events in one read
_AGAIN = 1.0
# Seconds between two reads: what comes meanwhile is one transaction, and one look at the messages it is about.
_BREATH = 0.02

_event = Decoder(Event).decode
_received = Decoder(ReceivedEvent).decode


class Log(Protocol):
    """The accounts' event logs; router.engine.feed.Feed is one."""

    def last_seq(self, account: str) -> int: ...

    async def read(self, account: str, after: int, limit: int, wait: float) -> list[LoggedEvent]: ...


class _Followed(NamedTuple):
    """Of each account: the task that reads its log, and those that tell its webhooks, by channel."""

    task: asyncio.Task[None]
    tellers: dict[str, tuple[Teller, asyncio.Task[None]]]


class Followers:
    """From `configure` to `stop`. `cursors` are those that the store knew at the start."""

    def __init__(
        self,
        log_of_events: Log,
        book: Book,
        directory: Directory,
        clock: Clock,
        log: FilteringBoundLogger,
        cursors: Mapping[str, int],
        patience: Patience = Patience(),  # noqa: B008 - immutable
        jitter: Callable[[], float] = random.random,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._events = log_of_events
        self._book = book
        self._directory = directory
        self._clock = clock
        self._log = log
        self._cursors = dict(cursors)
        self._patience = patience
        self._jitter = jitter
        self._resolver = resolver
        self._accounts: dict[str, Account] = {}
        self._followed: dict[str, _Followed] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def configure(self, settings: Settings) -> None:
        """Follow exactly the accounts of this plan that have a public API; needs a running event loop. What nothing
        changed for goes on undisturbed."""
        self._accounts = {name: account for name, account in settings.accounts.items() if account.gateways}
        for name in [name for name in self._followed if name not in self._accounts]:
            followed = self._followed.pop(name)
            followed.task.cancel()
            self._await(followed.task)
            for teller, task in followed.tellers.values():
                teller.stop()
                self._await(task)
        for name, account in self._accounts.items():
            if name not in self._followed:
                # One that was never followed begins where its log is now: what was before that is not told.
                start = self._cursors.get(_reader(name), self._events.last_seq(name))
                task = asyncio.create_task(self._follow(name, start), name=f"follow {name}")
                self._followed[name] = _Followed(task, {})
            self._arrange(account, self._followed[name].tellers, settings.webhook_networks)

    async def stop(self, timeout: float) -> None:
        """Read no more; a POST under way may take up to `timeout` seconds more."""
        tellers = [one for followed in self._followed.values() for one in followed.tellers.values()]
        for teller, _ in tellers:
            teller.stop()
        for followed in self._followed.values():
            followed.task.cancel()
        tasks = self._ending.union(followed.task for followed in self._followed.values())
        tasks.update(task for _, task in tellers)
        self._followed.clear()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _await(self, task: asyncio.Task[None]) -> None:
        """It is about to end: whatever takes its place begins after it."""
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _arrange(
        self, account: Account, tellers: dict[str, tuple[Teller, asyncio.Task[None]]], allowed: Sequence[Network]
    ) -> None:
        hooks = textdigo.hooks_of(account)
        for channel, (teller, task) in list(tellers.items()):
            if hooks.get(channel) != teller.hook or tuple(allowed) != teller.allowed:
                del tellers[channel]
                teller.stop()
                self._await(task)
        for channel, hook in hooks.items():
            if channel not in tellers:
                tellers[channel] = self._begin(account.name, channel, hook, allowed)

    def _begin(
        self, account: str, channel: str, hook: Hook, allowed: Sequence[Network]
    ) -> tuple[Teller, asyncio.Task[None]]:
        teller = Teller(
            account,
            channel,
            hook,
            allowed,
            self._book,
            self._clock,
            self._log,
            self._patience,
            self._jitter,
            self._resolver,
        )

        async def run() -> None:
            # Two tellers of one webhook must not overlap: notices would go twice, and out of order.
            if self._ending:
                await asyncio.wait(self._ending)
            await teller.run()

        return teller, asyncio.create_task(run(), name=f"tell {account} {channel}")

    async def _follow(self, name: str, cursor: int) -> None:
        kept = False  # where it begins is kept too
        while True:
            try:
                if not kept:
                    await self._book.notices.follow(_reader(name), cursor, (), ())
                    kept = True
                events = await self._events.read(name, cursor, _EVENTS, _POLL)
                if not events:
                    continue
                inbound, notices = await self._take(self._accounts[name], events)
                await self._book.notices.follow(_reader(name), events[-1].seq, inbound, notices)
                cursor = self._cursors[_reader(name)] = events[-1].seq
                self._wake(name, notices)
                await asyncio.sleep(_BREATH)
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN)
            except Exception as error:  # the other accounts must not notice, and this one must go on
                self._log.error("following events broke", account=name, **described(error))
                await asyncio.sleep(_AGAIN)

    def _wake(self, name: str, notices: Sequence[Notice]) -> None:
        tellers = self._followed[name].tellers
        for channel in {notice.channel for notice in notices}:
            if channel in tellers:
                tellers[channel][0].wake()

    async def _take(self, account: Account, events: Sequence[LoggedEvent]) -> tuple[list[InboundMessage], list[Notice]]:
        """What is kept of some events, and what webhooks are told of them."""
        hooks = textdigo.hooks_of(account)
        now = self._clock.now()
        inbound: list[InboundMessage] = []
        reports: list[Event] = []
        notices: list[Notice] = []
        for logged in events:
            if logged.type is not EventType.RECEIVED:
                if hooks:
                    reports.append(_event(logged.payload))
                continue
            received = _received(logged.payload)
            inbound.append(self._inbound(account.name, logged.at, received))
            await self._heard(account, received)
            if received.channel in hooks:
                notices.append(textdigo.received(account, received, now))
        if reports:
            messages = await self._book.sends.by_id(account.name, [event.message_id for event in reports])
            for event in reports:
                message = messages.get(event.message_id)
                if event.channel in hooks and message is not None and message.origin == textdigo.NAME:
                    notices.append(textdigo.report(account, event, now))
        return inbound, notices

    def _inbound(self, account: str, at: int, event: ReceivedEvent) -> InboundMessage:
        return InboundMessage(
            self._book.next_no(),
            account,
            at,
            event.id,
            event.channel,
            event.to,
            event.sender,
            event.text,
            event.segments,
            event.operator,
            event.media or None,
        )

    async def _heard(self, account: Account, event: ReceivedEvent) -> None:
        if event.text is None or not event.complete:
            return
        try:
            await self._directory.heard(account, event.sender, event.text)
        except Refusal as refusal:
            raise StoreUnavailable(refusal.detail) from None


def _reader(account: str) -> str:
    """The name of a cursor; no account has a colon in its name."""
    return f"gateways:{account}"
