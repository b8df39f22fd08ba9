"""An HLR provider that misbehaves as it is told, on a real socket."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from adapters.lookup.hlr import HlrProvider
from router.settings import HlrLookup
from tests.engine.rig import ManualClock

LOG = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(50))


def answer(body: str | bytes, status: str = "200 OK", headers: str = "") -> bytes:
    octets = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(octets)}\r\n{headers}\r\n"
    return head.encode() + octets


def network(mcc: str, mnc: str) -> bytes:
    return answer(f'{{"result": {{"mcc": "{mcc}", "mnc": "{mnc}"}}}}')


class FakeProvider:
    """Answers from `networks` (by the digits of the number); `reply` replaces that by octets, or by None for silence.

    `held` keeps every answer back while it is not set.
    """

    def __init__(self) -> None:
        self.networks: dict[str, tuple[str, str]] = {}
        self.reply: Callable[[str], bytes | None] | None = None
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.open = 0
        self.most_open = 0
        self.held = asyncio.Event()
        self.held.set()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "FakeProvider":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.held.set()
        for writer in list(self._connections):
            writer.transport.abort()
        await self._server.wait_closed()
        while self._connections:
            await asyncio.sleep(0)

    def settings(self, **changes: Any) -> HlrLookup:
        given = {
            "url": f"http://127.0.0.1:{self.port}/hlr/{{number}}",
            "mcc": ("result", "mcc"),
            "mnc": ("result", "mnc"),
        }
        return HlrLookup(**{**given, "timeout": 5.0, **changes})

    def source(self, clock: ManualClock | None = None, **changes: Any) -> HlrProvider:
        return HlrProvider(self.settings(**changes), clock or ManualClock(), LOG)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                number = head.split(" ")[1].rpartition("/")[2]
                self.asked.append(number)
                self.heads.append(head)
                self.open += 1
                self.most_open = max(self.open, self.most_open)
                try:
                    await self.held.wait()
                finally:
                    self.open -= 1
                octets = self.reply(number) if self.reply is not None else self._plain(number)
                if octets is None:
                    await reader.read()
                    return
                writer.write(octets)
                await writer.drain()
                if self.reply is not None:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._connections.discard(writer)

    def _plain(self, number: str) -> bytes:
        found = self.networks.get(number)
        return network(*found) if found else answer('{"result": null}')
