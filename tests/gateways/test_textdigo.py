"""TextDigo by its contract, requirement by requirement."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth

from router.account import RateLimit
from router.message import TrafficClass
from tests.engine.rig import operator
from tests.gateways.rig import GatewayRig
from tests.gateways.textdigo import AUTH, KEY, LOGIN, Client, body_of, chat, digo, mail, problems

pytestmark = pytest.mark.end_to_end

TO = "+237670000001"
OTHER = encode_basic_auth("other-login", "key-of-other")
SMS = {"phoneNumber": TO, "message": "Hello"}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (digo(), digo("other", "other-login", "key-of-other"), digo("gone", "gone", "gone", status="suspended"))
    async with GatewayRig(tmp_path, *accounts, more=(mail(), chat())) as rig:
        yield rig


@pytest.fixture
def acme(rig: GatewayRig) -> Client:
    return Client(rig)


# --- base, format, credentials -------------------------------------------------------------------------------


def basic(text: bytes) -> str:
    return "Basic " + b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, "API_KEY_MISSING_CREDENTIALS"),
        ("", 401, "API_KEY_MISSING_CREDENTIALS"),
        ("Basic", 401, "API_KEY_MISSING_CREDENTIALS"),
        ("Basic   ", 401, "API_KEY_MISSING_CREDENTIALS"),
        (f"Bearer {KEY}", 401, "API_KEY_MISSING_CREDENTIALS"),
        (basic(b"acme-login:wrong"), 401, "API_KEY_INVALID_CREDENTIALS"),
        (basic(b"nobody:key-of-acme"), 401, "API_KEY_INVALID_CREDENTIALS"),
        (basic(b"acme-login"), 401, "API_KEY_INVALID_CREDENTIALS"),
        (basic(b"\xff\xfe:x"), 401, "API_KEY_INVALID_CREDENTIALS"),
        (basic(b":"), 401, "API_KEY_INVALID_CREDENTIALS"),
        ("Basic %%%", 401, "API_KEY_INVALID_CREDENTIALS"),
        (basic(b"gone:gone"), 403, "API_KEY_ORG_NOT_ACTIVE"),
        (basic(b"gone:wrong"), 401, "API_KEY_INVALID_CREDENTIALS"),
    ],
)
async def test_who_is_not_let_in(rig: GatewayRig, header: str | None, status: int, code: str) -> None:
    """TD-3, TD-4, TD-5, TD-6, XA-8."""
    headers = {"Authorization": header} if header is not None else {}
    async with rig.client.get("/api/v0/integration/canals", headers=headers) as response:
        error = await body_of(response, status)
        assert ('Basic realm="api"' in response.headers.get("WWW-Authenticate", "")) == (status == 401)
    assert error["errorCode"] == code
    assert error["path"] == "/api/v0/integration/canals"


async def test_the_scheme_has_no_case(rig: GatewayRig) -> None:
    """TD-3 (RFC 9110 section 11.1)."""
    headers = {"Authorization": f"basic {b64encode(f'{LOGIN}:{KEY}'.encode()).decode()}"}
    async with rig.client.get("/api/v0/integration/canals/", headers=headers) as response:
        await body_of(response, 200)


@pytest.mark.parametrize(
    ("locale", "message"),
    [
        (None, "The phone number 0670 is not a valid international number"),
        ("en", "The phone number 0670 is not a valid international number"),
        ("de", "The phone number 0670 is not a valid international number"),
        ("fr", "Le numéro de téléphone 0670 n'est pas un numéro international valide"),
    ],
)
async def test_an_error_as_the_document_has_it(acme: Client, locale: str | None, message: str) -> None:
    """TD-1, TD-2, TD-7: the example of the document, to the letter."""
    headers = {"x-locale": locale} if locale else {}
    error = await acme.call(
        "POST", "/sms/message?x=1", 422, json={"phoneNumber": "0670", "message": "Hello"}, headers=headers
    )
    assert error == {
        "statusCode": 422,
        "errorCode": "PUBLIC_API_INVALID_PHONE_NUMBER",
        "message": message,
        "details": [],
        "timestamp": "2026-01-01T00:00:00.000Z",
        "path": "/api/v0/sms/message",
    }


async def test_all_that_is_wrong_with_a_body(acme: Client) -> None:
    """TD-7, TD-8, TD-11: each field with its code, nested ones by their path."""
    error = await acme.post(
        "/sms/message",
        422,
        phoneNumber=67,
        senderName="x" * 51,
        smsType="PROMO",
        externalId="x" * 256,
        colour="red",
    )
    assert problems(error) == {
        "phoneNumber": "type",
        "message": "required",
        "senderName": "too_long",
        "smsType": "enum",
        "externalId": "too_long",
        "colour": "unknown",
    }
    assert error["details"][0]["message"] == "phoneNumber must be a string"
    contacts: list[Any] = [{"email": "a@b.example"}] * 3 + [{"email": 3, "name": "x"}, 7]
    nobody = "/integration/campaign-profiles/00000000-0000-4000-8000-000000000000/contacts/import"
    error = await acme.post(nobody, 422, contacts=contacts)
    assert problems(error) == {"contacts.3.email": "type", "contacts.3.name": "unknown", "contacts.4": "type"}
    error = await acme.call("POST", "/otp/sms", 422, json={"numberOfDigits": 9}, headers={"x-locale": "fr"})
    assert problems(error) == {"phoneNumber": "required", "numberOfDigits": "out_of_range"}
    assert error["details"][0]["message"] == "phoneNumber est obligatoire"


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"a":}', b"\xff", b"[" * 100_000, b'{"message":"\\ud800"}'])
async def test_what_is_no_json(acme: Client, body: bytes) -> None:
    """TD-14: VALIDATION_FAILED with one detail of code format."""
    error = await acme.call("POST", "/sms/message", 422, data=body)
    assert problems(error) == {"body": "format"}


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null"])
async def test_what_is_no_object(acme: Client, body: str) -> None:
    """TD-14."""
    assert problems(await acme.call("POST", "/sms/message", 422, data=body)) == {"body": "type"}


async def test_what_is_too_large(acme: Client) -> None:
    """TD-11: VALIDATION_FAILED is 422, whatever is too long."""
    body = json.dumps(SMS | {"message": "x" * 5_000_000}).encode()
    assert problems(await acme.call("POST", "/sms/message", 422, data=BytesIO(body))) == {"body": "too_long"}


async def test_nowhere(rig: GatewayRig, acme: Client) -> None:
    """TD-13: extensions in the same shape."""
    assert (await acme.get("/nothing", 404))["errorCode"] == "NOT_FOUND"
    assert (await acme.get("/sms/message", 405))["errorCode"] == "METHOD_NOT_ALLOWED"
    async with rig.client.get("/api/v0/sms/message", headers={"Authorization": AUTH}) as response:
        assert response.headers["Allow"] == "POST"


async def test_a_budget_for_each_key(tmp_path: Path) -> None:
    """TD-52, TD-14: 429 with Retry-After, before anything is read."""
    limited = digo(settings={"rate": RateLimit(2, 60)})
    async with GatewayRig(tmp_path, limited, digo("other", "other-login", "key-of-other")) as rig:
        acme = Client(rig)
        await acme.get("/integration/canals")
        await acme.get("/integration/canals")
        async with rig.client.post("/api/v0/sms/message", data=b"{", headers={"Authorization": AUTH}) as response:
            assert (await body_of(response, 429))["errorCode"] == "RATE_LIMITED"
            assert int(response.headers["Retry-After"]) >= 1
        await Client(rig, OTHER).get("/integration/canals")
        rig.engine_rig.clock.move(60)
        await acme.get("/integration/canals")


# --- sends ---------------------------------------------------------------------------------------------------


async def test_an_sms_and_what_became_of_it(rig: GatewayRig, acme: Client) -> None:
    """TD-9, TD-15, TD-16, TD-17, TD-26, TD-27, TD-28, XA-7."""
    sent = await acme.post(
        "/sms/message", phoneNumber="237 670-00.00(01)", message="Hello", smsType="MARKETING", externalId="order-1"
    )
    id = sent["msgId"]
    assert sent == {
        "msgId": id,
        "type": "sms",
        "status": "SENT",
        "to": TO,
        "from": "ACME",
        "amount": 0.01,
        "currency": "XAF",
        "externalId": "order-1",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "partCount": 1,
    }
    rig.engine_rig.clock.move(1.5)
    await rig.deliver()
    assert await acme.get(f"/message/sms/status/{id}") == {
        "msgId": id,
        "channel": "sms",
        "status": "DELIVERED",
        "externalId": "order-1",
        "updatedAt": "2026-01-01T00:00:01.500Z",
    }
    assert await acme.get(f"/message/sms/{id}") == sent | {
        "status": "DELIVERED",
        "message": "Hello",
        "smsType": "MARKETING",
        "operator": "mtn",
        "sentAt": "2026-01-01T00:00:01.500Z",
        "deliveredAt": "2026-01-01T00:00:01.500Z",
        "failureReason": None,
    }


async def test_a_refused_sms(rig: GatewayRig, acme: Client) -> None:
    """TD-27, TD-28: FAILED, with a reason."""
    sent = await acme.post("/sms/message", **SMS)
    await rig.refuse()
    found = await acme.get(f"/message/sms/{sent['msgId']}")
    assert (found["status"], found["deliveredAt"]) == ("FAILED", None)
    assert found["failureReason"]
    assert found["amount"] == 0.02


async def test_the_default_sender(tmp_path: Path) -> None:
    """TD-16."""
    async with GatewayRig(tmp_path, digo(default_sender="SHOP", senders=("SHOP", "NEWS"))) as rig:
        acme = Client(rig)
        assert (await acme.post("/sms/message", **SMS))["from"] == "SHOP"
        assert (await acme.post("/sms/message", **SMS, senderName="NEWS"))["from"] == "NEWS"
        for name in ("OTHER", "twelve chars", "x" * 50):
            error = await acme.post("/sms/message", 422, **SMS, senderName=name)
            assert error["errorCode"] == "PUBLIC_API_SENDER_NOT_APPROVED"


async def test_another_accounts_message(rig: GatewayRig, acme: Client) -> None:
    """TD-26, TD-27, XA-3: as one that never was; also under another channel, or by what is no id."""
    id = (await acme.post("/sms/message", **SMS))["msgId"]
    other = Client(rig, OTHER)
    never = "0d1f2c9e-6f0b-4a55-9a43-1f0b8f3f2a10"
    errors = []
    for client, path in (
        (other, f"/message/sms/{id}"),
        (acme, f"/message/sms/{never}"),
        (other, f"/message/sms/status/{id}"),
        (acme, f"/message/email/status/{id}"),
        (acme, "/message/sms/status/nonsense"),
    ):
        error = await client.get(path, 404)
        errors.append((error["errorCode"], error["message"]))
    assert set(errors) == {("PUBLIC_API_MESSAGE_NOT_FOUND", "There is no such message")}
    error = await acme.get(f"/message/SMS/status/{id}", 422)
    assert problems(error) == {"channel": "enum"}


async def test_long_texts(acme: Client) -> None:
    """TD-15; section 7.2: too long is VALIDATION_FAILED, whoever says it."""
    assert problems(await acme.post("/sms/message", 422, phoneNumber=TO, message="x" * 2001)) == {"message": "too_long"}
    assert problems(await acme.post("/sms/message", 422, phoneNumber=TO, message="")) == {"message": "too_short"}
    for text, parts in (("x" * 2000, 14), ("ж" * 2000, 30), ("😀" * 2000, 61)):
        assert (await acme.post("/sms/message", phoneNumber=TO, message=text))["partCount"] == parts
    assert (await acme.post("/sms/message", phoneNumber=TO, message="x" * 161))["partCount"] == 2


async def test_the_order_of_checks(tmp_path: Path) -> None:
    """TD-14: each request has two things wrong, and the first of them is told."""
    poor = digo(wallet="prepaid", senders=("ACME",), channels=())
    async with GatewayRig(tmp_path, poor, digo("other", "o", "o", senders=("ACME",)), prefix="237") as rig:
        acme, other = Client(rig), Client(rig, encode_basic_auth("o", "o"))
        await refused(acme, "/sms/message", "VALIDATION_FAILED", phoneNumber="0670", message="")
        await refused(acme, "/sms/message", "PUBLIC_API_CANAL_NOT_ACTIVE", phoneNumber="0670", message="Hello")
        far = {"phoneNumber": "+33612345678", "message": "Hello", "senderName": "NOBODY"}
        await refused(other, "/sms/message", "PUBLIC_API_UNSUPPORTED_PHONE_NUMBER", **far)
        await refused(other, "/sms/message", "PUBLIC_API_SENDER_NOT_APPROVED", **SMS, senderName="NOBODY")
        whatsapp = {"whatsappBusinessPhoneNumberId": "none", "phoneNumber": "0670", "templateId": "none"}
        await refused(other, "/whatsapp-business/template/message", "PUBLIC_API_WAB_ACCOUNT_NOT_FOUND", **whatsapp)
        whatsapp["whatsappBusinessPhoneNumberId"] = "1666"
        await refused(other, "/whatsapp-business/template/message", "PUBLIC_API_TEMPLATE_NOT_FOUND", **whatsapp)
        whatsapp = {"whatsappBusinessPhoneNumberId": "1666", "phoneNumber": "0670", "message": "Hello"}
        await refused(other, "/whatsapp-business/message", "PUBLIC_API_CANAL_NOT_ACTIVE", **whatsapp)


async def refused(client: Client, path: str, code: str, **body: Any) -> None:
    status = 404 if code.endswith("NOT_FOUND") else 402 if code.endswith("BALANCE") else 422
    assert (await client.post(path, status, **body))["errorCode"] == code


async def test_an_empty_wallet(tmp_path: Path) -> None:
    """TD-13, XA-1, XA-2: nothing is sent and nothing is charged."""
    async with GatewayRig(tmp_path, digo(wallet="prepaid")) as rig:
        acme = Client(rig)
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("0.03"))
        numbers = [f"+2376700000{digit}" for digit in ("01", "02")]
        await refused(acme, "/api-campaign/send-sms", "PUBLIC_API_INSUFFICIENT_BALANCE", message="Hi", contacts=numbers)
        assert (await acme.get("/integration/wallet"))["balance"] == 0.03
        await acme.post("/sms/message", **SMS)
        await refused(acme, "/sms/message", "PUBLIC_API_INSUFFICIENT_BALANCE", **SMS)


async def test_an_email(rig: GatewayRig, acme: Client) -> None:
    """TD-18, TD-17."""
    sent = await acme.post(
        "/email/message", email="Ann@SHOP.example", subject="Order", htmlMessage="<p>Thank <b>you</b>"
    )
    id = sent["msgId"]
    assert sent == {
        "msgId": id,
        "type": "email",
        "status": "SENT",
        "to": "Ann@shop.example",
        "from": "news@acme.example",
        "amount": 0.02,
        "currency": "XAF",
        "externalId": None,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "subject": "Order",
    }
    (written,) = await rig.engine_rig.written("mail")
    assert written.message.text == "Thank you"
    assert written.message.options == {"subject": "Order", "html": "<p>Thank <b>you</b>"}
    assert (await acme.get(f"/message/email/status/{id}"))["status"] == "SENT"
    await acme.get(f"/message/sms/{id}", 404)
    await acme.post("/email/message", email="a@b.example", subject="x" * 998, textMessage="Hi")


async def test_emails_that_are_none(acme: Client) -> None:
    """TD-18."""
    good = {"email": "a@b.example", "subject": "Hi", "textMessage": "Hello"}
    await refused(acme, "/email/message", "PUBLIC_API_INVALID_EMAIL", **good | {"email": "nobody"})
    error = await acme.post("/email/message", 422, email="a@b.example", subject="Hi", textMessage="")
    assert problems(error) == {"htmlMessage": "required", "textMessage": "required"}
    error = await acme.post("/email/message", 422, **good | {"subject": "x" * 999})
    assert problems(error) == {"subject": "too_long"}
    error = await acme.post("/email/message", 422, **good | {"subject": "a\nb"})
    assert problems(error) == {"subject": "format"}
    error = await acme.post("/email/message", 422, **good | {"htmlMessage": "x" * 300_000})
    assert problems(error) == {"htmlMessage": "too_long"}


async def test_a_whatsapp_message(rig: GatewayRig, acme: Client) -> None:
    """TD-20, TD-31: the id of the channel is the whatsappBusinessPhoneNumberId."""
    body = {"whatsappBusinessPhoneNumberId": "1555", "phoneNumber": TO}
    sent = await acme.post("/whatsapp-business/message", **body, message="Hello")
    assert (sent["type"], sent["from"], sent["partCount"]) == ("whatsapp", "+15550001", 1)
    picture = "https://acme.example/a.png"
    await acme.post("/whatsapp-business/message", **body, mediaUrl=picture)
    first, second = await rig.engine_rig.written("chat", 2)
    assert (first.message.text, first.message.options) == ("Hello", None)
    assert (second.message.text, second.message.options) == ("", {"media_url": picture})
    assert (await acme.get(f"/message/whatsapp/status/{sent['msgId']}"))["channel"] == "whatsapp"
    for wrong in (
        {},
        {"message": ""},
        {"mediaUrl": "ftp://acme.example/a"},
        {"mediaUrl": "http://"},
        {"message": "x" * 4097},
    ):
        assert problems(await acme.post("/whatsapp-business/message", 422, **body, **wrong))
    path = "/whatsapp-business/message"
    body["whatsappBusinessPhoneNumberId"] = "line-1"
    await refused(acme, path, "PUBLIC_API_WAB_ACCOUNT_NOT_FOUND", **body, message="Hello")


async def test_templates(rig: GatewayRig, acme: Client) -> None:
    """TD-19, TD-22, TD-33."""
    config: dict[str, Any] = {
        "subject": "-",
        "htmlMessage": "<p>{{name}}: {{code}}",
        "textMessage": "{{name}}: {{code}}",
    }
    spec = await acme.post("/integration/campaign-specs", 201, name="Codes", type="EMAIL", config=config)
    mail = {"email": "a@b.example", "subject": "Your code", "templateId": spec["id"]}
    await acme.post("/email/template/message", **mail, parameters={"name": "<Ann>", "code": "12"})
    (written,) = await rig.engine_rig.written("mail")
    assert written.message.text == "<Ann>: 12"
    assert written.message.options == {"subject": "Your code", "html": "<p>&lt;Ann&gt;: 12"}
    config = {
        "whatsappBusinessPhoneNumberId": "1555",
        "templateId": "order_ready",
        "bodyParameters": {"2": "{{shop}}", "1": "-"},
    }
    made = await acme.post("/integration/campaign-specs", 201, name="Orders", type="WHATSAPP", config=config)
    chat = {"whatsappBusinessPhoneNumberId": "1555", "phoneNumber": TO, "bodyParameters": {"1": "A17", "shop": "Acme"}}
    await acme.post("/whatsapp-business/template/message", **chat, templateId=made["id"])
    await acme.post("/whatsapp-business/template/message", **chat, templateId="order_ready")
    for one in await rig.engine_rig.written("chat", 2):
        options = one.message.options or {}
        assert options == {"template": "order_ready", "parameters": ["A17", "Acme"]}
    other = Client(rig, OTHER)
    assert (await acme.get("/integration/canals?limit=05"))["limit"] == 5
    for client, id in ((acme, "nonsense"), (acme, made["id"]), (other, spec["id"])):
        await refused(client, "/email/template/message", "PUBLIC_API_TEMPLATE_NOT_FOUND", **mail | {"templateId": id})


@pytest.mark.parametrize(("type", "path"), [("EMAIL", "/email"), ("WHATSAPP", "/whatsapp-business")])
async def test_a_template_that_says_nothing(acme: Client, type: str, path: str) -> None:
    """TD-19, TD-22: one without config; nothing is sent for it."""
    made = await acme.post("/integration/campaign-specs", 201, name="Empty", type=type)
    mail = {"email": "a@b.example", "subject": "Hi"}
    body = mail if type == "EMAIL" else {"whatsappBusinessPhoneNumberId": "1555", "phoneNumber": TO}
    error = await acme.post(f"{path}/template/message", 422, **body, templateId=made["id"])
    assert problems(error) == {"templateId": "format"}
    assert (await acme.get("/integration/usage"))["quota"]["used"] == 0


async def test_whatsapp_by_smpp(tmp_path: Path) -> None:
    """TD-20: 4096 characters, also where an operator takes them in parts."""
    parts = replace(operator("chat", "0.01"), channel="whatsapp")
    async with GatewayRig(tmp_path, digo(), more=(parts,)) as rig:
        body = {"whatsappBusinessPhoneNumberId": "1555", "phoneNumber": TO, "message": "😀" * 4096}
        assert (await Client(rig).post("/whatsapp-business/message", **body))["partCount"] == 125


async def test_one_sms_to_many(rig: GatewayRig, acme: Client) -> None:
    """TD-23, TD-25, section 7.2."""
    contacts = [TO, "+237680000000", "0670", "237 680 00 00 00"]
    answer = await acme.post("/api-campaign/send-sms", message="Hello", contacts=contacts)
    assert answer == {
        "campaignId": answer["campaignId"],
        "total": 4,
        "accepted": 2,
        "rejected": 1,
        "messages": [
            {"phoneNumber": to, "msgId": sent["msgId"]}
            for to, sent in zip((TO, "+237680000000"), answer["messages"], strict=True)
        ],
        "invalidContacts": [{"phoneNumber": "0670", "errorCode": "PUBLIC_API_INVALID_PHONE_NUMBER"}],
        "amount": 0.04,
        "currency": "XAF",
    }
    await rig.deliver(2)
    for sent in answer["messages"]:
        assert (await acme.get(f"/message/sms/{sent['msgId']}"))["status"] == "DELIVERED"


async def test_one_sms_to_many_by_query(rig: GatewayRig, acme: Client) -> None:
    """TD-24: a literal plus sign comes as a space."""
    path = (
        "/api-campaign/send-sms?message=Hello+you&contacts=+237670000001,%2B237670000002,%20237670000003,&senderName=ME"
    )
    answer = await acme.get(path)
    assert [sent["phoneNumber"] for sent in answer["messages"]] == [f"+23767000000{digit}" for digit in "123"]
    written = await rig.engine_rig.written("mtn", 3)
    assert {(one.message.text, one.sender) for one in written} == {("Hello you", "ME")}
    assert problems(await acme.get("/api-campaign/send-sms?message=x&contacts=,%20,", 422)) == {"contacts": "too_short"}
    assert problems(await acme.get("/api-campaign/send-sms?to=x", 422)) == {
        "message": "required",
        "contacts": "required",
        "to": "unknown",
    }
    # What stands in a query is no number because it looks like one.
    assert problems(await acme.get("/api-campaign/send-sms?message=2376", 422)) == {"contacts": "required"}
    # Nobody knows which of the two is meant, and half of them must not be left out in silence.
    error = await acme.get("/api-campaign/send-sms?message=x&contacts=237670000001&contacts=237670000002", 422)
    assert problems(error) == {"contacts": "format"}
    many = ",".join(f"2376700{number:05}" for number in range(1001))
    error = await acme.get("/api-campaign/send-sms", 422, params={"message": "x", "contacts": many})
    assert problems(error) == {"contacts": "too_long"}


async def test_many_of_whom_none_is_reached(tmp_path: Path) -> None:
    """TD-23, TD-52, XA-1."""
    async with GatewayRig(tmp_path, digo(senders=("ACME",)), prefix="237") as rig:
        acme = Client(rig)
        path = "/api-campaign/send-sms"
        await refused(acme, path, "PUBLIC_API_INVALID_RECIPIENTS", message="Hi", contacts=["0670", "x"])
        await refused(acme, path, "PUBLIC_API_INVALID_RECIPIENTS", message="Hi", contacts=["+33612345678", "x"])
        far = {"message": "Hi", "contacts": ["+33612345678"], "senderName": "NOBODY"}
        await refused(acme, path, "PUBLIC_API_INVALID_RECIPIENTS", **far)
        answer = await acme.post(path, message="Hi", contacts=["+33612345678", TO])
        assert answer["invalidContacts"] == [
            {"phoneNumber": "+33612345678", "errorCode": "PUBLIC_API_UNSUPPORTED_PHONE_NUMBER"}
        ]
        sender = {"message": "Hi", "contacts": [TO], "senderName": "NOBODY"}
        await refused(acme, path, "PUBLIC_API_SENDER_NOT_APPROVED", **sender)
        assert problems(await acme.post(path, 422, message="Hi", contacts=[])) == {"contacts": "too_short"}
        many = [f"+2376700{number:05}" for number in range(1001)]
        assert problems(await acme.post(path, 422, message="Hi", contacts=many)) == {"contacts": "too_long"}
        assert problems(await acme.post(path, 422, message="Hi", contacts=[1])) == {"contacts.0": "type"}
        answer = await acme.post(path, message="Hi", contacts=many[:1000])
        assert answer["accepted"] == 1000


# --- account -------------------------------------------------------------------------------------------------


async def test_usage(rig: GatewayRig, acme: Client) -> None:
    """TD-29."""
    nothing = {"sent": 0, "delivered": 0, "failed": 0}
    fresh = await acme.get("/integration/usage")
    assert fresh == {
        "period": {"from": "2026-01-01T00:00:00.000Z", "to": "2026-01-31T23:59:59.999Z"},
        "sms": nothing | {"parts": 0},
        "email": nothing,
        "whatsapp": nothing,
        "otp": {"sent": 0, "verified": 0},
        "quota": {"limit": None, "used": 0, "remaining": None},
    }
    await acme.post("/sms/message", phoneNumber=TO, message="x" * 161)
    for _ in range(2):
        await rig.deliver()
    await acme.post("/sms/message", **SMS)
    await rig.refuse()
    await acme.post("/email/message", email="a@b.example", subject="Hi", textMessage="Hello")
    usage = await acme.get("/integration/usage")
    assert usage["sms"] == {"sent": 2, "delivered": 1, "failed": 1, "parts": 3}
    assert usage["email"] == {"sent": 1, "delivered": 0, "failed": 0}
    assert usage["quota"]["used"] == 3
    assert await Client(rig, OTHER).get("/integration/usage") == fresh
    rig.engine_rig.clock.move(31 * 86_400)
    later = await acme.get("/integration/usage")
    assert later["sms"]["sent"] == 0
    assert later["period"] == {"from": "2026-02-01T00:00:00.000Z", "to": "2026-02-28T23:59:59.999Z"}


async def test_usage_counts_the_codes_of_this_api(rig: GatewayRig, acme: Client) -> None:
    """TD-29: those that the internal API's client makes itself are messages like others."""
    await rig.engine_rig.submit(traffic_class=TrafficClass.OTP)
    await acme.post("/otp/sms", phoneNumber=TO)
    usage = await acme.get("/integration/usage")
    assert (usage["sms"]["sent"], usage["otp"]) == (2, {"sent": 1, "verified": 0})


async def test_wallet(tmp_path: Path) -> None:
    """TD-30, TD-10: only what is sent costs money."""
    async with GatewayRig(tmp_path, digo(wallet="prepaid"), digo("off", "o", "o")) as rig:
        acme = Client(rig)
        await rig.engine_rig.engine.wallets.credit("acme", Decimal(10), detail="top-up")
        id = (await acme.post("/sms/message", **SMS))["msgId"]
        await rig.refuse()
        await acme.post("/integration/groups", 201, name="VIP")
        wallet = await acme.get("/integration/wallet")
        assert (wallet["balance"], wallet["currency"]) == (10, "XAF")
        kinds = [(one["type"], one["amount"], one["reference"]) for one in wallet["transactions"]]
        assert kinds == [("REFUND", 0.02, id), ("DEBIT", 0.02, id), ("CREDIT", 10, None)]
        assert wallet["transactions"][2] == {
            "id": wallet["transactions"][2]["id"],
            "type": "CREDIT",
            "amount": 10,
            "currency": "XAF",
            "reference": None,
            "description": "top-up",
            "createdAt": "2026-01-01T00:00:00.000Z",
        }
        off = await Client(rig, encode_basic_auth("o", "o")).get("/integration/wallet")
        assert off == {"balance": 0, "currency": "XAF", "transactions": []}


async def test_canals(acme: Client) -> None:
    """TD-31, TD-39, XA-12."""
    answer = await acme.get("/integration/canals")
    assert [one["id"] for one in answer["items"]] == ["line-1", "mail-1", "1555", "1666", "voice-1"]
    assert answer["items"][0] == {"id": "line-1", "type": "SMS", "name": "Main", "status": "ACTIVE"}
    assert answer["items"][3]["status"] == "INACTIVE"
    assert (answer["total"], answer["limit"]) == (5, 50)
    answer = await acme.get("/integration/canals?type=WHATSAPP&limit=1")
    assert ([one["id"] for one in answer["items"]], answer["total"], answer["limit"]) == (["1555"], 2, 1)
    for query, code in (
        ("type=sms", "enum"),
        ("limit=0", "out_of_range"),
        ("limit=201", "out_of_range"),
        ("limit=x", "type"),
        ("limit=1.0", "type"),
        ("type=123", "enum"),
        ("page=1", "unknown"),
    ):
        error = await acme.get(f"/integration/canals?{query}", 422)
        assert problems(error) == {query.partition("=")[0]: code}


# --- resources -----------------------------------------------------------------------------------------------


async def test_making_things(acme: Client) -> None:
    """TD-33, TD-34, TD-36, TD-37, TD-38, TD-9."""
    at = {"createdAt": "2026-01-01T00:00:00.000Z"}
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("campaign-specs", {"name": "A", "type": "SMS", "config": {"message": "Hi {{name}}", "senderName": "ME"}}, {}),
        ("campaign-specs", {"name": "A", "type": "SMS"}, {"config": None}),
        ("campaign-profiles", {"name": "A", "type": "MANUAL", "campaignSpecType": "SMS"}, {"contactCount": 0}),
        ("tickets", {"canalType": "WHATSAPP", "description": "Help"}, {"status": "OPEN"}),
        ("tickets", {"canalType": "SMS"}, {"status": "OPEN", "description": None}),
        ("customers", {"name": "Ann", "phoneNumbers": [TO, "+237680000000"], "emails": ["a@b.example"]}, {}),
        ("customers", {"phoneNumbers": [TO]}, {"name": None, "emails": []}),
        ("groups", {"name": "VIP"}, {}),
    ]
    ids = set()
    for path, body, more in cases:
        made = await acme.post(f"/integration/{path}", 201, **body)
        assert made == {"id": made["id"]} | body | more | at
        ids.add(made["id"])
    assert len(ids) == len(cases)


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("campaign-specs", {"name": "x" * 201, "type": "sms"}, {"name": "too_long", "type": "enum"}),
        ("campaign-specs", {"name": "A", "type": "SMS", "config": {}}, {"config.message": "required"}),
        ("campaign-specs", {"name": "A", "type": "SMS", "config": "x"}, {"config": "type"}),
        (
            "campaign-specs",
            {"name": "A", "type": "EMAIL", "config": {"subject": "x"}},
            {"config.htmlMessage": "required", "config.textMessage": "required"},
        ),
        (
            "campaign-specs",
            {"name": "A", "type": "WHATSAPP", "config": {"templateId": 1, "bodyParameters": {"a": 1}, "x": 1}},
            {
                "config.whatsappBusinessPhoneNumberId": "required",
                "config.templateId": "type",
                "config.bodyParameters.a": "type",
                "config.x": "unknown",
            },
        ),
        ("campaign-profiles", {"name": "A"}, {"type": "required", "campaignSpecType": "required"}),
        (
            "tickets",
            {"canalType": "VOICE", "description": "x" * 2001},
            {"canalType": "enum", "description": "too_long"},
        ),
        ("customers", {}, {"name": "required", "phoneNumbers": "required", "emails": "required"}),
        ("customers", {"phoneNumbers": [1], "emails": "a"}, {"phoneNumbers.0": "type", "emails": "type"}),
        ("groups", {}, {"name": "required"}),
        ("groups", {"name": 1, "id": 2}, {"name": "type", "id": "unknown"}),
    ],
)
async def test_what_is_not_made(acme: Client, path: str, body: dict[str, Any], wrong: dict[str, str]) -> None:
    """TD-33, TD-34, TD-36, TD-37, TD-38, TD-39."""
    assert problems(await acme.post(f"/integration/{path}", 422, **body)) == wrong


async def test_customers_nobody_can_write_to(acme: Client) -> None:
    """TD-37: each number and address is validated."""
    await refused(acme, "/integration/customers", "PUBLIC_API_INVALID_PHONE_NUMBER", phoneNumbers=[TO, "0670"])
    await refused(acme, "/integration/customers", "PUBLIC_API_INVALID_EMAIL", emails=["x"])


async def test_importing_contacts(rig: GatewayRig, acme: Client) -> None:
    """TD-35."""
    profile = {"name": "A", "type": "API", "campaignSpecType": "SMS"}
    made = await acme.post("/integration/campaign-profiles", 201, **profile)
    path = f"/integration/campaign-profiles/{made['id']}/contacts/import"
    contacts: list[dict[str, Any]] = [
        {"phoneNumber": TO, "parameters": {"name": "Ann"}},
        {"phoneNumber": "237670000001"},
        {"phoneNumber": "0670"},
        {"email": "a@b.example"},
        {"phoneNumber": "+237680000000", "email": "nobody"},
        {"phoneNumber": "+237680000000", "email": "a@b.example"},
    ]
    bad = [
        {"index": 2, "errorCode": "PUBLIC_API_INVALID_PHONE_NUMBER"},
        {"index": 3, "errorCode": "PUBLIC_API_INVALID_PHONE_NUMBER"},
        {"index": 4, "errorCode": "PUBLIC_API_INVALID_EMAIL"},
    ]
    assert await acme.post(path, contacts=contacts) == {"total": 6, "imported": 2, "duplicates": 1, "invalid": bad}
    assert await acme.post(path, contacts=contacts) == {"total": 6, "imported": 0, "duplicates": 3, "invalid": bad}
    await refused(acme, path, "PUBLIC_API_INVALID_RECIPIENTS", contacts=[{"phoneNumber": "x"}, {}])
    assert problems(await acme.post(path, 422, contacts=[])) == {"contacts": "too_short"}
    assert problems(await acme.post(path, 422, contacts=[{}] * 10_001)) == {"contacts": "too_long"}
    await refused(Client(rig, OTHER), path, "PUBLIC_API_PROFILE_NOT_FOUND", contacts=contacts)
    nowhere = "/integration/campaign-profiles/nonsense/contacts/import"
    await refused(acme, nowhere, "PUBLIC_API_PROFILE_NOT_FOUND", contacts=contacts)


async def test_ten_thousand_contacts(acme: Client) -> None:
    """TD-35, TD-52."""
    made = await acme.post("/integration/campaign-profiles", 201, name="A", type="FILE", campaignSpecType="EMAIL")
    contacts = [{"email": f"user{number}@b.example", "parameters": {"n": "x" * 400}} for number in range(10_000)]
    body = json.dumps({"contacts": contacts}).encode()
    assert len(body) > 4 * 1024 * 1024
    path = f"/integration/campaign-profiles/{made['id']}/contacts/import"
    assert (await acme.call("POST", path, data=BytesIO(body)))["imported"] == 10_000
