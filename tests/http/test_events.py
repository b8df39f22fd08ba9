"""The log of events: pages, long poll, stream, and their end when the server stops."""

import asyncio
import json

import aiohttp
import pytest

from adapters.http import events as events_module
from adapters.http.app import ANSWERS, App
from adapters.web.server import HttpServer
from router.settings import HttpSettings
from tests.http.fakes import OTHER_TOKEN, TOKEN


async def test_pages_resume_where_they_ended(api) -> None:
    await api.engine.feed.add(5)
    first = await (await api.call("GET", "/v1/events?limit=3")).json()
    assert [one["seq"] for one in first["events"]] == [1, 2, 3]
    assert first["next"] == 3
    rest = await (await api.call("GET", f"/v1/events?after={first['next']}&wait=30")).json()
    assert [one["seq"] for one in rest["events"]] == [4, 5]
    other = await (await api.call("GET", "/v1/events", token=OTHER_TOKEN)).json()
    assert other == {"events": [], "next": 0}


async def test_a_long_poll_is_answered_by_the_next_event(api) -> None:
    waiting = asyncio.create_task(api.call("GET", "/v1/events?wait=30"))
    while not api.engine.feed.changed._waiters:
        await asyncio.sleep(0)
    await api.engine.feed.add()
    answer = await asyncio.wait_for(waiting, 5)
    assert (await answer.json())["next"] == 1


async def test_a_long_poll_ends_after_its_time(api) -> None:
    answer = await api.call("GET", "/v1/events?after=3&wait=0.01")
    assert await answer.json() == {"events": [], "next": 3}


class Stream:
    """Reads one event stream, block by block."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def block(self) -> dict[str, str]:
        found: dict[str, str] = {}
        async for line in self.answer.content:
            text = line.decode().rstrip("\n")
            if not text:
                return found
            name, _, value = text.partition(": ")
            found[name] = value
        raise EOFError

    async def event(self) -> dict[str, str]:
        while "id" not in (block := await self.block()):
            assert list(block) == [""]
        return block


@pytest.fixture
def url(api) -> str:
    return f"http://127.0.0.1:{api.port}/v1/events/stream"


def bearer(**more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"} | more


async def test_a_stream_goes_on_as_events_come(api, url) -> None:
    await api.engine.feed.add(2)
    async with api.session.get(url, headers=bearer()) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        stream = Stream(answer)
        first = await stream.event()
        assert (first["id"], first["event"]) == ("1", "message.delivered")
        assert json.loads(first["data"])["seq"] == 1
        assert (await stream.event())["id"] == "2"
        await api.engine.feed.add()
        assert (await stream.event())["id"] == "3"


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [("?after=2", {}, "3"), ("", {"Last-Event-ID": "3"}, "4"), ("?after=1", {"Last-Event-ID": "3"}, "4")],
)
async def test_a_stream_resumes(query, headers, first, api, url) -> None:
    await api.engine.feed.add(4)
    async with api.session.get(url + query, headers=bearer(**headers)) as answer:
        assert (await Stream(answer).event())["id"] == first


async def test_a_stream_without_a_token_is_a_problem(api, url) -> None:
    async with api.session.get(url) as answer:
        assert answer.status == 401
    async with api.session.head(url, headers=bearer()) as answer:
        assert answer.status == 200


async def test_a_silent_stream_says_it_is_alive(api, url, monkeypatch) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT", 0.01)
    async with api.session.get(url, headers=bearer()) as answer:
        stream = Stream(answer)
        assert await stream.block() == {"": "events follow"}
        assert await stream.block() == {"": "still here"}
        assert await stream.block() == {"": "still here"}


async def test_stopping_ends_streams_and_long_polls_at_once(engine) -> None:
    app = App(engine.services(), HttpSettings())
    server = HttpServer(app, "127.0.0.1", 0, on_stop=app.stop, answers=ANSWERS)
    port = await server.start()
    async with aiohttp.ClientSession(headers=bearer()) as session:
        async with session.get(f"http://127.0.0.1:{port}/v1/events/stream") as streaming:
            await Stream(streaming).block()
            polling = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/v1/events?wait=60"))
            while len(engine.feed.changed._waiters) < 2:
                await asyncio.sleep(0)
            await asyncio.wait_for(server.stop(30), 5)
            polled = await polling
            assert await polled.json() == {"events": [], "next": 0}
            with pytest.raises(EOFError):
                await Stream(streaming).block()
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/healthz")
    await server.stop(1)  # a second time is nothing
