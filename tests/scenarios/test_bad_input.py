"""Bad requests of every kind on one kept connection: each has its coded answer, and the next good one is served."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, TCPConnector, TraceConfig
from yarl import URL

from tests.leaks import plant
from tests.processes import ADMIN as FIRST_ADMIN
from tests.scenarios.world import World, until

pytestmark = pytest.mark.process

TOKEN, ADMIN, PASSWORD = "hush-acme-7f3a91c2", "hush-admin-55aa0e", "hushlink"
NUMBER = "+237670123456"
TEXT = "Meet me at the old harbour"
GOOD = {"to": NUMBER, "from": "ACME", "text": TEXT}
DATA = base64.b64encode(b"\x01\x02\x03").decode()
UUID = "01900000-0000-7000-8000-00000000ffff"
MAX_BODY = 64 * 1024


@dataclass
class Bad:
    """A request, and the code of its refusal; `ends` where the connection ends with the answer."""

    code: str
    method: str
    path: str
    body: Any = None
    raw: bytes | None = None
    token: str | None = TOKEN
    headers: dict[str, str] = field(default_factory=dict)
    ends: bool = False


STATUS = {
    "invalid_json": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
}


def submit(code: str, **change: Any) -> Bad:
    """A submit with these fields in place of the good ones; `...` takes one away."""
    body = {name: value for name, value in (GOOD | change).items() if value is not ...}
    return Bad(code, "POST", "/v1/messages", body)


def wrong_types() -> Iterator[Bad]:
    """Every field with values of every other type."""
    values: list[Any] = ["x y", 7, 1.5, True, [], [1], {}, {"a": 1}, None]
    takes: dict[str, tuple[type, ...]] = {
        "to": (str,),
        "from": (str, type(None)),
        "text": (str,),
        "encoding": (),
        "reference": (str, type(None)),
        "class": (),
        "channel": (),
        "expires_in": (int, type(None)),
        "send_at": (type(None),),
        "receipts": (),
        "plan": (str, type(None)),
        "max_price": (type(None),),
        "flash": (bool,),
        "options": (dict, type(None)),
    }
    for name, taken in takes.items():
        for value in values:
            if not isinstance(value, taken) or (value is True and bool not in taken):
                yield submit("invalid_request", **{name: value})
    for value in values:
        if value is not None:
            yield submit("invalid_request", text=..., data=value)
            yield submit("invalid_request", text=..., data=DATA, udh=value)


def wrong_values() -> Iterator[Bad]:
    for to in (
        "", "+", " ", "237670123456", "0670123456", "+23", "+237", "+2376", "+23767012345678901", "+999670123456",
        "+2376701x3456", "tel:+237670123456", "++237670123456", "+237 670 123 4567 8", "670123456", "+0", "+-1", "+٢٣٧",
        "+237670123456;+237670123457", "x" * 320, "+1" + "0" * 14,
    ):  # fmt: skip
        yield submit("invalid_number", to=to)
    for sender in ("OTHER", "TWELVE CHARS", "ÿ", "+23", "привет", "12", " ", "A\tB"):
        yield submit("sender_not_allowed", **{"from": sender})
    yield submit("too_long", text="x" * 1531)
    yield submit("too_long", text="€" * 766)
    yield submit("too_long", text="ж" * 671)
    yield submit("too_long", text=..., data=base64.b64encode(b"x" * 1341).decode())
    for text in ("ж", "`", "ç", "👋", "\0", TEXT + "—"):
        yield submit("not_encodable", text=text, encoding="gsm7")
    for channel in ("voice", "whatsapp", "mms", "viber"):
        yield submit("unroutable", channel=channel)
    for to in (NUMBER, "ann@shop", "ann@shop.example\r\nBcc: x@y.example", "<ann@shop.example>", "a b@shop.example"):
        yield submit("invalid_address", to=to, channel="email")
    yield submit("invalid_number", to="ann@shop.example")
    yield submit("sender_not_allowed", to="ann@shop.example", channel="email")
    yield submit("invalid_request", to="ann@shop.example", channel="email", text=..., data="AAE=")
    yield submit("invalid_request", to="ann@shop.example", channel="email", options={"subject": "a\nBcc: x@y.example"})
    yield submit("unroutable", to="+33612345678")
    for amount in ("0", "0.0099", "0.00"):
        yield submit("price_too_high", max_price={"amount": amount, "currency": "XAF"})
    for price in (
        {"amount": "1", "currency": "???"}, {"amount": "NaN", "currency": "XAF"}, {"amount": "-1", "currency": "XAF"},
        {"amount": "1e99", "currency": "XAF"}, {"amount": [], "currency": "XAF"}, {"currency": "XAF"}, {"amount": "1"},
        {"amount": "1", "currency": "XAF", "more": 1}, {"amount": "one", "currency": "XAF"},
    ):  # fmt: skip
        yield submit("invalid_request", max_price=price)
    for name in ("To", "txet", "id", "state", "_", "from_", "mesages"):
        yield submit("invalid_request", **{name: "x"})
    for name in ("to", "text"):
        yield submit("invalid_request", **{name: ...})
    yield submit("invalid_request", data=DATA)
    yield submit("invalid_request", udh=DATA)
    yield submit("invalid_request", text="")
    yield submit("invalid_request", text=..., data="")
    yield submit("invalid_request", text=..., data="no base 64")
    yield submit("invalid_request", text=..., data=DATA, udh=base64.b64encode(b"\x05\x00\x03\x01").decode())
    yield submit("invalid_request", plan="no-such-plan")
    yield submit("invalid_request", reference="r" * 256)
    yield submit("invalid_request", to="+" * 321)
    for name in ("to", "from", "reference"):
        yield submit("invalid_request", **{name: "a\0b"})
    for seconds in (0, -1, 31_536_001, 2**70):
        yield submit("invalid_request", expires_in=seconds)
    for time in ("2030-01-01", "2030-01-01T00:00:00", "2030-13-01T00:00:00Z", "tomorrow", "0000-01-01T00:00:00Z"):
        yield submit("invalid_request", send_at=time)
    yield submit("invalid_request", options={"a": 2**64})
    yield submit("invalid_request", options={"a": "x" * 20_000})


def wrong_bodies() -> Iterator[Bad]:
    bodies = {
        "/v1/messages": GOOD,
        "/v1/batches": {"messages": [GOOD]},
        "/v1/segment": {"text": TEXT},
        "/v1/route": {"to": NUMBER},
    }
    for path, body in bodies.items():
        whole = json.dumps(body).encode()
        for raw in (b"", b" ", b"{", b"}", whole[:-1], whole + b"}", whole[:-1] + b",}", whole[:20], b'"',
                    b"nul", b"{'to':1}", b"\xef\xbb\xbf{}", b"to=1", b"<xml/>", b"01", b"\0",
                    whole.replace(b'"}', b'\xff"}'), whole.replace(b'"}', b'\\ud800"}'),
                    whole.replace(b'"}', b'\n"}')):  # fmt: skip
            yield Bad("invalid_json", "POST", path, raw=raw)
        for body in (None, [], 1, "x", True, {}, {"nonsense": 1}):
            yield Bad("invalid_request", "POST", path, raw=json.dumps(body).encode())
        yield Bad("payload_too_large", "POST", path, raw=b" " * (MAX_BODY + 1), ends=True)
        yield Bad("unsupported_media_type", "POST", path, raw=whole, headers={"Content-Encoding": "gzip"})
        yield Bad("invalid_request", "POST", f"{path}?x=1", raw=whole)
    for messages in ([], {}, None, "x", [GOOD] * 1001):
        raw = json.dumps({"messages": messages}).encode()
        yield Bad("payload_too_large" if len(raw) > MAX_BODY else "invalid_request", "POST", "/v1/batches", raw=raw,
                  ends=len(raw) > MAX_BODY)  # fmt: skip
    yield Bad("invalid_request", "POST", "/v1/batches", {"messages": [{}] * 1001})
    yield Bad("invalid_request", "POST", "/v1/batches", {"messages": [GOOD], "more": 1})
    for key in ("", "k" * 256):
        yield Bad("invalid_request", "POST", "/v1/messages", GOOD, headers={"Idempotency-Key": key})


def wrong_addresses() -> Iterator[Bad]:
    for path in ("/v1", "/v1/", "/v2/messages", "/v1/message", "/v1/messages/", f"/v1/messages/{UUID}/parts",
                 "/v1/messages/1", f"/v1/messages/{UUID}", "/v1/events/1", "//v1/messages", "/v1/messages/%00",
                 "/v1/messages/..%2f..%2fetc", "/metrics/", "/v1/operators/mtn", "/index.html", "/.env"):  # fmt: skip
        yield Bad("not_found", "GET", path)
    yield Bad("not_found", "DELETE", f"/v1/messages/{UUID}")
    for method, path in (("PUT", "/v1/messages"), ("PATCH", "/v1/messages"), ("DELETE", "/v1/messages"),
                         ("GET", "/v1/batches"), ("POST", "/v1/events"), ("DELETE", "/v1/events"),
                         ("POST", f"/v1/messages/{UUID}"), ("PUT", "/v1/reload"), ("GET", "/v1/reload"),
                         ("POST", "/metrics"), ("POST", "/readyz"), ("OPTIONS", "/v1/messages"),
                         ("GET", "/v1/operators/mtn/pause")):  # fmt: skip
        yield Bad("method_not_allowed", method, path)
    for query in ("state=lost", "state=", "limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1.5", "limit=",
                  "limit=1&limit=2", "after=x", "after=2026", "before=2026-01-01T00:00:00", "cursor=x", "sort=asc",
                  "reference=%00", f"cursor={UUID}x", "STATE=queued"):  # fmt: skip
        yield Bad("invalid_request", "GET", f"/v1/messages?{query}")
    for query in ("after=-1", "after=x", "after=1.5", f"after={2**63}", "limit=0", "limit=1001", "limit=x", "wait=61",
                  "wait=-1", "wait=nan", "wait=inf", "wait=x", "after=1&after=2", "before=1"):  # fmt: skip
        yield Bad("invalid_request", "GET", f"/v1/events?{query}")
    yield Bad("invalid_request", "GET", "/v1/events/stream?after=x")
    for last in ("x", "-1", "1.5", "9" * 19):
        yield Bad("invalid_request", "GET", "/v1/events/stream", headers={"Last-Event-ID": last})


def wrong_people() -> Iterator[Bad]:
    calls = [("GET", "/v1/messages"), ("POST", "/v1/messages"), ("POST", "/v1/batches"), ("GET", "/v1/events"),
             ("GET", "/v1/events/stream"), ("POST", "/v1/route")]  # fmt: skip
    for method, path in calls:
        body = GOOD if method == "POST" else None
        for token in (None, "unknown", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), ADMIN):
            # An administrator may ask these in the place of an account, which has to be named.
            asked = token == ADMIN and path in ("/v1/route", "/v1/segment")
            yield Bad("invalid_request" if asked else "unauthorized", method, path, body, token=token)
        for header in ("", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer  {TOKEN} x", f"Token {TOKEN}"):
            yield Bad("unauthorized", method, path, body, token=None, headers={"Authorization": header})
    for method, path in (("GET", "/v1/operators"), ("POST", "/v1/reload"), ("GET", "/v1/plan"),
                         ("POST", "/v1/operators/mtn/pause")):  # fmt: skip
        yield Bad("forbidden", method, path)
        yield Bad("unauthorized", method, path, token="unknown")
        yield Bad("unauthorized", method, path, token=None)
    yield Bad("not_found", "POST", "/v1/operators/nobody/pause", token=ADMIN)


BAD_SUBMITS = [*wrong_types(), *wrong_values()]
BAD = [*BAD_SUBMITS, *wrong_bodies(), *wrong_addresses(), *wrong_people()]


async def test_each_has_its_answer(world: World) -> None:
    smsc = await world.operator()
    smsc.options.password = PASSWORD
    world.configure(link={"password": PASSWORD})
    set_up(world.folder)
    await world.start()
    connections = 0

    async def connected(*_: Any) -> None:
        nonlocal connections
        connections += 1

    trace = TraceConfig()
    trace.on_connection_create_end.append(connected)
    ended = 0
    complaints: list[Any] = []
    base = f"http://127.0.0.1:{world.http}"
    async with ClientSession(base, connector=TCPConnector(limit=1), trace_configs=[trace]) as client:
        for bad in BAD:
            headers = {} if bad.token is None else {"Authorization": f"Bearer {bad.token}"}
            data = bad.raw if bad.body is None else json.dumps(bad.body).encode()
            if data is not None:
                headers["Content-Type"] = "application/json"
            async with client.request(
                bad.method, URL(base + bad.path, encoded=True), data=data, headers=headers | bad.headers
            ) as answer:
                text = await answer.text()
            if (wrong := complaint(bad, answer, text)) is not None:
                complaints.append(wrong)
            ended += bad.ends
        # A batch is answered item by item.
        one_by_one = [bad for bad in BAD_SUBMITS if len(json.dumps(bad.body)) < 3000]
        items = [bad.body for bad in one_by_one]
        authorized = {"Authorization": f"Bearer {TOKEN}"}
        async with client.post("/v1/batches", json={"messages": [GOOD, *items, GOOD]}, headers=authorized) as answer:
            assert answer.status == 202, await answer.text()
            taken = await answer.json()
        first, *between, last = taken["results"]
        assert (taken["accepted"], taken["refused"]) == (2, len(items))
        assert [one["error"]["code"] for one in between] == [bad.code for bad in one_by_one]
        assert first["state"] == last["state"] == "queued"
        async with client.post("/v1/messages", json=GOOD, headers=authorized) as answer:
            assert answer.status == 202
            good = await answer.json()

        async def is_delivered() -> bool:
            async with client.get(f"/v1/messages/{good['id']}", headers=authorized) as answer:
                return bool((await answer.json())["state"] == "delivered")

        await until(is_delivered)
        async with client.get("/v1/messages", headers=authorized) as answer:
            assert {one["id"] for one in (await answer.json())["messages"]} == {first["id"], last["id"], good["id"]}
    assert not complaints
    assert len(BAD) > 400
    assert connections == 1 + ended
    await until(lambda: smsc.counts.submits == 3)
    assert await world.stop() == 0
    log = (world.folder / "daemon.log").read_text()
    for secret in (TOKEN, ADMIN, PASSWORD, TEXT, "harbour", NUMBER, NUMBER[1:], NUMBER[4:]):
        assert secret not in log, log
    assert [line for line in world.log() if line["level"] in ("warning", "error", "critical")] == []


def complaint(bad: Bad, answer: ClientResponse, text: str) -> object:
    """What is wrong with the answer to a bad request, if anything. It may say the number again, never more."""
    if any(secret in text for secret in (TOKEN, ADMIN, PASSWORD, TEXT)):
        return bad, text
    if answer.content_type != "application/problem+json":
        return bad, answer.status, answer.content_type
    problem = json.loads(text)
    right = (
        problem.keys() == {"type", "title", "status", "detail", "code", "errors"}
        and problem["code"] == bad.code
        and problem["status"] == answer.status == STATUS.get(bad.code, 422)
        and problem["detail"]
        and all(error.keys() == {"field", "code", "detail"} for error in problem["errors"])
    )
    return None if right else (bad, text)


def set_up(folder: Path) -> None:
    """Telling secrets, a log that says all it can, and rates for one country only."""
    plant(TOKEN, ADMIN, PASSWORD, TEXT)
    accounts = folder / "accounts.yaml"
    accounts.write_text(f"accounts:\n  - name: acme\n    token: {TOKEN}\n    senders: [ACME]\n")
    operator = folder / "operators" / "mtn.yaml"
    operator.write_text(operator.read_text().replace('prefix: ""', 'prefix: "237"'))
    router = folder / "router.yaml"
    text = router.read_text().replace("level: info", "level: debug")
    router.write_text(
        text.replace(f"admin_token: {FIRST_ADMIN}", f"admin_token: {ADMIN}, max_body: {MAX_BODY // 1024}KiB")
    )
