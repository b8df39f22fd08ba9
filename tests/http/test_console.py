"""The console's login, its walls against other pages, its files and its stream."""

import asyncio
import json
import re
from types import SimpleNamespace

import pytest

from adapters.http.console import attempts
from adapters.http.console.attempts import Attempts
from adapters.http.console.sampler import EVERY, Sampler
from adapters.http.sessions import COOKIE, HEADER, IDLE, LONGEST, MOST, Sessions
from router.ports.watching import Measured, Reading
from tests.http.fakes import ADMIN_TOKEN, MEASURED, TEXT, TOKEN, Engine

OURS = {HEADER: "1"}
SUBMIT = {"to": "+237670000001", "text": TEXT, "reference": "order 1"}


async def enter(api, token: str = ADMIN_TOKEN):
    return await api.call("POST", "/console/session", {"token": token}, token=None, headers=OURS)


def cookie_of(answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


async def test_the_token_opens_a_session_that_does_what_the_token_does(api) -> None:
    assert await (await api.call("GET", "/console/session", token=None)).json() == {"state": "closed"}
    answer = await enter(api)
    assert answer.status == 200
    cookie = answer.headers["Set-Cookie"]
    assert {one.strip() for one in cookie.split(";")[1:]} == {
        f"Max-Age={LONGEST:.0f}", "Path=/", "HttpOnly", "SameSite=Strict",
    }  # fmt: skip
    assert ADMIN_TOKEN not in cookie
    session = {**OURS, "Cookie": cookie_of(answer)}
    assert await (await api.call("GET", "/console/session", token=None, headers=session)).json() == {"state": "open"}
    assert (await api.call("GET", "/v1/operators", token=None, headers=session)).status == 200
    assert (await api.call("POST", "/v1/operators/mtn-cm/pause", token=None, headers=session)).status == 200
    told = [(one.who, one.action, one.subject, one.outcome) for one in api.engine.audit.entries]
    assert told == [
        ("admin", "console.login", "127.0.0.1", "done"), ("admin", "operator.pause", "mtn-cm", "done"),
    ]  # fmt: skip

    answer = await api.call("DELETE", "/console/session", token=None, headers=session)
    assert answer.headers["Set-Cookie"].startswith(f"{COOKIE}=; Max-Age=0;")
    assert (await api.call("GET", "/v1/operators", token=None, headers=session)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: "0"},
        {HEADER: "1", "Sec-Fetch-Site": "cross-site"},
        {HEADER: "1", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
    ],
    ids=str,
)
async def test_a_cookie_that_another_page_sends_counts_for_nothing(headers, api) -> None:
    cookie = {"Cookie": cookie_of(await enter(api))}
    for method, path in (
        ("POST", "/v1/operators/mtn-cm/pause"),
        ("POST", "/v1/reload"),
        ("GET", "/v1/operators"),
        ("GET", "/console/live"),
    ):
        assert (await api.call(method, path, token=None, headers={**headers, **cookie})).status == 401
    for method, body in (("POST", {"token": ADMIN_TOKEN}), ("DELETE", None)):
        answer = await api.call(method, "/console/session", body, token=None, headers={**headers, **cookie})
        assert (answer.status, json.loads(await answer.text())["code"]) == (403, "forbidden")
    assert api.engine.control.state == "running"
    assert (await api.call("GET", "/v1/operators", token=None, headers={**OURS, **cookie})).status == 200
    # No preflight lets another origin send the header.
    answer = await api.call("OPTIONS", "/v1/reload", token=None, headers={"Origin": "http://evil.example"})
    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


async def test_a_session_does_nothing_of_accounts_but_ask_in_their_place(api) -> None:
    session = {**OURS, "Cookie": cookie_of(await enter(api))}
    for method, path, body in (
        ("POST", "/v1/messages", SUBMIT),
        ("GET", "/v1/messages", None),
        ("GET", "/v1/events", None),
    ):
        answer = await api.call(method, path, body, token=None, headers={**session, "X-Account": "acme"})
        assert answer.status == 401, path
    for how in ({"token": None, "headers": session}, {"token": ADMIN_TOKEN, "headers": {}}):
        for path, body in (("/v1/route", {"to": "+237670000001"}), ("/v1/segment", {"text": "Hello"})):
            named = {**how["headers"], "X-Account": "late-payer"}
            answer = await api.call("POST", path, body, token=how["token"], headers=named)
            assert answer.status == 200, await answer.text()
            for wrong in ({}, {"X-Account": "nobody"}):
                answer = await api.call("POST", path, body, token=how["token"], headers={**how["headers"], **wrong})
                assert json.loads(await answer.text())["errors"][0]["field"] == "X-Account"
    answer = await api.call("POST", "/v1/route", {"to": "+237670000001"}, token=TOKEN, headers={"X-Account": "other"})
    assert json.loads(await answer.text())["detail"] == "an account asks for itself only"


async def test_wrong_tokens_are_limited_and_on_record(api) -> None:
    for wrong in ("guess", TOKEN, "ÿ", "x" * 1024, ADMIN_TOKEN[:-1]):
        assert (await enter(api, wrong)).status == 401
    answer = await enter(api)
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= attempts.EACH
    assert [one.outcome for one in api.engine.audit.entries] == ["unauthorized"] * 5
    # The token itself still works where no login is needed.
    assert (await api.call("GET", "/v1/operators", token=ADMIN_TOKEN)).status == 200
    for body in (b"", b"{}", b'{"token": ""}', b'{"token": 1}', b'{"token": "a", "more": 1}', b"x" * 5000):
        answer = await api.call("POST", "/console/session", raw=body, token=None, headers=OURS)
        assert answer.status in (400, 413, 422, 429)


def test_attempts_come_back_one_by_one_and_are_counted_by_network() -> None:
    held = Attempts()
    for _ in range(attempts.FREE):
        assert held.wait("192.0.2.1", 100.0) == 0
        held.wrong("192.0.2.1", 100.0)
    assert held.wait("192.0.2.1", 100.0) == attempts.EACH
    assert held.wait("192.0.2.2", 100.0) == 0
    assert held.wait("192.0.2.1", 100.0 + attempts.EACH) == 0
    held.wrong("192.0.2.1", 100.0 + attempts.EACH)
    assert held.wait("192.0.2.1", 100.0 + attempts.EACH) == attempts.EACH
    for last in range(attempts.FREE):
        held.wrong(f"2001:db8:1:2::{last + 1}", 0.0)
    assert held.wait("2001:db8:1:2:ffff::9", 0.0) > 0
    assert held.wait("2001:db8:1:3::1", 0.0) == 0
    assert held.wait("not an address", 0.0) == 0


def request(id: str, headers=None):
    return SimpleNamespace(cookies={COOKIE: id}, headers=OURS if headers is None else headers)


def test_a_session_ends_when_it_is_idle_too_old_too_many_or_its_token_is_another() -> None:
    now, key = [0.0], [b"first"]
    sessions = Sessions(lambda: key[0], lambda: now[0])
    id = sessions.open()
    now[0] = IDLE - 1
    assert sessions.admits(request(id))
    now[0] += IDLE - 1
    assert not sessions.admits(request(id, {}))
    assert sessions.admits(request(id))
    now[0] += IDLE
    assert not sessions.admits(request(id))

    id, began = sessions.open(), now[0]
    while now[0] < began + LONGEST:
        assert sessions.admits(request(id))
        now[0] += IDLE / 2
    assert not sessions.admits(request(id))

    id = sessions.open()
    key[0] = b"second"
    assert not sessions.admits(request(id))
    ids = [sessions.open() for _ in range(MOST + 1)]
    assert len(set(ids)) == MOST + 1
    assert [sessions.admits(request(one)) for one in ids] == [False] + [True] * MOST
    key[0] = None
    assert not sessions.enabled
    assert not sessions.admits(request(ids[-1]))
    for forged in ("", "x", "\udcff", "0" * 10_000):
        assert not sessions.admits(request(forged))


async def test_without_an_admin_token_the_console_is_off(api) -> None:
    api.engine.admin = None
    assert (await api.call("GET", "/", token=None)).status == 200
    assert await (await api.call("GET", "/console/session", token=None)).json() == {"state": "off"}
    answer = await enter(api)
    assert (answer.status, json.loads(await answer.text())["code"]) == (403, "forbidden")


async def test_the_page_needs_no_other_host_and_nothing_that_stands_in_it(api) -> None:
    page = await api.call("GET", "/", token=None)
    text = await page.text()
    assert page.content_type == "text/html"
    assert not re.search(r"https?://|<style|<script>|\son\w+=|style=", text)
    seen, left = set(), {"/"}
    while left:
        path = left.pop()
        seen.add(path)
        asset = await api.call("GET", path, token=None)
        assert asset.status == 200, path
        policy = dict(one.strip().partition(" ")[::2] for one in asset.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
        assert set(policy.values()) == {"'none'", "'self'"}
        assert asset.headers["X-Content-Type-Options"] == "nosniff"
        told = await asset.text()
        assert not re.search(r"innerHTML|insertAdjacentHTML|eval\(|new Function|localStorage|sessionStorage", told)
        named = re.findall(r'(?:src|href)="(/[^"#]*)"', text) + [
            f"/console/{name}" for name in re.findall(r'from "\./([\w.]+)"', told)
        ]
        left |= {one for one in named if one.startswith("/console/")} - seen
    assert {"/console/uPlot.js", "/console/live.js", "/console/messages.js"} <= seen
    assert "MIT License" in await (await api.call("GET", "/console/uPlot-LICENSE.txt", token=None)).text()
    for path in ("/console/nothing.js", "/console/..%2Fcalls.py", "/console/../calls.py", "/console/"):
        assert (await api.call("GET", path, token=None)).status == 404


async def frames(answer, count: int) -> list[tuple[str, object]]:
    found = []
    while len(found) < count:
        name = (await answer.content.readline()).decode().strip().removeprefix("event: ")
        data = (await answer.content.readline()).decode().removeprefix("data: ")
        assert await answer.content.readline() == b"\n"
        found.append((name, json.loads(data)))
    return found


@pytest.mark.deep
async def test_the_stream_tells_the_same_to_all_and_ends_with_the_session(api) -> None:
    session = {**OURS, "Cookie": cookie_of(await enter(api))}
    url = f"http://127.0.0.1:{api.port}/console/live"
    assert (await api.call("GET", "/console/live", token=None)).status == 401
    async with api.session.get(url, headers=session) as one, api.session.get(url, headers=session) as other:
        assert one.content_type == "text/event-stream"
        history, *samples = await frames(one, 3)
        assert history == ("history", [])
        # One who comes later is told what all are told.
        assert (await frames(other, 2))[1] in samples
        name, sample = samples[0]
        assert (name, sample["plan_version"], sample["point"]) == ("sample", 3, None)
        (operator,) = sample["operators"]
        assert operator["view"]["operator"] == "mtn-cm"
        assert (operator["ended"], operator["spend"]) == ({"delivered": 4}, {"XAF": 0.1})
        await api.call("DELETE", "/console/session", token=None, headers=session)
        async with asyncio.timeout(30):
            await one.read()
            await other.read()
    # Nobody watches: the sampler ends.
    async with asyncio.timeout(30):
        while any(task.get_name() == "console sampler" for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)


def reading(accepted: int, fell: list[float]) -> Reading:
    counts = {name: {} for name in Engine().counted}
    counts["messages_accepted_total"] = {("acme", "sms"): accepted, ("other", "sms"): accepted}
    return Reading(counts, {name: Measured((1.0, 2.0), {(): [*fell, 99.0]}) for name in MEASURED}, [])


def test_rates_and_quantiles_are_of_the_last_seconds() -> None:
    now = [reading(100, [0, 0, 0])]
    sampler = Sampler(lambda: now[0], list, lambda: None, 0)
    assert sampler.sample(1000, 10.0).point is None
    now[0] = reading(110, [50, 50, 0])
    point = sampler.sample(2000, 12.0).point
    assert point is not None
    assert point.accepted == 10
    assert (point.accept.p50, point.accept.p95) == (1.0, 1.9)
    now[0] = reading(110, [50, 50, 10])
    point = sampler.sample(3000, 13.0).point
    assert (point.accepted, point.accept.p99) == (0, 2.0)
    # After a pause nothing is known of the time between.
    assert sampler.sample(90_000, 13.0 + 6 * EVERY).point is None
    assert sampler.sample(91_000, 14.0 + 6 * EVERY).point.accept is None
    assert len(sampler.points) == 3


async def test_the_administrator_finds_messages_of_all_accounts_and_reads_one(api) -> None:
    one = json.loads(await (await api.call("POST", "/v1/messages", SUBMIT)).text())
    await api.engine.feed.add()
    answer = await api.call("GET", "/v1/admin/messages?to=%2B237670000001&reference=order%201", token=ADMIN_TOKEN)
    (found,) = (await answer.json())["messages"]
    assert (found["id"], found["account"]) == (one["id"], "acme")
    assert TEXT not in await answer.text()
    assert (await (await api.call("GET", "/v1/admin/messages?account=other", token=ADMIN_TOKEN)).json())[
        "messages"
    ] == []
    answer = await api.call("GET", f"/v1/admin/messages/{one['id']}", token=ADMIN_TOKEN)
    story = await answer.json()
    assert (story["text"], story["account"]) == (TEXT, "acme")
    assert story["timeline"][0]["kind"] == "accepted"
    assert api.engine.audit.entries[-1].action == "message.read"
    api.engine.messages.stored[one["id"]].confidential = True
    answer = await api.call("GET", f"/v1/admin/messages/{one['id']}", token=ADMIN_TOKEN)
    assert TEXT not in await answer.text()
    for path, status in (
        ("/v1/admin/messages?limit=0", 422), ("/v1/admin/messages?state=gone", 422), ("/v1/admin/messages?id=x", 200),
        ("/v1/admin/messages/x", 404), ("/v1/admin/messages/01900000-0000-7000-8000-ffffffffffff", 404),
    ):  # fmt: skip
        assert (await api.call("GET", path, token=ADMIN_TOKEN)).status == status
    for path in ("/v1/admin/messages", f"/v1/admin/messages/{one['id']}", "/v1/accounts"):
        assert (await api.call("GET", path, token=TOKEN)).status == 403
    accounts = await (await api.call("GET", "/v1/accounts", token=ADMIN_TOKEN)).json()
    assert [one["account"] for one in accounts["accounts"]] == ["acme", "other", "late-payer"]


async def test_the_record_can_be_read_from_its_end(api) -> None:
    for _ in range(3):
        await api.call("POST", "/v1/operators/mtn-cm/pause", token=ADMIN_TOKEN)
    page = await (await api.call("GET", "/v1/audit?before=9007199254740991&limit=2", token=ADMIN_TOKEN)).json()
    assert ([one["seq"] for one in page["entries"]], page["next"]) == ([3, 2], 2)
    page = await (await api.call("GET", "/v1/audit?before=1", token=ADMIN_TOKEN)).json()
    assert page == {"entries": [], "next": 1}
