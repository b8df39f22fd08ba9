"""`simulate http`: its help, its arguments, a process of it, and the carrier itself."""

import asyncio
import json
import signal
import sys
from dataclasses import fields

import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from adapters.simulator.http_behaviour import BY_HTTP_ENDING, HTTP_BEHAVIOURS, http_help_text
from adapters.simulator.http_carrier import CarrierOptions, HttpCarrier
from tests.simulator.test_simulate_command import PROGRAM, parse

IN_TESTS_ONLY = {"keep", "tries", "token_life", "token_delay"}


def test_help_shows_the_table(capsys) -> None:
    with pytest.raises(SystemExit) as left:
        parse("http", "--help")
    assert left.value.code == 0
    assert http_help_text() in capsys.readouterr().out


def test_every_option_can_be_given() -> None:
    names = {one.name for one in fields(CarrierOptions)} - IN_TESTS_ONLY
    defaults = CarrierOptions()
    args = vars(parse("http"))
    assert {name: args[name] for name in names} == {name: getattr(defaults, name) for name in names}


def test_every_ending_stands_once() -> None:
    assert len(BY_HTTP_ENDING) == len(HTTP_BEHAVIOURS)
    assert all(len(one.ending) == 3 and one.ending.isdigit() for one in HTTP_BEHAVIOURS)


@pytest.mark.parametrize(
    "arguments", [["http", "--port", "x"], ["http", "--behaviour", "989"], ["http", "--late", "-1"]]
)
def test_wrong_usage(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        parse("http", *arguments)
    assert left.value.code == 2


@pytest.mark.process
async def test_it_serves_until_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, "simulate", "http", "--port", "0", "--json", "--token", "t"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30), ClientSession() as session:
            listening = json.loads(await process.stdout.readline())["listening"]
            url = f"http://{listening}/messages"
            async with session.post(url, json={"to": "+1"}, headers={"Authorization": "Bearer t"}) as answer:
                assert answer.status == 200
            counts = {}
            while not counts.get("accepted"):
                counts = json.loads(await process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            _, complaint = await process.communicate()
            assert (process.returncode, complaint) == (0, b"")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def carrier():
    one = HttpCarrier(CarrierOptions(token="t", client_id=None))
    port = await one.start()
    async with ClientSession(headers={"Authorization": "Bearer t"}) as session:
        yield one, f"http://127.0.0.1:{port}", session
    await one.stop()


async def test_who_may(carrier) -> None:
    one, url, session = carrier
    async with session.post(url + "/messages", json={}, headers={"Authorization": "Bearer x"}) as answer:
        assert answer.status == 401
    async with session.post(url + "/messages", data=b"{") as answer:
        assert answer.status == 400
    async with session.get(url + "/messages/nobody") as answer:
        assert answer.status == 404
    assert one.messages == []


async def test_the_same_key_is_the_same_message(carrier) -> None:
    one, url, session = carrier
    ids = []
    for _ in range(2):
        async with session.post(url + "/messages", json={"to": "+1"}, headers={"Idempotency-Key": "k"}) as answer:
            ids.append((await answer.json())["id"])
    assert ids[0] == ids[1]
    assert len(one.messages) == one.counts.replayed == 1


async def test_faults_come_as_often_as_they_should(carrier) -> None:
    one, url, session = carrier
    statuses = []
    for _ in range(3):
        async with session.post(url + "/messages", json={"to": "+237670000916"}) as answer:
            statuses.append(answer.status)
    assert statuses == [500, 200, 200]
    with pytest.raises(ServerDisconnectedError):
        await session.post(url + "/messages", json={"to": "+237670000924"})
    assert [message.status for message in one.messages if message.to.endswith("924")] == [0]
    async with session.post(url + "/messages", json={"to": "+237670000913"}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
