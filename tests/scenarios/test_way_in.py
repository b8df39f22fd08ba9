"""The way in under pressure: a limit is an answer on a connection that stays; one key is one message, come what may."""

import asyncio
import time
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, ServerDisconnectedError, TCPConnector, TraceConfig

from tests.scenarios.world import ACCOUNT, TEXT, World, body_of, ending, submissions, until

pytestmark = pytest.mark.process


def one_connection(world: World) -> tuple[ClientSession, list[int]]:
    """A client that keeps one connection; the list grows with each that it had to make."""
    made: list[int] = []

    async def connected(*_: Any) -> None:
        made.append(1)

    trace = TraceConfig()
    trace.on_connection_create_end.append(connected)
    base = f"http://127.0.0.1:{world.http}"
    return ClientSession(base, headers=ACCOUNT, connector=TCPConnector(limit=1), trace_configs=[trace]), made


def body_to(world: World) -> dict[str, str]:
    return {"to": world.number(), "from": "ACME", "text": TEXT}


async def test_a_full_queue_refuses_messages_and_keeps_the_connection(world: World) -> None:
    smsc = await world.operator()
    await smsc.stop()
    world.configure(router="limits: {queued: 3}")
    await world.start()
    session, made = one_connection(world)
    async with session as client:
        ids = []
        for _ in range(3):
            async with client.post("/v1/messages", json=body_to(world)) as answer:
                ids.append((await body_of(answer, 202))["id"])
        for path, sent in (("/v1/messages", body_to(world)), ("/v1/batches", {"messages": [body_to(world)]})):
            for _ in range(3):
                async with client.post(path, json=sent) as answer:
                    assert (await body_of(answer, 503))["code"] == "queue_full"
                    assert int(answer.headers["Retry-After"]) >= 1
                    assert "Connection" not in answer.headers
        async with client.delete(f"/v1/messages/{ids[0]}") as answer:
            assert (await body_of(answer, 200))["state"] == "cancelled"
        async with client.post("/v1/messages", json=body_to(world)) as answer:
            ids.append((await body_of(answer, 202))["id"])
        await world.return_of("mtn")
        await world.delivered(ids[1:])
    assert len(made) == 1


async def test_over_the_rate_the_wait_that_is_told_is_enough(world: World) -> None:
    await world.operator()
    world.configure(account="    rate: 4/s\n")
    await world.start()
    session, made = one_connection(world)
    ids: list[str] = []
    refused = 0
    async with session as client:
        began = time.monotonic()
        while len(ids) < 8:
            async with client.post("/v1/messages", json=body_to(world)) as answer:
                assert answer.headers["RateLimit-Policy"] == '"messages";q=4;w=1'
                assert answer.headers["RateLimit"].startswith('"messages";r=')
                if answer.status == 202:
                    ids.append((await answer.json())["id"])
                    assert "Retry-After" not in answer.headers
                    continue
                assert (await body_of(answer, 429))["code"] == "rate_limited"
                wait = int(answer.headers["Retry-After"])
                assert answer.headers["RateLimit"].startswith('"messages";r=0;t=')
            refused += 1
            await asyncio.sleep(wait)
            async with client.post("/v1/messages", json=body_to(world)) as answer:
                ids.append((await body_of(answer, 202))["id"])
        assert 1 <= refused <= 4
        assert len(ids) <= 4 + 4 * (time.monotonic() - began)
        async with client.post("/v1/batches", json={"messages": [body_to(world)] * 5}) as answer:
            assert (await body_of(answer, 429))["code"] == "rate_limited"
        async with client.get("/v1/messages") as answer:
            assert answer.status == 200
            assert "RateLimit" not in answer.headers
    assert len(made) == 1
    await world.delivered(ids)


async def test_one_key_on_fifty_connections_is_one_message_and_fifty_equal_answers(world: World) -> None:
    smsc = await world.operator()
    world.configure()
    await world.start()
    body = body_to(world)

    async def ask(path: str, key: str, sent: Any) -> tuple[int, bytes, str | None]:
        async with (
            ClientSession(f"http://127.0.0.1:{world.http}", headers=ACCOUNT) as client,
            client.post(path, json=sent, headers={"Idempotency-Key": key}) as answer,
        ):
            return answer.status, await answer.read(), answer.headers.get("Idempotency-Replayed")

    for path, sent in (("/v1/messages", body), ("/v1/batches", {"messages": [body, body]})):
        answers = await asyncio.gather(*(ask(path, path, sent) for _ in range(50)))
        assert {status for status, _, _ in answers} == {202}
        assert len({content for _, content, _ in answers}) == 1
        assert sorted(replayed or "" for _, _, replayed in answers) == [""] + ["true"] * 49
    messages = await world.messages()
    assert len(messages) == 3
    await world.ended(one["id"] for one in messages)
    assert sum(submissions(smsc).values()) == 3


async def test_a_key_survives_kill_9_whether_its_answer_was_lost_or_not(world: World) -> None:
    """Killed at any moment of a submit: sent again, each key has exactly one message, and one answer for good."""
    smsc = await world.operator(receipt_delay=0.01)
    world.configure()
    await world.start()
    told: dict[str, str] = {}
    keys = [f"key-{number}" for number in range(60)]
    bodies = {key: {"to": world.number(), "from": "ACME", "text": TEXT, "reference": key} for key in keys}

    async def ask(key: str) -> None:
        async with world.client.post("/v1/messages", json=bodies[key], headers={"Idempotency-Key": key}) as answer:
            id = (await body_of(answer, 202))["id"]
        assert told.setdefault(key, id) == id

    for round in range(3):
        asked = [asyncio.ensure_future(ask(key)) for key in keys[20 * round : 20 * round + 20]]
        await until(lambda count=20 * round + 1: len(told) >= count)
        await world.kill()
        for lost in await asyncio.gather(*asked, return_exceptions=True):
            assert lost is None or isinstance(lost, ClientConnectionError | ServerDisconnectedError), lost
        await world.start()
        # Everybody who got no answer asks again; who got one may too.
        await asyncio.gather(*(ask(key) for key in keys[: 20 * round + 20]))
    messages = await world.messages()
    assert {one["reference"]: one["id"] for one in messages} == told
    assert len(messages) == len(told) == 60
    events = [event for event in await world.ended(told.values()) if ending(event)]
    assert sorted(event["message_id"] for event in events) == sorted(told.values())
    doubled = {number for (number, _), times in submissions(smsc, accepted=True).items() if times > 1}
    assert doubled <= {event["to"][1:] for event in events if event["possible_duplicate"]}
