"""smsapi by its contract, requirement by requirement."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from router.account import RateLimit
from tests.gateways.rig import GatewayRig, account

pytestmark = pytest.mark.end_to_end

PASSWORD = "p4ss word%"
PAIR = {"username": "acme", "password": PASSWORD}
OTHER = {"username": "other", "password": "another"}
SEND = {"numbers": "0701234567, 0712345678", "message_body": "Hello"}
V1, V2, BALANCE = "/v1/sms/send", "/api/v2/sms/send", "/api/v2/account/balance"
KEY_CALLS = ("generate-key", "revoke-key", "regenerate-key")


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


def smsapi(pair: dict[str, str] = PAIR, **settings: Any) -> dict[str, Any]:
    return {"smsapi": {**pair, **settings}}


def acme(**fields: Any) -> Any:
    fields = {"country": "UG", "wallet": "prepaid", "senders": ("ACME",), "default_sender": "ACME"} | fields
    return account("acme", fields.pop("gateways", None) or smsapi(), **fields)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    others = account("other", smsapi(OTHER)), account("away", smsapi({"username": "away", "password": "x"}))
    async with GatewayRig(tmp_path, acme(), others[0], replace(others[1], status="suspended"), prefix="256") as rig:
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("10"))
        yield rig


async def told(response: ClientResponse, status: int) -> Any:
    """The JSON of an answer, which has the headers of SA-2."""
    assert response.status == status, await response.text()
    assert response.headers.getall("Content-Type") == ["application/json"]
    assert response.headers.getall("Cache-Control") == ["no-cache, private"]
    assert response.headers.getall("Access-Control-Allow-Origin") == ["*"]
    return await response.json()


async def ask(rig: GatewayRig, method: str, path: str, status: int = 200, **request: Any) -> Any:
    async with rig.client.request(method, path, **request) as response:
        return await told(response, status)


async def key_of(rig: GatewayRig, pair: dict[str, str] = PAIR, **more: Any) -> str:
    answer = await ask(rig, "POST", "/api/generate-key", json=pair | more)
    key: str = answer["data"]["api_key"]
    return key


def balance(rig: GatewayRig) -> Decimal:
    return rig.engine_rig.engine.wallets.told("acme").balance.amount


PARTS = "".join(
    f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    for name, value in (PAIR | SEND).items()
)
PARTS += "--edge--\r\n"
WAYS: dict[str, dict[str, Any]] = {
    "query": {"params": PAIR | SEND},
    "form": {"data": PAIR | SEND},
    "json": {"json": PAIR | SEND},
    "parts": {"data": PARTS, "headers": {"Content-Type": "multipart/form-data; boundary=edge"}},
    "both": {"params": PAIR, "data": SEND},
    "body wins": {"params": PAIR | SEND | {"numbers": "no", "password": "no"}, "json": PAIR | SEND},
    "json called a form": {
        "data": b'{"username":"acme","password":"p4ss word%","numbers":"0701234567,0712345678","message_body":"Hello"}',
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_send_with_a_password(rig: GatewayRig, way: str) -> None:
    """SA-1, SA-2, SA-6, SA-7, SA-10: `/v1` without `/api`, parameters wherever they are, national numbers."""
    answer = await ask(rig, "POST", V1, **WAYS[way])
    id = answer["data"].pop("message_id")
    assert answer == {
        "success": True,
        "message": "Message sent successfully.",
        "data": {"recipients": 2, "estimated_cost": 0.04, "remaining_balance": 9.96},
    }
    assert [len(piece) for piece in id.split("-")] == [8, 4, 4, 4, 12]
    assert balance(rig) == Decimal("9.96")
    await rig.deliver(2)
    sent = rig.engine_rig.operators["mtn"].history
    assert [one.message.to for one in sent] == ["+256701234567", "+256712345678"]
    assert {(one.message.text, one.message.sender, one.message.origin) for one in sent} == {("Hello", "ACME", "smsapi")}


async def test_a_send_by_get(rig: GatewayRig) -> None:
    """SA-7, SA-10: version 1 takes GET too."""
    answer = await ask(rig, "GET", V1, params=PAIR | SEND)
    assert (answer["success"], answer["data"]["recipients"]) == (True, 2)


NUMBERS = {
    "0701234567": ["+256701234567"],
    "701234567": ["+256701234567"],
    "256701234567": ["+256701234567"],
    "+256701234567": ["+256701234567"],
    " 256701234567": ["+256701234567"],
    "070-123-4567, (0712) 345 678,": ["+256701234567", "+256712345678"],
    "0701234567,+256701234567, 0712345678": ["+256701234567", "+256712345678"],
    "+256701234567,0701.234.568": ["+256701234567", "+256701234568"],
}


@pytest.mark.parametrize("written", NUMBERS)
async def test_numbers_as_they_are_written(rig: GatewayRig, written: str) -> None:
    """SA-6: national numbers of the account's country and international ones, each sent to once."""
    answer = await ask(rig, "POST", V1, json=PAIR | {"numbers": written, "message_body": "x"})
    assert answer["data"]["recipients"] == len(NUMBERS[written])
    await rig.deliver(len(NUMBERS[written]))
    assert [one.message.to for one in rig.engine_rig.operators["mtn"].history] == NUMBERS[written]


MANY = ",".join(f"07012{n:05}" for n in range(60))
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no password": ({"password": ""}, 401, "Unauthorized."),
    "no name": ({"username": None}, 401, "Unauthorized."),
    "wrong password": ({"password": "wrong"}, 401, "Unauthorized."),
    "wrong name": ({"username": "nobody"}, 401, "Unauthorized."),
    "another's password": ({"username": "other"}, 401, "Unauthorized."),
    "a suspended account": ({"username": "away", "password": "x"}, 403, "Account is not active"),
    "a malformed number": ({"numbers": "0701234567,07012"}, 400, "Invalid phone number format."),
    "a word": ({"numbers": "0701234567,acme"}, 400, "Invalid phone number format."),
    "no numbers": ({"numbers": ""}, 400, "Invalid phone number format."),
    "only commas": ({"numbers": " , ,"}, 400, "Invalid phone number format."),
    "no key numbers": ({"numbers": None}, 400, "Invalid phone number format."),
    "no text": ({"message_body": ""}, 400, "The message body field is required."),
    "no key text": ({"message_body": None}, 400, "The message body field is required."),
    "a list": ({"numbers": ["0701234567"]}, 400, "The numbers must be a string."),
    "a long sender": ({"sender_id": "ACME-COMPANY"}, 400, "The sender id must not be greater than 11 characters."),
    "another's sender": ({"sender_id": "OTHER"}, 403, "Sender ID is not approved."),
    "no route": ({"numbers": "0701234567,+33612345678"}, 400, "No route to destination."),
    "no money": ({"message_body": "x" * 1500, "numbers": MANY}, 402, "Insufficient balance"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "case"),
    [("v1", case) for case in REFUSED]
    + [("v2", case) for case, (change, _, _) in REFUSED.items() if not change.keys() & PAIR.keys()],
)
async def test_what_is_refused_has_sent_and_cost_nothing(rig: GatewayRig, case: str, version: str) -> None:
    """SA-8, SA-9, SA-11, SA-15, XA-1, XA-2, XA-8: one bad number, or too little for all, fails everything."""
    change, status, error = REFUSED[case]
    if version == "v1":
        expected: dict[str, Any] = {"error": error}
        answer = await ask(rig, "POST", V1, status, json=PAIR | SEND | change)
    else:
        expected = {"error": error, "success": False, "message": error}
        answer = await ask(rig, "POST", V2, status, json=SEND | change, headers={"X-API-Key": await key_of(rig)})
    assert answer == expected
    assert balance(rig) == 10
    assert rig.engine_rig.engine.ledger.open == 0


async def test_a_message_that_is_too_long(rig: GatewayRig) -> None:
    """SA-14: longer than a segment is cut; longer than the engine takes is refused."""
    answer = await ask(rig, "POST", V1, json=PAIR | SEND | {"message_body": "x" * 161})
    assert answer["data"]["estimated_cost"] == 0.08
    answer = await ask(rig, "POST", V1, 400, json=PAIR | SEND | {"message_body": "x" * 5000})
    assert set(answer) == {"error"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("where", ["header", "parameter"])
async def test_a_send_with_a_key(rig: GatewayRig, method: str, where: str) -> None:
    """SA-5, SA-12, SA-14, SA-15: in both methods, the key in the header or among the parameters."""
    key = await key_of(rig)
    given: dict[str, Any] = dict(SEND)
    headers = {"X-API-Key": key} if where == "header" else {}
    if where == "parameter":
        given["api_key"] = key
    answer = await ask(rig, method, V2, headers=headers, **{"params" if method == "GET" else "data": given})
    del answer["data"]["message_id"]
    assert answer == {
        "success": True,
        "message": "SMS sent successfully",
        "data": {"recipients": 2, "estimated_cost": 0.04, "remaining_balance": 9.96},
    }
    assert await ask(rig, "GET", BALANCE, params={"api_key": "wrong"}, headers={"X-API-Key": key})


async def test_the_balance(rig: GatewayRig) -> None:
    """SA-16."""
    answer = await ask(rig, "GET", BALANCE, headers={"X-API-Key": await key_of(rig)})
    assert answer == {
        "success": True,
        "message": "Balance retrieved successfully",
        "data": {"balance": 10.0, "currency": "XAF", "remaining_balance": 10.0},
    }


@pytest.mark.parametrize("path", [V2, BALANCE])
async def test_who_has_no_key(rig: GatewayRig, path: str) -> None:
    """SA-12, SA-13."""
    answer = await ask(rig, "GET", path, 401)
    assert answer == {"error": "API key is required", "help": "Provide X-API-Key header or api_key parameter"}
    assert await ask(rig, "GET", path, 401, params={"api_key": "x"}) == {"error": "Invalid API key"}
    assert await ask(rig, "GET", path, 401, params=PAIR) == answer
    key = await key_of(rig, expiry_days=1)
    rig.engine_rig.clock.move(24 * 3600)
    assert await ask(rig, "GET", path, 401, headers={"X-API-Key": key}) == {"error": "API key has expired"}


async def test_a_key_of_an_account_that_is_suspended(tmp_path: Path) -> None:
    """SA-13: and a key outlives a restart (SA-20)."""
    async with GatewayRig(tmp_path, acme()) as rig:
        key = await key_of(rig)
    async with GatewayRig(tmp_path, acme()) as rig:
        await ask(rig, "GET", BALANCE, headers={"X-API-Key": key})
    async with GatewayRig(tmp_path, acme(status="cancelled")) as rig:
        answer = await ask(rig, "GET", BALANCE, 403, headers={"X-API-Key": key})
    assert answer == {"error": "Account is not active"}
    async with GatewayRig(tmp_path, acme(gateways={"texify": {"keys": ()}})) as rig:
        assert await ask(rig, "GET", BALANCE, 401, headers={"X-API-Key": key}) == {"error": "Invalid API key"}


async def limits(rig: GatewayRig, path: str, status: int, **request: Any) -> tuple[str | None, ...]:
    async with rig.client.get(path, **request) as response:
        await told(response, status)
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "Retry-After")
        return tuple(response.headers.get(name) for name in names)


async def test_requests_without_a_key_are_counted_before_they_are_refused(rig: GatewayRig) -> None:
    """SA-3, XA-6, XA-11: one bucket of an address over all of version 2, and one of each key."""
    key = await key_of(rig)
    assert await limits(rig, V2, 401) == ("60", "59", None, None)
    assert await limits(rig, BALANCE, 401) == ("60", "58", None, None)
    assert await limits(rig, BALANCE, 401, params={"api_key": "guess"}) == ("60", "57", None, None)
    assert await limits(rig, "/api/v2/nothing", 404) == ("60", "56", None, None)
    assert await limits(rig, BALANCE, 200, params={"api_key": key}) == ("60", "59", None, None)
    assert await limits(rig, V2, 400, headers={"X-API-Key": key}) == ("60", "58", None, None)
    for _ in range(56):
        await ask(rig, "GET", BALANCE, 401)
    now = rig.engine_rig.clock.now() // 1000
    assert await limits(rig, BALANCE, 429) == ("60", "0", str(now + 60), "60")
    assert await limits(rig, BALANCE, 429, params={"api_key": "guess"}) == ("60", "0", str(now + 60), "60")
    assert await limits(rig, BALANCE, 200, headers={"X-API-Key": key}) == ("60", "57", None, None)
    assert await ask(rig, "GET", V2, 429) == {"error": "Too Many Requests"}
    rig.engine_rig.clock.move(60)
    assert await limits(rig, BALANCE, 401) == ("60", "59", None, None)


async def test_a_rate_of_ones_own(tmp_path: Path) -> None:
    """SA-3: as configured, by key; version 1 counts by itself and shows nothing."""
    async with GatewayRig(tmp_path, acme(gateways=smsapi(rate=RateLimit(2, 60.0)))) as rig:
        key = {"X-API-Key": await key_of(rig)}
        assert await limits(rig, BALANCE, 200, headers=key) == ("2", "1", None, None)
        assert await limits(rig, BALANCE, 200, headers=key) == ("2", "0", None, None)
        assert (await limits(rig, BALANCE, 429, headers=key))[:2] == ("2", "0")
        async with rig.client.get(V1, params=PAIR) as response:
            assert not [name for name in response.headers if name.lower().startswith("x-ratelimit")]
        assert await ask(rig, "GET", V1, 429, params=PAIR) == {"error": "Too Many Requests"}


async def test_guessing_passwords_is_limited(rig: GatewayRig) -> None:
    """XA-11, XA-6: by address; who knows the password still comes in."""
    for _ in range(60):
        await ask(rig, "POST", "/api/generate-key", 401, data=PAIR | {"password": "guess"})
    async with rig.client.post(V1, data=PAIR | {"password": "guess"}) as response:
        assert await told(response, 429) == {"error": "Too Many Requests"}
        assert int(response.headers["Retry-After"]) > 0
    await key_of(rig)


async def test_the_description(rig: GatewayRig) -> None:
    """SA-3, SA-17: no key, no count; a page, or OpenAPI for who asks for JSON."""
    for path in ("/api/v2", "/api/v2/"):
        async with rig.client.get(path) as response:
            assert (response.status, response.content_type) == (200, "text/html")
            assert "/openapi/smsapi.json" in await response.text()
            assert "x-ratelimit-limit" not in response.headers
    async with rig.client.get("/api/v2", headers={"Accept": "application/json"}) as response:
        document = await told(response, 200)
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {
        *(f"/api/{call}" for call in KEY_CALLS), V1, V2, BALANCE, "/api/v2", "/api/oauth2-callback",
    }  # fmt: skip


async def test_the_callback_page(rig: GatewayRig) -> None:
    """SA-18: it is the same whatever the query says."""
    pages = []
    for query in ("", "?code=%3Cscript%3E&state=1"):
        async with rig.client.get(f"/api/oauth2-callback{query}") as response:
            assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
            pages.append(await response.text())
    assert pages[0] == pages[1]
    assert pages[0].count("<script") == 1
    assert '<script src="oauth2-redirect.js">' in pages[0]


async def test_the_life_of_a_key(rig: GatewayRig) -> None:
    """SA-20, SA-21, SA-22, SA-24, SA-25: one at a time, usable at once, and gone at once."""
    answer = await ask(rig, "POST", "/api/generate-key", data=PAIR | {"expiry_days": "30"})
    first = answer["data"].pop("api_key")
    assert answer == {
        "success": True,
        "message": "API key generated successfully",
        "data": {"expires_at": "2026-01-31T00:00:00Z"},
    }
    again = await ask(rig, "POST", "/api/generate-key", 409, data=PAIR)
    assert again == {"error": "An active API key already exists"}
    answer = await ask(rig, "POST", "/api/regenerate-key", json=PAIR)
    second = answer["data"].pop("api_key")
    assert answer == {"success": True, "message": "API key regenerated successfully", "data": {"expires_at": None}}
    assert await ask(rig, "GET", BALANCE, 401, headers={"X-API-Key": first}) == {"error": "Invalid API key"}
    await ask(rig, "GET", BALANCE, headers={"X-API-Key": second})
    third = (await ask(rig, "POST", "/api/regenerate-key", headers={"X-API-Key": second}))["data"]["api_key"]
    assert len({first, second, third}) == 3
    answer = await ask(rig, "POST", "/api/revoke-key", data={"api_key": third})
    assert answer == {"success": True, "message": "API key revoked successfully"}
    assert await ask(rig, "GET", BALANCE, 401, headers={"X-API-Key": third}) == {"error": "Invalid API key"}
    assert await ask(rig, "POST", "/api/revoke-key", 404, headers=basic(*PAIR.values())) == {
        "error": "No active API key"
    }
    assert await ask(rig, "POST", "/api/revoke-key", 401, headers={"X-API-Key": third}) == {"error": "Unauthorized."}
    await key_of(rig)


async def test_a_key_that_has_expired_makes_room(rig: GatewayRig) -> None:
    """SA-24: it is not live any more."""
    key = await key_of(rig, expiry_days=1)
    rig.engine_rig.clock.move(24 * 3600)
    assert await ask(rig, "POST", "/api/regenerate-key", 401, headers={"X-API-Key": key}) == {"error": "Unauthorized."}
    assert await ask(rig, "POST", "/api/revoke-key", 404, json=PAIR) == {"error": "No active API key"}
    await key_of(rig)


async def test_two_first_keys_at_once(rig: GatewayRig) -> None:
    """SA-24: one is made, the other is told so."""
    from asyncio import gather

    async def one() -> int:
        async with rig.client.post("/api/generate-key", json=PAIR) as response:
            return response.status

    assert sorted(await gather(*(one() for _ in range(8)))) == [200] + [409] * 7


@pytest.mark.parametrize("call", KEY_CALLS)
async def test_who_may_change_keys(rig: GatewayRig, call: str) -> None:
    """SA-23: the pair wherever it is, or as HTTP Basic; the key does not make a key."""
    path = f"/api/{call}"
    key = await key_of(rig)
    nobody: dict[str, Any] = {"error": "Unauthorized."}
    assert await ask(rig, "POST", path, 401) == nobody
    assert await ask(rig, "POST", path, 401, json=PAIR | {"password": "no"}) == nobody
    assert await ask(rig, "POST", path, 401, json={"username": "acme"}) == nobody
    assert await ask(rig, "POST", path, 401, headers=basic("acme", "no")) == nobody
    for header in ("Basic", "Basic ???", "Basic " + b64encode(b"acme").decode(), "Bearer " + key, "Basic \xff"):
        assert await ask(rig, "POST", path, 401, headers={"Authorization": header}) == nobody
    assert await ask(rig, "POST", path, 401, headers={"X-API-Key": "x"}) == nobody
    if call == "generate-key":
        assert await ask(rig, "POST", path, 401, headers={"X-API-Key": key}) == nobody
    assert await ask(rig, "POST", path, 403, json={"username": "away", "password": "x"}) == {
        "error": "Account is not active"
    }
    ways: list[dict[str, Any]] = [
        {"params": PAIR},
        {"data": PAIR},
        {"json": PAIR},
        {"headers": basic(*PAIR.values())},
    ]
    statuses = []
    for way in ways:
        async with rig.client.post(path, **way) as response:
            statuses.append(response.status)
    assert statuses == {
        "generate-key": [409, 409, 409, 409], "revoke-key": [200, 404, 404, 404], "regenerate-key": [200] * 4,
    }[call]  # fmt: skip


DAYS = {
    0: "The expiry days must be at least 1.",
    -5: "The expiry days must be at least 1.",
    366: "The expiry days must not be greater than 365.",
    10**17: "The expiry days must not be greater than 365.",
    "x": "The expiry days must be an integer.",
    "1.5": "The expiry days must be an integer.",
    2.5: "The expiry days must be an integer.",
    True: "The expiry days must be an integer.",
    "9" * 400: "The expiry days must be an integer.",
    "²": "The expiry days must be an integer.",
}


@pytest.mark.parametrize("days", DAYS, ids=[repr(days)[:8] for days in DAYS])
@pytest.mark.parametrize("call", ["generate-key", "regenerate-key"])
async def test_days_that_are_none(rig: GatewayRig, call: str, days: Any) -> None:
    """SA-26: the framework's shape, and no key is made."""
    answer = await ask(rig, "POST", f"/api/{call}", 422, json=PAIR | {"expiry_days": days})
    assert answer == {"message": DAYS[days], "errors": {"expiry_days": [DAYS[days]]}}
    assert await ask(rig, "POST", "/api/revoke-key", 404, json=PAIR) == {"error": "No active API key"}


@pytest.mark.parametrize("days", [1, 365, "365", " 7 ", "", None])
async def test_days_that_are_some(rig: GatewayRig, days: Any) -> None:
    """SA-20, SA-26."""
    await key_of(rig, expiry_days=days)


async def test_a_secret_is_kept_as_its_hash(rig: GatewayRig, tmp_path: Path) -> None:
    """SA-25, XA-4."""
    key = await key_of(rig)
    await ask(rig, "GET", BALANCE, headers={"X-API-Key": key})
    octets = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert key.encode() not in octets


async def test_another_accounts_key_is_its_own(rig: GatewayRig) -> None:
    """SA-24, XA-3: one key per account."""
    mine, theirs = await key_of(rig), await key_of(rig, OTHER)
    await ask(rig, "POST", "/api/revoke-key", json=OTHER)
    await ask(rig, "GET", BALANCE, headers={"X-API-Key": mine})
    await ask(rig, "GET", BALANCE, 401, headers={"X-API-Key": theirs})


async def test_paths_and_methods_that_are_not_there(rig: GatewayRig) -> None:
    """SA-1, SA-4, SA-19, XA-5: nothing of smsapi is at /api/v1, and what is outside the contract is nowhere."""
    for path in ("/v1/sms", "/api/v2/sms", "/api/v2/sms/send/bulk", "/api/generate-key/x"):
        assert await ask(rig, "GET", path, 404) == {"error": "Not Found"}
    async with rig.client.get("/api/generate-key") as response:
        assert await told(response, 405) == {"error": "Method Not Allowed"}
        assert response.headers["Allow"] == "POST"
    async with rig.client.post("/api/v1/sms/send", json=PAIR | SEND) as response:
        assert (await response.json())["code"] == "NOT_FOUND"


async def test_bodies_that_cannot_be_read(rig: GatewayRig) -> None:
    """SA-4: malformed is 400, too large is 413."""
    bodies = {b'{"numbers":': 400, b'{"a":' * 9000: 400, b"numbers=%ff": 400, b"&".join([b"a=1"] * 2000): 400}
    for body, status in bodies.items():
        async with rig.client.post(V1, data=body) as response:
            assert set(await told(response, status)) == {"error"}
    async with rig.client.post(V1, data=b"[]", headers={"Content-Type": "application/json"}) as response:
        await told(response, 400)
    async with rig.client.post(V1, data=b"x" * 600_000) as response:
        await told(response, 413)


async def test_a_server_error_says_nothing(rig: GatewayRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """SA-4, XA-4."""
    key = await key_of(rig)
    monkeypatch.setattr("router.engine.wallets.Wallets.balance", lambda *_: 1 / 0)
    async with rig.client.get(BALANCE, params={"api_key": key}) as response:
        assert await told(response, 500) == {"message": "Server Error"}
        assert response.headers["x-ratelimit-remaining"] == "59"
