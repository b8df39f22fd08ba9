"""A whole answer, written in one go."""

import asyncio
from email.utils import formatdate
from http import HTTPStatus
from time import time

from aiohttp import HttpVersion11
from aiohttp.web import BaseRequest, StreamResponse

SLOW_READER = 30.0
"""Seconds a client may take to read what it asked for."""

JSON_HEADERS = b"Content-Type: application/json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
PROBLEM_HEADERS = JSON_HEADERS.replace(b"application/json", b"application/problem+json")

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}

_date = b""
_date_second = 0


class Reply(StreamResponse):
    """An answer with its complete body; `headers` are whole header lines.

    aiohttp's own Response spends more time on its header dictionary than the rest of a submit takes in this
    adapter, so this one writes prepared bytes; aiohttp asks no more of a response than `prepare`, `write_eof`
    and `keep_alive`.
    """

    def __init__(self, status: int, body: bytes, headers: bytes = JSON_HEADERS, close: bool = False) -> None:
        self._line = _STATUS_LINES[status]
        self._headers_lines = headers
        self._whole = body
        self._open = not close

    def add(self, lines: bytes) -> None:
        """More header lines."""
        self._headers_lines += lines

    @property
    def keep_alive(self) -> bool:
        return self._open

    async def prepare(self, request: BaseRequest) -> None:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        self._open = self._open and request.keep_alive and request.version >= HttpVersion11
        transport.write(self._bytes(self._whole if request.method != "HEAD" else b""))
        if transport.get_write_buffer_size():
            await _drain(request, transport)

    def whole(self) -> bytes:
        """All that is sent to a client of HTTP/1.1 that keeps its connection."""
        return self._bytes(self._whole)

    def closing(self) -> bytes:
        """The whole answer to a connection that ends with it."""
        self._open = False
        return self._bytes(self._whole)

    def _bytes(self, body: bytes) -> bytes:
        return b"%b%bDate: %b\r\n%bContent-Length: %d\r\n\r\n%b" % (
            self._line,
            self._headers_lines,
            _now(),
            b"" if self._open else b"Connection: close\r\n",
            len(self._whole),
            body,
        )

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything was written by `prepare`."""


async def _drain(request: BaseRequest, transport: asyncio.Transport) -> None:
    try:
        async with asyncio.timeout(SLOW_READER):
            await request.writer.drain()
    except TimeoutError:
        transport.abort()
        raise ConnectionResetError("the client does not read") from None


def _now() -> bytes:
    # RFC 9110 section 6.6.1 wants a date; it changes once a second.
    global _date, _date_second
    second = int(time())
    if second != _date_second:
        _date, _date_second = formatdate(second, usegmt=True).encode(), second
    return _date
