"""Plans with nothing in them but what a test is about."""

from decimal import Decimal
from typing import Any

from router.account import Account
from router.operator import Operator, Rate
from router.routing.plan import RoutePlan
from router.routing.route import Ranking, RouteQuery
from router.routing.terms import Ranker
from router.settings import Plan, Settings

CURRENCIES = {"XAF": Decimal(1), "EUR": Decimal("655.957"), "USD": Decimal(600)}


def rate(
    prefix: str,
    price: str,
    currency: str = "XAF",
    start: int = 0,
    network: tuple[str, str] | None = None,
    end: int | None = None,
) -> Rate:
    return Rate(prefix, Decimal(price), currency, network, start, end)


def operator(name: str, *rates: Rate, channel: str = "sms") -> Operator:
    return Operator(name=name, channel=channel, protocol="smpp", link=None, currency="XAF", rates=rates)


def account(name: str = "acme", **fields: Any) -> Account:
    return Account(**{"name": name, "token": None, "currency": "XAF", **fields})


def plan(*operators: Operator, accounts: tuple[Account, ...] = (), version: int = 1, **fields: Any) -> RoutePlan:
    settings = Settings(
        **{
            "store": "",
            "operators": {one.name: one for one in operators},
            "accounts": {one.name: one for one in accounts},
            "plans": {"default": Plan("default")},
            "rules": (),
            "base_currency": "XAF",
            "currencies": CURRENCIES,
            **fields,
        }
    )
    return RoutePlan(settings, version)


def remembered(ranker: Ranker, asked: RouteQuery, account: str = "") -> Ranking:
    """What `rank` would say, out of the ranker's memory."""
    terms = ranker.terms(account, asked.channel, asked.traffic_class, asked.sender, asked.plan)
    return ranker.rank(terms, asked.to[1:], asked.network, asked.at)
