"""The bad network by itself: what it passes on, keeps back, cuts off."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.simulator.esme import DEADLINE
from tests.simulator.proxy import Proxy, Way
from tests.turns import until


class Echo:
    """A server that answers everything with itself, and notes what came in one piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.pieces.append(data)
                writer.write(data)
        except ConnectionError:
            pass
        self.ended += 1
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()
    server = await asyncio.start_server(echo.talk, "127.0.0.1", 0)
    echo.port = server.sockets[0].getsockname()[1]
    yield echo
    server.close()
    await server.wait_closed()


@pytest.fixture
async def proxy(echo) -> AsyncIterator[Proxy]:
    proxy = Proxy(echo.port)
    proxy.port = await proxy.start()
    yield proxy
    await proxy.stop()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self, count: int) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        """All until the link ended, in whatever way."""
        data = b""
        async with asyncio.timeout(DEADLINE):
            try:
                while more := await self.reader.read(1024):
                    data += more
            except ConnectionError:
                pass
        return data


@pytest.fixture
async def client(proxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield Client(reader, writer)
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        pass


@pytest.mark.parametrize("piece", [None, 1, 3, 1000])
async def test_everything_arrives_in_order(proxy, client, echo, piece) -> None:
    proxy.piece = piece
    data = bytes(range(256)) * 2
    client.writer.write(data)
    assert await client.read(len(data)) == data
    assert b"".join(echo.pieces) == data
    assert proxy.passed == {Way.UP: len(data), Way.DOWN: len(data)}
    assert proxy.links == 1
    if piece == 1:
        assert len(echo.pieces) > 100


async def test_the_end_is_passed_on(client, echo) -> None:
    client.writer.write(b"all")
    client.writer.write_eof()
    assert await client.rest() == b"all"
    await until(lambda: echo.ended == 1)


@pytest.mark.parametrize("way", Way)
async def test_a_direction_stands_still(proxy, client, echo, way) -> None:
    proxy.stall(way)
    client.writer.write(b"first")
    if way is Way.DOWN:
        await until(lambda: echo.pieces == [b"first"])
        assert proxy.passed[Way.DOWN] == 0
    else:
        assert proxy.passed[Way.UP] == 0
    proxy.flow()
    assert await client.read(5) == b"first"


async def test_cut(proxy, client, echo) -> None:
    client.writer.write(b"first")
    await client.read(5)
    proxy.cut()
    assert await client.rest() == b""
    await until(lambda: echo.ended == 1)
    # and the next link is whole
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"again")
    assert await Client(reader, writer).read(5) == b"again"
    writer.close()
    await writer.wait_closed()
    assert proxy.links == 2


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("way", Way)
async def test_cut_in_the_middle(proxy, client, echo, way, piece) -> None:
    proxy.piece = piece
    proxy.cut_after(7, way)
    client.writer.write(b"0123456789")
    assert b"0123456".startswith(await client.rest())
    await until(lambda: echo.ended == 1)
    assert proxy.passed[way] == 7
    if way is Way.UP:
        assert b"".join(echo.pieces) == b"0123456"


async def test_nobody_behind_it() -> None:
    proxy = Proxy(1)
    reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
    assert await Client(reader, writer).rest() == b""
    writer.close()
    await proxy.stop()
