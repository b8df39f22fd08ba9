"""All connections to one SMTP operator as one pool: the port OperatorGateway."""

import asyncio
from collections.abc import Sequence
from hmac import compare_digest
from typing import Any, Final

from adapters.smtp.bind import RECONNECT, Bind
from adapters.smtp.bounce import read_bounce
from adapters.smtp.connection import PATIENCE, Patience
from router.operator import Operator, Retry, SmtpLink
from router.outcome import Outcome
from router.ports.clock import Clock
from router.ports.operators import BindView, Callback, CallbackReply, LinkState, OperatorSink, Question, Submission

CONNECTIONS: Final = 5
"""The window: each connection carries one mail at a time. Many servers take few connections from one client."""


_STORING: Final = 10.0
"""Seconds that a receipt may take to be stored; whoever brought it may bring it again."""


class SmtpGateway:
    """See the port for the contract. A slot is a place for a connection; connections are made as they are needed and
    kept for the next mails.

    `log` takes `info`, `warning` and `error` with an event and keywords, as structlog's.
    """

    def __init__(
        self,
        operator: Operator,
        sink: OperatorSink,
        clock: Clock,
        log: Any,
        *,
        patience: Patience = PATIENCE,
        reconnect: Retry = RECONNECT,
    ) -> None:
        link = operator.link
        if not isinstance(link, SmtpLink):
            raise TypeError(f"operator {operator.name} has no SMTP link")
        self.operator = operator
        self._sink = sink
        self._clock = clock
        self._log = log
        self._binds = [
            Bind(str(number), link, self, patience, clock, log, reconnect) for number in range(1, CONNECTIONS + 1)
        ]
        self._link = LinkState(up=False, settled=False)
        self._stopping = False
        self._drained = asyncio.Event()
        self._warned = False

    # --- the port ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        for bind in self._binds:
            bind.start(connect=bind is self._binds[0])

    async def stop(self, timeout: float) -> None:
        self._stopping = True
        self._check_drained()
        try:
            async with asyncio.timeout(timeout):
                await self._drained.wait()
        except TimeoutError:
            pass
        await asyncio.gather(*[bind.stop() for bind in self._binds])

    def reconfigure(self, operator: Operator) -> None:
        self.operator = operator

    def link(self) -> LinkState:
        return self._link

    def room(self) -> int:
        return len(self._free())

    def reserve(self, like: Bind | None = None) -> Bind | None:
        free = self._free()
        if like is not None and like in self._binds and not like.failed:
            free = [bind for bind in free if bind is like]
        if not free:
            return None
        # One that has a connection goes before one that would have to make it.
        slot = next((bind for bind in free if bind.is_connected), free[0])
        slot.in_use = True
        return slot

    def release(self, slot: Bind) -> None:
        slot.in_use = False

    def submit(self, submission: Submission) -> bool:
        slot: Bind = submission.slot
        if self._stopping or slot.failed or not self._link.up:
            return False
        submission.written_at = self._clock.monotonic()
        slot.give(submission)
        return True

    def ask(self, question: Question) -> bool:
        return False

    def acknowledge(self, tokens: Sequence[asyncio.Future[bool]], stored: bool) -> None:
        for token in tokens:
            if not token.done():
                token.set_result(stored)

    async def called(self, callback: Callback) -> CallbackReply:
        """A notification (RFC 3464) as the body, whole as it came by mail."""
        link = self.operator.link
        assert isinstance(link, SmtpLink)
        if link.callback_secret is None:
            return CallbackReply(404, ())
        if not compare_digest(callback.secret.encode("utf-8", "surrogatepass"), link.callback_secret.encode()):
            return CallbackReply(403, ("forged",))
        operator = self.operator
        receipts = read_bounce(callback.body, operator.name, self._clock.now(), operator.receipts)
        if not receipts:
            return CallbackReply(400, ("unreadable",))
        loop = asyncio.get_running_loop()
        stored: list[asyncio.Future[bool]] = [loop.create_future() for _ in receipts]
        self._sink.received(operator.name, list(zip(receipts, stored, strict=True)))
        try:
            async with asyncio.timeout(_STORING):
                if not all(await asyncio.gather(*stored)):
                    raise TimeoutError
        except TimeoutError:
            return CallbackReply(503, ("not_stored",))
        return CallbackReply(200, ("receipt",) * len(receipts))

    def views(self) -> list[BindView]:
        return [bind.view() for bind in self._binds]

    # --- what the binds say --------------------------------------------------------------------------------------

    def connected(self) -> bool:
        return any(bind.is_connected for bind in self._binds)

    def changed(self, bind: Bind) -> None:
        up = not self._stopping and (self.connected() or (self._link.up and not bind.failed))
        self._link = LinkState(up=up, settled=True)
        if bind.is_connected and not bind.offers("dsn") and self.operator.receipts.request != "none":
            self._warn_of_silence()
        self._sink.link_changed(self.operator.name)

    def finished(self, bind: Bind, submission: Submission, outcome: Outcome) -> None:
        self._sink.settled([(submission, outcome)])
        if self._stopping:
            self._check_drained()

    # --- inside --------------------------------------------------------------------------------------------------

    def _free(self) -> list[Bind]:
        if self._stopping or not self._link.up:
            return []
        return [bind for bind in self._binds if not bind.in_use and not bind.failed]

    def _check_drained(self) -> None:
        if not any(bind.is_busy for bind in self._binds):
            self._drained.set()

    def _warn_of_silence(self) -> None:
        if not self._warned:
            self._warned = True
            self._log.warning("receipts_not_offered", operator=self.operator.name, reason="no DSN (RFC 3461)")
