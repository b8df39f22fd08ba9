"""Where events arrive, a process of its own: `python -m router.cli.bench.sink`.

It reads a `Setup` from standard input and takes final events by webhook, long poll or stream. On standard output it
tells how many messages had their event (`Told`); each further line of input names a file, into which it writes what it
has `Seen` so far.
"""

import asyncio
import sys
from array import array
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Final, cast
from urllib.parse import parse_qs

import msgspec
import uvloop

TELL = 0.1
"""Seconds between two lines."""

_LIMIT = 1 << 22  # octets of events that may wait to be read


class Kind(StrEnum):
    """How the events come."""

    WEBHOOK = "webhook"
    POLL = "poll"
    STREAM = "stream"
    KANNEL = "kannel"
    """The dlr-url that smsbox asks for each receipt."""


class Setup(msgspec.Struct, frozen=True):
    """`port` is where to listen, or with poll and stream the daemon's, where the accounts of `tokens` are asked."""

    kind: Kind
    port: int
    tokens: list[str]


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many messages had their final event, and the last file written."""

    final: int
    written: str = ""


class Seen(msgspec.Struct, frozen=True):
    """By a message's index: when its first final event came (monotonic seconds, below zero for never), and how many
    came. `states` counts final events by state, `strange` those of messages nobody sent."""

    at: "array[float]"
    times: bytearray
    states: dict[str, int]
    strange: int

    def write(self, path: Path) -> None:
        with path.open("wb") as file:
            file.write(msgspec.json.encode([self.states, self.strange]) + b"\n")
            self.at.tofile(file)
            file.write(self.times)

    @classmethod
    def read(cls, path: Path) -> "Seen":
        head, _, octets = path.read_bytes().partition(b"\n")
        states, strange = msgspec.json.decode(head)
        count = len(octets) // 9
        return cls(array("d", octets[: count * 8]), bytearray(octets[count * 8 :]), states, strange)


class _Event(msgspec.Struct):
    type: str
    reference: str | None = None
    state: str = ""


class _Page(msgspec.Struct):
    events: list[_Event]
    next: int = 0


_NOT_FINAL: Final = frozenset({"message.submitted", "message.received"})
_page = msgspec.json.Decoder(_Page)
_event = msgspec.json.Decoder(_Event)


class Sink:
    """Counts. `final` is how many messages had at least one final event."""

    def __init__(self) -> None:
        self.final = 0
        self._at = array("d")
        self._times = bytearray()
        self._states: dict[str, int] = {}
        self._strange = 0

    def take(self, events: list[_Event]) -> None:
        now = monotonic()
        for event in events:
            if event.type not in _NOT_FINAL:
                self.one(event.reference or "", event.state, now)

    def one(self, reference: str, state: str, now: float) -> None:
        self._states[state] = self._states.get(state, 0) + 1
        if not reference.isdecimal() or len(reference) > 9:
            self._strange += 1
            return
        index = int(reference)
        times = self._times
        if index >= len(times):
            more = index + 100_000 - len(times)
            times.extend(bytes(more))
            self._at.extend([-1.0] * more)
        if times[index] == 0:
            self.final += 1
            self._at[index] = now
        if times[index] < 255:
            times[index] += 1

    def seen(self) -> Seen:
        return Seen(self._at, self._times, self._states, self._strange)


class _Server(asyncio.Protocol):
    """Just as much HTTP as those who call here speak: requests with Content-Length, one after the other."""

    def __init__(self, sink: Sink, kind: Kind) -> None:
        self._sink = sink
        self._kind = kind
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            lower = self._buffer[:head].lower()
            at = lower.find(b"\r\ncontent-length:")
            length = int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            end = head + 4 + length
            if len(self._buffer) < end:
                return
            if self._kind is Kind.WEBHOOK:
                self._sink.take(_page.decode(self._buffer[head + 4 : end]).events)
            else:
                self._receipt(self._buffer[: self._buffer.index(b"\r\n")])
            self._buffer = self._buffer[end:]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def _receipt(self, line: bytes) -> None:
        query = parse_qs(line.split(b" ")[1].partition(b"?")[2].decode())
        state = "delivered" if query["type"] == ["1"] else "undelivered"
        self._sink.one(query["reference"][0], state, monotonic())


async def _follow(sink: Sink, setup: Setup, token: str) -> None:
    """One account's events, until the daemon ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", setup.port, limit=_LIMIT)
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    try:
        await (_poll if setup.kind is Kind.POLL else _stream)(sink, reader, writer, head)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass


async def _poll(sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    after = 0
    while True:
        writer.write(b"GET /v1/events?after=%d&limit=1000&wait=10 HTTP/1.1\r\n%b" % (after, head))
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
        page = _page.decode(await reader.readexactly(length))
        sink.take(page.events)
        after = page.next


async def _stream(sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    writer.write(b"GET /v1/events/stream HTTP/1.0\r\n" + head)  # 1.0, so that it comes without chunks
    while line := await reader.readline():
        if line.startswith(b"data: "):
            sink.take([_event.decode(line[6:])])


async def _main() -> None:
    loop = asyncio.get_running_loop()
    setup = msgspec.json.decode(await loop.run_in_executor(None, sys.stdin.readline), type=Setup)
    sink = Sink()
    following: list[asyncio.Future[None]] = []
    if setup.kind in (Kind.WEBHOOK, Kind.KANNEL):
        await loop.create_server(lambda: _Server(sink, setup.kind), "127.0.0.1", setup.port, backlog=1024)
    else:
        following = [asyncio.ensure_future(_follow(sink, setup, token)) for token in setup.tokens]
    _tell(Told(0))
    order = loop.run_in_executor(None, sys.stdin.readline)
    told = 0
    while True:
        await asyncio.wait([order], timeout=TELL)
        for one in following:
            if one.done():
                one.result()
        if order.done():
            if not (file := order.result().strip()):
                break
            sink.seen().write(Path(file))
            _tell(Told(sink.final, file))
            order = loop.run_in_executor(None, sys.stdin.readline)
        elif sink.final != told:
            told = sink.final
            _tell(Told(told))
    for one in following:
        one.cancel()


def _tell(told: Told) -> None:
    print(msgspec.json.encode(told).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_main())
