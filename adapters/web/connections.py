"""The connections of clients: a request whose head is known is answered at once, every other one by aiohttp.

What aiohttp does for each request (parser, reader, writer, a task, four turns of the loop) takes longer than anything
else that a submit takes on the loop. A client keeps its connections and sends the same head again and again: aiohttp
judges it the first time, and the same octets mean the same the next time.
"""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from aiohttp import StreamReader
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.web import BaseRequest, RequestHandler, Server, StreamResponse

from adapters.web.heads import Direct, Framed, Heads, Known, framed
from adapters.web.reply import Reply

KEEP_ALIVE = 75.0
"""Seconds a connection may stay without a complete request head, before the first one too."""

MOST_CONNECTIONS = 4096
"""Connections at once; one more is told so and closed. Fewer where few files may be open: half of those, so that the
store and the operators keep theirs."""

MOST_BEHIND = 256 * 1024
"""Octets that are read behind a request before it is answered."""

_OPTIONS: dict[str, Any] = {
    "access_log": None,
    # Ours, for aiohttp does not see the requests that are answered past it.
    "keepalive_timeout": 10 * 365 * 86400.0,
    # Seconds we go on reading a body nobody wants, so that the client can read our answer.
    "lingering_time": 5.0,
    "auto_decompress": False,
}

Handler = Callable[[BaseRequest], Awaitable[StreamResponse]]


class Answers(NamedTuple):
    """What is said where no handler is asked: `malformed` to bytes that are no request, `full` to a connection more
    than there may be."""

    malformed: Callable[[], Reply]
    full: Callable[[], Reply]


class Connections(Server):
    """Makes a protocol for each connection that comes. `direct` says how requests like this one are answered without a
    task each, or None where they are not."""

    def __init__(
        self, handler: Handler, answers: Answers, direct: Callable[[BaseRequest], Direct | None], longest_line: int
    ) -> None:
        super().__init__(handler, request_factory=self._request)
        self.answers = answers
        self.direct = direct
        self.longest_line = longest_line
        self.heads = Heads()
        self._most = min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._under_way: set[Connection] = set()
        self._quiet: asyncio.Future[None] | None = None

    def __call__(self) -> RequestHandler:
        if len(self._connections) >= self._most:
            return _Full(self.answers.full())  # type: ignore[return-value]
        return Connection(self)

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> BaseRequest:
        assert isinstance(protocol, Connection)
        protocol.judged = message
        return BaseRequest(message, payload, protocol, writer, task, self._loop)

    def began(self, connection: "Connection") -> None:
        """It answers a request past aiohttp."""
        self._under_way.add(connection)

    def ended(self, connection: "Connection") -> None:
        self._under_way.discard(connection)
        if self._quiet is not None and not self._under_way and not self._quiet.done():
            self._quiet.set_result(None)

    async def finish(self, until: float) -> None:
        """Wait for what is answered past aiohttp, and give it up at this time of the loop."""
        if self._under_way:
            self._quiet = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._quiet
            for connection in self._under_way:
                connection.give_up()


class Connection(RequestHandler):
    """One connection. `judged` is what aiohttp has read of the head of a request that it is answering.

    aiohttp has all that came since its last answer (`_given` octets, in which `_first` is the first request), or
    nothing: then it stands between two requests, and what comes next (`_came`, from `_at`) need not be its.
    """

    judged: RawRequestMessage | None = None

    def __init__(self, server: Connections) -> None:
        self._time = asyncio.get_running_loop().time
        super().__init__(server, loop=asyncio.get_running_loop(), max_line_size=server.longest_line, **_OPTIONS)
        self._server = server
        self._first: Framed | None = None
        self._given = 0
        self._busy = False
        self._turn = 0
        self._came = b""
        self._at = 0
        self._task: asyncio.Task[None] | None = None
        self._ends = False
        self._heard = self._time()
        self._patience = asyncio.get_running_loop().call_later(KEEP_ALIVE, self._check_patience)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._given or not data:
            self._given += len(data)
            super().data_received(data)
            return
        if self._came:
            self._came, self._at = self._came[self._at :] + data, 0
        else:
            self._came = data
        if not self._busy:
            self._go()
        elif len(self._came) > MOST_BEHIND and self.transport is not None:
            self.transport.pause_reading()

    def _go(self) -> None:
        """Answer the first request of what came, or give it all to aiohttp."""
        if not self._came or self._busy or self._ends or self.transport is None:
            return
        came, at = self._came, self._at
        first = framed(came, at)
        known = self._server.heads.find(first.key) if first is not None and first.end <= len(came) else None
        # aiohttp waits for a client that does not read.
        if first is None or known is None or self.transport.get_write_buffer_size():
            self._came, self._at = b"", 0
            self._to_aiohttp(came[at:] if at else came)
            return
        if first.end == len(came):
            self._came, self._at = b"", 0
        else:
            self._at = first.end
        self._busy = True
        self._turn += 1
        self._server.began(self)
        body = came[first.body : first.end]
        if known.direct is None or not known.direct(body, partial(self._answer, self._turn)):
            self._task = asyncio.create_task(self._by_handler(known.of(len(body), first.idempotency), body))

    def _to_aiohttp(self, data: bytes) -> None:
        self._first, self._given = framed(data), len(data)
        super().data_received(data)

    def _answer(self, turn: int, reply: Reply) -> None:
        if not self._busy or turn != self._turn:
            # What broke was answered, and may still come to its end.
            return
        if self.transport is not None:
            self.transport.write(reply.whole())
        self._answered(reply.keep_alive)

    async def _by_handler(self, message: RawRequestMessage, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        content = StreamReader(self, limit=len(body), loop=loop)
        content.feed_data(body)
        content.feed_eof()
        task: Any = asyncio.current_task()
        request = BaseRequest(message, content, self, StreamWriter(self, loop), task, loop)
        open = False
        try:
            try:
                response = await self._server.request_handler(request)
            except ConnectionError:
                raise
            except Exception as error:
                response = self.handle_error(request, 500, error)
            await response.prepare(request)
            await response.write_eof()
            open = bool(response.keep_alive)
        except ConnectionError:
            # The client has gone.
            pass
        finally:
            self._task = None
            self._answered(open)

    def _answered(self, open: bool) -> None:
        self._busy = False
        self._heard = self._time()
        self._server.ended(self)
        if not open:
            self.force_close()
        elif self._came and self.transport is not None:
            self.transport.resume_reading()
            # Not at once: whoever gives the answer is in the middle of its own work, and others wait as well.
            asyncio.get_running_loop().call_soon(self._go)

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        finished = await super().finish_response(request, resp, start_time)
        self._heard = self._time()
        first, message, self.judged = self._first, self.judged, None
        if (
            first is not None
            and message is not None
            and first.end == self._given
            and request.content.is_eof()
            and resp.keep_alive
        ):
            self._first, self._given = None, 0
            if self._server.heads.wants(first.key, message):
                self._server.heads.learn(first.key, Known(message, self._server.direct(request)))
        return finished

    def close(self) -> None:
        """Take no more requests; the one that is being answered is the last one."""
        self._ends = True
        super().close()

    def give_up(self) -> None:
        """Do not finish what is being answered."""
        if self._task is not None:
            self._task.cancel()

    def _check_patience(self) -> None:
        left = self._heard + KEEP_ALIVE - self._time()
        if self._busy or self.judged is not None:
            left = KEEP_ALIVE
        if left > 0:
            self._patience = asyncio.get_running_loop().call_later(left, self._check_patience)
        elif self.transport is not None:
            if self.transport.get_write_buffer_size():
                self.transport.abort()
            self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Bytes that are no request get an answer of ours and never reach the log."""
        return self._server.answers.malformed()

    def resume_reading(self, *args: Any, **kw: Any) -> None:
        # aiohttp says so after each piece of a body, and then looks for what a pause has left unread.
        if self._reading_paused:
            super().resume_reading(*args, **kw)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        error = kw.get("exc_info")
        logging.getLogger(__name__).error("a connection was given up after %s", type(error).__name__)


class _Full(asyncio.Protocol):
    """A connection more than there may be."""

    def __init__(self, answer: Reply) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._answer.closing())
        transport.close()
