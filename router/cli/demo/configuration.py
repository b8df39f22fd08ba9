"""The demo's operators, and the files of its daemon."""

from dataclasses import dataclass
from typing import Any

from adapters.simulator.ids import IdForm
from adapters.simulator.options import SmscOptions
from router.cli.demo.messages import BANK, HOTEL, SHOP

OUTAGE = "orange-cm"
"""The operator whose link goes down for a while."""

MAIL = "mail"
CALLBACK = f"/callbacks/{MAIL}/{{secret}}"
"""Where the mail server tells what became of mails."""


@dataclass(frozen=True)
class Sold:
    """A simulated operator by SMPP: what it asks for, and how its SMSC behaves."""

    rates: tuple[dict[str, str], ...]
    smsc: SmscOptions


def _smsc(**options: Any) -> SmscOptions:
    return SmscOptions(system_id="demo", password="demo", keep=False, **options)


def smpp_operators() -> dict[str, Sold]:
    """Every SMSC writes its message ids in another way, as they do."""
    return {
        "mtn-cm": Sold(
            ({"prefix": "237", "price": "20"}, {"prefix": "23767", "price": "12", "network": "62401"}),
            _smsc(receipt_delay=0.6, throttle=60.0),
        ),
        OUTAGE: Sold(
            ({"prefix": "237", "price": "18"}, {"prefix": "23769", "price": "11", "network": "62402"}),
            _smsc(receipt_delay=0.9, id_form=IdForm.HEX, id_in_receipt=IdForm.DECIMAL),
        ),
        "sahel-hub": Sold(
            (
                {"prefix": "20", "price": "27"},
                {"prefix": "233", "price": "19"},
                {"prefix": "234", "price": "22"},
                {"prefix": "237", "price": "24"},
                {"prefix": "251", "price": "31"},
                {"prefix": "254", "price": "14"},
                {"prefix": "255", "price": "16"},
            ),
            _smsc(receipt_delay=1.2, id_form=IdForm.UUID),
        ),
        "orange-sn": Sold(({"prefix": "221", "price": "17"},), _smsc(behaviour="912")),
        "world": Sold(({"prefix": "", "price": "45"},), _smsc(receipt_delay=1.5, id_form=IdForm.PADDED)),
    }


HTTP_OPERATORS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "web-sn": ("sms", {"prefix": "221", "price": "30"}, {}),
    "whatsapp": (
        "whatsapp",
        {"prefix": "", "price": "19"},
        {"template": "{options.template}", "parameters": [{"$each": "options.parameters", "$item": "{item}"}]},
    ),
    "voice": (
        "voice",
        {"prefix": "", "price": "50"},
        {"language": "{options.language|en}", "gender": "{options.gender|female}"},
    ),
    "mms": ("mms", {"prefix": "", "price": "60"}, {"media_url": "{options.media_url}"}),
    "viber": (
        "viber",
        {"prefix": "", "price": "15"},
        {"button": {"title": "{options.button_title}", "action": "{options.button_url}"}},
    ),
}
"""By name the channel, the rate and what else is in the JSON of a request; all are one simulated carrier."""


def protocol(operator: str) -> str:
    """What an operator of the demo speaks."""
    return "http" if operator in HTTP_OPERATORS else "smtp" if operator == MAIL else "smpp"


def operator_files(port: int, smscs: dict[str, int], carrier: int, mail: int) -> dict[str, Any]:
    """By file name, from the ports of the daemon and of the other sides."""
    sold = smpp_operators()
    every = [
        *(_by_smpp(name, smscs[name], one) for name, one in sold.items()),
        *(_by_http(name, carrier, port) for name in HTTP_OPERATORS),
        _by_mail(mail),
    ]
    retry = {"initial": "500ms", "max": "2s", "attempts": 3}
    return {f"operators/{one['operator']}.yaml": {**one, "retry": retry, "currency": "XAF"} for one in every}


def _by_smpp(name: str, smsc: int, sold: Sold) -> dict[str, Any]:
    return {
        "operator": name,
        "link": {
            "host": "127.0.0.1",
            "port": smsc,
            "system_id": "demo",
            "password": "${SMSC_PASSWORD}",
            "window": 50,
            "response_timeout": "3s",
            "reconnect": {"initial": "500ms", "max": "1s"},
        },
        "rates": list(sold.rates),
    }


def _by_http(name: str, carrier: int, port: int) -> dict[str, Any]:
    channel, rate, options = HTTP_OPERATORS[name]
    message = {"to": "{to}", "from": "{from}", "text": "{text}", "callback_url": "{callback_url}", "kind": channel}
    return {
        "operator": name,
        "channel": channel,
        "protocol": "http",
        "link": {
            "request": {
                "url": f"http://127.0.0.1:{carrier}/messages",
                "headers": {"Idempotency-Key": "{idempotency_key}"},
                "json": {**message, **options},
            },
            "auth": {"bearer": "${CARRIER_TOKEN}"},
            "answer": {"success": {"at": "status", "is": "accepted"}, "id": "id", "code": "code"},
            "response_timeout": "3s",
            "callbacks": {
                "public_url": f"http://127.0.0.1:{port}",
                "hmac": {"header": "X-Signature", "secret": "${CARRIER_SECRET}", "prefix": "sha256="},
                "receipts": {"id": "id", "to": "to", "state": "status", "error": "error"},
            },
        },
        "rates": [rate],
    }


def _by_mail(server: int) -> dict[str, Any]:
    return {
        "operator": MAIL,
        "channel": "email",
        "protocol": "smtp",
        "link": {"host": "127.0.0.1", "port": server, "tls": False, "callback_secret": "${MAIL_CALLBACK}"},
        "rates": [{"prefix": "", "price": "0.3"}],
    }


def files(port: int, webhook: str) -> dict[str, Any]:
    """The configuration by file name, but for the operators."""
    router = {
        "http": {"listen": f"127.0.0.1:{port}", "admin_token": "${ADMIN_TOKEN}"},
        "store": "sqlite:///data/router.db",
        "operators": "operators/",
        "routes": "routes.yaml",
        "accounts": "accounts.yaml",
        "webhooks": {"allow": ["127.0.0.0/8"]},
    }
    routes = {
        "currencies": {"base": "XAF", "EUR": "655.957"},
        "plans": {"default": {"order": "cost", "attempts": 3}},
        "rules": [
            {"match": {"sender": "+1*"}, "refuse": "sender_not_allowed"},
            {"match": {"prefix": "23769", "class": "otp"}, "operators": ["orange-cm", "mtn-cm"]},
            {"match": {"prefix": "254"}, "sender": "20880"},
        ],
    }
    accounts = [
        {
            "name": BANK,
            "token": "${BANK_TOKEN}",
            "default_sender": "BANK",
            "webhook": {"url": webhook, "secret": "${HOOK_SECRET}", "events": ["final"], "batch": 50},
        },
        {"name": SHOP, "token": "${SHOP_TOKEN}", "default_sender": "SHOP"},
        {"name": HOTEL, "token": "${HOTEL_TOKEN}", "default_sender": "HOTEL"},
    ]
    return {"router.yaml": router, "routes.yaml": routes, "accounts.yaml": {"accounts": accounts}}
