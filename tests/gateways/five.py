"""All five APIs with one account, and another that must see nothing of it: how each is asked."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from router.account import Account, AccountChannel, OwnNumber, TexifyKey
from tests.gateways.rig import account

SECRET = "secret-of-{name}-7b41"
SCOPES = (
    "send_sms",
    "read_messages",
    "read_delivery",
    "manage_contacts",
    "read_contacts",
    "use_templates",
    "read_balance",
    "create_scheduled",
    "read_scheduled",
)


def secret(name: str) -> str:
    return SECRET.format(name=name)


def account_of_all(name: str, **fields: Any) -> Account:
    """An account with credentials for each API; all of its secrets are `secret(name)`."""
    own, rate = secret(name), fields.pop("rate_of_keys", None)
    gateways: dict[str, Any] = {
        "textdigo": {"login": name, "key": own},
        "textiopro": {"token": own},
        "texify": {"keys": (TexifyKey(own, SCOPES),)},
        "smsapi": {"username": name, "password": own},
        "fullsms": {"token": own},
    }
    if rate is not None:
        for settings in gateways.values():
            settings["rate"] = rate
    usual = {
        "default_sender": "ACME",
        "numbers": (OwnNumber("+441111111111", "GB"),),
        "channels": (AccountChannel("line-1", "sms", "Main", sender="ACME"),),
    }
    return account(name, gateways, **{**usual, **fields})


def _basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


@dataclass(frozen=True)
class Api:
    """`headers` and `body` of a send of a text to numbers by somebody with a secret; `base` is a path of the API."""

    name: str
    base: str
    send: str
    headers: Callable[[str, str], dict[str, str]]
    body: Callable[[str, str, list[str], str], dict[str, Any]]
    wrong_credentials: int = 401
    no_credit: int = 402
    media: str = "application/json; charset=utf-8"


FIVE = {
    "textdigo": Api(
        "textdigo",
        "/api/v0",
        "/api/v0/api-campaign/send-sms",
        _basic,
        lambda name, own, to, text: {"contacts": to, "message": text, "senderName": "ACME"},
    ),
    "textiopro": Api(
        "textiopro",
        "/api/v3",
        "/api/v3/sms/send",
        lambda name, own: {"Authorization": f"Bearer {own}"},
        lambda name, own, to, text: {
            "recipient": ",".join(to),
            "message": text,
            "sender_id": "ACME",
            "type": "plain",
        },
        no_credit=403,
    ),
    "texify": Api(
        "texify",
        "/api/v1",
        "/api/v1/messages/send",
        lambda name, own: {"X-API-Key": own},
        lambda name, own, to, text: {"recipients": to, "message": text, "senderId": "ACME"},
    ),
    "smsapi": Api(
        "smsapi",
        "/api/v2",
        "/v1/sms/send",
        lambda name, own: {},
        lambda name, own, to, text: {
            "numbers": ", ".join(to),
            "message_body": text,
            "sender_id": "ACME",
            "username": name,
            "password": own,
        },
        media="application/json",
    ),
    "fullsms": Api(
        "fullsms",
        "/messages",
        "/messages/send/to_numbers",
        lambda name, own: {"Authorization": f"Bearer {own}"},
        lambda name, own, to, text: {"to_numbers": to, "message": text, "from": "ACME"},
        wrong_credentials=403,
        no_credit=422,
    ),
}
