"""Whether a carrier can be reached now: connecting until that succeeds, waiting for as long as it asks."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

from adapters.http_operator.answer import Answered, utc
from adapters.http_operator.client import Client, NotSent
from adapters.http_operator.login import Login
from adapters.http_operator.request import Prepared
from router.operator import HttpLink
from router.ports.clock import Clock
from router.ports.operators import LinkState

_LONG: Final = 5.0
"""Seconds of a Retry-After for which others may take the messages."""


class Reach:
    """The way to one carrier; `changed` is called when it opens or closes."""

    def __init__(self, name: str, link: HttpLink, clock: Clock, log: Any, changed: Callable[[], None]) -> None:
        self._name = name
        self._link = link
        self._clock = clock
        self._log = log
        self._changed = changed
        self._client: Client | None = None
        self._login: Login | None = None
        self._up = False
        self._settled = False
        self._closed = False
        self._paused_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self.last_error: str | None = None
        self.since = clock.now()

    def start(self) -> None:
        """Begin to connect."""
        self._connect_after(0.0)

    def leave(self) -> None:
        """Open no more; what is under way may still be answered."""
        self._closed = True
        self._up = False
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        if self._login is not None:
            await self._login.close()
        if self._client is not None:
            await self._client.close()

    @property
    def open(self) -> bool:
        """Whether something may be sent at this moment."""
        return self._up and self._clock.monotonic() >= self._paused_until

    def state(self) -> LinkState:
        paused = self._paused_until - self._clock.monotonic() > _LONG
        return LinkState(up=self._up and not paused, settled=self._settled)

    def word(self) -> str:
        """For people."""
        if self._clock.monotonic() < self._paused_until:
            return "paused"
        if self._up:
            return "open"
        return "closed" if self._closed else "waiting" if self._settled else "connecting"

    async def send(self, prepared: Prepared) -> Answered:
        """The answer to a request, which is heeded where it asks for a pause. Raises NotSent, NoAnswer."""
        if self._login is None:
            raise NotSent("there was no connection yet")
        answered = await self._login.send(prepared)
        self._heed(answered)
        return answered

    def lost(self, reason: str) -> None:
        """It cannot be reached: others may take the messages until it can."""
        self.last_error = reason
        if self._up and not self._closed:
            self._log.warning("link_lost", operator=self._name, reason=reason)
            self._connect_after(self._link.reconnect.initial)
            self._changed()

    def _heed(self, answered: Answered) -> None:
        self.last_error = None if answered.status < 400 else f"HTTP {answered.status}"
        wait = answered.wait(utc(self._clock.now())) if answered.status in (429, 503) else None
        if not wait:
            return
        until = self._clock.monotonic() + wait
        if until > self._paused_until:
            self._paused_until = until
            loop = asyncio.get_running_loop()
            loop.call_soon(self._changed)
            loop.call_later(wait + 0.001, self._changed)

    def _connect_after(self, seconds: float) -> None:
        self._up = False
        self.since = self._clock.now()
        self._task = asyncio.get_running_loop().create_task(self._keep_connecting(seconds))

    async def _keep_connecting(self, wait: float) -> None:
        pauses = self._link.reconnect
        pause = pauses.initial
        await asyncio.sleep(wait)
        while True:
            try:
                await self._connect()
                break
            except NotSent as error:
                if self.last_error != str(error) or not self._settled:
                    self._log.warning("link_down", operator=self._name, reason=str(error))
                self.last_error = str(error)
            except Exception as error:
                # Whatever it is, the link must not stay down for good.
                self._log.error("link_broken", operator=self._name, error=type(error).__name__)
                self.last_error = type(error).__name__
            if not self._settled:
                self._settled = True
                self._changed()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(pause * 2, pauses.max)
        self._up = self._settled = True
        self.last_error = None
        self.since = self._clock.now()
        self._log.info("link_up", operator=self._name)
        self._changed()

    async def _connect(self) -> None:
        """Raises NotSent."""
        if self._client is None or self._login is None:
            try:
                self._client = Client(self._link)
            except OSError as error:
                raise NotSent(f"certificates: {error.strerror or type(error).__name__}") from None
            self._login = Login(self._link.auth, self._client, self._clock)
        await self._client.reach()
        await self._login.get_ready()
