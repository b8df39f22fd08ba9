"""The two ends of a webhook in tests: a server that behaves as told, and an account's log in memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from router.event import EventType, LoggedEvent


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for event in json.loads(self.body)["events"]]


@dataclass
class Receiver:
    """Takes POSTs and answers with the next of `answers` (raw octets), then with 200 for ever.

    An answer of None closes the connection without a word; HANG never answers.
    """

    HANG = b"HANG"

    answers: Iterator[bytes | None] = field(default_factory=lambda: iter(()))
    # What is answered with 400, as long as there is no answer of its own.
    refuses: Callable[[Request], bool] = lambda request: False
    requests: list[Request] = field(default_factory=list)
    acknowledged: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=hidden"

    async def has(self, count: int) -> None:
        async with asyncio.timeout(5), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds of what was acknowledged."""
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                request = Request(method, path, headers, body)
                async with self._arrived:
                    self.requests.append(request)
                    self._arrived.notify_all()
                answer = next(self.answers, BAD if self.refuses(request) else OK)
                if answer is None:
                    return
                if answer == self.HANG:
                    await reader.read()
                    return
                if answer.startswith(b"HTTP/1.1 2"):
                    async with self._arrived:
                        self.acknowledged.append(request)
                        self._arrived.notify_all()
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


OK = answer(200, b"thanks")
BAD = answer(400)


@asynccontextmanager
async def receiving(*answers: bytes | None) -> AsyncIterator[Receiver]:
    receiver = Receiver(iter(answers))
    handlers: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        await receiver.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


@dataclass
class Log:
    """An EventSource in memory, with the engine's promises."""

    events: dict[str, list[LoggedEvent]] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    fail_reads: list[Exception] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def append(self, account: str, *types: EventType, at: int = 0) -> None:
        events = self.events.setdefault(account, [])
        for type in types:
            seq = len(events) + 1
            payload = json.dumps({"seq": seq, "type": type, "account": account, "text": "é"}).encode()
            events.append(LoggedEvent(account, seq, type, at, payload))
        async with self._changed:
            self._changed.notify_all()

    async def read(self, account: str, after: int, limit: int, wait: float) -> list[LoggedEvent]:
        if self.fail_reads:
            raise self.fail_reads.pop()

        def found() -> list[LoggedEvent]:
            return [event for event in self.events.get(account, []) if event.seq > after][:limit]

        async with self._changed:
            try:
                return await asyncio.wait_for(self._changed.wait_for(found), wait) and found()
            except TimeoutError:
                return []

    def acknowledge(self, account: str, seq: int) -> None:
        assert seq > self.cursors.get(account, 0), "the cursor never stands still or goes back"
        self.cursors[account] = seq

    def rewind(self, account: str, seq: int) -> None:
        self.cursors[account] = seq

    def backlog(self, account: str) -> int:
        return len(self.events.get(account, [])) - self.cursors.get(account, 0)
