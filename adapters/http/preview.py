"""What would happen: how a text is cut, who would carry a message."""

import asyncio
from time import time_ns

from msgspec import structs
from msgspec.json import Decoder, Encoder

from adapters.http.schema.requests import CoverageQuery, RouteRequest, SegmentRequest
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply
from router.engine.preview import Preview, TextQuery
from router.routing.route import RouteQuery

_encode = Encoder().encode
_segment_request = Decoder(SegmentRequest)
_route_request = Decoder(RouteRequest)


class PreviewCalls:
    def __init__(self, preview: Preview, max_body: int) -> None:
        self._preview = preview
        self._max_body = max_body

    async def segment(self, incoming: Incoming) -> Reply:
        """POST /v1/segment"""
        wanted = decode(_segment_request, await incoming.body(self._max_body))
        query = TextQuery(
            text=wanted.text,
            wish=wanted.encoding,
            transliterate=incoming.account.transliterate,
            operator=wanted.operator,
            route=None if wanted.to is None else RouteQuery(wanted.to, _now(), wanted.sender, wanted.traffic_class),
        )
        if query.route is not None:
            query = structs.replace(query, route=await self._preview.look_up(incoming.account, query.route))
        return Reply(200, _encode(self._preview.segment(incoming.account, query)))

    async def route(self, incoming: Incoming) -> Reply:
        """POST /v1/route"""
        wanted = decode(_route_request, await incoming.body(self._max_body))
        query = RouteQuery(
            to=wanted.to,
            at=_now() if wanted.at is None else int(wanted.at.timestamp() * 1000),
            sender=wanted.sender,
            traffic_class=wanted.traffic_class,
            plan=wanted.plan,
        )
        query = await self._preview.look_up(incoming.account, query)
        return Reply(200, _encode(self._preview.route(incoming.account, query)))

    async def coverage(self, incoming: Incoming) -> Reply:
        """GET /v1/coverage"""
        wanted = incoming.query(CoverageQuery)
        found = await asyncio.to_thread(self._preview.coverage, wanted.country, wanted.plan, _now())
        return Reply(200, _encode(found))


def _now() -> int:
    return time_ns() // 1_000_000
