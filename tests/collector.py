"""A collector of traces, for the tests of those who export them."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Takes OTLP over HTTP; `spans` are what came, `raw` its octets, `headers` those of the last request."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.raw = b""
        self.headers: Any = {}
        self.status = 200
        self.asked = 0

    async def take(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.headers = request.headers
        body = await request.read()
        if self.status == 200:
            if request.headers.get("Content-Encoding") == "gzip" and body[:2] == b"\x1f\x8b":
                body = gzip.decompress(body)
            self.raw += body
            given = ExportTraceServiceRequest.FromString(body)
            self.spans += [span for one in given.resource_spans for piece in one.scope_spans for span in piece.spans]
        return web.Response(status=self.status)

    def of(self, id: str) -> dict[str, Any]:
        """The spans of a message by name."""
        return {span.name: span for span in self.spans if span.trace_id.hex() == id.replace("-", "")}


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield collector, f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    finally:
        await runner.cleanup()
