"""TextioPro by its contract, requirement by requirement."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.textiopro.pages import _shown
from adapters.gateways.textiopro.words import message_no
from router.account import AccountChannel, OwnNumber, RateLimit
from router.gateway.records import InboundMessage
from tests.engine.rig import operator
from tests.gateways.rig import GatewayRig, account

pytestmark = pytest.mark.end_to_end

TOKEN, OTHER = "49|LNFe8WJ7CPtvl2mzowAB4ll4enbFR0XGgnQh2qWY", "50|ofAnotherAccount"
HTTP, V3 = "/api/http", "/api/v3"
SEND = {"recipient": "31612345678", "sender_id": "YourName", "type": "plain", "message": "This is a test message"}
LINES = (
    AccountChannel("line-1", "sms", "SMS"),
    AccountChannel("wa-1", "whatsapp", "WhatsApp", sender="ACME-WA"),
    AccountChannel("wa-2", "whatsapp", "Old", active=False),
    AccountChannel("voice-1", "voice", "Voice"),
)


def textiopro(token: str = TOKEN, **settings: Any) -> dict[str, Any]:
    return {"textiopro": {"token": token, **settings}}


def acme(**fields: Any) -> Any:
    given = {
        "wallet": "prepaid",
        "senders": ("YourName", "ACME", "ACME-WA", "237650000000"),
        "numbers": (OwnNumber("+441111111111", "GB"),),
        "channels": LINES,
        "time_zone": "Africa/Douala",
    }
    return account("acme", fields.pop("gateways", None) or textiopro(), **(given | fields))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    other = account("other", textiopro(OTHER), channels=LINES)
    gone = account("gone", textiopro("51|gone"), status="suspended")
    async with GatewayRig(tmp_path, acme(), other, gone) as rig:
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("100"))
        yield rig


async def told(response: ClientResponse, status: int) -> Any:
    """The JSON of an answer; an error is exactly two fields (TP-5)."""
    assert response.status == status, await response.text()
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    answer = await response.json()
    if status == 200:
        assert answer["status"] == "success"
    else:
        assert set(answer) == {"status", "message"}
        assert answer["status"] == "error"
    assert TOKEN not in await response.text()
    return answer


async def ask(
    rig: GatewayRig, base: str, method: str, path: str, status: int = 200, token: str = TOKEN, **given: Any
) -> Any:
    """A call under one of the bases with its token where that base has it; `given` are its parameters."""
    headers = {"Authorization": f"Bearer {token}"} if base == V3 else {}
    if base == HTTP:
        given["api_token"] = token
    request: dict[str, Any] = {"params": given} if method == "GET" else {"json": given}
    async with rig.client.request(method, f"{base}/{path}", headers=headers, **request) as response:
        return await told(response, status)


async def read(rig: GatewayRig, base: str, path: str, status: int = 200, **given: Any) -> Any:
    """A call that is a GET under /api/v3 and a POST under /api/http."""
    return await ask(rig, base, "GET" if base == V3 else "POST", path, status, **given)


BASES = pytest.mark.parametrize("base", [HTTP, V3])


# --- who may ------------------------------------------------------------------------------------------------------


async def test_where_the_token_is(rig: GatewayRig) -> None:
    """TP-1, TP-2, TP-3, TP-7: a parameter of either place under one base, a Bearer under the other, never mixed."""
    unknown = {"status": "error", "message": "Unauthenticated."}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    here = {"api_token": TOKEN}
    wrong = {"api_token": "49|no"}
    cases: list[tuple[str, str, int, dict[str, Any]]] = [
        ("POST", f"{HTTP}/me", 200, {"json": here}),
        ("POST", f"{HTTP}/me", 200, {"data": here}),
        ("POST", f"{HTTP}/me", 200, {"params": here}),
        ("POST", f"{HTTP}/me", 200, {"params": wrong, "json": here}),
        ("POST", f"{HTTP}/me", 401, {"params": here, "json": wrong}),
        ("POST", f"{HTTP}/me", 401, {"headers": bearer}),
        ("POST", f"{HTTP}/me", 401, {}),
        ("POST", f"{HTTP}/me", 401, {"json": {"api_token": ""}}),
        ("GET", f"{V3}/me", 200, {"headers": bearer}),
        ("GET", f"{V3}/me", 200, {"headers": {"authorization": f"bearer {TOKEN}"}}),
        ("GET", f"{V3}/me", 401, {"params": here}),
        ("GET", f"{V3}/me", 401, {"headers": {"Authorization": f"Basic {TOKEN}"}}),
        ("GET", f"{V3}/me", 401, {"headers": {"Authorization": "Bearer"}}),
        ("GET", f"{V3}/me", 401, {"headers": {"Authorization": "Bearer x"}, "params": here}),
        ("GET", f"{V3}/me/", 200, {"headers": bearer}),
    ]
    for method, path, status, request in cases:
        async with rig.client.request(method, path, **request) as response:
            answer = await told(response, status)
        assert status == 200 or answer == unknown, (path, request)


@BASES
async def test_a_suspended_account(rig: GatewayRig, base: str) -> None:
    """TP-5, section 7.2."""
    assert (await read(rig, base, "me", 403, token="51|gone"))["message"] == "Account is not active"


async def test_json_under_the_name_of_a_form(rig: GatewayRig) -> None:
    """TP-4: `Accept` is not needed, and JSON is read whatever it is called."""
    body = dumps({**SEND, "api_token": TOKEN, "message": "Hi"})
    for media in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        async with rig.client.post(f"{HTTP}/sms/send", data=body, headers={"Content-Type": media}) as response:
            assert (await told(response, 200))["data"]["message"] == "Hi"


@BASES
async def test_malformed_json(rig: GatewayRig, base: str) -> None:
    """TP-8: also the document's own examples, which are no JSON (2.8)."""
    bodies = [
        b'{"recipient":',
        b'{"recipient":"31612345678",}',
        b'{"recipient":"31612345678","schedule_time=2021-12-20 07:00"}',
    ]
    for body in bodies:
        path = f"{base}/sms/send?api_token={TOKEN.replace('|', '%7C')}"
        async with rig.client.post(path, data=body, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            await told(response, 422)


@BASES
async def test_paths_and_methods_that_are_not_there(rig: GatewayRig, base: str) -> None:
    """TP-8, XA-5."""
    await ask(rig, base, "POST", "nothing", 404)
    await ask(rig, base, "DELETE", "me", 405)
    if base == V3:
        await ask(rig, base, "GET", "sms/send", 405, **SEND)
    else:
        await ask(rig, base, "GET", "me", 405)


async def test_the_rate_of_a_token(tmp_path: Path) -> None:
    """TP-8, XA-6: both bases count together."""
    async with GatewayRig(tmp_path, acme(gateways=textiopro(rate=RateLimit(2, 60.0)))) as rig:
        await read(rig, V3, "me")
        await read(rig, HTTP, "me")
        async with rig.client.post(f"{HTTP}/me", json={"api_token": TOKEN}) as response:
            assert await told(response, 429) == {"status": "error", "message": "Too Many Attempts."}
            assert int(response.headers["Retry-After"]) == 60


async def test_guessing_is_limited(rig: GatewayRig) -> None:
    """XA-11, XA-6."""
    for _ in range(60):
        await read(rig, V3, "me", 401, token="49|guess")
    await read(rig, V3, "me", 429, token="49|guess")
    await read(rig, V3, "me")


# --- sending ------------------------------------------------------------------------------------------------------


@BASES
async def test_one_message(rig: GatewayRig, base: str) -> None:
    """TP-6, TP-9, TP-24, TP-31, TP-32, TP-33, TP-38."""
    answer = await ask(rig, base, "POST", "sms/send", **SEND)
    sent = answer["data"]
    uid = sent["uid"]
    assert len(uid) == 13
    assert set(uid) <= set("0123456789abcdef")
    assert answer == {"status": "success", "message": "Your message was successfully delivered", "data": sent}
    assert sent == {
        "uid": uid,
        "to": "31612345678",
        "from": "YourName",
        "message": "This is a test message",
        "status": "Queued",
        "cost": "1",
        "sms_type": "plain",
        "sms_count": 1,
        "direction": "outgoing",
        "send_by": "api",
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
    }
    assert (await read(rig, base, f"sms/{uid}"))["data"] == sent
    assert (await read(rig, base, "balance"))["data"]["balance"] == 99
    rig.engine_rig.clock.move(2.5)
    await rig.deliver()
    found = (await read(rig, base, f"sms/{uid}"))["data"]
    assert found == sent | {"status": "Delivered", "updated_at": "2026-01-01T00:00:02.500000Z"}


async def test_a_send_by_get(rig: GatewayRig) -> None:
    """TP-25, TP-26: the token and everything else in the address, without a type."""
    given = {"recipient": "+31612345678", "sender_id": "YourName", "message": "Hello +1"}
    answer = await ask(rig, HTTP, "GET", "sms/send", **given)
    assert (answer["data"]["to"], answer["data"]["message"], answer["data"]["sms_type"]) == (
        "31612345678",
        "Hello +1",
        "plain",
    )
    address = f"{HTTP}/sms/send?recipient=+31612345678&sender_id=YourName&message=Hi&api_token={TOKEN}"
    async with rig.client.get(address) as response:
        assert (await told(response, 200))["data"]["to"] == "31612345678"


@BASES
async def test_several_recipients(rig: GatewayRig, base: str) -> None:
    """TP-27, TP-32, XA-9, XA-12: an array in the order given; what is refused stands in it and costs nothing."""
    recipient = "31612345678, 8801721970168,,123,+31612345678, 8801721970168 ,acme"
    sent = (await ask(rig, base, "POST", "sms/send", **SEND | {"recipient": recipient}))["data"]
    assert [(one["to"], one["status"], one["cost"]) for one in sent] == [
        ("31612345678", "Queued", "1"),
        ("8801721970168", "Queued", "1"),
        ("123", "Rejected", "0"),
        ("acme", "Rejected", "0"),
    ]
    assert [one.get("status_detail") for one in sent] == [
        None, None, "Invalid phone number: 123", "Invalid phone number: acme",
    ]  # fmt: skip
    assert (await read(rig, base, "balance"))["data"]["balance"] == 98
    (only,) = (await ask(rig, base, "POST", "sms/send", **SEND | {"recipient": "31612345678,"}))["data"]
    assert only["status"] == "Queued"


def many(count: int) -> str:
    return ",".join(f"316123{n:05}" for n in range(count))


VOICE = {"type": "voice", "language": "en-gb", "gender": "female"}
TYPES = "The selected type is invalid: use plain, unicode, otp, voice, mms, whatsapp, viber."
MEDIA = "The media_url must be a valid http or https URL."
TIME = "The schedule_time must be YYYY-MM-DD HH:MM or RFC 3339."
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no recipient": ({"recipient": None}, 422, "The recipient field is required."),
    "an empty recipient": ({"recipient": " "}, 422, "The recipient field is required."),
    "only commas": ({"recipient": ","}, 422, "The recipient field is required."),
    "a list": ({"recipient": ["31612345678"]}, 422, "The recipient must be a string."),
    "an invalid number": ({"recipient": "123"}, 422, "Invalid phone number: 123"),
    "all of them invalid": ({"recipient": "123,456"}, 422, "Invalid phone number: 123"),
    "too many": ({"recipient": many(1001)}, 422, "The recipient must not have more than 1000 numbers."),
    "no text": ({"message": None}, 422, "The message field is required."),
    "an empty text": ({"message": ""}, 422, "The message field is required."),
    "no sender": ({"sender_id": None}, 422, "The sender_id field is required."),
    "a long name": ({"sender_id": "TwelveLetter"}, 422, "The sender_id must not be greater than 11 characters."),
    "a long number": ({"sender_id": "1234567890123456"}, 422, "The sender_id must not be greater than 15 digits."),
    "another's sender": ({"sender_id": "Other"}, 403, 'Sender ID "Other" is not authorized'),
    "another's number": ({"sender_id": "447700900123"}, 403, 'Sender ID "447700900123" is not authorized'),
    "an unknown type": ({"type": "fax"}, 422, TYPES),
    "a type of another kind": ({"type": True}, 422, "The type must be a string."),
    "no channel": ({"type": "mms", "media_url": "https://e.org/a.png"}, 403, "Gateway not active"),
    "a channel that is off": ({"type": "whatsapp", "sender_id": "wa-2"}, 403, "Gateway not active"),
    "a channel without operators": ({"type": "whatsapp", "sender_id": "wa-1"}, 403, "Phone coverage not active"),
    "no language": ({"type": "voice", "gender": "male"}, 422, "The language field is required."),
    "no gender": ({"type": "voice", "language": "en-gb"}, 422, "The gender field is required."),
    "an unknown language": (VOICE | {"language": "xx-xx"}, 422, "The selected language is invalid."),
    "an unknown gender": (VOICE | {"gender": "x"}, 422, "The selected gender is invalid."),
    "no media": ({"type": "mms"}, 422, "The media_url field is required."),
    "media of no URL": ({"type": "mms", "media_url": "file:///etc/passwd"}, 422, MEDIA),
    "a past time": ({"schedule_time": "2025-12-31 23:59"}, 422, "The schedule_time must be in the future."),
    "this very minute": ({"schedule_time": "2026-01-01 01:00"}, 422, "The schedule_time must be in the future."),
    "no time": ({"schedule_time": "tomorrow"}, 422, TIME),
    "a 13th month": ({"schedule_time": "2026-13-01 10:00"}, 422, TIME),
    "no money": ({"message": "x" * 1500, "recipient": many(20)}, 403, "Insufficient balance"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_has_sent_and_cost_nothing(rig: GatewayRig, case: str) -> None:
    """TP-5, TP-7, TP-8, TP-24, TP-26, TP-29, TP-43, XA-1, XA-2: the field is named; nothing is sent or charged."""
    change, status, message = REFUSED[case]
    for base in (HTTP, V3):
        answer = await ask(rig, base, "POST", "sms/send", status, **SEND | change)
        assert answer["message"] == message
    assert rig.engine_rig.engine.ledger.open == 0
    assert (await read(rig, V3, "balance"))["data"]["balance"] == 100
    assert (await read(rig, V3, "sms"))["data"]["total"] == 0


async def test_no_route(tmp_path: Path) -> None:
    """TP-8: refused alone, one of several otherwise."""
    async with GatewayRig(tmp_path, acme(wallet="off"), prefix="237") as rig:
        answer = await ask(rig, V3, "POST", "sms/send", 403, **SEND)
        assert answer["message"] == "Phone coverage not active"
        both = (await ask(rig, V3, "POST", "sms/send", **SEND | {"recipient": "31612345678,237670000001"}))["data"]
        assert [(one["status"], one.get("status_detail")) for one in both] == [
            ("Rejected", "Phone coverage not active"), ("Queued", None),
        ]  # fmt: skip


async def test_a_message_that_is_too_long(rig: GatewayRig) -> None:
    """TP-43: no length is given; the engine's holds."""
    sent = (await ask(rig, V3, "POST", "sms/send", **SEND | {"message": "x" * 161}))["data"]
    assert (sent["cost"], sent["sms_count"]) == ("2", 2)
    await ask(rig, V3, "POST", "sms/send", 422, **SEND | {"message": "x" * 5000})


@pytest.mark.parametrize("sender", ["441111111111", "+441111111111", "237650000000", "+237650000000", "ACME"])
async def test_senders(rig: GatewayRig, sender: str) -> None:
    """TP-24: a name, or a number with or without plus sign; written without."""
    sent = (await ask(rig, V3, "POST", "sms/send", **SEND | {"sender_id": sender}))["data"]
    assert sent["from"] == sender.removeprefix("+")


LANGUAGES = """
    cy-gb da-dk de-de el-gr en-au en-gb en-gb-wls en-in en-us es-es es-mx es-us fr-ca fr-fr id-id is-is it-it ja-jp
    ko-kr ms-my nb-no nl-nl pl-pl pt-br pt-pt ro-ro ru-ru sv-se ta-in th-th tr-tr vi-vn zh-cn zh-hk
"""


@pytest.fixture
async def channels(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    """An operator for each channel."""
    lines = tuple(AccountChannel(f"{type}-1", type, type) for type in ("sms", "voice", "mms", "viber"))
    lines += (AccountChannel("104512345678901", "whatsapp", "WhatsApp", sender="ACME-WA"),)
    lines += (AccountChannel("104512345678902", "whatsapp", "WhatsApp too"),)
    more = tuple(replace(operator(type), channel=type) for type in ("voice", "mms", "whatsapp", "viber"))
    async with GatewayRig(tmp_path, acme(channels=lines, wallet="off"), more=more) as rig:
        yield rig


async def test_every_language(channels: GatewayRig) -> None:
    """TP-24, TP-28: the 34 of the document and both voices."""
    languages = LANGUAGES.split()
    assert len(languages) == 34
    for number, language in enumerate(languages):
        given = {"type": "voice", "language": language, "gender": ("male", "female")[number % 2]}
        sent = (await ask(channels, V3, "POST", "sms/send", **SEND | given))["data"]
        assert sent["sms_type"] == "voice"


TYPES_OF: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "voice": ({"language": "en-gb", "gender": "female"}, "YourName", {"language": "en-gb", "gender": "female"}),
    "mms": ({"media_url": "https://e.org/a.png"}, "YourName", {"media_url": "https://e.org/a.png"}),
    "whatsapp": ({"sender_id": "104512345678901"}, "ACME-WA", {}),
    "viber": ({"media_url": "http://e.org/a.png"}, "YourName", {"media_url": "http://e.org/a.png"}),
    "plain": ({"dlt_template_id": "1107"}, "YourName", {"dlt_template_id": "1107"}),
}


@BASES
@pytest.mark.parametrize("type", TYPES_OF)
async def test_every_type_goes_to_an_operator_of_its_channel(channels: GatewayRig, base: str, type: str) -> None:
    """TP-24, TP-27: a list for every type; what it needs goes with it."""
    change, sender, options = TYPES_OF[type]
    given = SEND | {"type": type, "recipient": "31612345678,31612345679"} | change
    sent = (await ask(channels, base, "POST", "sms/send", **given))["data"]
    assert [(one["status"], one["sms_type"], one["from"]) for one in sent] == [("Queued", type, sender)] * 2
    carrier = "mtn" if type == "plain" else type
    for submission in await channels.engine_rig.written(carrier, 2):
        assert (submission.message.options or {}) == options
        assert submission.message.sender == sender
    found = (await read(channels, base, f"sms/{sent[0]['uid']}"))["data"]
    assert found["sms_type"] == type


async def test_a_channel_without_a_sender(channels: GatewayRig) -> None:
    """TP-24: the provider knows whose it is. Of other types an id of a channel is just a sender."""
    given = SEND | {"type": "whatsapp", "sender_id": "104512345678902"}
    assert (await ask(channels, V3, "POST", "sms/send", **given))["data"]["from"] is None
    answer = await ask(channels, V3, "POST", "sms/send", 403, **SEND | {"sender_id": "sms-1"})
    assert answer["message"] == 'Sender ID "sms-1" is not authorized'


async def test_the_default_sender(tmp_path: Path) -> None:
    """TP-26."""
    async with GatewayRig(tmp_path, acme(default_sender="ACME", wallet="off")) as rig:
        sent = (await ask(rig, V3, "POST", "sms/send", recipient="31612345678", message="Hi"))["data"]
        assert (sent["from"], sent["sms_type"]) == ("ACME", "plain")


async def test_one_time_codes_and_unicode(rig: GatewayRig) -> None:
    """TP-26, TP-30: a type of its own for the queue and the price, the given text as it is."""
    sent = (await ask(rig, V3, "POST", "sms/send", **SEND | {"type": "otp", "message": "Your code is 123456"}))["data"]
    assert (sent["sms_type"], sent["message"]) == ("otp", "Your code is 123456")
    sent = (await ask(rig, V3, "POST", "sms/send", **SEND | {"type": "unicode", "message": "Привет"}))["data"]
    assert (sent["sms_type"], sent["message"]) == ("plain", "Привет")
    await rig.deliver(2)
    classes = [one.message.traffic_class.value for one in rig.engine_rig.operators["mtn"].history]
    assert sorted(classes) == ["otp", "transactional"]


async def test_scheduled(rig: GatewayRig) -> None:
    """TP-29, TP-34: in the account's zone (one hour before UTC), also with seconds and as RFC 3339."""
    times = {
        "2026-01-01 02:30": ("2026-01-01 02:30", 5400),
        "2026-01-01 02:30:30": ("2026-01-01 02:30", 5430),
        "2026-01-01T02:31": ("2026-01-01 02:31", 5460),
        "2026-01-01T01:32:00Z": ("2026-01-01 02:32", 5520),
        "2026-01-01T03:33:00+02:00": ("2026-01-01 02:33", 5580),
    }
    began = rig.engine_rig.clock.now()
    for written, (shown, seconds) in times.items():
        sent = (await ask(rig, V3, "POST", "sms/send", **SEND | {"schedule_time": written}))["data"]
        assert (sent["status"], sent["schedule_time"]) == ("Queued", shown)
        no = message_no(sent["uid"])
        assert no is not None
        kept = await rig.book.history.sent("acme", no[0])
        assert kept is not None
        assert kept.send_at == began + 1000 * seconds
    assert rig.engine_rig.operators["mtn"].history == []
    rig.engine_rig.clock.move(7200)
    rig.engine_rig.engine._wakeups._changed.set()
    await rig.deliver(len(times))
    assert (await read(rig, V3, f"sms/{sent['uid']}"))["data"]["status"] == "Delivered"


async def test_statuses(rig: GatewayRig) -> None:
    """TP-33, section 7.1."""
    uid = (await ask(rig, V3, "POST", "sms/send", **SEND))["data"]["uid"]
    (submission,) = await rig.engine_rig.written("mtn", 1)
    rig.engine_rig.operators["mtn"].accept(submission)
    await rig.engine_rig.settle()
    assert (await read(rig, V3, f"sms/{uid}"))["data"]["status"] == "Sent"
    uid = (await ask(rig, V3, "POST", "sms/send", **SEND))["data"]["uid"]
    await rig.refuse()
    assert (await read(rig, V3, f"sms/{uid}"))["data"]["status"] == "Rejected"


# --- lists ----------------------------------------------------------------------------------------------------------


@BASES
async def test_all_messages(rig: GatewayRig, base: str) -> None:
    """TP-10, TP-39: newest first, 25 a page, with addresses that hold no token."""
    address = f"{rig.url}{base}/sms"
    assert (await read(rig, base, "sms"))["data"] == {
        "current_page": 1,
        "data": [],
        "first_page_url": f"{address}?page=1",
        "from": None,
        "last_page": 1,
        "last_page_url": f"{address}?page=1",
        "links": [
            {"url": None, "label": "&laquo; Previous", "active": False},
            {"url": f"{address}?page=1", "label": "1", "active": True},
            {"url": None, "label": "Next &raquo;", "active": False},
        ],
        "next_page_url": None,
        "path": address,
        "per_page": 25,
        "prev_page_url": None,
        "to": None,
        "total": 0,
    }
    numbers = [f"3161234{n:04}" for n in range(60)]
    for start in range(0, 60, 20):
        rig.engine_rig.clock.move(1)
        await ask(rig, base, "POST", "sms/send", **SEND | {"recipient": ",".join(numbers[start : start + 20])})
    seen: list[str] = []
    for number, (first, last) in enumerate([(1, 25), (26, 50), (51, 60)], 1):
        page = (await read(rig, base, "sms", page=number))["data"]
        assert (page["current_page"], page["from"], page["to"], page["total"], page["last_page"]) == (
            number,
            first,
            last,
            60,
            3,
        )
        assert page["prev_page_url"] == (f"{address}?page={number - 1}" if number > 1 else None)
        assert page["next_page_url"] == (f"{address}?page={number + 1}" if number < 3 else None)
        assert [link["label"] for link in page["links"] if link["active"]] == [str(number)]
        seen += [one["to"] for one in page["data"]]
    assert seen == numbers[::-1]
    page = (await read(rig, base, "sms", page=9))["data"]
    assert (page["data"], page["from"], page["to"], page["total"]) == ([], None, None, 60)
    for odd in ("0", "-1", "x", "9" * 30, ""):
        assert (await read(rig, base, "sms", page=odd))["data"]["current_page"] == 1
    assert (await read(rig, base, "sms", token=OTHER))["data"]["total"] == 0


@BASES
async def test_another_accounts_things_are_not_there(rig: GatewayRig, base: str) -> None:
    """TP-7, XA-3: the same words as for what never was."""
    uid = (await ask(rig, base, "POST", "sms/send", **SEND))["data"]["uid"]
    group = (await ask(rig, base, "POST", "contacts", name="Mine"))["data"]["uid"]
    contact = (await ask(rig, base, "POST", f"contacts/{group}/store", PHONE="8801721970168"))["data"]["uid"]
    theirs = (await ask(rig, base, "POST", "contacts", token=OTHER, name="Theirs"))["data"]["uid"]
    for one in (uid, "0" * 13, "x", "6065ecdc9184a"):
        assert (await read(rig, base, f"sms/{one}", 404, token=OTHER))["message"] == "Message not found"
    for one in (group, "0" * 13, "x"):
        for method, path in (("POST", "show"), ("POST", "all"), ("POST", f"search/{contact}"), ("POST", "store")):
            answer = await ask(rig, base, method, f"contacts/{one}/{path}", 404, token=OTHER, PHONE="8801721970168")
            assert answer["message"] == "Group not found"
        for method in ("PATCH", "DELETE"):
            await ask(rig, base, method, f"contacts/{one}", 404, token=OTHER, name="x")
    for method, path in (("POST", "search"), ("PATCH", "update"), ("DELETE", "delete")):
        path = f"contacts/{theirs}/{path}/{contact}"
        answer = await ask(rig, base, method, path, 404, token=OTHER, PHONE="8801721970168")
        assert answer["message"] == "Contact not found"


@BASES
async def test_what_handsets_wrote(rig: GatewayRig, base: str) -> None:
    """TP-38, TP-39, section 2.8: received messages stand in the same list, and can be read one by one."""
    sent = (await ask(rig, base, "POST", "sms/send", **SEND))["data"]
    rig.engine_rig.clock.move(1)
    no, at = rig.book.next_no(), rig.engine_rig.clock.now()
    heard = InboundMessage(no, "acme", at, "event 1", "sms", "+237650000000", "+31612345678", "Yes", 2, "mtn")
    await rig.book.notices.follow("test", 1, [heard], [])
    page = (await read(rig, base, "sms"))["data"]
    received = page["data"][0]
    assert (page["total"], page["data"][1]) == (2, sent)
    assert received == {
        "uid": received["uid"],
        "to": "237650000000",
        "from": "31612345678",
        "message": "Yes",
        "status": "Delivered",
        "cost": "0",
        "sms_type": "plain",
        "sms_count": 2,
        "direction": "incoming",
        "send_by": "api",
        "created_at": "2026-01-01T00:00:01.000000Z",
        "updated_at": "2026-01-01T00:00:01.000000Z",
    }
    assert received["uid"] != sent["uid"]
    assert (await read(rig, base, f"sms/{received['uid']}"))["data"] == received
    await read(rig, base, f"sms/{received['uid']}", 404, token=OTHER)


# --- groups and contacts --------------------------------------------------------------------------------------------


@BASES
async def test_groups(rig: GatewayRig, base: str) -> None:
    """TP-18, TP-19, TP-20, TP-21, TP-22, TP-23."""
    group = (await ask(rig, base, "POST", "contacts", name="Codeglen"))["data"]
    assert group == {
        "uid": group["uid"],
        "name": "Codeglen",
        "contacts_count": 0,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
    }
    assert len(group["uid"]) == 13
    path = f"contacts/{group['uid']}"
    assert (await ask(rig, base, "POST", f"{path}/show"))["data"] == group
    rig.engine_rig.clock.move(1)
    renamed = group | {"name": "Codeglen Update", "updated_at": "2026-01-01T00:00:01.000000Z"}
    assert (await ask(rig, base, "PATCH", path, name="Codeglen Update"))["data"] == renamed
    await ask(rig, base, "POST", f"{path}/store", PHONE=8801721970168)
    assert (await ask(rig, base, "POST", f"{path}/show"))["data"] == renamed | {"contacts_count": 1}
    other = (await ask(rig, base, "POST", "contacts", name="Second"))["data"]
    page = (await read(rig, base, "contacts"))["data"]
    assert (page["data"], page["total"], page["per_page"]) == ([other, renamed | {"contacts_count": 1}], 2, 25)
    answer = await ask(rig, base, "DELETE", path)
    assert answer == {"status": "success", "data": "null"}
    await ask(rig, base, "POST", f"{path}/show", 404)
    assert (await read(rig, base, "contacts"))["data"]["data"] == [other]


@BASES
@pytest.mark.parametrize("name", ["", "  ", None, 7, ["x"], "x" * 256])
async def test_names_that_are_none(rig: GatewayRig, base: str, name: Any) -> None:
    """TP-18, TP-20, TP-23: under /api/http the key makes it a creation, whatever it holds."""
    group = (await ask(rig, base, "POST", "contacts", name="Kept"))["data"]
    assert "name" in (await ask(rig, base, "POST", "contacts", 422, name=name))["message"]
    assert "name" in (await ask(rig, base, "PATCH", f"contacts/{group['uid']}", 422, name=name))["message"]
    if base == V3:
        assert (await ask(rig, base, "POST", "contacts", 422))["message"] == "The name field is required."
    assert (await read(rig, base, "contacts"))["data"]["data"] == [group]


@BASES
async def test_contacts(rig: GatewayRig, base: str) -> None:
    """TP-11, TP-12, TP-13, TP-14, TP-15, TP-16."""
    group = (await ask(rig, base, "POST", "contacts", name="Codeglen"))["data"]["uid"]
    path = f"contacts/{group}"
    given = {"PHONE": "8801721970168", "FIRST_NAME": "Jhon", "LAST_NAME": "Doe", "CITY": "Dhaka"}
    contact = (await ask(rig, base, "POST", f"{path}/store", **given))["data"]
    uid = contact["uid"]
    assert contact == {
        "uid": uid,
        "group_id": group,
        "phone": "8801721970168",
        "status": "subscribe",
        "first_name": "Jhon",
        "last_name": "Doe",
        "custom_fields": {"FIRST_NAME": "Jhon", "LAST_NAME": "Doe", "CITY": "Dhaka"},
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
    }
    assert (await ask(rig, base, "POST", f"{path}/search/{uid}"))["data"] == contact
    rig.engine_rig.clock.move(1)
    changed = (await ask(rig, base, "PATCH", f"{path}/update/{uid}", PHONE=8801821970168, CITY="Sylhet", LAST_NAME=""))[
        "data"
    ]
    assert changed == contact | {
        "phone": "8801821970168",
        "last_name": None,
        "custom_fields": {"FIRST_NAME": "Jhon", "CITY": "Sylhet"},
        "updated_at": "2026-01-01T00:00:01.000000Z",
    }
    second = (await ask(rig, base, "POST", f"{path}/store", phone="+880 1721-970168", first_name="Ann"))["data"]
    assert (second["first_name"], second["last_name"], second["phone"]) == ("Ann", None, "8801721970168")
    assert second["custom_fields"] == {"FIRST_NAME": "Ann"}
    page = (await ask(rig, base, "POST", f"{path}/all"))["data"]
    assert (page["data"], page["total"]) == ([second, changed], 2)
    assert page["path"] == f"{rig.url}{base}/{path}/all"
    answer = await ask(rig, base, "DELETE", f"{path}/delete/{uid}")
    assert answer == {"status": "success", "data": "Le contact a été supprimé."}
    await ask(rig, base, "POST", f"{path}/search/{uid}", 404)
    assert (await ask(rig, base, "POST", f"{path}/all"))["data"]["data"] == [second]


@BASES
async def test_a_number_is_once_in_a_group(rig: GatewayRig, base: str) -> None:
    """TP-17: in another group it may be."""
    first, second = [
        (await ask(rig, base, "POST", "contacts", name=name))["data"]["uid"] for name in ("one", "two")
    ]  # fmt: skip
    await ask(rig, base, "POST", f"contacts/{first}/store", PHONE="8801721970168")
    await ask(rig, base, "POST", f"contacts/{first}/store", 422, PHONE="+8801721970168")
    other = (await ask(rig, base, "POST", f"contacts/{first}/store", PHONE="8801721970169"))["data"]["uid"]
    await ask(rig, base, "PATCH", f"contacts/{first}/update/{other}", 422, PHONE="8801721970168")
    await ask(rig, base, "PATCH", f"contacts/{first}/update/{other}", PHONE="8801721970169")
    await ask(rig, base, "POST", f"contacts/{second}/store", PHONE="8801721970168")


MANY = [f"F{n}" for n in range(60)]
LONG = "The LAST_NAME must not be greater than 255 characters."
CONTACTS: dict[str, tuple[dict[str, Any], str]] = {
    "no phone": ({}, "The PHONE field is required."),
    "an empty phone": ({"PHONE": ""}, "The PHONE field is required."),
    "a wrong phone": ({"PHONE": "123"}, "Invalid phone number: 123"),
    "a list": ({"PHONE": ["8801721970168"]}, "The PHONE must be a string."),
    "a name that is none": ({"PHONE": "8801721970168", "FIRST_NAME": {"a": 1}}, "The FIRST_NAME must be a string."),
    "a long name": ({"PHONE": "8801721970168", "LAST_NAME": "x" * 256}, LONG),
    "many fields": ({"PHONE": "8801721970168", **dict.fromkeys(MANY, "x")}, "A contact has at most 50 fields."),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTACTS)
async def test_contacts_that_are_none(rig: GatewayRig, case: str) -> None:
    """TP-7, TP-11, TP-13."""
    given, message = CONTACTS[case]
    group = (await ask(rig, V3, "POST", "contacts", name="g"))["data"]["uid"]
    kept = (await ask(rig, V3, "POST", f"contacts/{group}/store", PHONE="8801721970100"))["data"]
    assert (await ask(rig, V3, "POST", f"contacts/{group}/store", 422, **given))["message"] == message
    assert (await ask(rig, V3, "PATCH", f"contacts/{group}/update/{kept['uid']}", 422, **given))["message"] == message
    assert (await ask(rig, V3, "POST", f"contacts/{group}/all"))["data"]["data"] == [kept]


async def test_who_has_unsubscribed(rig: GatewayRig) -> None:
    """TP-16: one truth, the engine's list."""
    group = (await ask(rig, V3, "POST", "contacts", name="g"))["data"]["uid"]
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", "+8801721970168")
    contact = (await ask(rig, V3, "POST", f"contacts/{group}/store", PHONE="8801721970168"))["data"]
    assert contact["status"] == "unsubscribe"
    await rig.engine_rig.engine.opt_outs.subscribe("acme", "+8801721970168")
    found = (await ask(rig, V3, "POST", f"contacts/{group}/search/{contact['uid']}"))["data"]
    assert found["status"] == "subscribe"


# --- who it is ------------------------------------------------------------------------------------------------------


@BASES
async def test_the_balance(rig: GatewayRig, base: str) -> None:
    """TP-41."""
    assert await read(rig, base, "balance") == {
        "status": "success",
        "data": {
            "balance": 100,
            "unit": "sms",
            "remaining_unit": "100",
            "remaining_balance": "100",
            "expired_on": None,
        },
    }
    await rig.engine_rig.engine.wallets.credit("acme", Decimal("0.25"))
    data = (await read(rig, base, "balance"))["data"]
    assert (data["balance"], data["remaining_unit"]) == (100.25, "100.25")


@BASES
async def test_the_profile(tmp_path: Path, base: str) -> None:
    """TP-42, XA-4: never the token."""
    profile = {"first_name": "Amina", "last_name": "Njoya", "email": "amina@example.org"}
    async with GatewayRig(tmp_path, acme(gateways=textiopro(profile=profile))) as rig:
        data = (await read(rig, base, "me"))["data"]
        assert data == profile | {
            "id": data["id"],
            "uid": data["uid"],
            "locale": "en",
            "timezone": "Africa/Douala",
            "last_access_at": "2026-01-01T00:00:00.000000Z",
        }
        assert isinstance(data["id"], int)
        assert len(data["uid"]) == 13
        assert (await read(rig, base, "me"))["data"]["id"] == data["id"]


# --- campaigns ------------------------------------------------------------------------------------------------------

CAMPAIGN = {"sender_id": "YourName", "type": "plain", "message": "This is a test message"}


async def group_with(rig: GatewayRig, name: str, *numbers: str, token: str = TOKEN) -> str:
    uid: str = (await ask(rig, V3, "POST", "contacts", name=name, token=token))["data"]["uid"]
    for number in numbers:
        await ask(rig, V3, "POST", f"contacts/{uid}/store", PHONE=number, token=token)
    return uid


@BASES
@pytest.mark.parametrize("name", ["contact_list_id", "recipient"])
async def test_a_campaign(rig: GatewayRig, base: str, name: str) -> None:
    """TP-35, TP-36, TP-37, TP-40: to each once who is subscribed, and how far it has come."""
    first = await group_with(rig, "one", "31612345678", "31612345679", "31612345670")
    second = await group_with(rig, "two", "31612345679", "31612345671")
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", "+31612345670")
    lists = f"{first}, {second},{first}"
    campaign = (await ask(rig, base, "POST", "sms/campaign", **CAMPAIGN | {name: lists}))["data"]
    uid = campaign["uid"]
    assert campaign == {
        "uid": uid,
        "campaign_name": "Campaign 2026-01-01 01:00",
        "status": "queued",
        "recipient_count": 3,
        "contact_list_id": f"{first},{second}",
        "sender_id": "YourName",
        "sms_type": "plain",
        "message": "This is a test message",
        "schedule_time": None,
        "created_at": "2026-01-01T00:00:00.000000Z",
    }
    await rig.deliver(3)
    report = (await read(rig, base, f"campaign/{uid}/view"))["data"]
    assert report == campaign | {
        "status": "done",
        "stats": {"total": 3, "queued": 0, "sent": 0, "delivered": 3, "undelivered": 0, "failed": 0},
        "start_at": "2026-01-01T00:00:00.000000Z",
        "delivery_at": "2026-01-01T00:00:00.000000Z",
    }
    page = (await read(rig, base, "sms"))["data"]
    assert sorted(one["to"] for one in page["data"]) == ["31612345671", "31612345678", "31612345679"]
    assert (await read(rig, base, "balance"))["data"]["balance"] == 97


async def test_a_campaign_at_a_time(rig: GatewayRig) -> None:
    """TP-29, TP-35, TP-37."""
    group = await group_with(rig, "one", "31612345678")
    given = CAMPAIGN | {"contact_list_id": group, "schedule_time": "2026-01-01 07:00"}
    campaign = (await ask(rig, V3, "POST", "sms/campaign", **given))["data"]
    assert (campaign["status"], campaign["schedule_time"]) == ("scheduled", "2026-01-01 07:00")
    report = (await read(rig, HTTP, f"campaign/{campaign['uid']}/view"))["data"]
    assert (report["stats"]["total"], report["start_at"], report["delivery_at"]) == (0, None, None)
    rig.move(6 * 3600)
    await rig.deliver()
    report = (await read(rig, V3, f"campaign/{campaign['uid']}/view"))["data"]
    assert (report["status"], report["stats"]["delivered"]) == ("done", 1)
    assert report["start_at"] == "2026-01-01T06:00:00.000000Z"


CAMPAIGNS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no lists": ({"contact_list_id": None}, 422, "The contact_list_id field is required."),
    "empty lists": ({"contact_list_id": " , "}, 422, "The contact_list_id field is required."),
    "an unknown list": ({"contact_list_id": "6065ecdc9184a"}, 404, "Group not found"),
    "a number": ({"contact_list_id": "31612345678"}, 404, "Group not found"),
    "no text": ({"message": ""}, 422, "The message field is required."),
    "no sender": ({"sender_id": None}, 422, "The sender_id field is required."),
    "another's sender": ({"sender_id": "Other"}, 403, 'Sender ID "Other" is not authorized'),
    "a past time": ({"schedule_time": "2025-12-31 23:59"}, 422, "The schedule_time must be in the future."),
    "too little money": ({"message": "x" * 1500}, 403, "Insufficient balance"),
}


@pytest.mark.parametrize("case", CAMPAIGNS)
async def test_campaigns_that_are_refused(rig: GatewayRig, case: str) -> None:
    """TP-7, TP-8, TP-35, TP-36, XA-1, XA-2: nothing is sent."""
    change, status, message = CAMPAIGNS[case]
    group = await group_with(rig, "one", *(f"3161234567{n}" for n in range(10)))
    await rig.engine_rig.engine.wallets.credit("acme", Decimal("-20"))
    for base in (HTTP, V3):
        given = CAMPAIGN | {"contact_list_id": group} | change
        assert (await ask(rig, base, "POST", "sms/campaign", status, **given))["message"] == message
    assert (await read(rig, V3, "balance"))["data"]["balance"] == 80
    assert (await read(rig, V3, "sms"))["data"]["total"] == 0


async def test_a_campaign_that_is_too_long(rig: GatewayRig) -> None:
    """TP-35: as for a single message."""
    group = await group_with(rig, "one", "31612345678")
    await ask(rig, V3, "POST", "sms/campaign", 422, **CAMPAIGN | {"contact_list_id": group, "message": "x" * 5000})


@BASES
async def test_another_accounts_campaign_is_not_there(rig: GatewayRig, base: str) -> None:
    """TP-40, XA-3: nor are its groups."""
    group = await group_with(rig, "one", "31612345678")
    await ask(rig, base, "POST", "sms/campaign", 404, token=OTHER, **CAMPAIGN | {"contact_list_id": group})
    uid = (await ask(rig, base, "POST", "sms/campaign", **CAMPAIGN | {"contact_list_id": group}))["data"]["uid"]
    for one in (uid, "0" * 13, "x"):
        answer = await read(rig, base, f"campaign/{one}/view", 404, token=OTHER)
        assert answer["message"] == "Campaign not found"


# --- links ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 60))
def test_links_lead_to_pages_near_and_at_the_ends(current: int, last: int) -> None:
    """TP-10: ascending, the first and the last always, the neighbours of the one that is shown."""
    numbers = [number for number in _shown(current, last) if number is not None]
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (1, last)
    near = set(range(max(1, current - 3), min(last, current + 3) + 1)) if current <= last else set()
    assert near <= set(numbers)
    assert len(numbers) <= 13
