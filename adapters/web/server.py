"""One listening HTTP server: socket, TLS, patience with clients, start and stop."""

import asyncio
import logging
import resource
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp.web import BaseRequest, RequestHandler, Server, StreamResponse

from adapters.web.reply import Reply
from router.settings import ServerTls

KEEP_ALIVE = 75.0
"""Seconds a connection may stay without a complete request head, before the first one too."""

MOST_CONNECTIONS = 4096
"""Connections at once; one more is told so and closed. Fewer where few files may be open: half of those, so that the
store and the operators keep theirs."""

LONGEST_LINE = 8190
"""Octets of a request's line."""

LINGER = 5.0
"""Seconds we go on reading a body nobody wants, so that the client can read our answer."""

Handler = Callable[[BaseRequest], Awaitable[StreamResponse]]


class Answers(NamedTuple):
    """What is said where no handler is asked: `malformed` to bytes that are no request, `full` to a connection more
    than there may be."""

    malformed: Callable[[], Reply]
    full: Callable[[], Reply]


class HttpServer:
    """Serves `handler` on one address.

    `longest_line` is the most octets of a request's line, where its whole address stands. `on_stop` is called first
    when the server stops, so that answers which wait for something can end.
    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        tls: ServerTls | None = None,
        on_stop: Callable[[], None] = lambda: None,
        *,
        answers: Answers,
        longest_line: int = LONGEST_LINE,
    ) -> None:
        self._answers = answers
        self._longest_line = longest_line
        self._handler = handler
        self._host = host
        self._port = port
        self._tls = tls
        self._on_stop = on_stop
        self._server: _Server | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen, and return the port (of interest where 0 was asked for). Raises OSError, ssl.SSLError."""
        context = ssl_context(self._tls) if self._tls else None
        self._server = _Server(self._handler, self._answers, self._longest_line)
        self._listener = await asyncio.get_running_loop().create_server(
            self._server,
            self._host,
            self._port,
            ssl=context,
            ssl_handshake_timeout=10.0 if context else None,
            backlog=1024,
        )
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def stop(self, timeout: float) -> None:
        """Take no more connections, let requests in progress finish for at most `timeout` seconds, close."""
        if self._listener is None or self._server is None:
            return
        self._listener.close()
        self._on_stop()
        self._server.pre_shutdown()
        await self._server.shutdown(timeout)
        await self._listener.wait_closed()
        self._listener = self._server = None


def ssl_context(tls: ServerTls) -> ssl.SSLContext:
    """A server's context; with `client_ca` only clients with a certificate of it get in. Raises OSError, SSLError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Connection(RequestHandler):
    """aiohttp's connection, but bytes that are no request get an answer of ours and never reach the log."""

    def __init__(self, server: "_Server") -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), max_line_size=server.longest_line, **_OPTIONS)
        self._answer = server.answers.malformed

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        return self._answer()

    def resume_reading(self, *args: Any, **kw: Any) -> None:
        # aiohttp says so after each piece of a body, and then looks for what a pause has left unread.
        if self._reading_paused:
            super().resume_reading(*args, **kw)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        error = kw.get("exc_info")
        logging.getLogger(__name__).error("a connection was given up after %s", type(error).__name__)


_OPTIONS: dict[str, Any] = {
    "access_log": None,
    "keepalive_timeout": KEEP_ALIVE,
    "lingering_time": LINGER,
    "auto_decompress": False,
}


class _Full(asyncio.Protocol):
    """A connection more than there may be."""

    def __init__(self, answer: Reply) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._answer.closing())
        transport.close()


class _Server(Server):
    """Makes a protocol for each connection that comes."""

    def __init__(self, handler: Handler, answers: Answers, longest_line: int = LONGEST_LINE) -> None:
        super().__init__(handler)
        self.answers = answers
        self.longest_line = longest_line
        self._most = min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

    def __call__(self) -> RequestHandler:
        if len(self._connections) >= self._most:
            return _Full(self.answers.full())  # type: ignore[return-value]
        return _Connection(self)
