"""`carrier-router route`: where a message would go, decided by the daemon's own code."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import structlog
from msgspec import UNSET
from rich.table import Table

from adapters.config_yaml import load
from adapters.lookup.build import ensure_built
from adapters.lookup.table import PortedTable
from router.cli.console import console
from router.cli.offline import answer, as_config_errors, moment
from router.engine.lookups import LookedUp
from router.engine.preview import looked_up, preview_route
from router.message import TrafficClass
from router.ports import Found
from router.refusal import Refusal
from router.routing.msisdn import normalise
from router.routing.plan import RoutePlan
from router.routing.route import Decision, RouteQuery
from router.settings import Settings


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "route",
        help="explain where a message to a number would go",
        description="Explain which operators could carry a message to NUMBER and in which order. Needs no running "
        "daemon: every configured operator counts as usable.",
    )
    parser.add_argument("number", metavar="NUMBER", help="recipient in E.164, e.g. +237670000001")
    parser.add_argument("-c", "--config", type=Path, default=Path("config/router.yaml"), help="default: %(default)s")
    parser.add_argument("--from", dest="sender", help="the sender, where a rule looks at it")
    parser.add_argument(
        "--class",
        dest="traffic_class",
        type=TrafficClass,
        choices=list(TrafficClass),
        default=TrafficClass.TRANSACTIONAL,
        metavar="otp|transactional|marketing",
    )
    parser.add_argument("--plan", help="a plan of routes.yaml; default: %(default)s", default="default")
    parser.add_argument("--at", type=moment, metavar="TIME", help="the time whose rates count (RFC 3339); default: now")
    parser.add_argument("--json", action="store_true", help="print what POST /v1/route answers")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    return answer(
        lambda: _decision(arguments), lambda decision: _show(arguments.number, decision), as_json=arguments.json
    )


def _decision(arguments: argparse.Namespace) -> Decision:
    settings = load(arguments.config, os.environ)
    plan = RoutePlan(settings, 1)
    query = RouteQuery(
        to=arguments.number,
        at=arguments.at if arguments.at is not None else time.time_ns() // 1_000_000,
        sender=arguments.sender,
        traffic_class=arguments.traffic_class,
        plan=arguments.plan,
    )
    return preview_route(plan, None, _looked_up(query, settings), lambda operator: None)


def _looked_up(query: RouteQuery, settings: Settings) -> RouteQuery:
    """The query with what the table of ported numbers says, loaded where it is not yet; no provider is asked."""
    if settings.lookup is None:
        return query
    try:
        number = normalise(query.to, settings.limits.numbers)
    except Refusal:
        return query
    found = Found()
    if settings.lookup.table is not None:
        with as_config_errors():
            ensure_built(settings.lookup.table, structlog.wrap_logger(structlog.PrintLogger(sys.stderr)))
        found = PortedTable(settings.lookup.table.index).known(number)
    return looked_up(query, LookedUp(found.network, "prefix" if found.network is None else "table"))


def _show(number: str, decision: Decision) -> None:
    screen = console()
    network = decision.network
    parts = [network.name, f"{network.mcc}-{network.mnc}" if network.mcc else None] if network else []
    where = " ".join(part for part in parts if part)
    rule = f", rule {decision.rule}" if decision.rule else ""
    source = "" if decision.network_source is UNSET else f", network by {decision.network_source}"
    if decision.lookup_error is not UNSET:
        source += f" ({decision.lookup_error})"
    screen.print(f"{number}{f' ({where})' if where else ''}{source}: plan {decision.plan}{rule}")
    table = Table("rank", "operator", "prefix", "cost per part", "in base currency", "usable")
    for candidate in decision.candidates:
        table.add_row(
            str(candidate.rank),
            candidate.operator,
            candidate.prefix or "(all)",
            str(candidate.cost),
            str(candidate.base_cost),
            "yes" if candidate.usable else f"no: {candidate.reason}",
            style="bold" if candidate.operator == decision.operator else None,
        )
    screen.print(table)
    if decision.operator is None:
        screen.print("nobody can carry it now")
    if decision.changes_at is not UNSET:
        screen.print(f"a price changes at {decision.changes_at:%Y-%m-%dT%H:%M:%SZ}; --at shows what holds then")
