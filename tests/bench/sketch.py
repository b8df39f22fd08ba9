"""A yardstick for the bench: the same path with nothing on it that a carrier, an operator or a fault would ask for.

    python -m tests.bench.sketch [--rounds 2] [--messages 20000] [--single]

The sketch takes messages over HTTP, has them in SQLite by a group commit that waits for the disk, sends them over one
SMPP bind, stores answer and receipt before it acknowledges that, and posts the final event to a webhook. It has one
account, one operator, one encoding and one segment, and nothing ever fails. Its CPU a message is what such a path takes
on this machine with this interpreter at this moment; the daemon's is told as a multiple of it, in turns within one run.
"""

import argparse
import asyncio
import hmac
import struct
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import cast

import apsw
import msgspec
import uvloop
from aiohttp import ClientSession, web

from router.cli import children
from router.cli.bench import legs, sink
from router.cli.bench.daemon import daemon
from router.cli.bench.messages import text
from router.cli.bench.options import Options, add_arguments, options
from router.cli.bench.requests import ToRouter
from router.cli.bench.world import Gateway

_HEADER = struct.Struct(">IIII")
_WINDOW = 500
_RHYTHM = 0.002
_POST = 100


class Submit(msgspec.Struct):
    to: str
    text: str
    reference: str
    sender: str = msgspec.field(name="from")
    encoding: str = "auto"


class Several(msgspec.Struct):
    messages: list[Submit]


class Message(msgspec.Struct):
    no: int
    submit: Submit
    state: str = "queued"
    operator_id: str = ""


_single = msgspec.json.Decoder(Submit).decode
_batch = msgspec.json.Decoder(Several).decode
_encode = msgspec.json.Encoder().encode


class Sketch(asyncio.Protocol):
    """The whole path; as a protocol it is the bind."""

    def __init__(self, folder: Path, hook: int) -> None:
        self.db = apsw.Connection(str(folder / "sketch.db"))
        self.db.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE messages (no INTEGER PRIMARY KEY, body BLOB)")
        self.db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, payload BLOB)")
        self.commit = ThreadPoolExecutor(1)
        self.hook = hook
        self.no = self.seq = 0
        self.new: list[Message] = []
        self.saved: dict[int, Message] = {}
        self.events: list[tuple[int, bytes]] = []
        self.receipts: list[int] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.queued: list[Message] = []
        self.in_flight: dict[int, Message] = {}
        self.submitted: dict[bytes, Message] = {}
        self.final: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self.told: list[bytes] = []
        self.buffer = b""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        submits = _batch(body).messages if request.path == "/v1/batches" else [_single(body)]
        for submit in submits:
            self.no += 1
            self.new.append(Message(self.no, submit))
        stored = asyncio.get_running_loop().create_future()
        self.waiting.append(stored)
        await stored
        return web.Response(status=202, body=b'{"accepted":%d,"messages":[]}' % len(submits))

    async def write(self) -> None:
        """One transaction for all that came since the last."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_RHYTHM)
            new, saved, events, receipts = self.new, self.saved, self.events, self.receipts
            waiting, told = self.waiting, self.told
            if not (new or saved or events):
                continue
            self.new, self.saved, self.events, self.receipts, self.waiting, self.told = [], {}, [], [], [], []
            self.db.execute("BEGIN")
            self.db.executemany("INSERT INTO messages VALUES (?, ?)", [(one.no, _encode(one)) for one in new])
            changed = [(_encode(one), no) for no, one in saved.items()]
            self.db.executemany("UPDATE messages SET body = ? WHERE no = ?", changed)
            self.db.executemany("INSERT INTO events VALUES (?, ?)", events)
            await loop.run_in_executor(self.commit, self.db.execute, "COMMIT")
            for stored in waiting:
                stored.set_result(None)
            self.queued += new
            self.transport.write(b"".join([_HEADER.pack(17, 0x80000005, 0, sequence) + b"\0" for sequence in receipts]))
            self.send()
            if told:
                self.final.put_nowait(told)

    def send(self) -> None:
        room = _WINDOW - len(self.in_flight)
        sent, self.queued = self.queued[:room], self.queued[room:]
        written = []
        for message in sent:
            submit = message.submit
            short = submit.text.encode("latin-1")
            head = f"\0\5\0{submit.sender}\0\1\1{submit.to[1:]}\0\0\0\0\0\0\1\0\0\0{chr(len(short))}"
            body = head.encode("latin-1") + short
            self.in_flight[message.no] = message
            written.append(_HEADER.pack(16 + len(body), 4, 0, message.no) + body)
        self.transport.write(b"".join(written))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        bind = b"bench\0bench\0\0\x34\0\0\0"
        self.transport.write(_HEADER.pack(16 + len(bind), 9, 0, 0) + bind)

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        at, size = 0, len(data)
        while size - at >= 16:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if size - at < length:
                break
            if command == 0x80000004:
                message = self.in_flight.pop(sequence)
                identity = data[at + 16 : at + length - 1]
                message.state, message.operator_id = "submitted", identity.decode()
                self.submitted[identity] = message
                self.happened(message)
            elif command == 5:
                found = data.index(b"id:", at) + 3
                message = self.submitted.pop(data[found : data.index(b" ", found)])
                message.state = "delivered" if data.find(b"stat:DELIVRD", found, at + length) > 0 else "failed"
                self.told.append(self.happened(message))
                self.receipts.append(sequence)
            at += length
        self.buffer = data[at:]
        self.send()

    def happened(self, message: Message) -> bytes:
        submit = message.submit
        self.seq += 1
        event = {"type": f"message.{message.state}", "reference": submit.reference, "state": message.state}
        payload = _encode({"seq": self.seq, "message_id": message.no, "to": submit.to, **event})
        self.saved[message.no] = message
        self.events.append((self.seq, payload))
        return payload

    async def post(self) -> None:
        async with ClientSession() as session:
            while True:
                told = await self.final.get()
                while not self.final.empty():
                    told += self.final.get_nowait()
                for first in range(0, len(told), _POST):
                    body = b'{"events":[' + b",".join(told[first : first + _POST]) + b"]}"
                    signature = hmac.digest(b"secret", body, "sha256").hex()
                    url = f"http://127.0.0.1:{self.hook}/"
                    async with session.post(url, data=body, headers={"signature": signature}) as answer:
                        await answer.read()


async def serve(folder: Path, port: int, smsc: int, hook: int) -> None:
    sketch = Sketch(folder, hook)
    await asyncio.get_running_loop().create_connection(lambda: sketch, "127.0.0.1", smsc)
    application = web.Application(client_max_size=1 << 20)
    application.router.add_post("/v1/messages", sketch.take)
    application.router.add_post("/v1/batches", sketch.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.gather(sketch.write(), sketch.post())


@asynccontextmanager
async def sketch(options: Options, folder: Path, smsc: int, events: int) -> AsyncIterator[Gateway]:
    """The sketch as the gateway under test. Raises Failed."""
    port, log = children.free_port(), folder / "sketch.log"
    places = (str(folder), str(port), str(smsc), str(events))
    async with children.python("tests.bench.sketch", "--serve", *places, log=log) as process:
        async with asyncio.timeout(children.START):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        if process.returncode is not None:
            raise children.Failed(children.last_words(log))
        dialect = ToRouter([""], text(options.encoding, options.length), options.encoding.value, options.batch)
        yield Gateway({"sketch": process}, port, dialect, sink.Setup(sink.Kind.WEBHOOK, events, []))


async def compare(given: argparse.Namespace) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    asked = ["--messages", str(given.messages), *(["--single"] if given.single else [])]
    asked_for = options(parser.parse_args(asked))
    cpu: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for name, start in (("sketch", sketch), ("daemon", daemon)):
            result = await legs.run(asked_for, start, lambda _: None)
            for fault in result.faults:
                raise SystemExit(f"{name}: {fault}")
            (leg,) = result.legs
            cpu.setdefault(name, []).append(leg.gateway_cpu_us)
            print(
                f"{name} {leg.end_to_end_per_second:8.0f}/s end to end, {leg.gateway_cpu_us:5.0f} µs of CPU a message"
            )
    print(f"the daemon takes {median(cpu['daemon']) / median(cpu['sketch']):.2f} times the sketch's CPU")


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        folder, *ports = sys.argv[2:]
        uvloop.run(serve(Path(folder), *map(int, ports)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--single", action="store_true")
    asyncio.run(compare(parser.parse_args()))


if __name__ == "__main__":
    main()
