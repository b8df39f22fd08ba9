"""One place in the pool: at most one connection, with one mail on it at a time."""

import asyncio
import random
from typing import Any, Final, Protocol

from adapters.smtp.connection import Connection, Cut, NotConnected, Patience
from adapters.smtp.mail import write_mail
from router.delivery.meter import Meter
from router.delivery.retry import pause
from router.message import ReceiptWish
from router.operator import Operator, Retry, SmtpLink
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.operators import BindView, Submission
from router.refusal import Refusal

CREDENTIALS_PAUSE: Final = 60.0
"""Seconds at least between two tries with credentials that were refused."""

MOST_MAILS: Final = 100
"""After so many mails a connection is made anew: servers dislike those that never end."""

IDLE: Final = 30.0
"""Seconds that a connection is kept without a mail; servers cut it after minutes."""

_AGAIN: Final = 0.1
_FAREWELL: Final = 2.0
_LARGE: Final = 32 * 1024

RECONNECT: Final = Retry(initial=1.0, max=60.0)


class Pool(Protocol):
    """What a bind asks of those it stands among, and tells them. Every call returns quickly."""

    operator: Operator

    def connected(self) -> bool:
        """Whether any bind has a connection."""

    def changed(self, bind: "Bind") -> None:
        """A connection was made, could not be made, or may be tried again."""

    def finished(self, bind: "Bind", submission: Submission, outcome: Outcome) -> None: ...


class Bind:
    """`in_use` while its slot is held, which outlives the mail: it is free when the engine has stored the result.

    A connection is made when there is something to send, and at the start or after a failure to know whether it can be.
    """

    def __init__(
        self,
        id: str,
        link: SmtpLink,
        pool: Pool,
        patience: Patience,
        clock: Clock,
        log: Any,
        reconnect: Retry,
    ) -> None:
        self.id = id
        self.in_use = False
        self.failed = False
        self._link = link
        self._pool = pool
        self._patience = patience
        self._clock = clock
        self._log = log
        self._reconnect = reconnect
        self._connection: Connection | None = None
        self._given: Submission | None = None
        self._wanted = False
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._tries = 0
        self._submits = Meter()
        self._state = "idle"
        self._since = clock.now()
        self._last_error: str | None = None
        self._complaint = ""

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_open

    @property
    def is_busy(self) -> bool:
        return self._given is not None

    def start(self, connect: bool) -> None:
        """Work from now on; with `connect` a connection is made at once."""
        self._wanted = connect
        if connect:
            self._enter("connecting")
        self._task = asyncio.create_task(self._serve(), name=f"smtp {self._pool.operator.name} {self.id}")

    def offers(self, extension: str) -> bool:
        """Whether the server that it is connected to knows an extension of ESMTP."""
        return self._connection is not None and self._connection.offers(extension)

    def give(self, submission: Submission) -> None:
        """A mail to be sent; the pool hears what became of it."""
        self._submits.count(submission.written_at)
        self._given = submission
        self._work.set()

    async def stop(self) -> None:
        """Send nothing more and close. A mail that is on its way is settled: as unknown once its last octet is out."""
        while self._task is not None and not self._task.done():
            # Once may not be enough: before Python 3.12 asyncio.wait_for, which the client uses, loses a cancellation
            # that comes in the same turn as the answer.
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_AGAIN)
        connection, given = self._connection, self._given
        if given is not None:
            self._given = None
            if connection is not None and connection.in_doubt:
                outcome = Outcome(OutcomeKind.UNKNOWN, detail="the daemon stopped waiting for the answer")
            else:
                outcome = Outcome(OutcomeKind.FAILED, detail="the daemon stopped", fault=Fault.BIND)
            if connection is not None:
                connection.close()
            self._pool.finished(self, given, outcome)
        if connection is not None and connection.is_open:
            await connection.close_politely(_FAREWELL)
        self._connection = None
        self._enter("closed")

    def view(self) -> BindView:
        state = "idle" if self._state == "bound_tx" and not self.is_connected else self._state
        rate = round(self._submits.rate(self._clock.monotonic()), 1)
        return BindView(self.id, state, 1, int(self.in_use), self._last_error, self._since, rate)

    # --- inside --------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while True:
            if self._given is None and not self._wanted:
                await self._rest()
                continue
            try:
                connection, is_new = await self._connected()
            except NotConnected as error:
                await self._wait_out(error)
                continue
            self._wanted = False
            submission = self._given
            if submission is not None:
                try:
                    outcome = await self._carry(submission, connection, is_new)
                except Exception as error:
                    outcome = self._broken(connection, error)
                if outcome is not None:
                    self._finish(submission, outcome)

    async def _rest(self) -> None:
        """Until there is something to do; a connection that does nothing for long is closed."""
        self._work.clear()
        try:
            async with asyncio.timeout(IDLE if self.is_connected else None):
                await self._work.wait()
        except TimeoutError:
            await self._leave()

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close_politely(_FAREWELL)
            self._enter("idle")

    async def _connected(self) -> tuple[Connection, bool]:
        """The connection, made now where there is none. Raises NotConnected."""
        connection = self._connection
        if connection is not None and connection.is_open and connection.mails < MOST_MAILS:
            return connection, False
        await self._leave()
        self._enter("connecting")
        connection = Connection(self._link, self._patience)
        await connection.open()
        self._connection = connection
        self._tries = 0
        self.failed = False
        self._enter("bound_tx")
        self._last_error = None
        self._complaint = ""
        self._log.info("bound", operator=self._pool.operator.name, bind=self.id, state="bound_tx")
        self._pool.changed(self)
        return connection, True

    async def _wait_out(self, error: NotConnected) -> None:
        """No connection: whatever was to be sent goes back, and the next try is later."""
        self._connection = None
        self._tries += 1
        self.failed = True
        seconds = pause(self._reconnect, self._tries, random.random())
        if error.credentials:
            seconds = max(seconds, CREDENTIALS_PAUSE)
        self._enter("refused" if error.credentials else "waiting")
        self._last_error = str(error)
        self._complain("credentials_refused" if error.credentials else "bind_failed", str(error), seconds)
        self._pool.changed(self)
        if self._given is not None:
            self._finish(self._given, Outcome(OutcomeKind.FAILED, detail=str(error), fault=Fault.BIND))
        await asyncio.sleep(seconds)
        self._wanted = not self._pool.connected()
        if not self._wanted:
            self.failed = False
            self._enter("idle")
            self._pool.changed(self)

    async def _carry(self, submission: Submission, connection: Connection, is_new: bool) -> Outcome | None:
        """What became of it; None where it has to be tried again on a connection that did not stand idle."""
        operator = self._pool.operator
        message = submission.message
        text = message.text or ""
        try:
            if len(text) + len((message.options or {}).get("html") or "") > _LARGE:
                # Encoding it takes long enough to keep others waiting.
                mail = await asyncio.to_thread(write_mail, message, submission.sender, self._clock.now())
            else:
                mail = write_mail(message, submission.sender, self._clock.now())
        except (ValueError, Refusal) as error:
            return Outcome(OutcomeKind.REJECTED, detail=f"it cannot be written as a mail: {error}", fault=Fault.MESSAGE)
        try:
            return await connection.send(mail, notify(message.receipts, operator), operator.errors)
        except Cut as cut:
            self._connection = None
            self._enter("idle")
            if cut.early and not is_new:
                return None
            self._last_error = str(cut)
            self._complain("bind_lost", str(cut))
            return Outcome(OutcomeKind.FAILED, detail=str(cut))

    def _broken(self, connection: Connection, error: Exception) -> Outcome:
        """An error of ours: it must not hang this mail, nor those that come after it."""
        self._log.error("mail_broken", operator=self._pool.operator.name, bind=self.id, error=type(error).__name__)
        in_doubt = connection.in_doubt
        connection.close()
        self._connection = None
        self._enter("idle")
        if in_doubt:
            return Outcome(OutcomeKind.UNKNOWN, detail="an error of ours before the answer was read")
        return Outcome(OutcomeKind.REJECTED, detail="an error of ours over this mail")

    def _finish(self, submission: Submission, outcome: Outcome) -> None:
        self._given = None
        self._pool.finished(self, submission, outcome)

    def _enter(self, state: str) -> None:
        self._state = state
        self._since = self._clock.now()

    def _complain(self, event: str, reason: str, next_try_in: float = 0.0) -> None:
        """Log what went wrong: of each kind the first until a connection is made."""
        if event != self._complaint:
            self._complaint = event
            self._log.warning(
                event,
                operator=self._pool.operator.name,
                bind=self.id,
                reason=reason,
                next_try_in=round(next_try_in, 3),
            )


def notify(wish: ReceiptWish, operator: Operator) -> str:
    """When the server is to say what became of a mail (RFC 3461 section 4.1), by what account and operator want."""
    if wish is ReceiptWish.NONE or operator.receipts.request == "none":
        return "NEVER"
    if wish is ReceiptWish.ALL or operator.receipts.request == "all":
        return "SUCCESS,FAILURE,DELAY"
    return "SUCCESS,FAILURE"
