"""Whatever JSON comes in, what goes out is a decision, never a 500."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.http.app import ANSWERS, App
from adapters.http.problem import KINDS
from adapters.web.server import HttpServer
from router.settings import HttpSettings
from tests.engine.rig import Rig, operator
from tests.engine.rig import settings as engine_settings
from tests.http.fakes import ADMIN_TOKEN, TOKEN, Engine

pytestmark = pytest.mark.deep

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=8), one, max_size=4)
)

KNOWN = [
    "to", "from", "text", "data", "udh", "encoding", "reference", "class", "channel", "expires_in", "send_at",
    "receipts", "plan", "max_price", "flash", "options", "messages", "operator", "at", "amount", "currency",
]  # fmt: skip
LIKELY = st.sampled_from(
    ["+237670000001", "ACME", "gsm7", "otp", "sms", "2030-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "AAAA", "1e9",
     "9999-12-31T23:59:59.999999-23:59", "NaN", "\0", "\ud800", ""]
)  # fmt: skip
MONEY = st.fixed_dictionaries({"amount": SCALARS | st.decimals().map(str), "currency": SCALARS | LIKELY})
OBJECTS = st.dictionaries(st.sampled_from(KNOWN), LIKELY | JSON | MONEY, max_size=6)
NEARLY = st.builds(
    lambda good, bad: good | bad,
    st.fixed_dictionaries(
        {"to": st.just("+237670000001"), "text": st.text(min_size=1, max_size=30)},
        optional={
            "from": st.text(min_size=1, max_size=12),
            "reference": st.text(max_size=10),
            "options": st.dictionaries(st.text(max_size=5), JSON, max_size=3),
            "send_at": st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()),
            "max_price": MONEY,
            "plan": st.text(max_size=5),
            "expires_in": st.integers(0, 40_000_000),
            "channel": st.sampled_from(["sms", "voice"]),
        },
    ),
    st.dictionaries(st.sampled_from(KNOWN), LIKELY | JSON, max_size=1),
)
BODIES = (
    JSON | OBJECTS | NEARLY | st.fixed_dictionaries({"messages": st.lists(OBJECTS | NEARLY | JSON, max_size=5) | JSON})
)
PATHS = ["/v1/messages", "/v1/batches", "/v1/segment", "/v1/route"]


@pytest.fixture(scope="module", params=["fake", "real"])
def ask(request, tmp_path_factory):
    """One server for all examples, over the fake and over the engine itself; gives a function that asks it."""
    with asyncio.Runner() as runner:
        rig = Rig(engine_settings(operator("mtn-cm")), tmp_path_factory.mktemp("store"))
        services = Engine().services()
        if request.param == "real":
            runner.run(rig.__aenter__())
            engine = rig.engine
            services = replace(
                services,
                intake=engine.intake,
                messages=engine.messages,
                feed=engine.feed,
                preview=engine.preview,
                control=engine.control,
                account_of=lambda token: rig.config.accounts["acme"] if token == TOKEN else None,
            )

        async def start():
            app = App(services, HttpSettings(admin_token=object()))
            server = HttpServer(app, "127.0.0.1", 0, on_stop=app.stop, answers=ANSWERS, direct=app.direct)
            return server, f"http://127.0.0.1:{await server.start()}", aiohttp.ClientSession()

        server, base, session = runner.run(start())

        async def call(method, path, body=None, headers=None, token=TOKEN):
            sent = {"Authorization": f"Bearer {token}"} | (headers or {})
            async with session.request(method, base + path, data=body, headers=sent) as answer:
                return answer.status, answer.content_type, await answer.read()

        yield lambda *args, **more: runner.run(call(*args, **more))
        runner.run(session.close())
        runner.run(server.stop(1))
        if request.param == "real":
            runner.run(rig.__aexit__())


def check(status: int, media: str, body: bytes) -> None:
    assert status != 500, body
    if status >= 400:
        assert media == "application/problem+json"
        problem = json.loads(body)
        assert KINDS[problem["code"]].status == status


FAST = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FAST
@given(path=st.sampled_from(PATHS), value=BODIES)
def test_any_json_is_answered(path, value, ask) -> None:
    check(*ask("POST", path, json.dumps(value).encode("utf-8", "surrogatepass")))


@FAST
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=60))
def test_any_bytes_are_answered(path, body, ask) -> None:
    check(*ask("POST", path, body))


@FAST
@given(
    path=st.sampled_from(["/v1/messages", "/v1/events", "/v1/messages/x", "/v1/operators"]),
    query=st.dictionaries(
        st.sampled_from(["state", "to", "from", "reference", "after", "before", "limit", "cursor", "wait", "x"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
        | st.sampled_from(["0", "1", "2030-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "queued"]),
        max_size=4,
    ),
)
def test_any_query_is_answered(path, query, ask) -> None:
    query.pop("wait", None)
    check(*ask("GET", f"{path}?{urlencode(query)}"))


@FAST
@given(name=st.text(min_size=1, max_size=20))
def test_any_name_in_a_path_is_answered(name, ask) -> None:
    piece = quote(name.encode("utf-8", "surrogatepass"), safe="")
    check(*ask("GET", f"/v1/messages/{piece}"))
    check(*ask("POST", f"/v1/operators/{piece}/pause", token=ADMIN_TOKEN))


@FAST
@given(value=st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n\0"), max_size=30))
def test_any_header_is_answered(value, ask) -> None:
    for name in ("Idempotency-Key", "Content-Type", "Authorization", "Last-Event-ID", "Content-Encoding"):
        value = value.encode("ascii", "ignore").decode().strip() if name == "Last-Event-ID" else value
        try:
            check(*ask("POST", "/v1/messages", b'{"to":"+1","text":"x"}', headers={name: value}))
        except ValueError:
            # The client itself refuses to send it.
            continue
