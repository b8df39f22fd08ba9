"""TextDigo's side of the tests: an account with every channel, the operators that carry them, and a client."""

from decimal import Decimal
from typing import Any

from aiohttp import ClientResponse, encode_basic_auth

from router.account import Account, AccountChannel, Price
from router.operator import Operator, Rate, SmtpLink, TextRules
from tests.engine.rig import operator
from tests.gateways.rig import GatewayRig, account

LOGIN, KEY = "acme-login", "key-of-acme"
AUTH = encode_basic_auth(LOGIN, KEY)

CHANNELS = (
    AccountChannel("line-1", "sms", "Main", sender="ACME"),
    AccountChannel("mail-1", "email", "News", sender="news@acme.example"),
    AccountChannel("1555", "whatsapp", "Chat", sender="+15550001"),
    AccountChannel("1666", "whatsapp", "Old chat", active=False),
    AccountChannel("voice-1", "voice", "Calls"),
    AccountChannel("viber-1", "viber", "Viber"),
)


def mail() -> Operator:
    return Operator(
        "mail", "email", "smtp", SmtpLink("127.0.0.1", 25), "XAF", text=TextRules(long="whole"),
        rates=(Rate("", Decimal("0.001"), "XAF"),),
    )  # fmt: skip


def chat() -> Operator:
    one = operator("chat", "0.01")
    return Operator("chat", "whatsapp", "smpp", one.link, "XAF", text=TextRules(long="whole"), rates=one.rates)


def digo(name: str = "acme", login: str = LOGIN, key: str = KEY, **fields: Any) -> Account:
    """An account in TextDigo; `settings` are more of its settings there."""
    settings = {"login": login, "key": key, **fields.pop("settings", {})}
    fields.setdefault("channels", CHANNELS)
    fields.setdefault("prices", (Price("", Decimal("0.02")), Price("", Decimal("0.01"), "marketing")))
    return account(name, {"textdigo": settings}, **fields)


class Client:
    """Calls of one caller. `locale` is what stands in x-locale."""

    def __init__(self, rig: GatewayRig, auth: str = AUTH) -> None:
        self._rig = rig
        self._auth = auth

    async def call(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The JSON of an answer that has this status, and is whole by XA-5."""
        headers = {"Authorization": self._auth} | more.pop("headers", {})
        async with self._rig.client.request(method, f"/api/v0{path}", headers=headers, **more) as response:
            return await body_of(response, status)

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        return await self.call("POST", path, status, json=body)

    async def get(self, path: str, status: int = 200, **more: Any) -> Any:
        return await self.call("GET", path, status, **more)


async def body_of(response: ClientResponse, status: int) -> Any:
    text = await response.text()
    assert response.status == status, text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    body = await response.json()
    if status >= 400:
        assert list(body) == ["statusCode", "errorCode", "message", "details", "timestamp", "path"], body
        assert body["statusCode"] == status
        assert all(list(one) == ["field", "message", "code"] for one in body["details"])
        assert bool(body["details"]) == (body["errorCode"] == "VALIDATION_FAILED")
        assert KEY not in text
    return body


def problems(error: Any) -> dict[str, str]:
    """The code of each field that a VALIDATION_FAILED names."""
    assert error["errorCode"] == "VALIDATION_FAILED"
    return {detail["field"]: detail["code"] for detail in error["details"]}
