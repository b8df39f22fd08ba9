"""Requests under a head that came before: answered past aiohttp, and nobody can tell."""

import asyncio
import json
import re
import ssl
from itertools import zip_longest

import pytest
from aiohttp.web import BaseRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.http.app import ANSWERS, App, http_server
from adapters.web import connections, heads, reply
from adapters.web.connections import Connections
from adapters.web.heads import Framed, framed
from adapters.web.reply import Reply
from adapters.web.server import HttpServer
from router.ports.store import StoreUnavailable
from router.settings import HttpSettings, ServerTls
from tests.http.fakes import OTHER_TOKEN, TOKEN, Engine
from tests.http.test_server import BODY, HEAD, SUBMIT, TLS, Wire, cut_off

BATCH = json.dumps({"messages": [json.loads(BODY)] * 3}).encode()


def request(path: str = "/v1/messages", body: bytes = BODY, token: str = TOKEN, more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@pytest.fixture
async def wire(api):
    """A connection whose next SUBMIT has a head that came before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    wire = Wire(reader, writer)
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 202
    yield wire
    writer.close()


class Holding:
    """Keeps the store's word on what is submitted until `release`."""

    def __init__(self, engine: Engine) -> None:
        self.asked = asyncio.Event()
        self.told: list = []
        self._keep = engine.intake.keep
        engine.intake.keep = self.keep

    def keep(self, account, prepared, done) -> None:
        self.told.append((account, prepared, done))
        self.asked.set()

    def release(self, count: int = 1) -> None:
        for _ in range(count):
            self._keep(*self.told.pop(0))


NO_LENGTH = "no length that is one: nothing is known of such a head"


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"", None),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n", None),
        (b"POST \r\nContent-Length: 3\r\n\r\nabc", Framed(b"POST \r\nContent-Length: \r\n\r\n", b"", 28, 31)),
        (b"POST \r\nContent-Length: 12\r\nA: b\r\n\r\n",
         Framed(b"POST \r\nContent-Length: \r\nA: b\r\n\r\n", b"", 35, 47)),
        (b"POST \r\nCONTENT-LENGTH:\t007 \r\n\r\n", Framed(b"POST \r\nCONTENT-LENGTH:\t \r\n\r\n", b"", 31, 38)),
        (b"POST / HTTP/1.1\r\n\r\n", NO_LENGTH),
        (b"PATCH \r\nContent-Length: 3\r\n\r\n", Framed(b"", b"", 29, 32)),
        (b"key POST \r\nContent-Length: 3\r\nIdempotency-Key: \r\n\r\n", Framed(b"", b"", 51, 54)),
        (b"\r\nPOST \r\nContent-Length: 3\r\n\r\n", Framed(b"", b"", 30, 33)),
        (b"POST \r\nContent-Length: \r\n\r\n", NO_LENGTH),
        (b"POST \r\nContent-Length: +3\r\n\r\n", NO_LENGTH),
        (b"POST \r\nContent-Length: 3, 3\r\n\r\n", NO_LENGTH),
        (b"POST \r\nContent-Length : 3\r\n\r\n", NO_LENGTH),
        (b"POST \r\nX-Content-Length: 3\r\n\r\n", NO_LENGTH),
        (b"POST \r\n Content-Length: 3\r\n\r\n", NO_LENGTH),
        (b"POST \r\nContent-Length: 1234567890\r\n\r\n", NO_LENGTH),
        # The second length is part of the head, which is then one that aiohttp refuses.
        (b"POST \r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
         Framed(b"POST \r\nContent-Length: \r\nContent-Length: 4\r\n\r\n", b"", 47, 50)),
        # A body may look like a head.
        (b"POST \r\nContent-Length: 40\r\n\r\nIdempotency-Key: a\r\nContent-Length: 3\r\n\r\n",
         Framed(b"POST \r\nContent-Length: \r\n\r\n", b"", 29, 69)),
        (b"POST \r\nContent-Length: 3\r\nIdempotency-Key: a\r\n\r\n",
         Framed(b"key POST \r\nContent-Length: \r\nIdempotency-Key: \r\n\r\n", b"a", 48, 51)),
        (b"POST \r\nidempotency-key:a-1 \r\nX: y\r\nContent-Length: 3\r\n\r\n",
         Framed(b"key POST \r\nidempotency-key: \r\nX: y\r\nContent-Length: \r\n\r\n", b"a-1", 56, 59)),
        # What is no key, as aiohttp or the call will say, is part of the head.
        (b"POST \r\nContent-Length: 3\r\nIdempotency-Key: \r\n\r\n",
         Framed(b"POST \r\nContent-Length: \r\nIdempotency-Key: \r\n\r\n", b"", 47, 50)),
        (b"POST \r\nContent-Length: 3\r\nIdempotency-Key: a b\r\n\r\n",
         Framed(b"POST \r\nContent-Length: \r\nIdempotency-Key: a b\r\n\r\n", b"", 50, 53)),
    ],
)  # fmt: skip
def test_where_a_request_ends(data: bytes, parts: Framed | str | None) -> None:
    assert framed(data) == (Framed(b"", b"", len(data), len(data)) if parts is NO_LENGTH else parts)


async def test_the_same_head_is_judged_once_whatever_the_length(wire, api) -> None:
    for count in range(1, 5):
        text = "x" * 10**count
        wire.send(request(body=json.dumps({"to": "+237670000001", "text": text}).encode()))
        status, _, body = await wire.answer()
        assert status == 202
        assert api.engine.messages.stored[json.loads(body)["id"]].text == text
    assert api.judged() == 1


async def test_the_handler_sees_the_length_of_its_own_request() -> None:
    async def handler(request: BaseRequest) -> Reply:
        return Reply(200, b"%d %d" % (request.content_length, len(await request.content.read())))

    serving = HttpServer(handler, "127.0.0.1", 0, answers=ANSWERS)
    reader, writer = await asyncio.open_connection("127.0.0.1", await serving.start())
    wire = Wire(reader, writer)
    for body in (b"abc", b"", b"a" * 1000):
        wire.send(request(body=body))
        assert (await wire.answer())[2] == b"%d %d" % (len(body), len(body))
    assert serving._server.requests_count == 1
    writer.close()
    await serving.stop(1)


async def test_all_connections_know_what_one_has_learned(wire, api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    other = Wire(reader, writer)
    other.send(SUBMIT)
    assert (await other.answer())[0] == 202
    assert api.judged() == 1
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        request(more="X-Other: 1\r\n"),
        SUBMIT.replace(b"Host: x", b"host: x"),
        SUBMIT.replace(b"Host: x", b"Host:  x"),
        SUBMIT.replace(b"Host: x", b"Host: y"),
        SUBMIT.replace(b"/v1/messages", b"/v1/messages?"),
        request(token=OTHER_TOKEN),
    ],
)
async def test_a_head_that_differs_is_judged_itself(data: bytes, wire, api) -> None:
    wire.send(data)
    await wire.answer()
    assert api.judged() == 2


@pytest.mark.parametrize(
    "data",
    [
        SUBMIT.replace(b"Host: x", b"Host: x\r\nConnection: close"),
        SUBMIT.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        SUBMIT.replace(b"Host: x", b"Host: x\r\nX-Long: " + b"x" * heads.LONGEST),
        b"GET /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"DELETE /v1/messages/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        SUBMIT.replace(b"Content-Length", b"Content-Length: 5\r\nContent-Length"),
        SUBMIT.replace(b"Host: x\r\n", b"Host: x\n"),
        SUBMIT.replace(b"Host: x", b"Host: x\r\nTransfer-Encoding: identity"),
        b"\r\n" + SUBMIT,
        b"\r\n\r\n" + SUBMIT,
    ],
)
async def test_what_is_not_framed_by_its_length_alone_is_never_known(data: bytes, api) -> None:
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        wire = Wire(reader, writer)
        wire.send(data)
        await wire.answer()
        writer.close()
    assert api.judged() == 2
    assert not api.server._server.heads._known


async def test_heads_have_a_number(api, monkeypatch, wire) -> None:
    monkeypatch.setattr(heads, "MOST", 3)
    for number in range(6):
        wire.send(request(more=f"X-Request-Id: {number}\r\n"))
        assert (await wire.answer())[0] == 202
    assert len(api.server._server.heads._known) == 3
    judged = api.judged()
    wire.send(request(more="X-Request-Id: 5\r\n"))
    assert (await wire.answer())[0] == 202
    assert api.judged() == judged
    # The oldest is judged anew.
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 202
    assert api.judged() == judged + 1


async def test_a_token_is_asked_about_each_time(wire, api) -> None:
    engine = api.engine
    (digest,) = (digest for digest, account in engine.accounts.items() if account.name == "acme")
    account = engine.accounts.pop(digest)
    wire.send(SUBMIT)
    status, headers, _ = await wire.answer()
    assert (status, headers["www-authenticate"][:6]) == (401, "Bearer")
    engine.accounts[digest] = account
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 202
    engine.accounts[digest] = type(account)("acme", None, "XAF", status="suspended")
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 403
    assert api.judged() == 1
    assert engine.metrics.refusals == ["unauthorized", "forbidden"]


async def test_where_numbers_are_looked_up_a_submit_waits_for_that(wire, api) -> None:
    asked = []

    async def look_up(account, submits):
        asked.append(submits)
        return {}

    api.engine.intake.look_up = look_up
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 202
    assert asked == []
    api.engine.intake.looks_up = True
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 202
    assert len(asked) == 1


async def test_a_key_is_that_of_the_request(wire, api) -> None:
    """A head that came before with another key is the same head, and not the same key."""
    ids, replayed = [], []
    for key in ("a", "a", "b", "b", "a"):
        wire.send(request(more=f"Idempotency-Key: {key}\r\n"))
        _, headers, body = await wire.answer()
        ids.append(json.loads(body)["id"])
        replayed.append("idempotency-replayed" in headers)
    assert replayed == [False, True, False, True, True]
    assert ids == [ids[0], ids[0], ids[2], ids[2], ids[0]]
    assert ids[0] != ids[2]
    assert api.judged() == 2
    # Without the key it is another one, and the same request again is another message.
    wire.send(SUBMIT)
    assert json.loads((await wire.answer())[2])["id"] not in ids
    # The body of another request under a key is refused.
    wire.send(request(body=b'{"to": "+237670000009", "text": "other"}', more="Idempotency-Key: b\r\n"))
    assert json.loads((await wire.answer())[2])["code"] == "idempotency_mismatch"
    assert api.judged() == 2


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
async def test_what_is_no_key_is_refused_as_ever(key: str, wire, api) -> None:
    wire.send(request(more="Idempotency-Key: known\r\n"))
    assert (await wire.answer())[0] == 202
    data = request(more=f"Idempotency-Key: {key}\r\n")
    answers = []
    for _ in range(2):
        wire.send(data)
        status, _, body = await wire.answer()
        answers.append((status, json.loads(body).get("code")))
    expected = (202, None) if key == "a b" else (422, "invalid_request")
    assert answers == [expected] * 2


async def test_what_the_store_did_not_take_is_refused(wire, api) -> None:
    api.engine.intake.lost = StoreUnavailable("the disk is full")
    wire.send(SUBMIT)
    status, headers, body = await wire.answer()
    assert (status, headers["retry-after"], json.loads(body)["code"]) == (503, "1", "store_unavailable")
    assert api.engine.metrics.refusals == ["store_unavailable"]
    assert len(api.engine.metrics.accepts) == 1


async def test_what_breaks_once_it_was_given_to_the_store_is_answered_once(wire, api) -> None:
    """Else the next request would get the answer to this one."""
    holding = Holding(api.engine)

    def breaks(*args) -> None:
        holding.keep(*args)
        api.engine.intake.keep = holding.keep
        raise RuntimeError("the queues are broken")

    api.engine.intake.keep = breaks
    wire.send(SUBMIT)
    assert (await wire.answer())[0] == 500
    wire.send(SUBMIT + request(body=b"no JSON"))
    while len(holding.told) < 2:
        await asyncio.sleep(0.001)
    holding.release()
    assert (await api.call("GET", "/healthz")).status == 200
    ids = set(api.engine.messages.stored)
    holding.release()
    status, _, body = await wire.answer()
    assert status == 202
    assert json.loads(body)["id"] not in ids
    assert (await wire.answer())[0] == 400


async def test_an_answer_waits_for_the_disk(wire, api) -> None:
    holding = Holding(api.engine)
    wire.send(SUBMIT)
    await asyncio.wait_for(holding.asked.wait(), 5)
    answer = asyncio.ensure_future(wire.answer())
    assert (await api.call("GET", "/healthz")).status == 200
    assert not answer.done()
    holding.release()
    assert (await answer)[0] == 202


@pytest.mark.parametrize(
    ("behind", "shows"),
    [
        (SUBMIT, "id"),
        (request("/v1/batches", BATCH), "results"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "status"),
    ],
)
async def test_what_comes_behind_a_request_waits_for_its_answer(behind: bytes, shows: str, wire, api) -> None:
    holding = Holding(api.engine)
    wire.send(SUBMIT)
    await asyncio.wait_for(holding.asked.wait(), 5)
    wire.send(behind)
    assert (await api.call("GET", "/healthz")).status == 200
    assert len(holding.told) == 1
    api.engine.intake.keep = holding._keep
    holding.release()
    assert "id" in json.loads((await wire.answer())[2])
    status, _, body = await wire.answer()
    assert (status, shows in json.loads(body)) == (202 if behind.startswith(b"POST") else 200, True)


async def test_pipelined_requests_are_answered_in_order(wire, api) -> None:
    wire.send((SUBMIT + request(body=b"no JSON")) * 300)
    ids = []
    for _ in range(300):
        status, _, body = await wire.answer()
        assert status == 202
        ids.append(json.loads(body)["id"])
        assert (await wire.answer())[0] == 400
    assert len(set(ids)) == 300
    assert ids == sorted(ids)


async def test_no_more_is_read_behind_a_request_than_has_room(wire, api, monkeypatch) -> None:
    monkeypatch.setattr(connections, "MOST_BEHIND", 1000)
    holding = Holding(api.engine)
    wire.send(SUBMIT)
    await asyncio.wait_for(holding.asked.wait(), 5)
    count = 100_000
    wire.send(SUBMIT * count)
    left = -1
    while left != (left := wire.writer.transport.get_write_buffer_size()):
        await asyncio.sleep(0.05)
    assert left > 0, "the server has read it all"
    api.engine.intake.keep = holding._keep
    holding.release()
    for _ in range(3000):
        assert (await wire.answer())[0] == 202


async def test_a_client_that_does_not_read_is_cut_off(wire, api, monkeypatch) -> None:
    monkeypatch.setattr(reply, "SLOW_READER", 0.02)
    wire.send(request("/v1/batches", BATCH))
    assert (await wire.answer())[0] == 202
    many = request("/v1/batches", json.dumps({"messages": [json.loads(BODY)] * 100}).encode())
    await cut_off(api.port, many * 10)


async def test_a_client_that_goes_away_has_submitted_all_the_same(wire, api, caplog) -> None:
    holding = Holding(api.engine)
    wire.send(SUBMIT)
    await asyncio.wait_for(holding.asked.wait(), 5)
    wire.writer.transport.abort()
    while api.server._server._connections:
        await asyncio.sleep(0.001)
    before = len(api.engine.messages.stored)
    holding.release()
    while api.server._server._under_way:
        await asyncio.sleep(0.001)
    assert len(api.engine.messages.stored) == before + 1
    assert (await api.call("GET", "/healthz")).status == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def known(port: int, *requests: bytes) -> Wire:
    """A new connection on which these were answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wire = Wire(reader, writer)
    for data in requests:
        wire.send(data)
        assert (await wire.answer())[0] == 202
    return wire


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/batches"])
async def test_a_request_in_progress_is_finished_when_the_server_stops(path: str, engine) -> None:
    data = SUBMIT if path == "/v1/messages" else request(path, BATCH)
    listening = http_server(engine.services(), HttpSettings(port=0))
    wire = await known(await listening.start(), data)
    begun, proceed = asyncio.Event(), asyncio.Event()
    holding = Holding(engine)
    answer = engine.intake.answer

    async def slow(*args):
        begun.set()
        await proceed.wait()
        return await answer(*args)

    engine.intake.answer = slow
    wire.send(data + data)
    await asyncio.wait(
        [asyncio.ensure_future(one.wait()) for one in (begun, holding.asked)], return_when="FIRST_COMPLETED"
    )
    stopping = asyncio.create_task(listening.stop(10))
    await asyncio.sleep(0)
    proceed.set()
    holding.release(len(holding.told))
    assert (await wire.answer())[0] == 202
    await asyncio.wait_for(stopping, 5)
    # What came behind it was not begun, so that it may be sent again elsewhere.
    assert await wire.closed()
    assert len(engine.messages.stored) == (2 if path == "/v1/messages" else 6)
    assert not holding.told
    wire.writer.close()
    assert listening._server is None


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/batches"])
async def test_a_request_that_does_not_end_holds_up_the_stop_no_longer_than_allowed(path: str, engine) -> None:
    data = SUBMIT if path == "/v1/messages" else request(path, BATCH)
    listening = http_server(engine.services(), HttpSettings(port=0))
    wire = await known(await listening.start(), data)
    holding = Holding(engine)
    begun = asyncio.Event()
    cancelled = []

    async def slow(*args):
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(args)
            raise

    engine.intake.answer = slow
    wire.send(data)
    await asyncio.wait(
        [asyncio.ensure_future(one.wait()) for one in (begun, holding.asked)], return_when="FIRST_COMPLETED"
    )
    await asyncio.wait_for(listening.stop(0.05), 5)
    assert await wire.closed()
    wire.writer.close()
    assert len(cancelled) == (path == "/v1/batches")


async def test_only_an_idle_connection_is_closed() -> None:
    spoken = Spoken()
    connection, now = spoken.connection, 0.0
    connection._time = lambda: now
    connection._heard = now

    def open_after(seconds: float) -> bool:
        nonlocal now
        now += seconds
        connection._patience.cancel()
        connection._check_patience()
        return spoken.transport.open

    for _ in range(4):
        spoken.hear(SUBMIT)
        await settled(spoken.transport)
        assert open_after(connections.KEEP_ALIVE - 1)
    holding = Holding(spoken.engine)
    spoken.hear(SUBMIT)
    assert open_after(2 * connections.KEEP_ALIVE)
    holding.release()
    await settled(spoken.transport)
    assert spoken.answers == 5
    # Nor is half of a head a reason to wait.
    spoken.hear(SUBMIT[:20])
    assert open_after(connections.KEEP_ALIVE - 1)
    assert not open_after(2)
    connection.connection_lost(None)


async def test_a_client_that_neither_reads_nor_asks_is_cut_off(monkeypatch) -> None:
    monkeypatch.setattr(connections, "KEEP_ALIVE", 0.05)
    spoken = Spoken()
    spoken.hear(SUBMIT)
    spoken.transport.unread = 1
    async with asyncio.timeout(5):
        while spoken.transport.open:
            await asyncio.sleep(0.01)
    spoken.connection.connection_lost(None)


async def test_tls(engine) -> None:
    tls = ServerTls(TLS / "server.pem", TLS / "server.key", None)
    listening = http_server(engine.services(), HttpSettings(port=0, tls=tls))
    port = await listening.start()
    context = ssl.create_default_context(cafile=TLS / "ca.pem")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    wire = Wire(reader, writer)
    for _ in range(3):
        wire.send(SUBMIT)
        assert (await wire.answer())[0] == 202
    assert listening._server.requests_count == 1
    writer.close()
    await listening.stop(1)


class Memory(asyncio.Transport):
    """A client that is always there and reads everything at once."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unread = 0
        self.open = True

    def write(self, data: bytes) -> None:
        assert self.open
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None:
        self.open = self.open and bool(self.unread)

    def abort(self) -> None:
        self.open = False


REQUESTS = [
    SUBMIT,
    request(body=json.dumps({"to": "+237670000002", "text": "another"}).encode()),
    request(body=b"no JSON"),
    request(body=b""),
    request(token="of nobody"),
    request(body=json.dumps({"to": "+237670000002", "text": "x", "reference": "refuse:unroutable"}).encode()),
    request("/v1/batches", BATCH),
    request("/v1/nowhere", BATCH),
    request(more="Idempotency-Key: a\r\n"),
    request(more="Idempotency-Key: b\r\n"),
    request(more="Idempotency-Key: \r\n"),
    request("/v1/batches", BATCH, more="Idempotency-Key: c\r\n"),
    request(more="Expect: 100-continue\r\n"),
    request(more="Content-Encoding: gzip\r\n"),
    SUBMIT.replace(b"/v1/messages", b"/v1/messages?a=b"),
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    SUBMIT.replace(b"POST", b"PATCH"),
    b"\r\n" + SUBMIT,
]


class Spoken:
    """A connection without a socket."""

    def __init__(self) -> None:
        self.engine = Engine()
        app = App(self.engine.services(), HttpSettings())
        self.server = Connections(app, ANSWERS, app.direct, 8190)
        self.connection, self.transport = self.server(), Memory()
        self.connection.connection_made(self.transport)

    def hear(self, data: bytes) -> None:
        if self.transport.open:
            self.connection.data_received(data)

    @property
    def answers(self) -> int:
        return self.transport.written.count(b"HTTP/1.1 ")


async def talk(pieces: list[bytes], pauses: list[bool], knowing: bool) -> bytes:
    """All that is answered to what comes in these pieces, each with a pause behind it or not, without what differs from
    one time to another."""
    spoken = Spoken()
    if not knowing:
        spoken.server.heads.learn = lambda key, known: None
    for piece, pause in zip_longest(pieces, pauses[: len(pieces)], fillvalue=True):
        spoken.hear(piece)
        if pause:
            await settled(spoken.transport)
        else:
            await asyncio.sleep(0)
    await settled(spoken.transport)
    spoken.connection.connection_lost(None)
    # Who sends a body with its head is not told to go on.
    varies = rb"Date: [^\r]+\r\n|-000000000000\w+|HTTP/1.1 100 Continue\r\n\r\n"
    return re.sub(varies, b"", spoken.transport.written)


async def settled(transport: Memory) -> None:
    """Let the connection do all it can with what it has."""
    turns, length = 0, -1
    while turns < 12:
        await asyncio.sleep(0)
        turns, length = (turns + 1 if len(transport.written) == length else 0), len(transport.written)


@settings(max_examples=150, deadline=None)
@given(
    sent=st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=8),
    last=st.sampled_from([b"", SUBMIT.replace(b"Host: x", b"Host: x\r\nConnection: close")]),
    cuts=st.lists(st.integers(1, 400), max_size=12),
    pauses=st.lists(st.booleans(), max_size=14),
)
def test_nobody_can_tell_how_a_request_was_answered(
    sent: list[bytes], last: bytes, cuts: list[int], pauses: list[bool]
) -> None:
    """Whatever is sent, in whatever pieces, is answered with the same octets as one by one by aiohttp."""
    # What comes first makes heads known.
    first = [SUBMIT, request("/v1/batches", BATCH), request(more="Idempotency-Key: z\r\n")]
    sent = [*sent, last] if last else sent
    stream, pieces = b"".join(sent), []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    pieces = [piece for piece in (*pieces, stream) if piece]
    with asyncio.Runner() as runner:
        expected = runner.run(talk([*first, *sent], [], knowing=False))
        assert runner.run(talk([*first, *pieces], [True, True, True, *pauses], knowing=True)) == expected


async def test_a_body_that_is_not_read_is_no_request() -> None:
    """Whatever it looks like: its own request was refused by its head."""
    spoken = Spoken()
    spoken.hear(SUBMIT)
    await settled(spoken.transport)
    stranger = HEAD.replace(TOKEN.encode(), b"of-nobody")
    spoken.hear(stranger + b"Transfer-Encoding: chunked\r\n\r\n")
    await settled(spoken.transport)
    assert spoken.answers == 2
    for piece in (b"%x\r\n" % len(SUBMIT), SUBMIT, b"\r\n0\r\n\r\n"):
        spoken.hear(piece)
        await settled(spoken.transport)
    assert spoken.answers == 2
    spoken.hear(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await settled(spoken.transport)
    assert spoken.answers == 3
    assert len(spoken.engine.messages.stored) == 1
    spoken.connection.connection_lost(None)


async def test_nor_is_one_whose_length_is_written_in_an_odd_way() -> None:
    spoken = Spoken()
    spoken.hear(SUBMIT)
    await settled(spoken.transport)
    stranger = HEAD.replace(TOKEN.encode(), b"of-nobody")
    for piece in (stranger + b"Content-Length: %010d\r\n\r\n" % len(SUBMIT), SUBMIT):
        spoken.hear(piece)
        await settled(spoken.transport)
        assert spoken.answers == 2
    assert len(spoken.engine.messages.stored) == 1
    spoken.connection.connection_lost(None)


async def test_nothing_is_taken_on_a_connection_that_is_being_closed() -> None:
    spoken = Spoken()
    spoken.hear(SUBMIT)
    await settled(spoken.transport)
    spoken.hear(request(more="X: y\r\nConnection: close\r\n"))
    while spoken.answers < 2:
        await asyncio.sleep(0)
    spoken.hear(SUBMIT)
    await settled(spoken.transport)
    assert not spoken.transport.open
    assert len(spoken.engine.messages.stored) == 2


async def test_what_comes_behind_requests_of_aiohttp_waits_for_their_answers() -> None:
    spoken = Spoken()
    spoken.hear(SUBMIT)
    await settled(spoken.transport)
    spoken.hear(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + request(body=b"no JSON"))
    while spoken.answers < 2:
        await asyncio.sleep(0)
    spoken.hear(SUBMIT)
    await settled(spoken.transport)
    statuses = re.findall(rb"HTTP/1.1 (\d+)", spoken.transport.written)
    assert statuses == [b"202", b"200", b"400", b"202"]
    spoken.connection.connection_lost(None)


async def test_a_client_that_has_answers_to_read_is_waited_for() -> None:
    """That is aiohttp's."""
    spoken = Spoken()
    for unread, judged in ((0, 1), (0, 1), (1, 2)):
        spoken.transport.unread = unread
        spoken.hear(SUBMIT)
        await settled(spoken.transport)
        assert spoken.server.requests_count == judged
    spoken.connection.connection_lost(None)
