"""`carrier-router check`: are the configuration files right?"""

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from rich.console import Console
from rich.table import Table

from adapters.config_yaml import ConfigErrors, PlanHistory, load, plans_folder
from adapters.lookup.build import check
from router.cli.console import console, working
from router.cli.difference import show_difference
from router.cli.offline import as_config_errors
from router.operator import HttpLink, Operator, SmppLink
from router.refusal import InvalidConfig, Refusal
from router.routing.difference import difference
from router.routing.exchange import Exchange
from router.settings import ExchangeRate, Plan, Settings

_BY_UNIT = frozenset({"texify", "textiopro"})
"""Public APIs that take one unit of the wallet for a part, whatever the prices."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("check", help="validate the configuration files and say every error")
    parser.add_argument("-c", "--config", type=Path, default=Path("config/router.yaml"), metavar="FILE")
    parser.add_argument(
        "--diff",
        action="store_true",
        help="also show what a reload would change: against the last plan that ran, as it is kept beside the database. "
        "A secret that is another under the same name does not show",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """0 with a summary on stdout, 1 with every error on stderr as `file:line: reason`."""
    against = None
    try:
        with working("reading the configuration"):
            settings = load(args.config, os.environ)
            check_ported(settings)
            if args.diff:
                against = PlanHistory(args.config, os.environ, plans_folder(settings.store)).last()
    except ConfigErrors as refused:
        for error in refused.errors:
            print(error, file=sys.stderr)
        if args.json:
            errors = [{"file": error.file, "line": error.line, "reason": error.reason} for error in refused.errors]
            print(json.dumps({"ok": False, "errors": errors}, indent=2))
        return 1
    except Refusal as refused:
        print(f"error: {refused.code}: {refused.detail}", file=sys.stderr)
        for file, line, reason in refused.errors if isinstance(refused, InvalidConfig) else ():
            print(f"{file}:{line}: {reason}", file=sys.stderr)
        return 1
    found = difference(against[1], settings) if against else None
    now = time.time_ns() // 1_000_000
    if args.json:
        answer = {"ok": True, "errors": [], **summary(settings, now)}
        if against:
            answer |= {"against": to_builtins(against[0]), "difference": to_builtins(found)}
        print(json.dumps(answer, indent=2))
        return 0
    screen = console()
    show(settings, screen, now)
    if against and found:
        plan = against[0]
        screen.print(f"\nagainst version {plan.version} of {plan.at:%Y-%m-%d %H:%M:%S}Z:")
        show_difference(found, screen)
    return 0


def check_ported(settings: Settings) -> None:
    """Read the table of ported numbers, where there is one. Raises ConfigErrors."""
    if settings.lookup is None or settings.lookup.table is None:
        return
    with as_config_errors():
        check(settings.lookup.table)


def summary(settings: Settings, now: int) -> dict[str, Any]:
    """What is configured, in numbers and names; no secrets. Of currencies what they are worth at `now` (ms), and what
    each is worth next."""
    exchange = Exchange(settings.base_currency, settings.currencies, settings.exchange_rates)
    return {
        "operators": [_operator(operator) for operator in settings.operators.values()],
        "plans": [
            {"name": plan.name, "order": plan.order, "operators": _plan_operators(plan), "attempts": plan.attempts}
            for plan in settings.plans.values()
        ],
        "rules": len(settings.rules),
        "accounts": [
            {
                "name": account.name,
                "status": account.status,
                "plan": account.plan,
                "currency": account.currency,
                "prices": len(account.prices),
                "wallet": account.wallet,
                "charge": account.charge,
            }
            for account in settings.accounts.values()
        ],
        "notes": _notes(settings),
        "currencies": {"base": settings.base_currency}
        | {code: str(worth) for code, worth in exchange.at(now).rates.items() if code != settings.base_currency},
        "currency_changes": [
            {"currency": one.currency, "worth": str(one.worth), "from": _moment(one.effective_from)}
            for one in _next_rates(settings, now)
        ],
    }


def _notes(settings: Settings) -> list[str]:
    """What is allowed, and rarely meant."""
    return [
        f"account {account.name!r} has a prepaid wallet and no prices: what it sends costs it nothing"
        for account in settings.accounts.values()
        if account.wallet == "prepaid"
        and not account.prices
        and (account.token is not None or account.gateways.keys() - _BY_UNIT)
    ]


def _next_rates(settings: Settings, now: int) -> list[ExchangeRate]:
    """Of each currency the next rate that replaces the one of now."""
    coming = sorted(
        (rate for rate in settings.exchange_rates if rate.effective_from > now),
        key=lambda rate: rate.effective_from,
        reverse=True,
    )
    return sorted({rate.currency: rate for rate in coming}.values(), key=lambda rate: rate.currency)


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _operator(operator: Operator) -> dict[str, Any]:
    link = operator.link
    return {
        "name": operator.name,
        "channel": operator.channel,
        "protocol": operator.protocol,
        "link": f"{link.host}:{link.port}" if link else None,
        "binds": link.binds if isinstance(link, SmppLink) else None,
        "tps": link.tps if isinstance(link, SmppLink | HttpLink) else None,
        "currency": operator.currency,
        "rates": len(operator.rates),
    }


def _plan_operators(plan: Plan) -> list[str] | None:
    return None if plan.operators is None else [choice.operator for choice in plan.operators]


def show(settings: Settings, screen: Console, now: int) -> None:
    """The summary as tables."""
    found = summary(settings, now)
    operators = _table("operator", "channel", "protocol", "binds", "parts/s", "rates", "currency")
    for one in found["operators"]:
        operators.add_row(
            one["name"],
            one["channel"],
            one["protocol"],
            str(one["binds"] or ""),
            f"{one['tps']:g}" if one["tps"] else "no limit",
            str(one["rates"]),
            one["currency"],
        )
    plans = _table("plan", "order", "operators", "attempts")
    for one in found["plans"]:
        names = one["operators"]
        plans.add_row(one["name"], one["order"], "all" if names is None else ", ".join(names), str(one["attempts"]))
    accounts = _table("account", "status", "plan", "currency", "prices", "wallet")
    for one in found["accounts"]:
        accounts.add_row(one["name"], one["status"], one["plan"], one["currency"], str(one["prices"]), one["wallet"])
    base = settings.base_currency
    currencies = _table("currency", f"in {base} now", "next")
    changes = {one["currency"]: f"{one['worth']} from {one['from']}" for one in found["currency_changes"]}
    for code, worth in found["currencies"].items():
        if code != "base":
            currencies.add_row(code, worth, changes.get(code, ""))
    for table in (operators, plans, accounts, currencies):
        if table.row_count:
            screen.print(table)
    counts = {
        "operator": len(settings.operators),
        "rate": sum(len(operator.rates) for operator in settings.operators.values()),
        "plan": len(settings.plans),
        "rule": len(settings.rules),
        "account": len(settings.accounts),
    }
    line = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
    screen.print(f"{line}: no errors")
    for note in found["notes"]:
        screen.print(f"note: {note}", highlight=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
