"""The server below the calls: bytes that are no request, slow clients, connections, TLS, stopping."""

import asyncio
import json
import socket
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp.web import BaseRequest

from adapters.http.app import ANSWERS, App, http_server
from adapters.web import connections, incoming, reply, room
from adapters.web.reply import Reply
from adapters.web.server import HttpServer
from router.settings import HttpSettings, ServerTls
from tests.http.conftest import MAX_BODY
from tests.http.fakes import ADMIN_TOKEN, OTHER_TOKEN, TEXT, TOKEN

BODY = json.dumps({"to": "+237670000001", "text": TEXT}).encode()
HEAD = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
SUBMIT = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
TLS = Path(__file__).parent / "tls"


class Wire:
    """A bare connection to the server."""

    def __init__(self, reader, writer) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body

    async def closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 5) == b""


@pytest.fixture
async def wire(api):
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    yield Wire(reader, writer)
    writer.close()


async def test_requests_follow_each_other_on_one_connection(wire) -> None:
    for _ in range(3):
        wire.send(SUBMIT)
        status, headers, _ = await wire.answer()
        assert status == 202
        assert "connection" not in headers
        assert headers["date"].endswith("GMT")


async def test_pipelined_requests_are_answered_in_order(wire) -> None:
    wire.send(SUBMIT * 5)
    ids = [json.loads((await wire.answer())[2])["id"] for _ in range(5)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 5


async def test_a_body_may_come_byte_by_byte(wire) -> None:
    for at in range(len(SUBMIT)):
        wire.send(SUBMIT[at : at + 1])
        await wire.writer.drain()
    assert (await wire.answer())[0] == 202


async def test_a_chunked_body(wire) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
    assert (await wire.answer())[0] == 202


async def test_a_chunked_body_that_is_too_large(wire) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    wire.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n10000\r\n" + b" " * 0x10000 + b"\r\n0\r\n\r\n")
    status, headers, body = await wire.answer()
    assert (status, json.loads(body)["code"]) == (413, "payload_too_large")
    assert headers["connection"] == "close"


async def test_a_body_announced_too_large_is_refused_before_it_comes(wire) -> None:
    wire.send(HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1))
    assert (await wire.answer())[0] == 413


async def test_a_body_that_was_not_read_for_a_while_comes_whole() -> None:
    """Nor is the request behind it lost."""
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def handler(request: BaseRequest) -> Reply:
        begun.set()
        await goes_on.wait()
        body = b"".join([piece async for piece in request.content.iter_any()])
        return Reply(200, b"%d" % len(body))

    serving = HttpServer(handler, "127.0.0.1", 0, answers=ANSWERS)
    reader, writer = await asyncio.open_connection("127.0.0.1", await serving.start())
    wire = Wire(reader, writer)
    size = 50_000_000  # more than the buffers of both sockets hold
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    wire.send(head % size + bytes(size) + head % 3 + b"abc")
    await begun.wait()
    # The sender's own buffer stops shrinking once the server reads no more.
    left = -1
    while left != (left := writer.transport.get_write_buffer_size()):
        await asyncio.sleep(0.05)
    assert left > 0, "the server has read it all"
    goes_on.set()
    assert (await wire.answer())[2] == b"%d" % size
    assert (await wire.answer())[2] == b"3"
    writer.close()
    await serving.stop(1)


async def test_a_client_that_asks_first_is_told_to_go_on(wire) -> None:
    wire.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
    assert (await wire.answer())[0] == 100
    wire.send(BODY)
    assert (await wire.answer())[0] == 202


async def test_the_connection_is_closed_when_the_client_wants_it(wire) -> None:
    wire.send(SUBMIT.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    status, headers, _ = await wire.answer()
    assert (status, headers["connection"]) == (202, "close")
    assert await wire.closed()


async def test_http_1_0_is_answered_and_closed(wire) -> None:
    wire.send(b"GET /healthz HTTP/1.0\r\n\r\n")
    status, headers, _ = await wire.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert await wire.closed()


async def test_a_whole_address_in_the_request_line(wire) -> None:
    wire.send(b"GET http://router.example/healthz?probe=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await wire.answer())[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        f"GET /{TOKEN} HTTP/9.9\r\n\r\n".encode(),
        f"BREW /v1/messages HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {TOKEN}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: x\r\nX: {TOKEN}\x00\r\n\r\n".encode(),
        b"GET /" + TOKEN.encode() * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + TOKEN.encode() * 1000 + b"\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + TEXT.encode(),
        HEAD + b"Content-Length: -5\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_are_a_problem_and_not_logged(data, wire, capfd, caplog) -> None:
    wire.send(data)
    status, headers, body = await wire.answer()
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["code"] == "invalid_json"
    assert TOKEN.encode() not in body
    # That nothing of it was logged is what the fixture checks at the end.


async def test_a_body_that_is_not_framed_as_announced(wire) -> None:
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc")
    status, _, body = await wire.answer()
    assert (status, json.loads(body)["code"]) == (400, "invalid_json")


async def test_an_address_that_is_not_encoded(wire) -> None:
    wire.send(f"GET /v1/messages?reference=\xe9 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    status, _, body = await wire.answer()
    assert status in (400, 422)
    assert json.loads(body)["code"] in ("invalid_json", "invalid_request")


async def test_a_body_that_does_not_come(wire, monkeypatch) -> None:
    monkeypatch.setattr(incoming, "SLOW_SENDER", 0.02)
    wire.send(HEAD + b"Content-Length: 10\r\n\r\n{")
    status, headers, body = await wire.answer()
    assert (status, json.loads(body)["code"]) == (408, "request_timeout")
    assert headers["connection"] == "close"


async def test_a_client_that_goes_away_in_its_body_disturbs_nobody(wire, api) -> None:
    wire.send(HEAD + b"Content-Length: 10\r\n\r\n{")
    await wire.writer.drain()
    wire.writer.transport.abort()
    assert (await api.call("GET", "/healthz")).status == 200


async def test_a_head_that_does_not_come(engine, monkeypatch) -> None:
    monkeypatch.setattr(connections, "KEEP_ALIVE", 0.02)
    listening = HttpServer(App(engine.services(), HttpSettings()), "127.0.0.1", 0, answers=ANSWERS)
    port = await listening.start()
    for sent in (b"", b"GET /healthz HTTP/1.1\r\nHos"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    await listening.stop(1)


async def trickle(port: int, data: bytes, more: bytes) -> bytes:
    """Send `data`, then `more` a byte at a time for ever; what came back until the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answered = asyncio.ensure_future(reader.read())
    try:
        while not answered.done():
            writer.write(more)
            await asyncio.sleep(0.002)
        return await answered
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("data", "more", "code"),
    [
        (b"GET /", b"a", b""),
        (b"GET /healthz HTTP/1.1\r\n", b"X-a: b\r\n", b""),
        (b"GET /healthz HTTP/1.1\r\nX: ", b"x", b""),
        (HEAD + b"Content-Length: 60000\r\n\r\n", b" ", b'"request_timeout"'),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b'"request_timeout"'),
    ],
    ids=["request line", "headers", "one header", "body", "chunks"],
)
async def test_what_trickles_is_closed_in_time_and_slows_nobody(data, more, code, engine, monkeypatch) -> None:
    """Bytes that keep coming are no progress: the time is for the whole head and for the whole body."""
    monkeypatch.setattr(connections, "KEEP_ALIVE", 0.1)
    monkeypatch.setitem(connections._OPTIONS, "lingering_time", 0.02)
    monkeypatch.setattr(incoming, "SLOW_SENDER", 0.1)
    listening = HttpServer(App(engine.services(), HttpSettings(max_body=100_000)), "127.0.0.1", 0, answers=ANSWERS)
    port = await listening.start()
    slow = [asyncio.ensure_future(trickle(port, data, more)) for _ in range(20)]
    served = 0
    while not all(one.done() for one in slow):
        # Each on its own connection: an idle one would be closed where this machine is busy for so long.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(SUBMIT)
        assert (await Wire(reader, writer).answer())[0] == 202
        writer.close()
        served += 1
        await asyncio.sleep(0.005)
    assert served
    for one in slow:
        # Bytes may cross with the closing: then there is a reset in place of the answer.
        assert code in (answer := await asyncio.wait_for(one, 5)) or answer == b""
    await listening.stop(1)


def large(token: str = TOKEN, size: int = 50_000) -> bytes:
    """A request whose body is a submit and blanks, without its last octet."""
    head = HEAD.replace(TOKEN.encode(), token.encode())
    return head + b"Content-Length: %d\r\n\r\n" % size + BODY.ljust(size - 1)


async def holding(port: int, count: int, token: str = TOKEN) -> list[Wire]:
    """Connections that each keep the server waiting for the last octet of a large body."""
    wires = [Wire(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    for wire in wires:
        wire.send(large(token))
        await wire.writer.drain()
    return wires


async def test_large_bodies_have_a_limit_together_and_one_account_half_of_it(engine, monkeypatch) -> None:
    monkeypatch.setattr(room, "LEAST", 400_000)
    app = App(engine.services(), HttpSettings(max_body=50_000))
    listening = HttpServer(app, "127.0.0.1", 0, answers=ANSWERS)
    port = await listening.start()
    held = await holding(port, 3)
    async with asyncio.timeout(5):
        while app._room._of["acme"] < 3 * 49_999:
            await asyncio.sleep(0.001)
    # A fourth fits to the last octet but one of the half; a fifth does not, however it comes.
    held += await holding(port, 1)
    async with asyncio.timeout(5):
        while app._room._of["acme"] < 4 * 49_999:
            await asyncio.sleep(0.001)
    over = Wire(*await asyncio.open_connection("127.0.0.1", port))
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    for request in (large() + b" ", SUBMIT, chunked, large() + b" "):
        over.send(request)
        status, headers, body = await over.answer()
        assert (status, json.loads(body)["code"]) == (503, "overloaded")
        assert headers["retry-after"] == "1"
        assert "connection" not in headers, "the rest of the body came, so the connection is of use"
    # Others have the other half.
    others = [*await holding(port, 3, OTHER_TOKEN), over]
    over.send(large(OTHER_TOKEN) + b" ")
    assert (await over.answer())[0] == 202
    # What was held is answered when its last octet comes, and its room is free: also where the client just leaves.
    for wire in held[:2]:
        wire.send(b" ")
        assert (await wire.answer())[0] == 202
    over.send(SUBMIT)
    assert (await over.answer())[0] == 202
    for wire in [*held, *others]:
        wire.writer.transport.abort()
    async with asyncio.timeout(5):
        while app._room._of:
            await asyncio.sleep(0.001)
    assert app._room._free == app._room._all == 400_000
    await listening.stop(1)


@pytest.mark.parametrize(("max_body", "most"), [(64 * 1024, 64 << 20), (4 << 20, 64 << 20), (20 << 20, 160 << 20)])
def test_there_is_room_for_some_bodies_of_any_size_that_is_allowed(max_body: int, most: int) -> None:
    assert room.Room(max_body)._all == most


async def test_the_room_of_what_is_refused_or_comes_too_slowly_is_free_again(engine, monkeypatch) -> None:
    monkeypatch.setattr(incoming, "SLOW_SENDER", 0.05)
    app = App(engine.services(), HttpSettings(max_body=50_000))
    listening = HttpServer(app, "127.0.0.1", 0, answers=ANSWERS)
    port = await listening.start()
    for request, code in (
        (large(), "request_timeout"),
        (HEAD + b"Content-Length: 60000\r\n\r\n" + b" " * 50_001, "payload_too_large"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nc350\r\n" + b" " * 50_000 + b"\r\n1\r\n \r\n", "payload_too_large"),
        (HEAD + b"Content-Length: 3\r\n\r\n{!}", "invalid_json"),
        (HEAD + b"Content-Length: 2\r\n\r\n{}", "invalid_request"),
    ):
        wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
        wire.send(request)
        assert json.loads((await wire.answer())[2])["code"] == code
        assert app._room._free == app._room._all
        wire.writer.transport.abort()
    await listening.stop(1)


async def test_a_connection_too_many_is_told_so_and_the_others_stay(engine, monkeypatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    listening = HttpServer(App(engine.services(), HttpSettings()), "127.0.0.1", 0, answers=ANSWERS)
    port = await listening.start()
    held = [Wire(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(3)]
    for one in held:
        one.send(SUBMIT)
        assert (await one.answer())[0] == 202
    for _ in range(5):
        refused = Wire(*await asyncio.open_connection("127.0.0.1", port))
        status, headers, body = await refused.answer()
        assert (status, json.loads(body)["code"]) == (503, "too_many_connections")
        assert (headers["content-type"], headers["retry-after"]) == ("application/problem+json", "1")
        assert headers["connection"] == "close"
        assert await refused.closed()
        refused.writer.close()
    held[0].send(SUBMIT)
    assert (await held[0].answer())[0] == 202
    held.pop().writer.close()
    async with asyncio.timeout(5):
        while True:
            again = Wire(*await asyncio.open_connection("127.0.0.1", port))
            again.send(SUBMIT)
            status, _, _ = await again.answer()
            again.writer.close()
            if status == 202:
                break
    for one in held:
        one.writer.close()
    await listening.stop(1)


async def test_no_more_connections_than_half_the_files_that_may_be_open(engine, monkeypatch) -> None:
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (512, 512))
    app = App(engine.services(), HttpSettings())
    assert connections.Connections(app, ANSWERS, app.direct, 8190)._most == 256


async def test_a_client_that_does_not_read_is_cut_off(api, monkeypatch) -> None:
    monkeypatch.setattr(reply, "SLOW_READER", 0.02)
    await cut_off(api.port, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100)


async def cut_off(port: int, asked: bytes) -> None:
    """Ask this again and again and read nothing, until the server has closed the connection."""
    loop = asyncio.get_running_loop()

    async def ask_and_never_read(sock: socket.socket) -> None:
        while True:
            await loop.sock_sendall(sock, asked)
            await asyncio.sleep(0)

    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_and_never_read(sock), 20)


async def test_a_request_in_progress_is_finished_when_the_server_stops(engine) -> None:
    going, proceed = asyncio.Event(), asyncio.Event()
    answer = engine.intake.answer

    async def slow(*args):
        going.set()
        await proceed.wait()
        return await answer(*args)

    engine.intake.answer = slow
    listening = http_server(engine.services(), HttpSettings(port=0))
    port = await listening.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wire = Wire(reader, writer)
    wire.send(SUBMIT)
    await going.wait()
    stopping = asyncio.create_task(listening.stop(10))
    await asyncio.sleep(0)
    proceed.set()
    assert (await wire.answer())[0] == 202
    await asyncio.wait_for(stopping, 5)
    assert await wire.closed()
    writer.close()


async def test_a_port_that_is_taken(api, engine) -> None:
    with pytest.raises(OSError, match="in use"):
        await http_server(engine.services(), HttpSettings(port=api.port)).start()


@pytest.mark.parametrize("mutual", [False, True])
async def test_tls(mutual: bool, engine) -> None:
    tls = ServerTls(TLS / "server.pem", TLS / "server.key", TLS / "ca.pem" if mutual else None)
    listening = http_server(engine.services(), HttpSettings(port=0, tls=tls))
    url = f"https://localhost:{await listening.start()}/healthz"
    stranger = ssl.create_default_context(cafile=TLS / "ca.pem")
    known = ssl.create_default_context(cafile=TLS / "ca.pem")
    known.load_cert_chain(TLS / "client.pem", TLS / "client.key")
    async with aiohttp.ClientSession() as session:
        async with session.get(url, ssl=known) as answer:
            assert answer.status == 200
        if mutual:
            with pytest.raises(aiohttp.ClientError):
                await session.get(url, ssl=stranger)
        else:
            async with session.get(url, ssl=stranger) as answer:
                assert answer.status == 200
    await listening.stop(1)


async def test_without_an_admin_token_control_is_refused(engine) -> None:
    engine.admin = None
    listening = http_server(engine.services(), HttpSettings(port=0))
    port = await listening.start()
    async with aiohttp.ClientSession() as session:
        for token, status in ((ADMIN_TOKEN, 403), (TOKEN, 403), (None, 401)):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with session.get(f"http://127.0.0.1:{port}/v1/plan", headers=headers) as answer:
                assert answer.status == status
    await listening.stop(1)
