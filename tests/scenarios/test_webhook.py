"""An account's webhook: every final event, in order, signed; through outages of the receiver and of the daemon."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from aiohttp import web

from tests.leaks import plant
from tests.processes import free_port, plain_number
from tests.scenarios.world import TEXT, Event, World, ending, until

pytestmark = pytest.mark.process

KEY = b"twenty-four octets, no 0"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


class Receiver:
    """The account's own server. `status` is what it answers; what it answered with 200 is in `events`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.status = 200
        self.refused = 0
        self.events: list[Event] = []
        self.wrong: list[str] = []
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        id, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        # The convention in the words of its specification, not in those of the code under test.
        digest = hmac.new(KEY, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
        if request.headers["webhook-signature"].split() != [f"v1,{base64.b64encode(digest).decode()}"]:
            self.wrong.append("signature")
        if abs(int(at) - time.time()) > 60:
            self.wrong.append("time")
        if request.content_type != "application/json":
            self.wrong.append("media type")
        if self.status != 200:
            self.refused += 1
            return web.Response(status=self.status)
        self.events += json.loads(body)["events"]
        return web.Response()


async def set_up(world: World, events: str = "[final]") -> Receiver:
    plant(SECRET, KEY.decode())
    receiver = Receiver(free_port())
    hook = f"{{url: 'http://127.0.0.1:{receiver.port}/hook', secret: {SECRET}, events: {events}, batch: 20}}"
    world.configure(account=f"    webhook: {hook}", router="webhooks: {allow: [127.0.0.0/8]}")
    return receiver


async def submit(world: World, first: int, count: int = 50) -> list[str]:
    return [
        one["id"]
        for one in await world.batch(
            [{"to": plain_number(first + place), "from": "ACME", "text": TEXT} for place in range(count)]
        )
    ]


async def assert_all_came(world: World, receiver: Receiver, *, again: bool) -> None:
    """The receiver has the account's final events: all, as they are in the log, in order; a POST of the end of a run
    may have come twice where `again` says so."""
    events = [event for event in await world.events() if ending(event)]
    await until(lambda: receiver.events and receiver.events[-1]["seq"] == events[-1]["seq"])
    once: dict[str, Any] = {}
    for event in receiver.events:
        if event["id"] in once:
            assert again, "came twice without need"
            assert once[event["id"]] == event
        once[event["id"]] = event
    assert list(once.values()) == events
    assert receiver.wrong == []
    await until(lambda: _nothing_waits(world))


async def waiting(world: World) -> float:
    return (await world.metrics()).total("webhook_backlog", account="acme")


async def _nothing_waits(world: World) -> bool:
    return await waiting(world) == 0


async def test_final_events_in_order(world: World) -> None:
    await world.operator()
    receiver = await set_up(world)
    await receiver.open()
    await world.start()
    # Also what is no success.
    ids = [(await world.submit(f"+237670000{row}"))["id"] for row in (901, 902, 903, 911)]
    ids += await submit(world, 0, 200)
    await world.ended(ids)
    await assert_all_came(world, receiver, again=False)
    assert {event["type"] for event in receiver.events} == {
        f"message.{state}" for state in ("delivered", "undelivered", "expired", "rejected")
    }
    assert len(receiver.events) == len(ids)
    await receiver.close()


async def test_a_receiver_that_was_down(world: World) -> None:
    await world.operator()
    receiver = await set_up(world)
    await world.start()
    await world.ended(await submit(world, 0))
    assert await waiting(world) >= 50
    await receiver.open()
    await assert_all_came(world, receiver, again=False)
    # It is there, but refuses.
    receiver.status = 500
    await world.ended(await submit(world, 50))
    await until(lambda: receiver.refused)
    receiver.status = 200
    await assert_all_came(world, receiver, again=False)
    assert len(receiver.events) == 100
    assert (await world.metrics()).total("webhook_parked") == 0
    await receiver.close()


@pytest.mark.parametrize("killed", [False, True])
async def test_a_daemon_that_was_down(world: World, killed: bool) -> None:
    await world.operator(receipt_delay=0.01)
    receiver = await set_up(world)
    await receiver.open()
    await world.start()
    ids = await submit(world, 0, 300)
    await until(lambda: receiver.events)
    if killed:
        await world.kill()
    else:
        assert await world.stop() == 0
    had = len(receiver.events)
    await world.start()
    ids += await submit(world, 300)
    await world.ended(ids)
    assert had < len(ids)
    await assert_all_came(world, receiver, again=killed)
    assert len({event["message_id"] for event in receiver.events}) == len(ids)
    await receiver.close()


async def test_the_receiver_down_and_the_daemon_restarted(world: World) -> None:
    await world.operator()
    receiver = await set_up(world)
    await world.start()
    await world.ended(await submit(world, 0))
    assert await waiting(world) >= 50
    assert await world.stop() == 0
    await receiver.open()
    await world.start()
    await assert_all_came(world, receiver, again=False)
    assert len(receiver.events) == 50
    log = (world.folder / "daemon.log").read_text()
    assert SECRET not in log
    assert KEY.decode() not in log
    await receiver.close()


async def test_every_event_where_asked_for(world: World) -> None:
    await world.operator()
    receiver = await set_up(world, "[all]")
    await receiver.open()
    await world.start()
    await world.ended(await submit(world, 0))
    await until(lambda: len(receiver.events) >= 100)
    assert receiver.events == await world.events()
    assert [event["seq"] for event in receiver.events] == list(range(1, 101))
    await receiver.close()
