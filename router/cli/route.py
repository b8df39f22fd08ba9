"""`carrier-router route`: where a message would go, decided by the daemon's own code."""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from msgspec import UNSET, UnsetType, convert
from rich.table import Table

from adapters.config_yaml import load
from adapters.http.schema.requests import RouteRequest
from adapters.lookup.build import ensure_built
from adapters.lookup.table import PortedTable
from adapters.store import has_opted_out
from router.cli.client import Client, Usage, add_arguments, ask, print_json
from router.cli.console import console
from router.cli.offline import answer, as_config_errors, moment
from router.engine.lookups import LookedUp
from router.engine.preview import looked_up, preview_route
from router.message import TrafficClass
from router.ports.lookups import Found
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from router.routing.msisdn import normalise
from router.routing.opt_out import holds_for, list_key
from router.routing.plan import RoutePlan
from router.routing.quality import Quality
from router.routing.route import Decision, RouteQuery
from router.settings import Settings


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "route",
        help="explain where a message to a number would go",
        description="Explain which operators could carry a message to NUMBER and in which order. Needs no running "
        "daemon: every configured operator counts as usable, and nothing is known of quality. --live asks the running "
        "daemon how things stand now, for the account whose token it is.",
    )
    parser.add_argument("number", metavar="NUMBER", help="recipient in E.164, e.g. +237670000001")
    parser.add_argument("-c", "--config", type=Path, default=Path("config/router.yaml"), help="default: %(default)s")
    parser.add_argument(
        "--account",
        metavar="NAME",
        help="decide as for this account, with its prices, guards and opt-out list; default: for none",
    )
    parser.add_argument("--from", dest="sender", help="the sender, where a rule looks at it")
    parser.add_argument(
        "--class",
        dest="traffic_class",
        type=TrafficClass,
        choices=list(TrafficClass),
        default=TrafficClass.TRANSACTIONAL,
        metavar="otp|transactional|marketing",
    )
    parser.add_argument("--plan", help="a plan of routes.yaml; default: the account's, else default")
    parser.add_argument("--at", type=moment, metavar="TIME", help="the time whose rates count (RFC 3339); default: now")
    parser.add_argument("--live", action="store_true", help="ask the running daemon (POST /v1/route), not the files")
    add_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.live:
        return ask(arguments, lambda client: _show_live(arguments, client))
    return answer(
        lambda: _decision(arguments), lambda decision: _show(arguments.number, decision), as_json=arguments.json
    )


def _decision(arguments: argparse.Namespace) -> Decision:
    settings = load(arguments.config, os.environ)
    account = None
    if arguments.account is not None:
        account = settings.accounts.get(arguments.account)
        if account is None:
            raise Refusal("invalid_request", f"there is no account {arguments.account!r}", "account")
    plan = RoutePlan(settings, 1)
    query = RouteQuery(
        to=arguments.number,
        at=arguments.at if arguments.at is not None else time.time_ns() // 1_000_000,
        sender=arguments.sender,
        traffic_class=arguments.traffic_class,
        plan=arguments.plan,
    )

    def opted_out(name: str, to: str, traffic_class: str) -> bool:
        key = list_key(to)
        if key is None or not holds_for(account, traffic_class):
            return False
        try:
            return has_opted_out(settings.store, name, key)
        except StoreUnavailable as error:
            raise Refusal("store_unavailable", f"the opt-out list cannot be read: {error}") from None

    return preview_route(plan, account, _looked_up(query, settings), lambda operator: None, opted_out)


def _show_live(arguments: argparse.Namespace, client: Client) -> None:
    if arguments.account is not None:
        raise Usage("with --live the token says which account it is")
    at = None if arguments.at is None else datetime.fromtimestamp(arguments.at / 1000, UTC)
    wanted = RouteRequest(arguments.number, arguments.sender, arguments.traffic_class, arguments.plan, at)
    found = client.call("POST", "/v1/route", body=wanted)
    if arguments.json:
        print_json(found)
    else:
        _show(arguments.number, convert(found, Decision))


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
    with_quality = any(candidate.quality is not UNSET for candidate in decision.candidates)
    if with_quality:
        for head in ("score", "share", "of the last 15 minutes, in parts"):
            table.add_column(head)
    for candidate in decision.candidates:
        table.add_row(
            str(candidate.rank),
            candidate.operator,
            candidate.prefix or "(all)",
            str(candidate.cost),
            str(candidate.base_cost),
            "yes" if candidate.usable else f"no: {candidate.reason}",
            *(_quality(candidate.quality) if with_quality else ()),
            style="bold" if candidate.operator == decision.operator else None,
        )
    screen.print(table)
    if decision.refusal is not UNSET:
        screen.print(f"it would be refused: {decision.refusal}")
    elif decision.operator is None:
        screen.print("nobody can carry it now")
    if decision.waits_until is not UNSET:
        screen.print(f"it would wait until {decision.waits_until:%Y-%m-%dT%H:%M:%SZ}: {decision.waiting_for}")
    if decision.changes_at is not UNSET:
        screen.print(f"a price changes at {decision.changes_at:%Y-%m-%dT%H:%M:%SZ}; --at shows what holds then")


def _quality(quality: Quality | UnsetType) -> tuple[str, str, str]:
    if quality is UNSET:
        return "", "", ""
    counts = ("accepted", "refused", "delivered", "failed", "unknown", "missing", "conversions")
    seen = [f"{getattr(quality, count)} {count}" for count in counts if getattr(quality, count)]
    return f"{quality.score:.2f}", f"{quality.share:.0%}", ", ".join(seen) or "nothing seen yet"
