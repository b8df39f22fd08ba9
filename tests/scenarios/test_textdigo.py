"""A client of TextDigo: from its call through an SMSC to its webhook, over a kill of the daemon."""

import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import ClientSession, encode_basic_auth

from tests import leaks
from tests.processes import free_port
from tests.scenarios.world import World, body_of, until
from tests.webhook.receiver import Receiver, answer, receiving

pytestmark = pytest.mark.process

LOGIN, KEY, SECRET = "acme-login-41", "textdigo-key-of-acme-41", "textdigo-hook-secret-41"
ACCOUNT = """\
    wallet: postpaid
    prices: [{{prefix: "237", price: "0.5"}}]
    channels: [{{id: line-1, type: sms, name: Main, sender: ACME}}]
    inbound: [{{to: "8080"}}]
    gateways:
      textdigo:
        {{login: {login}, key: {key}, webhook_secret: {secret}, webhooks: {{sms: "{url}"}}, file: 1MiB}}
"""


def failing(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield answer(503)


async def test_textdigo(world: World) -> None:
    """TD-15, TD-24, TD-26, TD-46, TD-48, TD-49, TD-50, TD-51, XA-4."""
    port = free_port()
    smsc = await world.operator()
    leaks.plant(KEY, SECRET)
    async with receiving() as receiver:
        receiver.answers = failing(3)
        account = ACCOUNT.format(login=LOGIN, key=KEY, secret=SECRET, url=receiver.url)
        gateways = f"gateways: {{listen: 127.0.0.1:{port}, enabled: [textdigo]}}"
        world.configure(account=account, router=f"{gateways}\nwebhooks: {{allow: [127.0.0.0/8]}}")
        await world.start()
        await world.bound()
        headers = {"Authorization": encode_basic_auth(LOGIN, KEY)}
        async with ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            sms = {"phoneNumber": "+237670000201", "message": "Bonjour", "externalId": "order-1"}
            async with client.post("/api/v0/sms/message", json=sms) as response:
                id = (await body_of(response, 200))["msgId"]
            query = {"message": "Bonjour", "contacts": "+237670000202,237670000203,0670"}
            async with client.get("/api/v0/api-campaign/send-sms", params=query) as response:
                many = await body_of(response, 200)
            assert (many["accepted"], many["rejected"], many["amount"]) == (2, 1, 1.0)
            ids = {id, *(one["msgId"] for one in many["messages"])}
            await world.kill()
            await world.start()
            delivered = dict.fromkeys(ids, "DELIVERED")
            await until(lambda: ends(receiver) == delivered, 60.0, lambda: f"{ends(receiver)} of {ids}")
            async with client.get(f"/api/v0/message/sms/status/{id}") as response:
                assert (await body_of(response, 200))["status"] == "DELIVERED"
            first = next(one for one in bodies(receiver) if one["msgId"] == id)
            assert (first["status"], first["externalId"], first["amount"]) == ("SENT", "order-1", 0.5)
            await world.bound()
            smsc.send_mo("237670000204", "8080", b"Bonjour aussi")
            await until(lambda: any("event" in one for one in bodies(receiver)))
            heard = next(one for one in bodies(receiver) if "event" in one)
            assert (heard["lineId"], heard["phoneNumber"], heard["message"]) == (
                "line-1", "+237670000204", "Bonjour aussi",
            )  # fmt: skip
            for request in receiver.requests:
                digest = hmac.new(SECRET.encode(), request.body, "sha256").hexdigest()
                assert request.headers["x-textdigo-signature"] == f"sha256={digest}"
    assert await world.stop() == 0


def bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(request.body) for request in receiver.acknowledged]


def ends(receiver: Receiver) -> dict[str, str]:
    """The last that was told of each message."""
    return {one["msgId"]: one["status"] for one in bodies(receiver) if "msgId" in one}
