"""The connections to one carrier: a pool that is kept alive, and what became of each request on it."""

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any, Final

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    TraceConfig,
)
from yarl import URL

from adapters.http_operator.answer import Answered
from adapters.http_operator.request import Prepared
from router.operator import HttpLink, Tls

LARGEST: Final = 1024 * 1024
"""Octets of an answer that are read."""


class NotSent(Exception):
    """Nothing of the request was written."""


class NoAnswer(Exception):
    """The request was written, or may have been, and there is no answer."""


class Client:
    """Made within a running event loop; who uses it bounds how many requests there are at a time.

    Raises OSError for certificates that cannot be used.
    """

    def __init__(self, link: HttpLink) -> None:
        self._link = link
        # Reading the authorities of the system takes long; a carrier without TLS has no use for them, and a token from
        # elsewhere is asked for as aiohttp does by itself.
        self.ssl = ssl_context(link.tls) if link.secure else True
        tracing = TraceConfig()
        tracing.on_connection_create_end.append(_connected)
        tracing.on_connection_reuseconn.append(_connected)
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=link.keep_alive, ssl=self.ssl),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None, sock_connect=link.connect_timeout),
            auto_decompress=False,  # a small answer must not become a large one
            headers={"User-Agent": "carrier-router", "Accept": "*/*", "Accept-Encoding": "identity"},
            trace_configs=[tracing],
        )
        # By itself it sends a GET again on a new connection when the old one is cut: that would be a second message.
        self._session._retry_connection = False

    async def send(self, prepared: Prepared) -> Answered:
        """Raises NotSent, NoAnswer."""
        seen = SimpleNamespace(connected=False)
        patience = self._link.connect_timeout + self._link.response_timeout
        status = 0
        headers: dict[str, str] = {}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(patience),
                self._session.request(
                    prepared.method,
                    URL(prepared.url, encoded=True),
                    data=prepared.body,
                    headers=prepared.headers,
                    allow_redirects=False,
                    trace_request_ctx=seen,
                ) as response,
            ):
                status = response.status
                headers = {name.lower(): value for name, value in reversed(list(response.headers.items()))}
                while len(body) <= LARGEST and (piece := await response.content.read(LARGEST)):
                    body += piece
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            if not seen.connected:
                raise NotSent(_reason(error)) from None
            if status < 400:
                raise NoAnswer(_reason(error)) from None
            # A refusal is one also where its words were cut short.
        return Answered(status, headers, bytes(body))

    async def reach(self) -> None:
        """Connect to the carrier and hang up. Raises NotSent."""
        link = self._link
        try:
            async with asyncio.timeout(link.connect_timeout):
                _, writer = await asyncio.open_connection(
                    link.host,
                    link.port,
                    ssl=self.ssl if link.secure else None,
                    server_hostname=link.host if link.secure else None,
                )
        except (OSError, TimeoutError, ValueError) as error:
            raise NotSent(_reason(error)) from None
        writer.close()

    async def close(self) -> None:
        await self._session.close()


async def _connected(session: ClientSession, context: Any, params: Any) -> None:
    context.trace_request_ctx.connected = True


def _reason(error: BaseException) -> str:
    """Why, without the address, which may hold a secret."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    cause = error.__cause__ if isinstance(error, ClientConnectionError) and error.__cause__ else error
    said = getattr(cause, "strerror", None)
    return f"{type(error).__name__}: {said}" if isinstance(said, str) and said else type(error).__name__


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """Raises OSError, ssl.SSLError for files that are none."""
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
