"""TextDigo's campaigns (TD-32, TD-33, TD-39): a template to lists, by each channel."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth

from tests.gateways.rig import GatewayRig
from tests.gateways.textdigo import Client, chat, digo, mail, problems

pytestmark = pytest.mark.end_to_end

NOWHERE = "00000000-0000-4000-8000-000000000000"
ANN = {"phoneNumber": "+237670000001", "email": "ann@shop.example", "parameters": {"name": "Ann"}}
BOB = {"phoneNumber": "+237670000002", "email": "bob@shop.example", "parameters": {"name": "Bob"}}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (digo(), digo("other", "other", "other"))
    async with GatewayRig(tmp_path, *accounts, more=(mail(), chat())) as rig:
        yield rig


async def make(acme: Client, type: str, config: dict[str, Any] | None, contacts: list[Any] = [ANN, BOB]) -> Any:  # noqa: B006
    """The body of a campaign that is ready to be launched."""
    body = {"name": "A", "type": type} | ({"config": config} if config is not None else {})
    spec = await acme.post("/integration/campaign-specs", 201, **body)
    profile = {"name": "A", "type": "MANUAL", "campaignSpecType": type}
    made = await acme.post("/integration/campaign-profiles", 201, **profile)
    if contacts:
        await acme.post(f"/integration/campaign-profiles/{made['id']}/contacts/import", contacts=contacts)
    return {"campaignSpecId": spec["id"], "profileIds": [made["id"]], "frequency": "ONCE"}


async def test_an_sms_to_a_list(rig: GatewayRig) -> None:
    """TD-32."""
    acme = Client(rig)
    body = await make(acme, "SMS", {"message": "Hi {{name}}", "senderName": "NEWS"})
    made = await acme.post("/integration/campaigns", 201, **body)
    assert made == {"id": made["id"], **body, "status": "RUNNING", "createdAt": "2026-01-01T00:00:00.000Z"}
    written = await rig.engine_rig.written("mtn", 2)
    assert {(one.message.to, one.message.text, one.sender, one.message.origin) for one in written} == {
        ("+237670000001", "Hi Ann", "NEWS", "textdigo"),
        ("+237670000002", "Hi Bob", "NEWS", "textdigo"),
    }


async def test_an_email_to_a_list(rig: GatewayRig) -> None:
    """TD-32, TD-33."""
    acme = Client(rig)
    config = {"subject": "For {{name}}", "htmlMessage": "<p>Hi {{name}}"}
    await acme.post("/integration/campaigns", 201, **await make(acme, "EMAIL", config, [ANN]))
    ((written,)) = await rig.engine_rig.written("mail")
    assert (written.message.to, written.message.sender) == ("ann@shop.example", "news@acme.example")
    assert written.message.text == "Hi Ann"
    assert written.message.options == {"subject": "For Ann", "html": "<p>Hi Ann"}


async def test_whatsapp_to_a_list(rig: GatewayRig) -> None:
    """TD-32, TD-33."""
    acme = Client(rig)
    config = {
        "whatsappBusinessPhoneNumberId": "1555",
        "templateId": "hello",
        "bodyParameters": {"2": "{{phoneNumber}}", "1": "{{name}}"},
    }
    await acme.post("/integration/campaigns", 201, **await make(acme, "WHATSAPP", config, [ANN]))
    ((written,)) = await rig.engine_rig.written("chat")
    assert written.message.options == {"template": "hello", "parameters": ["Ann", "+237670000001"]}
    assert written.message.sender == "+15550001"


async def test_each_day_again(rig: GatewayRig) -> None:
    """TD-32, TD-39: the cadence."""
    acme = Client(rig)
    body = await make(acme, "SMS", {"message": "Hi"}, [ANN])
    await acme.post("/integration/campaigns", 201, **body | {"frequency": "DAILY"})
    await rig.deliver()
    rig.move(24 * 3600)
    await rig.deliver()
    assert (await acme.get("/integration/usage"))["sms"]["delivered"] == 2


async def test_who_wants_nothing_is_left_out(rig: GatewayRig) -> None:
    """Unsubscribed contacts are never sent to."""
    acme = Client(rig)
    body = await make(acme, "SMS", {"message": "Hi"})
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", "+237670000001")
    await acme.post("/integration/campaigns", 201, **body)
    (written,) = await rig.engine_rig.written("mtn")
    assert written.message.to == "+237670000002"


async def test_what_is_not_launched(rig: GatewayRig) -> None:
    """TD-32: templates and lists that are not the account's, that do not fit, or say nothing."""
    acme = Client(rig)
    body = await make(acme, "SMS", {"message": "Hi"})
    emails = await make(acme, "EMAIL", {"subject": "Hi", "textMessage": "Hi"})
    path = "/integration/campaigns"
    for change, status, code in (
        ({"campaignSpecId": NOWHERE}, 404, "PUBLIC_API_TEMPLATE_NOT_FOUND"),
        ({"profileIds": [*body["profileIds"], NOWHERE]}, 404, "PUBLIC_API_PROFILE_NOT_FOUND"),
        ({"campaignSpecId": NOWHERE, "profileIds": [NOWHERE]}, 404, "PUBLIC_API_TEMPLATE_NOT_FOUND"),
    ):
        assert (await acme.post(path, status, **body | change))["errorCode"] == code
    other = Client(rig, encode_basic_auth("other", "other"))
    assert (await other.post(path, 404, **body))["errorCode"] == "PUBLIC_API_TEMPLATE_NOT_FOUND"
    for change, wrong in (
        ({"profileIds": []}, {"profileIds": "too_short"}),
        ({"profileIds": ["x"]}, {"profileIds.0": "format"}),
        ({"campaignSpecId": 7, "frequency": "once"}, {"campaignSpecId": "type", "frequency": "enum"}),
        ({"profileIds": [*body["profileIds"], *emails["profileIds"]]}, {"profileIds.1": "enum"}),
        ({"campaignSpecId": emails["campaignSpecId"]}, {"profileIds.0": "enum"}),
        (await make(acme, "SMS", None), {"campaignSpecId": "format"}),
    ):
        assert problems(await acme.post(path, 422, **body | change)) == wrong
    assert problems(await acme.call("POST", path, 422, json={})) == {
        "campaignSpecId": "required",
        "profileIds": "required",
        "frequency": "required",
    }


async def test_as_long_as_an_sms_may_be(rig: GatewayRig) -> None:
    """TD-15, TD-33: 2000 characters of any script, as in a single send."""
    acme = Client(rig)
    await acme.post("/integration/campaigns", 201, **await make(acme, "SMS", {"message": "ж" * 2000}, [ANN]))
    (written,) = await rig.engine_rig.written("mtn")
    assert (written.message.to, written.message.segments) == (ANN["phoneNumber"], 30)


async def test_pictures_alone(rig: GatewayRig) -> None:
    """TD-33: an email that has nothing to read in it is one all the same."""
    acme = Client(rig)
    html = '<img src="https://shop.example/a.png">'
    await acme.post("/integration/campaigns", 201, **await make(acme, "EMAIL", {"subject": "-", "htmlMessage": html}))
    written = await rig.engine_rig.written("mail", 2)
    assert {(one.message.options or {})["html"] for one in written} == {html}


async def test_a_sender_that_is_not_approved(tmp_path: Path) -> None:
    """TD-13, TD-14, TD-32: said at once, not found by each message."""
    async with GatewayRig(tmp_path, digo(senders=("ACME",))) as rig:
        acme = Client(rig)
        body = await make(acme, "SMS", {"message": "Hi", "senderName": "NOBODY"})
        error = await acme.post("/integration/campaigns", 422, **body)
        assert error["errorCode"] == "PUBLIC_API_SENDER_NOT_APPROVED"
        await acme.post("/integration/campaigns", 201, **await make(acme, "SMS", {"message": "Hi"}))


async def test_channels_that_are_off(tmp_path: Path) -> None:
    """TD-12, TD-32."""
    async with GatewayRig(tmp_path, digo(channels=())) as rig:
        acme = Client(rig)
        body = await make(acme, "EMAIL", {"subject": "Hi", "textMessage": "Hi"})
        error = await acme.post("/integration/campaigns", 422, **body)
        assert error["errorCode"] == "PUBLIC_API_CANAL_NOT_ACTIVE"
