"""What a carrier sends to us, stored before it is answered."""

import asyncio
from typing import Final

from adapters.http_operator.callbacks import CallbackReader, Read
from adapters.http_operator.documents import Unreadable
from adapters.http_operator.genuine import Forged
from router.http_calls import Callbacks
from router.ports.operators import Callback, CallbackReply, OperatorSink

_STORING: Final = 30.0
"""Seconds that storing what a callback held may take."""


class Waiting:
    """What a callback waits for: so many receipts and messages to be stored."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._all = True
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def acknowledge(self, stored: bool) -> None:
        self._left -= 1
        self._all = self._all and stored
        if self._left <= 0 and not self.done.done():
            self.done.set_result(self._all)


class Taker:
    """Takes the callbacks of one operator; `url` is where the carrier reaches us, None where nobody said."""

    def __init__(self, operator: str, rules: Callbacks, sink: OperatorSink) -> None:
        self._operator = operator
        self._sink = sink
        self._reader = CallbackReader(operator, rules)
        self.url = self._reader.url

    async def take(self, callback: Callback, now: int) -> CallbackReply:
        """`now` is milliseconds since the epoch."""
        try:
            read = self._reader.read(callback, now)
        except Forged:
            return CallbackReply(403, ("forged",))
        except Unreadable:
            return CallbackReply(400, ("unreadable",))
        if read.challenge is not None:
            return CallbackReply(200, ("challenge",), read.challenge.encode())
        results = ("receipt",) * len(read.receipts) + ("inbound",) * len(read.inbound)
        if not results:
            return CallbackReply(200, ("ignored",), self._reader.answer)
        if not await self._stored(read, Waiting(len(results))):
            return CallbackReply(503, ("not_stored",))
        return CallbackReply(200, results, self._reader.answer)

    async def _stored(self, read: Read, waiting: Waiting) -> bool:
        if read.receipts:
            self._sink.received(self._operator, [(receipt, waiting) for receipt in read.receipts])
        for message in read.inbound:
            self._sink.inbound(self._operator, message, waiting)
        try:
            async with asyncio.timeout(_STORING):
                return await waiting.done
        except TimeoutError:
            return False
