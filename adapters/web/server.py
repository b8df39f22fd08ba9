"""One listening HTTP server: socket, TLS, patience with clients, start and stop."""

import asyncio
import ssl
from collections.abc import Callable

from aiohttp.web import BaseRequest

from adapters.web.connections import Answers, Connections, Handler
from adapters.web.heads import Direct
from router.settings import ServerTls

LONGEST_LINE = 8190
"""Octets of a request's line."""


class HttpServer:
    """Serves `handler` on one address.

    `longest_line` is the most octets of a request's line, where its whole address stands. `direct` says how requests
    like this one are answered without a task each, or None where the handler is asked. `on_stop` is called first when
    the server stops, so that answers which wait for something can end.
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
        direct: Callable[[BaseRequest], Direct | None] = lambda _: None,
        longest_line: int = LONGEST_LINE,
    ) -> None:
        self._answers = answers
        self._direct = direct
        self._longest_line = longest_line
        self._handler = handler
        self._host = host
        self._port = port
        self._tls = tls
        self._on_stop = on_stop
        self._server: Connections | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen, and return the port (of interest where 0 was asked for). Raises OSError, ssl.SSLError."""
        context = ssl_context(self._tls) if self._tls else None
        self._server = Connections(self._handler, self._answers, self._direct, self._longest_line)
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
        time = asyncio.get_running_loop().time
        until = time() + timeout
        await self._server.finish(until)
        # To aiohttp no time left is all the time there is.
        await self._server.shutdown(max(until - time(), 0.001))
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
