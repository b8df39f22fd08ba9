"""All accounts' webhooks: one task each, so that a slow or failing one is nobody else's matter."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from aiohttp.abc import AbstractResolver
from structlog.typing import FilteringBoundLogger

from adapters.hooks.addresses import Network
from adapters.webhook.delivery import Delivery, EventSource
from adapters.webhook.schedule import Schedule
from router.account import Webhook
from router.ports.clock import Clock
from router.ports.watching import GaugeSample, WebhookView
from router.refusal import Refusal


class WebhookSender:
    """Delivers events of all accounts that have a webhook, from `configure` to `stop`.

    `jitter` gives numbers from 0 to 1; `resolver` replaces the system's name look-up.
    """

    def __init__(
        self,
        source: EventSource,
        clock: Clock,
        log: FilteringBoundLogger,
        schedule: Schedule = Schedule(),  # noqa: B008 - immutable
        jitter: Callable[[], float] = random.random,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._log = log
        self._schedule = schedule
        self._jitter = jitter
        self._resolver = resolver
        self._running: dict[str, tuple[Delivery, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def configure(
        self, targets: Mapping[str, Webhook], cursors: Mapping[str, int], allowed: Sequence[Network] = ()
    ) -> None:
        """Deliver to exactly `targets` (by account) from now on; needs a running event loop.

        `cursors` say where to go on, 0 (the whole log) where one is missing. `allowed` are the private networks that
        may be reached. A delivery that nothing changed for goes on undisturbed, in its pause or its POST.
        """
        networks = tuple(allowed)
        reached = dict(cursors)
        for account, (delivery, task) in list(self._running.items()):
            if targets.get(account) != delivery.webhook or networks != delivery.allowed:
                self._end(account, delivery, task)
                reached[account] = max(delivery.cursor, reached.get(account, 0))
        for account, webhook in targets.items():
            if account not in self._running:
                self._begin(account, webhook, networks, reached.get(account, 0))

    def replay(self, account: str, after: int | None) -> tuple[int, int]:
        """Try at once, however long the pause would be: what waits, or everything later than event `after` again.

        Gives the event it begins after and how many events follow. Raises Refusal `not_found` where the account has no
        webhook, `invalid_request` where the webhook has not come as far as `after` yet: nothing may be skipped.
        """
        running = self._running.get(account)
        if running is None:
            raise Refusal("not_found", "there is no such account with a webhook")
        delivery, task = running
        if after is not None and after > delivery.cursor:
            detail = f"the webhook has had the events up to {delivery.cursor} only; a replay goes back"
            raise Refusal("invalid_request", detail, "after")
        self._end(account, delivery, task)
        start = delivery.cursor if after is None else after
        if start < delivery.cursor:
            self._source.rewind(account, start)
        self._begin(account, delivery.webhook, delivery.allowed, start)
        return start, self._source.backlog(account)

    async def stop(self, timeout: float) -> None:
        """End all deliveries; a POST under way may take up to `timeout` seconds more."""
        for delivery, task in self._running.values():
            delivery.stopping = True
            if not delivery.posting:
                task.cancel()
        tasks = self._ending.union(task for _, task in self._running.values())
        self._running.clear()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def view(self, account: str) -> WebhookView | None:
        """How far an account's webhook has come, None where it has none."""
        running = self._running.get(account)
        if running is None:
            return None
        delivery, _ = running
        return WebhookView(delivery.cursor, self._source.backlog(account), delivery.parked, delivery.types)

    def gauges(self) -> Iterator[GaugeSample]:
        """Per account what is not acknowledged yet, and whether its webhook is parked."""
        for account, (delivery, _) in self._running.items():
            yield GaugeSample("webhook_backlog", (account,), self._source.backlog(account))
            yield GaugeSample("webhook_parked", (account,), delivery.parked)

    def _begin(self, account: str, webhook: Webhook, allowed: tuple[Network, ...], cursor: int) -> None:
        delivery = Delivery(
            account,
            webhook,
            allowed,
            cursor,
            self._source,
            self._clock,
            self._log,
            self._schedule,
            self._jitter,
            self._resolver,
        )
        task = asyncio.create_task(self._run(delivery), name=f"webhook {account}")
        self._running[account] = (delivery, task)

    def _end(self, account: str, delivery: Delivery, task: asyncio.Task[None]) -> None:
        delivery.stopping = True
        task.cancel()
        del self._running[account]
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _run(self, delivery: Delivery) -> None:
        # Two deliveries of one account must not overlap: events would come out of order.
        if self._ending:
            await asyncio.wait(self._ending)
        await delivery.run()
