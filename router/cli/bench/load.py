"""The load generator, a process of its own: `python -m router.cli.bench.load`.

It reads a `Setup` from standard input, then one `Go` a line, and tells on standard output how far it is (`Told`).
A connection has one request under way. Without a rate each sends as soon as it has its answer; with one, requests are
due at even intervals whatever the answers do, and latency counts from when a request was due, not from when a
connection was free for it.
"""

import asyncio
import sys
from array import array
from collections import deque
from pathlib import Path
from time import monotonic
from typing import cast

import msgspec
import uvloop

from router.cli.bench.requests import ToKannel, ToRouter

TELL = 0.1
"""Seconds between two lines."""

_TICK = 0.001


class Setup(msgspec.Struct, frozen=True):
    port: int
    connections: int
    dialect: ToRouter | ToKannel


class Go(msgspec.Struct, frozen=True):
    """Send `messages` from index `first` on, at `rate` a second (0: as fast as answers come), but no longer than
    `seconds` (0: until all are sent). `times` is a file for what `Times` reads."""

    first: int
    messages: int
    rate: float
    seconds: float
    times: str


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages so far; `done` once all answers are there. `refusal` is the first answer that was no acceptance."""

    sent: int
    accepted: int
    refused: int = 0
    refusal: str = ""
    done: bool = False


class Times(msgspec.Struct, frozen=True):
    """When each request was due, and when its answer was there (monotonic seconds; below zero where it was refused)."""

    due: "array[float]"
    answered: "array[float]"

    def write(self, path: Path) -> None:
        with path.open("wb") as file:
            self.due.tofile(file)
            self.answered.tofile(file)

    @classmethod
    def read(cls, path: Path) -> "Times":
        both = array("d", path.read_bytes())
        return cls(both[: len(both) // 2], both[len(both) // 2 :])


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: "Load") -> None:
        self.ordinal = 0
        self._load = load
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost()

    def send(self, ordinal: int, octets: bytes) -> None:
        self.ordinal = ordinal
        self._transport.write(octets)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        head = data.find(b"\r\n\r\n")
        if head >= 0:
            lower = data[:head].lower()
            at = lower.find(b"\r\ncontent-length:")
            length = int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(data) >= head + 4 + length:
                self._buffer = b""
                self._load.answered(self, data[9:12], data[head + 4 :])
                return
        self._buffer = data


class Load:
    """Sends one `Go` after the other."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._write = setup.dialect.writer()
        self._idle: deque[Connection] = deque()
        self._failed = ""

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self._setup.connections):
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._setup.port)
            self._idle.append(connection)

    async def run(self, go: Go) -> None:
        """Returns when every answer is there. Raises ConnectionError where a connection is lost."""
        self._go = go
        self._times = Times(array("d"), array("d"))
        self._accepted = self._refused = 0
        self._refusal = ""
        self._began = monotonic()
        self._ends = self._began + go.seconds if go.seconds else float("inf")
        self._most = -(-go.messages // self._setup.dialect.batch)
        self._step = self._setup.dialect.batch / go.rate if go.rate else 0.0
        self._answers = asyncio.Event()
        told = 0.0
        while not self._answers.is_set():
            if self._failed:
                raise ConnectionError(self._failed)
            self._push()
            now = monotonic()
            if now - told >= TELL:
                self._tell(False)
                told = now
            following = self._began + len(self._times.due) * self._step
            await asyncio.sleep(min(max(following - now, _TICK), TELL) if go.rate else TELL)
        self._times.write(Path(go.times))
        self._tell(True)

    def answered(self, connection: Connection, status: bytes, body: bytes) -> None:
        now = monotonic()
        count = self._count(connection.ordinal)
        if self._setup.dialect.taken(status, body, count):
            self._times.answered[connection.ordinal] = now
            self._accepted += count
        else:
            self._refused += count
            self._refusal = self._refusal or f"{status.decode()} {body[:300].decode(errors='replace')}"
        self._idle.append(connection)
        self._push()

    def lost(self) -> None:
        self._failed = "the connection was closed"

    def _push(self) -> None:
        """Send what is due, while a connection is free."""
        idle, due = self._idle, self._times.due
        while idle:
            ordinal = len(due)
            now = monotonic()
            at = self._began + ordinal * self._step if self._step else now
            if ordinal == self._most or at >= self._ends:
                if len(idle) == self._setup.connections:
                    self._answers.set()
                return
            if at > now:
                return
            due.append(at)
            self._times.answered.append(-1.0)
            first = self._go.first + ordinal * self._setup.dialect.batch
            idle.popleft().send(ordinal, self._write(ordinal, first, self._count(ordinal)))

    def _count(self, ordinal: int) -> int:
        batch = self._setup.dialect.batch
        return min(batch, self._go.messages - ordinal * batch)

    def _tell(self, done: bool) -> None:
        sent = min(len(self._times.due) * self._setup.dialect.batch, self._go.messages)
        told = Told(sent, self._accepted, self._refused, self._refusal, done)
        print(msgspec.json.encode(told).decode(), flush=True)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    load = Load(msgspec.json.decode(await loop.run_in_executor(None, sys.stdin.readline), type=Setup))
    await load.connect()
    print(msgspec.json.encode(Told(0, 0)).decode(), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await load.run(msgspec.json.decode(line, type=Go))


if __name__ == "__main__":
    uvloop.run(_main())
