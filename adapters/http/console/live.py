"""The stream of numbers: one sampler feeds every console, and sleeps while there is none."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, time_ns

import structlog
from aiohttp.web import BaseRequest, StreamResponse
from msgspec.json import Encoder

from adapters.http.console.sampler import EVERY, Sampler
from adapters.http.events import STREAM_HEADERS, write
from adapters.web.incoming import Incoming
from router.engine.trouble import described
from router.refusal import Refusal

_log = structlog.get_logger(__name__)
_encode = Encoder().encode


class LiveCalls:
    """`check` raises Refusal once the one who watches may not any more; streams end when `stopping` is set."""

    def __init__(self, sampler: Sampler, check: Callable[[BaseRequest], None], stopping: asyncio.Event) -> None:
        self._sampler = sampler
        self._check = check
        self._stopping = stopping
        self._viewers = 0
        self._sampling: asyncio.Task[None] | None = None
        self._next: asyncio.Future[bytes]

    async def stream(self, incoming: Incoming) -> StreamResponse:
        """GET /console/live"""
        response = StreamResponse(headers=STREAM_HEADERS)
        response.force_close()
        await response.prepare(incoming.raw)
        if incoming.raw.method == "HEAD":
            return response
        with self._watched():
            await write(response, b"event: history\ndata: %b\n\n" % _encode(list(self._sampler.points)))
            while not self._stopping.is_set() and self._may(incoming.raw):
                # A viewer who is slow to read misses samples; none are kept for it.
                await write(response, await asyncio.shield(self._next))
        return response

    def _may(self, request: BaseRequest) -> bool:
        try:
            self._check(request)
        except Refusal:
            return False
        return True

    @contextmanager
    def _watched(self) -> Iterator[None]:
        self._viewers += 1
        if self._sampling is None:
            self._next = asyncio.get_running_loop().create_future()
            self._sampling = asyncio.create_task(self._sample(), name="console sampler")
        try:
            yield
        finally:
            self._viewers -= 1

    async def _sample(self) -> None:
        """Until nobody watches."""
        while self._viewers:
            try:
                frame = b"event: sample\ndata: %b\n\n" % _encode(
                    self._sampler.sample(time_ns() // 1_000_000, monotonic())
                )
            except Exception as error:
                # The consoles must say that they know nothing, and nothing else may suffer.
                _log.error("console_sample", **described(error))
                frame = b"event: trouble\ndata: {}\n\n"
            done, self._next = self._next, asyncio.get_running_loop().create_future()
            done.set_result(frame)
            await asyncio.sleep(EVERY)
        self._sampling = None
