"""Texify by its contract, requirement by requirement."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from router.account import TexifyKey
from tests.gateways.rig import GatewayRig, account, body_of

KEY = "txf_4c1d9e7a"
OTHER = "txf_of_another"
HEADERS = {"X-API-Key": KEY}
EVERYTHING = ("send_sms", "read_messages", "read_delivery")


def texify(*keys: TexifyKey, **settings: Any) -> dict[str, Any]:
    return {"texify": {"keys": keys or (TexifyKey(KEY, EVERYTHING),), **settings}}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (account("acme", texify()), account("other", texify(TexifyKey(OTHER, EVERYTHING))))
    async with GatewayRig(tmp_path, *accounts) as rig:
        yield rig


async def test_a_send_and_what_became_of_it(rig: GatewayRig) -> None:
    """TX-9, TX-12, TX-13, TX-15, TX-17."""
    body = {"message": "Hello", "recipients": ["+237670000001", "237 670-00-00-02", "0670"], "senderId": "ACME"}
    async with rig.client.post("/api/v1/messages/send", json=body, headers=HEADERS) as response:
        sent = await body_of(response)
    (result,) = sent["data"]["results"]
    assert sent == {
        "status": "success",
        "message": "SMS sent successfully",
        "data": {"batches": 1, "totalRecipientCount": 2, "totalCreditsUsed": 2, "results": [result]},
    }
    assert result == {
        "messageId": result["messageId"],
        "recipientCount": 2,
        "invalidPhones": ["0670"],
        "creditsUsed": 2,
        "segmentation": {"encoding": "GSM-7", "segments": 1, "charCount": 5},
    }
    await rig.deliver(2)
    async with rig.client.get(f"/api/v1/messages/{result['messageId']}", headers=HEADERS) as response:
        found = (await body_of(response))["data"]
    assert (found["_id"], found["status"], found["recipientCount"]) == (result["messageId"], "sent", 2)
    assert [one["status"] for one in found["recipients"]] == ["delivered", "delivered"]
    assert found["recipients"][0]["deliveredAt"] == "2026-01-01T00:00:00Z"


async def test_another_accounts_message_is_not_there(rig: GatewayRig) -> None:
    """XA-3: the same words as for an id that never was."""
    body = {"message": "Hello", "recipients": ["+237670000001"], "senderId": "ACME"}
    async with rig.client.post("/api/v1/messages/send", json=body, headers=HEADERS) as response:
        id = (await body_of(response))["data"]["results"][0]["messageId"]
    answers = []
    for one in (id, "0" * 24):
        async with rig.client.get(f"/api/v1/messages/{one}", headers={"X-API-Key": OTHER}) as response:
            answers.append(await body_of(response, 404))
    assert answers[0] == answers[1] == {"status": "error", "message": answers[0]["message"], "code": "NOT_FOUND"}
