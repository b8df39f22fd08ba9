"""accounts.yaml: who submits, with what rights, at what price."""

from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.currencies import Currencies
from adapters.config_yaml.gateways import gateway_settings
from adapters.config_yaml.guards import GUARDS, guards_of
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, attempt, listing, read_fields, record
from adapters.config_yaml.values import Names, flag, one_of, secret_word, text, unique, whole, word
from router.account import Account, AccountChannel, InboundRule, OwnNumber, Price, Webhook
from router.message import TrafficClass
from router.submit import Channel


def read_accounts(value: Value, plans: Names, currencies: Currencies) -> dict[str, Account]:
    """The accounts by name, from the list under `accounts`."""
    needed, optional = _schema(plans, currencies)
    accounts: dict[str, Account] = {}
    for item in value.items():
        fields = attempt(lambda item: read_fields(item, needed, optional), item)
        if fields is None:
            continue
        given, sound = fields
        if "plan" not in given and plans.complete and "default" not in plans.places:
            item.report("plan is missing, and there is no plan 'default'")
        if sound:
            account = _account(given, currencies.base)
            accounts[account.name] = account
    return accounts


def _account(given: dict[str, Any], base: str) -> Account:
    given["guards"] = guards_of(given)
    given.setdefault("currency", base)
    given.setdefault("token", None)
    given.setdefault("wallet", "prepaid" if "gateways" in given else "off")
    given.setdefault("channels", (AccountChannel("sms", "sms", "SMS"),))
    return Account(**given)


def _schema(plans: Names, currencies: Currencies) -> tuple[dict[str, Parser[Any]], dict[str, Parser[Any]]]:
    """Made for each load, since it remembers which names and tokens it has met."""
    return {"name": Names("account").define}, {
        "status": one_of(("active", "suspended", "cancelled")),
        "token": unique("token", secret_word(words.token)),
        "plan": plans.refer,
        "rate": word(words.rate),
        "senders": listing(text, distinct=True),
        "default_sender": text,
        "numbers": listing(
            record(OwnNumber, {"number": word(words.own_number)}, {"country": word(words.country), "active": flag}),
        ),
        "country": word(words.country),
        "time_zone": word(words.time_zone),
        "currency": currencies.refer,
        "prices": _prices,
        "channels": _channels,
        "webhook": record(
            Webhook,
            {"url": word(words.url), "secret": secret_word(words.webhook_secret)},
            {
                "events": listing(one_of(("final", "submitted", "received", "all")), least=1, distinct=True),
                "batch": whole(1, 1000),
            },
        ),
        "inbound": listing(record(InboundRule, {"to": word(words.inbound_number)}, {"keyword": word(words.keyword)})),
        "wallet": one_of(("prepaid", "postpaid", "off")),
        "charge": one_of(("accepted", "submitted", "delivered")),
        "transliterate": flag,
        "gateways": gateway_settings(),
        **GUARDS,
    }


def _prices(value: Value) -> tuple[Price, ...]:
    price = record(
        _price,
        {"prefix": word(words.prefix), "price": word(words.decimal)},
        {
            "class": lambda value: str(one_of(TrafficClass)(value)),
            "channel": lambda value: str(one_of(Channel)(value)),
        },
    )
    what = "price of one prefix, class and channel"
    return listing(unique(what, price, by=lambda price: (price.prefix, price.traffic_class, price.channel)))(value)


def _price(**given: Any) -> Price:
    return Price(given["prefix"], given["price"], given.get("class"), given.get("channel"))


def _channels(value: Value) -> tuple[AccountChannel, ...]:
    channel = record(
        _channel,
        {"id": unique("channel id", text), "type": lambda value: str(one_of(Channel)(value))},
        {"name": text, "active": flag, "sender": text},
    )
    return listing(channel)(value)


def _channel(**given: Any) -> AccountChannel:
    return AccountChannel(**{"name": given["id"], **given})
