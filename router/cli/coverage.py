"""`carrier-router coverage`: who reaches a country at what price, found by the daemon's own code."""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters.config_yaml import load
from router.cli.offline import answer, moment
from router.routing.coverage import Coverage, NetworkCoverage, PriceRange, coverage
from router.routing.plan import RoutePlan


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "coverage",
        help="show who reaches a country at what price",
        description="Show which operators have rates for numbers of COUNTRY, for which of its networks, and at what "
        "price. Needs no running daemon.",
    )
    parser.add_argument("country", metavar="COUNTRY", help="ISO 3166-1 alpha-2, e.g. CM")
    parser.add_argument("-c", "--config", type=Path, default=Path("config/router.yaml"), help="default: %(default)s")
    parser.add_argument("--plan", help="only the operators of this plan of routes.yaml; default: all")
    parser.add_argument("--at", type=moment, help="the time whose rates count (RFC 3339); default: now")
    parser.add_argument("--json", action="store_true", help="print what GET /v1/coverage answers")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    return answer(lambda: _find(arguments), _show, as_json=arguments.json)


def _find(arguments: argparse.Namespace) -> Coverage:
    plan = RoutePlan(load(arguments.config, os.environ), 1)
    at = arguments.at if arguments.at is not None else time.time_ns() // 1_000_000
    return coverage(plan, arguments.country.upper(), arguments.plan, at)


def _show(found: Coverage) -> None:
    console = Console()
    of_plan = f" by plan {found.plan}" if found.plan else ""
    if not found.operators:
        console.print(f"{found.country}: nobody reaches it{of_plan}")
        return
    count = len(found.operators)
    console.print(f"{found.country}: {count} operator{'' if count == 1 else 's'}{of_plan}, the cheapest first")
    table = Table("operator", "network", "prefixes", "cost per part", "in base currency")
    for operator in found.operators:
        for place, one in enumerate(operator.networks):
            table.add_row(
                operator.operator if not place else "",
                _network(one),
                str(one.prefixes or ""),
                _range(one.cost),
                _range(one.base_cost),
                end_section=place == len(operator.networks) - 1,
            )
    console.print(table)


def _network(one: NetworkCoverage) -> str:
    network = one.network
    if network is None:
        return "(not named)"
    return f"{network.mcc}-{network.mnc}{f' {network.name}' if network.name else ''}"


def _range(prices: PriceRange) -> str:
    if prices.min == prices.max:
        return str(prices.min)
    if prices.min.currency == prices.max.currency:
        return f"{prices.min.amount} to {prices.max}"
    return f"{prices.min} to {prices.max}"
