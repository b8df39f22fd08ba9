"""A TCP proxy that makes a network bad: octets in small pieces, a direction that stands still, links that break."""

import asyncio
from collections.abc import Iterable
from enum import Enum
from socket import IPPROTO_TCP, TCP_NODELAY


class Way(Enum):
    UP = "to the server"
    DOWN = "to the client"


class Proxy:
    """`piece`: octets per write, None for as they come. `links` counts the connections taken so far."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.piece: int | None = None
        self.links = 0
        self.passed = dict.fromkeys(Way, 0)
        self._target = host, port
        self._open = {way: asyncio.Event() for way in Way}
        self._left: dict[Way, int | None] = dict.fromkeys(Way)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.flow()

    async def start(self, port: int = 0) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._link, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more and break all links."""
        if self._server is not None:
            self._server.close()
        self.flow()
        self.cut()
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def stall(self, *ways: Way) -> None:
        """Pass nothing on in these directions; what comes waits."""
        for way in ways:
            self._open[way].clear()

    def flow(self) -> None:
        """Pass everything on again."""
        for event in self._open.values():
            event.set()

    def cut(self) -> None:
        """Break all links now; what was not passed on is lost."""
        for writer in self._writers:
            writer.transport.abort()

    def cut_after(self, octets: int, way: Way) -> None:
        """Break all links once so many more octets went one way: in the middle of a PDU too."""
        self._left[way] = octets

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.links += 1
        ends = [writer]
        try:
            target_reader, target_writer = await asyncio.open_connection(*self._target)
            ends.append(target_writer)
            self._take(ends)
            await asyncio.gather(self._pass(reader, target_writer, Way.UP), self._pass(target_reader, writer, Way.DOWN))
        except OSError:
            pass
        finally:
            self._writers.difference_update(ends)
            for end in ends:
                end.transport.abort()

    def _take(self, ends: Iterable[asyncio.StreamWriter]) -> None:
        for end in ends:
            end.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            self._writers.add(end)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        while data := await reader.read(65536):
            step = self.piece or len(data)
            for start in range(0, len(data), step):
                await self._open[way].wait()
                writer.write(self._allowed(data[start : start + step], way))
                await writer.drain()
                if self.piece:
                    # The peer gets its turn before the next piece.
                    await asyncio.sleep(0)
                if self._left[way] == 0:
                    self._left[way] = None
                    # What was written is to arrive, what follows never.
                    for other in self._writers:
                        other.close()
                    return
        writer.write_eof()

    def _allowed(self, data: bytes, way: Way) -> bytes:
        left = self._left[way]
        if left is not None:
            data = data[:left]
            self._left[way] = left - len(data)
        self.passed[way] += len(data)
        return data
