"""A client of smsapi and one of TextioPro, from the first call to the receipt of an SMSC, and over a kill."""

from typing import Any

import pytest
from aiohttp import ClientSession

from tests import leaks
from tests.processes import free_port
from tests.scenarios.world import ADMINISTRATOR, World, body_of, until

pytestmark = pytest.mark.process

PASSWORD, TOKEN = "smsapi-password-73", "49|textiopro-token-of-forty-characters-and-73"
PAIR = {"username": "acme", "password": PASSWORD}
ACCOUNT = f"""\
    wallet: prepaid
    country: CM
    prices: [{{prefix: "237", price: "0.5"}}]
    gateways:
      smsapi: {{username: acme, password: {PASSWORD}}}
      textiopro: {{token: "{TOKEN}", profile: {{first_name: Amina}}}}
"""


async def test_smsapi_and_textiopro(world: World) -> None:
    """SA-7, SA-14, SA-16, SA-20, TP-24, TP-25, TP-33, TP-35, TP-38, TP-40, XA-4: credentials, also those in addresses,
    are in no log (the tests' end looks for them)."""
    port = free_port()
    await world.operator()
    world.configure(account=ACCOUNT, router=f"gateways: {{listen: 127.0.0.1:{port}, enabled: [smsapi, textiopro]}}")
    await world.start()
    await world.bound()
    async with world.client.post("/v1/accounts/acme/credit", json={"amount": "10"}, headers=ADMINISTRATOR) as answer:
        await body_of(answer, 200)
    async with ClientSession(f"http://127.0.0.1:{port}") as client:
        key = await smsapi(client)
        leaks.plant(PASSWORD, TOKEN, key)
        uid = await textiopro(client)
        await world.kill()
        await world.start()
        async with client.get("/api/v2/account/balance", headers={"X-API-Key": key}) as answer:
            assert (await body_of(answer, 200))["data"]["balance"] == 10 - 2 * 0.5 - 0.5 - 3
        async with client.get(f"/api/v3/sms/{uid}", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert (await body_of(answer, 200))["data"]["status"] == "Delivered"
        async with client.get("/api/v2/account/balance", params={"api_key": "wrong"}) as answer:
            await body_of(answer, 401)
        async with client.get("/v1/sms/send", params=PAIR | {"numbers": "x"}) as answer:
            assert PASSWORD not in str(await body_of(answer, 400))


async def smsapi(client: ClientSession) -> str:
    """Two by password, one by a key that is made for it."""
    given = {"numbers": "670000101, 670000102", "message_body": "Bonjour"}
    async with client.get("/v1/sms/send", params=PAIR | given) as answer:
        sent = await body_of(answer, 200)
    assert (sent["message"], sent["data"]["recipients"]) == ("Message sent successfully.", 2)
    async with client.post("/api/generate-key", data=PAIR) as answer:
        key: str = (await body_of(answer, 200))["data"]["api_key"]
    query = {"numbers": "237670000103", "message_body": "Bonjour", "api_key": key}
    async with client.get("/api/v2/sms/send", params=query) as answer:
        assert answer.headers["x-ratelimit-remaining"] == "59"
        await body_of(answer, 200)
    return key


async def textiopro(client: ClientSession) -> str:
    """One by an address, two by a campaign; all are delivered."""
    query = {"recipient": "237670000104", "sender_id": "ACME", "message": "Bonjour", "api_token": TOKEN}
    async with client.get("/api/http/sms/send", params=query) as answer:
        uid: str = (await body_of(answer, 200))["data"]["uid"]

    async def call(path: str, **given: Any) -> Any:
        async with client.post(f"/api/http/{path}", json={"api_token": TOKEN, **given}) as answer:
            return (await body_of(answer, 200))["data"]

    group = (await call("contacts", name="All"))["uid"]
    for number in ("237670000105", "237670000106"):
        await call(f"contacts/{group}/store", PHONE=number)
    campaign = (await call("sms/campaign", contact_list_id=group, sender_id="ACME", type="plain", message="Bonjour"))[
        "uid"
    ]

    async def done() -> bool:
        return bool((await call(f"campaign/{campaign}/view"))["stats"]["delivered"] == 2)

    await until(done)

    async def delivered() -> bool:
        return bool((await call(f"sms/{uid}"))["status"] == "Delivered")

    await until(delivered)
    assert (await call("sms"))["total"] == 6
    return uid
