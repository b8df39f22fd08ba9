"""Keeps one bind up: connect, bind, and again with growing pauses when it is lost."""

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any, Final, Literal

from adapters.smpp.codec import encode
from adapters.smpp.connection import Connection, client_context
from adapters.smpp.constants import BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER
from adapters.smpp.happenings import Closed, Event, SessionState
from adapters.smpp.pdu import Bind as BindPdu
from adapters.smpp.session import BOUND, Session
from adapters.smpp.timers import Patience
from router.operator import Reconnect, SmppLink
from router.ports.clock import Clock
from router.ports.operators import BindView

CREDENTIALS_PAUSE: Final = 60.0
"""Seconds at least between two tries with credentials that were refused: an SMSC may lock who knocks too often."""

Kind = Literal["trx", "tx", "rx"]

_COMMANDS: Final[dict[Kind, int]] = {"trx": BIND_TRANSCEIVER, "tx": BIND_TRANSMITTER, "rx": BIND_RECEIVER}


class Backoff:
    """Pauses between tries: random between 0 and a ceiling that doubles from `initial` to `max` (full jitter)."""

    def __init__(self, rules: Reconnect) -> None:
        self._rules = rules
        self._ceiling = rules.initial

    def pause(self, held: float, credentials: bool) -> float:
        """Seconds until the next try, after a bind that held for so many (0 for one that never was).

        A bind that held longer than the pause could have been starts over; one that fails at once does not.
        """
        rules = self._rules
        if held > self._ceiling:
            self._ceiling = rules.initial
        pause = random.uniform(0.0, self._ceiling)
        self._ceiling = min(self._ceiling * 2, rules.max)
        return max(pause, CREDENTIALS_PAUSE) if credentials else pause


class Rate:
    """Events per second, the older the less they count: after ten seconds to a third."""

    _MEMORY = 10.0

    def __init__(self) -> None:
        self.count = 0
        self._per_second = 0.0

    def measure(self, seconds: float) -> None:
        """So much time has passed since the last call."""
        now = self.count / seconds
        self.count = 0
        self._per_second += (now - self._per_second) * (1.0 - math.exp(-seconds / self._MEMORY))

    @property
    def per_second(self) -> float:
        return round(self._per_second, 1)


class Bind:
    """One place for a session: at most one connection at a time, and the window slots taken of it.

    Slots outlive the connection, since a slot is free only when the engine has stored the result. `hear` gets the
    events of every connection and, for a connection that could not be made, a Closed.
    Raises LocalProtocolError when the credentials do not fit into a bind.
    """

    def __init__(
        self,
        operator: str,
        id: str,
        kind: Kind,
        link: SmppLink,
        patience: Patience,
        clock: Clock,
        log: Any,
        hear: Callable[["Bind", list[Event]], None],
    ) -> None:
        self.id = id
        self._submits = kind != "rx"
        self.window = 0
        self.resize(link.window)
        self.in_use = 0
        self.submits = Rate()
        self.deliveries = Rate()
        self.connection: Connection | None = None
        self._operator = operator
        self._link = link
        self._patience = patience
        self._clock = clock
        self._log = log
        self._hear = hear
        self._pdu = BindPdu(
            _COMMANDS[kind],
            system_id=link.system_id,
            password=link.password,
            system_type=link.system_type,
            address_range=link.address_range,
        )
        encode(self._pdu, 1)
        self._backoff = Backoff(link.reconnect)
        self._state = "connecting"
        self._since = clock.now()
        self._bound_at: float | None = None
        self._last_error: str | None = None
        self._complaint = ""
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def can_submit(self) -> bool:
        return self.connection is not None and self.connection.session.can_submit

    def resize(self, window: int) -> None:
        """A new window; slots beyond it are given back as their results come."""
        self.window = window if self._submits else 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_up(), name=f"bind {self._operator} {self.id}")

    async def stop(self, timeout: float) -> None:
        """Unbind, wait for the answer at most `timeout` seconds, close; no more tries."""
        self._stopping = True
        connection = self.connection
        if connection is not None and connection.session.state is not SessionState.OPEN:
            connection.unbind()
            await asyncio.wait((connection.ended,), timeout=timeout)
            if not connection.ended.done():
                connection.close("unbind not answered in time")
                connection.abort()
                await connection.ended
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        self._enter("closed")

    def view(self) -> BindView:
        return BindView(
            self.id,
            self._state,
            self.window,
            self.in_use,
            self._last_error,
            self._since,
            self.submits.per_second,
            self.deliveries.per_second,
        )

    async def _keep_up(self) -> None:
        while True:
            self._enter("connecting")
            closed = await self._once()
            self.connection = None
            if self._stopping:
                return
            if closed.credentials:
                self._enter("refused")
            held = 0.0 if self._bound_at is None else self._clock.monotonic() - self._bound_at
            self._bound_at = None
            pause = self._backoff.pause(held, closed.credentials)
            self._complain(closed, pause)
            await asyncio.sleep(pause)

    async def _once(self) -> Closed:
        """One connection from its beginning to its end."""
        link = self._link
        try:
            async with asyncio.timeout(self._patience.handshake):
                # Read anew each time, so that a renewed certificate is used without a restart.
                tls = await asyncio.to_thread(client_context, link.tls) if link.tls is not None else None
                _, connection = await asyncio.get_running_loop().create_connection(
                    self._connect, link.host, link.port, ssl=tls
                )
        except (OSError, UnicodeError) as error:
            self.connection = None
            closed = Closed(f"cannot connect: {error or 'no answer in time'}", False, False, [])
            self._enter("waiting")
            self._hear(self, [closed])
            return closed
        return await connection.ended

    def _connect(self) -> Connection:
        session = Session(self._pdu, self._patience, self._clock.monotonic())
        self.connection = Connection(session, self._clock, self._heard)
        return self.connection

    def _heard(self, connection: Connection, events: list[Event]) -> None:
        state = connection.session.state
        if state is SessionState.CLOSED:
            self._enter("waiting")
        elif self._bound_at is None and state in BOUND:
            self._bound_at = self._clock.monotonic()
            self._enter(state)
            self._last_error = None
            self._complaint = ""
            self._log.info("bound", operator=self._operator, bind=self.id, state=state.value)
        self._hear(self, events)

    def _enter(self, state: str) -> None:
        self._state = state
        self._since = self._clock.now()

    def _complain(self, closed: Closed, pause: float) -> None:
        """Log what went wrong: each loss, and of failing tries the first of each kind until one succeeds."""
        self._last_error = closed.reason
        event = "bind_lost" if closed.bound else "credentials_refused" if closed.credentials else "bind_failed"
        if event == self._complaint and not closed.bound:
            return
        self._complaint = event
        self._log.warning(
            event, operator=self._operator, bind=self.id, reason=closed.reason, next_try_in=round(pause, 3)
        )
