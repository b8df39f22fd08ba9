"""Texify through everything: its client, a daemon that is killed in between, an SMSC, and what is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from adapters.config_yaml.gateways import SCOPES
from tests import leaks
from tests.processes import free_port
from tests.scenarios.world import ADMINISTRATOR, TEXT, World, body_of, until

pytestmark = pytest.mark.process

KEY = "txf_7d20e1c4b9"
ACCOUNT = f"""
    senders: [ACME]
    gateways:
      texify: {{keys: [{{key: {KEY}, scopes: [{", ".join(SCOPES)}]}}], low_balance: 3}}
"""


class Client:
    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        async with self._session.request(method, f"/api/v1{path}", json=body) as answer:
            return await body_of(answer, status)

    async def until(self, path: str, status: str) -> Any:
        async def found() -> Any:
            data = (await self.call("GET", path))["data"]
            states = {data["status"], *(one["status"] for one in data.get("recipients", ()))}
            return data if status in states and "pending" not in states else None

        return await until(found)


async def test_a_client_of_texify(world: World) -> None:
    """TX-1 to TX-35 as one story: a template to a group, delivery, credits, and a message whose time comes after a
    kill -9."""
    leaks.plant(KEY)
    gateways = free_port()
    await world.operator(receipt_delay=0.01)
    world.configure(account=ACCOUNT, router=f"gateways: {{listen: 127.0.0.1:{gateways}, enabled: [texify]}}")
    await world.start()
    await world.bound()
    async with ClientSession(f"http://127.0.0.1:{gateways}", headers={"X-API-Key": KEY}) as session:
        api = Client(session)
        group = (await api.call("POST", "/groups", {"name": "Friends"}))["data"]["_id"]
        numbers = [world.number() for _ in range(3)]
        for number, name in zip(numbers, ("Ada", "Bob", "Łukasz"), strict=True):
            await api.call("POST", "/contacts", {"phoneNumber": number, "firstName": name, "groups": [group]})
        template = {"name": "Code", "message": f"{{{{firstName}}}}: {TEXT}"}
        id = (await api.call("POST", "/templates", template))["data"]["_id"]
        body = {"recipients": [group, numbers[0], "0670"], "templateId": id, "senderId": "ACME"}
        assert (await api.call("POST", "/messages/send", body, 402))["code"] == "INSUFFICIENT_CREDITS"
        credit = {"amount": "5"}
        async with world.client.post("/v1/accounts/acme/credit", json=credit, headers=ADMINISTRATOR) as answer:
            await body_of(answer, 200)
        async with world.client.post(
            "/v1/accounts/acme/unsubscribe", json={"number": numbers[1]}, headers=ADMINISTRATOR
        ) as answer:
            await body_of(answer, 200)
        sent = (await api.call("POST", "/messages/send", body))["data"]
        assert (sent["batches"], sent["totalRecipientCount"], sent["totalCreditsUsed"]) == (2, 2, 2)
        for one in sent["results"]:
            shown = await api.until(f"/messages/{one['messageId']}", "delivered")
            assert shown["status"] == "sent"
            assert [recipient["deliveredAt"] is not None for recipient in shown["recipients"]] == [True]
        assert (await api.call("GET", "/balance"))["data"]["credits"] == 3

        at = datetime.now(UTC) + timedelta(seconds=2)
        scheduled = {
            "message": TEXT,
            "senderId": "ACME",
            "scheduledFor": at.isoformat(),
            "recipientType": "groups",
            "groups": [group],
        }
        later = (await api.call("POST", "/scheduled", scheduled))["data"]["scheduledMessage"]["_id"]
        await world.kill()
        await world.start()
        assert (await api.until(f"/scheduled/{later}", "sent"))["estimatedRecipients"] == 2
        messages = (await api.call("GET", "/messages"))["data"]
        assert [one["recipientCount"] for one in messages] == [2, 1, 1]
        shown = await api.until(f"/messages/{messages[0]['_id']}", "delivered")
        assert {recipient["phoneNumber"] for recipient in shown["recipients"]} == {numbers[0], numbers[2]}
        assert (await api.call("GET", "/balance"))["data"]["credits"] == 1
