"""The account's durable log of events: in pages, by long poll, and as Server-Sent Events."""

import asyncio
from collections.abc import Sequence

from aiohttp.web import StreamResponse

from adapters.http.schema.requests import EventsQuery, StreamQuery
from adapters.web.incoming import Incoming
from adapters.web.reply import SLOW_READER, Reply
from router.engine.feed import Feed
from router.event import LoggedEvent
from router.refusal import Refusal

HEARTBEAT = 15.0
"""Seconds of silence after which a stream says that it is alive."""

_PAGE = 500

STREAM_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


class EventCalls:
    """Answers that wait end when `stopping` is set."""

    def __init__(self, feed: Feed, stopping: asyncio.Event) -> None:
        self._feed = feed
        self._stopping = stopping

    async def page(self, incoming: Incoming) -> Reply:
        """GET /v1/events"""
        query = incoming.query(EventsQuery)
        events = await self._read(incoming.account.name, query.after, query.limit, query.wait)
        following = events[-1].seq if events else query.after
        body = b'{"events":[%b],"next":%d}' % (b",".join([event.payload for event in events]), following)
        return Reply(200, body)

    async def stream(self, incoming: Incoming) -> StreamResponse:
        """GET /v1/events/stream"""
        after = incoming.query(StreamQuery).after
        last = incoming.raw.headers.get("Last-Event-ID")
        if last is not None:
            after = _sequence(last)
        response = StreamResponse(headers=STREAM_HEADERS)
        response.force_close()
        await response.prepare(incoming.raw)
        if incoming.raw.method == "HEAD":
            return response
        await write(response, b": events follow\n\n")
        while not self._stopping.is_set():
            events = await self._read(incoming.account.name, after, _PAGE, HEARTBEAT)
            if events:
                await write(
                    response,
                    b"".join(
                        b"id: %d\nevent: %b\ndata: %b\n\n" % (event.seq, event.type.encode(), event.payload)
                        for event in events
                    ),
                )
                after = events[-1].seq
            elif not self._stopping.is_set():
                await write(response, b": still here\n\n")
        return response

    async def _read(self, account: str, after: int, limit: int, wait: float) -> Sequence[LoggedEvent]:
        """What the feed has; nothing when the server stops first."""
        if not wait or self._stopping.is_set():
            return await self._feed.read(account, after, limit, 0)
        reading = asyncio.ensure_future(self._feed.read(account, after, limit, wait))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((reading, stopped), return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else ()
        finally:
            reading.cancel()
            stopped.cancel()


async def write(response: StreamResponse, data: bytes) -> None:
    """Raises ConnectionError where the client has gone, or does not read."""
    try:
        async with asyncio.timeout(SLOW_READER):
            await response.write(data)
    except TimeoutError:
        raise ConnectionResetError("the client does not read") from None


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refusal("invalid_request", "Last-Event-ID is the number of an event", "Last-Event-ID")
    return int(text)
