"""Texify's scheduled messages by their contract."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.config_yaml.gateways import SCOPES
from router.account import TexifyKey
from tests.gateways.rig import GatewayRig, account
from tests.gateways.texify import OTHER, Client, number, texify

pytestmark = pytest.mark.end_to_end

NINE = "2026-01-01T09:00:00Z"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (
        account("acme", texify(), senders=("ACME", "SHOP")),
        account("other", texify(TexifyKey(OTHER, SCOPES)), default_sender="OTHER"),
    )
    async with GatewayRig(tmp_path, *accounts) as rig:
        yield rig


@pytest.fixture
def api(rig: GatewayRig) -> Client:
    return Client(rig)


def wanted(**fields: Any) -> dict[str, Any]:
    body = {
        "message": "Good morning",
        "senderId": "ACME",
        "scheduledFor": NINE,
        "recipientType": "phones",
        "phones": [number(1), number(2), "0670"],
    }
    return {name: value for name, value in (body | fields).items() if value is not None}


async def scheduled(api: Client, **fields: Any) -> Any:
    """The `data` of a new one."""
    return (await api.post("/scheduled", wanted(**fields)))["data"]


async def until(api: Client, id: str, status: str) -> Any:
    """Wait until it has this status."""
    async with asyncio.timeout(10):
        while (found := (await api.get(f"/scheduled/{id}"))["data"])["status"] != status:
            pass
    return found


async def test_one_is_made_and_sent_at_its_time(rig: GatewayRig, api: Client) -> None:
    """TX-29, TX-30, TX-31, TX-34."""
    made = await api.post("/scheduled", wanted())
    shown = {
        "_id": made["data"]["scheduledMessage"]["_id"],
        "message": "Good morning",
        "senderId": "ACME",
        "recipientType": "phones",
        "scheduledFor": NINE,
        "status": "pending",
        "estimatedRecipients": 2,
        "estimatedCredits": 2,
        "createdAt": "2026-01-01T00:00:00Z",
    }
    assert made == {
        "status": "success",
        "message": "Scheduled message created successfully",
        "data": {
            "scheduledMessage": shown,
            "estimates": {"recipients": 2, "segments": 1, "credits": 2, "encoding": "GSM-7"},
            "invalidPhones": ["0670"],
        },
    }
    id = shown["_id"]
    assert len(id) == 24
    assert (await api.get(f"/scheduled/{id}")) == {"status": "success", "data": shown}
    assert (await api.get("/scheduled")) == {
        "status": "success",
        "data": [shown],
        "meta": {"page": 1, "limit": 20, "total": 1, "pages": 1},
    }
    rig.move(9 * 3600 - 1)
    assert (await api.get("/messages"))["data"] == []
    rig.move(1)
    await rig.deliver(2)
    assert await until(api, id, "sent") == shown | {"status": "sent"}
    (message,) = (await api.get("/messages"))["data"]
    assert (message["message"], message["recipientCount"], message["status"]) == ("Good morning", 2, "sent")
    assert message["createdAt"] == NINE


async def test_contacts_and_groups(rig: GatewayRig, api: Client) -> None:
    """TX-29: by recipientType; who has opted out by then is not reached, and who came is."""
    group = await api.group()
    ada = await api.contact(1, groups=[group], firstName="Ada")
    bob = await api.contact(2, groups=[group], firstName="Bob")
    template = await api.template("Hi {{firstName}}{{mark}}")
    for name in ("contacts", "contactIds"):
        data = await scheduled(api, recipientType="contacts", phones=None, **{name: [ada, bob, ada]})
        assert data["estimates"] == {"recipients": 2, "segments": 1, "credits": 2, "encoding": "GSM-7"}
        assert data["scheduledMessage"]["recipientType"] == "contacts"
        await api.post(f"/scheduled/{data['scheduledMessage']['_id']}/cancel")
    for name in ("groups", "groupIds"):
        data = await scheduled(
            api, recipientType="groups", message=None, templateId=template, variables={"mark": "!"}, **{name: [group]}
        )
        assert data["scheduledMessage"]["message"] == "Hi {{firstName}}{{mark}}"
        assert data["scheduledMessage"]["recipientType"] == "groups"
        assert data["invalidPhones"] == []
        assert data["estimates"]["recipients"] == 2
        last = data["scheduledMessage"]["_id"]
        if name == "groups":
            await api.post(f"/scheduled/{last}/cancel")
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", number(1))
    await api.contact(3, groups=[group], firstName="Eve")
    rig.move(9 * 3600)
    await rig.deliver(2)
    await until(api, last, "sent")
    assert {one.message.to: one.message.text for one in rig.engine_rig.operators["mtn"].history} == {
        number(2): "Hi Bob!",
        number(3): "Hi Eve!",
    }


@pytest.mark.parametrize(
    ("fields", "status", "code", "field"),
    [
        ({"message": None}, 400, "VALIDATION_ERROR", "message"),
        ({"templateId": "f" * 24}, 400, "VALIDATION_ERROR", "message"),
        ({"message": ""}, 400, "VALIDATION_ERROR", "message"),
        ({"message": "a" * 1531}, 400, "VALIDATION_ERROR", "message"),
        ({"senderId": None}, 400, "VALIDATION_ERROR", "senderId"),
        ({"senderId": "TWELVELETTER"}, 400, "VALIDATION_ERROR", "senderId"),
        ({"senderId": "STRANGER"}, 403, "SENDER_NOT_APPROVED", "senderId"),
        ({"scheduledFor": None}, 400, "VALIDATION_ERROR", "scheduledFor"),
        ({"scheduledFor": "2026-01-01T00:00:00Z"}, 400, "VALIDATION_ERROR", "scheduledFor"),
        ({"scheduledFor": "2024-01-20T09:00:00Z"}, 400, "VALIDATION_ERROR", "scheduledFor"),
        ({"scheduledFor": "tomorrow"}, 400, "VALIDATION_ERROR", "scheduledFor"),
        ({"scheduledFor": "2026-01-02"}, 400, "VALIDATION_ERROR", "scheduledFor"),
        ({"scheduledFor": 1767258000}, 400, "VALIDATION_ERROR", "scheduledFor"),
        ({"recipientType": None}, 400, "VALIDATION_ERROR", "recipientType"),
        ({"recipientType": "all"}, 400, "VALIDATION_ERROR", "recipientType"),
        ({"phones": None}, 400, "NO_VALID_RECIPIENTS", None),
        ({"phones": []}, 400, "NO_VALID_RECIPIENTS", None),
        ({"phones": ["0670", "f" * 24]}, 400, "NO_VALID_RECIPIENTS", None),
        ({"phones": "+237670000001"}, 400, "VALIDATION_ERROR", "phones"),
        ({"recipientType": "contacts"}, 400, "NO_VALID_RECIPIENTS", None),
        ({"recipientType": "groups", "groups": []}, 400, "NO_VALID_RECIPIENTS", None),
        ({"recipientType": "contacts", "contacts": ["f" * 24]}, 404, "NOT_FOUND", "contacts"),
        ({"recipientType": "groups", "groupIds": ["x"]}, 404, "NOT_FOUND", "groups"),
        ({"message": None, "templateId": "f" * 24}, 404, "NOT_FOUND", None),
    ],
)
async def test_what_cannot_be_scheduled(api: Client, fields: Any, status: int, code: str, field: str | None) -> None:
    """TX-5, TX-29."""
    answer = await api.refused("POST", "/scheduled", status, code, wanted(**fields))
    assert [error["field"] for error in answer.get("errors", ())] == ([field] if field else [])
    assert (await api.get("/scheduled"))["data"] == []


async def test_what_nothing_fills(api: Client) -> None:
    """TX-11, TX-29: told at once where it is known by then."""
    template = await api.template("Hi {{firstName}}")
    ada, nobody = await api.contact(1, firstName="Ada"), await api.contact(2)
    for more in ({}, {"recipientType": "contacts", "contacts": [ada, nobody]}):
        body = wanted(message=None, templateId=template, **more)
        answer = await api.refused("POST", "/scheduled", 400, "VALIDATION_ERROR", body)
        assert "{{firstName}}" in answer["message"]
    await scheduled(api, message=None, templateId=template, recipientType="contacts", contacts=[ada])


async def test_offsets_and_estimates(api: Client) -> None:
    """TX-7, TX-29: any offset is taken; segments as the text has them."""
    data = await scheduled(api, scheduledFor="2026-01-01T10:30:00.250+01:30", message="ш" * 71)
    assert data["scheduledMessage"]["scheduledFor"] == NINE
    assert data["estimates"] == {"recipients": 2, "segments": 2, "credits": 4, "encoding": "UCS-2"}
    assert data["scheduledMessage"]["estimatedCredits"] == 4


async def test_one_is_changed(rig: GatewayRig, api: Client) -> None:
    """TX-32: what is given; only while it is pending."""
    template = await api.template("Hi {{name}}")
    data = await scheduled(api, message=None, templateId=template, variables={"name": "x"})
    id = data["scheduledMessage"]["_id"]
    done = {"status": "success", "message": "Scheduled message updated"}
    path = f"/scheduled/{id}"
    text = "{{name}} " + "a" * 160
    for body in ({}, {"message": text}, {"scheduledFor": "2026-01-01T11:00:00+01:00"}, {"senderId": "SHOP"}):
        assert await api.call("PATCH", path, json=body) == done
    shown = (await api.get(path))["data"]
    assert (shown["message"], shown["senderId"], shown["scheduledFor"]) == (
        "{{name}} " + "a" * 160, "SHOP", "2026-01-01T10:00:00Z",
    )  # fmt: skip
    assert (shown["estimatedRecipients"], shown["estimatedCredits"]) == (2, 4)
    for body, status, code in (
        ({"message": ""}, 400, "VALIDATION_ERROR"),
        ({"message": "a" * 2000}, 400, "VALIDATION_ERROR"),
        ({"scheduledFor": "2025-01-01T00:00:00Z"}, 400, "VALIDATION_ERROR"),
        ({"senderId": "A B"}, 400, "VALIDATION_ERROR"),
        ({"senderId": "STRANGER"}, 403, "SENDER_NOT_APPROVED"),
    ):
        await api.refused("PATCH", path, status, code, body)
    assert (await api.get(path))["data"] == shown
    rig.move(9 * 3600)
    assert (await api.get("/messages"))["data"] == []
    rig.move(3600)
    await rig.deliver(2)
    await until(api, id, "sent")
    assert {one.message.text for one in rig.engine_rig.operators["mtn"].history} == {"{{name}} " + "a" * 160}
    assert {one.message.sender for one in rig.engine_rig.operators["mtn"].history} == {"SHOP"}
    await api.refused("PATCH", path, 409, "NOT_PENDING", {"message": "late"})
    await api.refused("POST", f"{path}/cancel", 409, "NOT_PENDING")


async def test_one_is_cancelled(rig: GatewayRig, api: Client) -> None:
    """TX-33."""
    id = (await scheduled(api))["scheduledMessage"]["_id"]
    assert await api.post(f"/scheduled/{id}/cancel") == {"status": "success", "message": "Scheduled message cancelled"}
    assert (await api.get(f"/scheduled/{id}"))["data"]["status"] == "cancelled"
    await api.refused("POST", f"/scheduled/{id}/cancel", 409, "NOT_PENDING")
    await api.refused("PATCH", f"/scheduled/{id}", 409, "NOT_PENDING", {})
    rig.move(86_400)
    again = (await scheduled(api, scheduledFor="2026-01-03T00:00:00Z"))["scheduledMessage"]["_id"]
    rig.move(86_400)
    await rig.deliver(2)
    await until(api, again, "sent")
    assert len(rig.engine_rig.operators["mtn"].history) == 2


async def test_lists(rig: GatewayRig, api: Client) -> None:
    """TX-30: pages and statuses; another account's are not there (XA-3)."""
    ids = [(await scheduled(api))["scheduledMessage"]["_id"] for _ in range(3)]
    await api.post(f"/scheduled/{ids[0]}/cancel")

    async def found(**query: Any) -> list[int]:
        listed = await api.call("GET", "/scheduled", params=query)
        return [ids.index(one["_id"]) for one in listed["data"]]

    assert await found() == [2, 1, 0]
    assert await found(page=2, limit=2) == [0]
    assert await found(status="pending") == [2, 1]
    assert await found(status="cancelled") == [0]
    for status in ("processing", "sent", "failed"):
        assert await found(status=status) == []
    await api.refused("GET", "/scheduled", 400, "VALIDATION_ERROR", params={"status": "queued"})
    other = Client(rig, OTHER)
    assert (await other.get("/scheduled"))["data"] == []
    for id in (ids[1], "f" * 24, "x"):
        await other.refused("GET", f"/scheduled/{id}", 404, "NOT_FOUND")
        await other.refused("PATCH", f"/scheduled/{id}", 404, "NOT_FOUND", {"message": "mine"})
        await other.refused("POST", f"/scheduled/{id}/cancel", 404, "NOT_FOUND")
    assert (await api.get(f"/scheduled/{ids[1]}"))["data"]["status"] == "pending"


async def test_the_same_key_schedules_once(api: Client) -> None:
    """TX-8."""
    key = {"Idempotency-Key": "k"}
    first = await api.post("/scheduled", wanted(), headers=key)
    assert await api.post("/scheduled", wanted(), headers=key) == first
    assert api.headers["Idempotency-Replayed"] == "true"
    await api.refused("POST", "/scheduled", 409, "IDEMPOTENCY_CONFLICT", wanted(message="b"), headers=key)
    body = {"recipients": [number(1)], "message": "Hello", "senderId": "ACME"}
    await api.refused("POST", "/messages/send", 409, "IDEMPOTENCY_CONFLICT", body, headers=key)
    assert (await api.get("/scheduled"))["meta"]["total"] == 1


async def test_what_cannot_be_paid_at_its_time_fails(tmp_path: Path) -> None:
    """TX-29: credits are taken when it is sent, not before."""
    async with GatewayRig(tmp_path, account("acme", texify(), wallet="prepaid")) as rig:
        api = Client(rig)
        poor = (await scheduled(api))["scheduledMessage"]["_id"]
        rig.move(9 * 3600)
        assert (await until(api, poor, "failed"))["failureReason"] == "insufficient_credit"
        await rig.engine_rig.engine.wallets.credit("acme", Decimal(2))
        rich = (await scheduled(api, scheduledFor="2026-01-02T00:00:00Z"))["scheduledMessage"]["_id"]
        assert (await api.get("/balance"))["data"]["credits"] == 2
        rig.move(86_400)
        await rig.deliver(2)
        await until(api, rich, "sent")
        assert (await api.get("/balance"))["data"]["credits"] == 0
        assert [one["totalCreditsUsed"] for one in (await api.get("/messages"))["data"]] == [2]


async def test_it_is_sent_by_the_next_run_of_the_daemon(tmp_path: Path) -> None:
    """What is scheduled outlives a restart."""
    config = account("acme", texify())
    async with GatewayRig(tmp_path, config) as rig:
        id = (await scheduled(Client(rig)))["scheduledMessage"]["_id"]
    async with GatewayRig(tmp_path, config) as rig:
        assert (await Client(rig).get(f"/scheduled/{id}"))["data"]["status"] == "pending"
        rig.move(9 * 3600)
        await rig.deliver(2)
        await until(Client(rig), id, "sent")
