"""TextDigo's one-time passwords (TD-21, TD-40 to TD-45)."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth

from tests.gateways.rig import GatewayRig
from tests.gateways.textdigo import Client, chat, digo, mail, problems

pytestmark = pytest.mark.end_to_end

TO = "+237670000001"
ADDRESS = "ann@shop.example"
OTHER = encode_basic_auth("other-login", "key-of-other")
WAYS = {
    "sms": ("mtn", {"phoneNumber": TO}),
    "whatsapp": ("chat", {"phoneNumber": TO}),
    "email": ("mail", {"email": ADDRESS}),
}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (digo(senders=("ACME",)), digo("other", "other-login", "key-of-other"))
    async with GatewayRig(tmp_path, *accounts, more=(mail(), chat())) as rig:
        yield rig


async def code(rig: GatewayRig, operator: str, which: int = 0) -> str:
    """The digits that the recipient reads."""
    written = await rig.engine_rig.written(operator, which + 1)
    message = written[which].message
    found = re.search(r"\d+", message.text or "")
    assert found is not None
    assert message.confidential
    assert message.traffic_class == "otp"
    return found[0]


def wrong(right: str) -> str:
    return right[:-1] + ("1" if right[-1] == "0" else "0")


@pytest.mark.parametrize("way", WAYS)
async def test_a_code_is_sent_and_verified_once(rig: GatewayRig, way: str) -> None:
    """TD-40, TD-41, TD-42, TD-43, TD-44, TD-45, XA-4."""
    acme = Client(rig)
    operator, contact = WAYS[way]
    sent = await acme.post(f"/otp/{way}", **contact)
    assert (sent["type"], sent["status"]) == (way, "SENT")
    assert sent["createdAt"] == "2026-01-01T00:00:00.000Z"
    assert sent["expiresAt"] == "2026-01-01T00:10:00.000Z"
    assert ("partCount" in sent, "subject" in sent) == (way != "email", way == "email")
    right = await code(rig, operator)
    assert len(right) == 6
    assert right not in str(sent)
    assert await acme.post(f"/otp/{way}/verify", **contact, otpCode=wrong(right)) == {
        "verified": False,
        "attemptsLeft": 4,
    }
    assert await acme.post(f"/otp/{way}/verify", **contact, otpCode=right) == {"verified": True}
    error = await acme.post(f"/otp/{way}/verify", 404, **contact, otpCode=right)
    assert error["errorCode"] == "PUBLIC_API_OTP_CONTACT_NOT_FOUND"
    assert (await acme.get("/integration/usage"))["otp"] == {"sent": 1, "verified": 1}


async def test_what_it_says_is_shown_to_nobody(rig: GatewayRig) -> None:
    """TD-27, XA-4: not even to the account, before it arrived or after."""
    acme = Client(rig)
    sent = await acme.post("/otp/sms", phoneNumber=TO)
    assert (await acme.get(f"/message/sms/{sent['msgId']}"))["message"] == ""
    await rig.deliver()
    details = await acme.get(f"/message/sms/{sent['msgId']}")
    assert (details["message"], details["status"]) == ("", "DELIVERED")


@pytest.mark.parametrize("digits", [4, 5, 8])
async def test_as_many_digits_as_asked_for(rig: GatewayRig, digits: int) -> None:
    """TD-40."""
    await Client(rig).post("/otp/sms", phoneNumber=TO, numberOfDigits=digits)
    assert len(await code(rig, "mtn")) == digits


async def test_the_accounts_own_rules(tmp_path: Path) -> None:
    """TD-40, TD-45: digits, attempts and life are settings."""
    own = digo(settings={"otp": {"digits": 4, "attempts": 2, "life": 90.0}})
    async with GatewayRig(tmp_path, own) as rig:
        acme = Client(rig)
        sent = await acme.post("/otp/sms", phoneNumber=TO)
        assert sent["expiresAt"] == "2026-01-01T00:01:30.000Z"
        right = await code(rig, "mtn")
        assert len(right) == 4
        for left in (1, 0):
            answer = await acme.post("/otp/sms/verify", phoneNumber=TO, otpCode=wrong(right))
            assert answer == {"verified": False, "attemptsLeft": left}
        await acme.post("/otp/sms/verify", 404, phoneNumber=TO, otpCode=right)
        await acme.post("/otp/sms", phoneNumber=TO)
        rig.engine_rig.clock.move(90)
        await acme.post("/otp/sms/verify", 404, phoneNumber=TO, otpCode=await code(rig, "mtn", 1))


async def test_a_second_code_replaces_the_first(rig: GatewayRig) -> None:
    """TD-43, and of each channel there is one (TD-44)."""
    acme = Client(rig)
    await acme.post("/otp/sms", phoneNumber=TO)
    first = await code(rig, "mtn")
    await acme.post("/otp/sms", phoneNumber="237 670 000 001")
    second = await code(rig, "mtn", 1)
    if first != second:
        assert not (await acme.post("/otp/sms/verify", phoneNumber=TO, otpCode=first))["verified"]
    await acme.post("/otp/whatsapp/verify", 404, phoneNumber=TO, otpCode=second)
    await Client(rig, OTHER).post("/otp/sms/verify", 404, phoneNumber=TO, otpCode=second)
    assert (await acme.post("/otp/sms/verify", phoneNumber=TO, otpCode=second))["verified"]


async def test_two_at_once(rig: GatewayRig) -> None:
    """TD-43: of two requests at the same time both are answered, and one code is good."""
    acme = Client(rig)
    await asyncio.gather(*(acme.post("/otp/sms", phoneNumber=TO) for _ in range(2)))
    first, second = [await code(rig, "mtn", which) for which in range(2)]
    if not (await acme.post("/otp/sms/verify", phoneNumber=TO, otpCode=first))["verified"]:
        assert (await acme.post("/otp/sms/verify", phoneNumber=TO, otpCode=second))["verified"]
    await acme.post("/otp/sms/verify", 404, phoneNumber=TO, otpCode=second)


async def test_two_ways_to_a_whatsapp_code(rig: GatewayRig) -> None:
    """TD-21: one pending code, whichever of the two sent it."""
    acme = Client(rig)
    body = {"whatsappBusinessPhoneNumberId": "1555", "phoneNumber": TO}
    sent = await acme.post("/whatsapp-business/otp/message", **body)
    assert (sent["from"], sent["expiresAt"]) == ("+15550001", "2026-01-01T00:10:00.000Z")
    written = (await rig.engine_rig.written("chat"))[0].message
    right = await code(rig, "chat")
    assert written.options == {"code": right}
    assert (await acme.post("/otp/whatsapp/verify", phoneNumber=TO, otpCode=right))["verified"]
    for id, status, error in (
        ("none", 404, "PUBLIC_API_WAB_ACCOUNT_NOT_FOUND"),
        ("1666", 422, "PUBLIC_API_CANAL_NOT_ACTIVE"),
    ):
        body["whatsappBusinessPhoneNumberId"] = id
        assert (await acme.post("/whatsapp-business/otp/message", status, **body))["errorCode"] == error


async def test_in_the_language_of_the_request(rig: GatewayRig) -> None:
    """TD-2."""
    acme = Client(rig)
    await acme.call("POST", "/otp/email", json={"email": ADDRESS}, headers={"x-locale": "fr"})
    message = (await rig.engine_rig.written("mail"))[0].message
    assert (message.options or {})["subject"] == "Votre code de vérification"
    assert "est votre code" in (message.text or "")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/otp/sms", {"phoneNumber": "0670"}, 422, "PUBLIC_API_INVALID_PHONE_NUMBER"),
        ("/otp/whatsapp", {"phoneNumber": "0670"}, 422, "PUBLIC_API_INVALID_PHONE_NUMBER"),
        ("/otp/email", {"email": "nobody"}, 422, "PUBLIC_API_INVALID_EMAIL"),
        ("/otp/sms", {"phoneNumber": TO, "numberOfDigits": 3}, 422, "VALIDATION_FAILED"),
        ("/otp/sms", {"phoneNumber": TO, "numberOfDigits": "6"}, 422, "VALIDATION_FAILED"),
        ("/otp/whatsapp", {"phoneNumber": TO, "numberOfDigits": 6}, 422, "VALIDATION_FAILED"),
        ("/otp/sms/verify", {"phoneNumber": TO, "otpCode": "12"}, 422, "VALIDATION_FAILED"),
        ("/otp/sms/verify", {"phoneNumber": TO, "otpCode": "1" * 11}, 422, "VALIDATION_FAILED"),
        ("/otp/sms/verify", {"phoneNumber": TO, "otpCode": 123456}, 422, "VALIDATION_FAILED"),
        ("/otp/sms/verify", {"phoneNumber": TO, "otpCode": "123456"}, 404, "PUBLIC_API_OTP_CONTACT_NOT_FOUND"),
        ("/otp/email/verify", {"email": ADDRESS, "otpCode": "123456"}, 404, "PUBLIC_API_OTP_CONTACT_NOT_FOUND"),
    ],
)
async def test_what_is_refused(rig: GatewayRig, path: str, body: dict[str, Any], status: int, code: str) -> None:
    """TD-40 to TD-44."""
    error = await Client(rig).post(path, status, **body)
    assert error["errorCode"] == code
    if code == "VALIDATION_FAILED":
        assert problems(error)


async def test_channels_that_are_off(tmp_path: Path) -> None:
    """TD-12: PUBLIC_API_CANAL_NOT_ACTIVE from every one of them."""
    async with GatewayRig(tmp_path, digo(channels=())) as rig:
        for way, (_, contact) in WAYS.items():
            error = await Client(rig).post(f"/otp/{way}", 422, **contact)
            assert error["errorCode"] == "PUBLIC_API_CANAL_NOT_ACTIVE"


async def test_nobody_serves_the_number(tmp_path: Path) -> None:
    """TD-11; a code that was not sent cannot be verified."""
    async with GatewayRig(tmp_path, digo(), prefix="237") as rig:
        acme = Client(rig)
        error = await acme.post("/otp/sms", 422, phoneNumber="+33612345678")
        assert error["errorCode"] == "PUBLIC_API_UNSUPPORTED_PHONE_NUMBER"
        assert "+33612345678" in error["message"]
        await acme.post("/otp/sms/verify", 404, phoneNumber="+33612345678", otpCode="123456")
