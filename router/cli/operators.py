"""`carrier-router operators`: the links of a running daemon, and steering them."""

import argparse
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from router.cli.client import Client, Usage, add_arguments, ask, print_json, print_json_line, rows_of
from router.cli.live import seconds, watch

_MOST_NETWORKS = 5


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "operators",
        help="show operators, pause, resume or drain one",
        description="Show every operator's link, window and queue, or steer one. Needs the admin token.",
    )
    parser.add_argument("action", nargs="?", choices=("pause", "resume", "drain"))
    parser.add_argument("name", nargs="?", metavar="NAME", help="the operator to pause, resume or drain")
    parser.add_argument("--watch", action="store_true", help="go on until interrupted; with --json one answer per line")
    parser.add_argument(
        "--every", type=seconds, default=1.0, metavar="SECONDS", help="pause of --watch; default: %(default)s"
    )
    add_arguments(parser, admin=True)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        if arguments.watch:
            if arguments.action is not None:
                raise Usage(f"--watch only looks; give it without {arguments.action}")
            _watch(client, arguments.every, arguments.json)
        if arguments.action is None:
            answer = client.call("GET", "/v1/operators")
            views = answer["operators"]
        elif arguments.name is None:
            raise Usage(f"which operator is to {arguments.action}? Give its name")
        else:
            answer = client.call("POST", f"/v1/operators/{quote(arguments.name, safe='')}/{arguments.action}")
            views = [answer]
        if arguments.json:
            print_json(answer)
        else:
            Console().print(_table(views))

    try:
        return ask(arguments, command, admin=True)
    except KeyboardInterrupt:
        if arguments.watch:
            return 0
        raise


def _watch(client: Client, every: float, as_json: bool) -> None:
    """Until interrupted."""

    def views() -> list[dict[str, Any]]:
        operators: list[dict[str, Any]] = client.call("GET", "/v1/operators")["operators"]
        return operators

    while as_json:
        print_json_line({"time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "operators": views()})
        time.sleep(every)
    watch(views, lambda now: _table(now, f"{datetime.now(UTC):%H:%M:%S}Z"), every, lambda _: False, whole=True)


def _table(views: list[dict[str, Any]], title: str | None = None) -> Table:
    table = rows_of(
        [
            "operator",
            "channel",
            "state",
            "binds",
            "window",
            "submits/s",
            "receipts/s",
            "rate",
            "queued",
            "oldest",
            "receipts",
        ],
        [
            [
                view["operator"],
                view["channel"],
                f"{view['state']}: {view['refusal']}" if view["refusal"] else view["state"],
                _binds(view["binds"]),
                f"{view['in_use']}/{view['window']}",
                _sum(view["binds"], "submits_per_second"),
                _sum(view["binds"], "deliveries_per_second"),
                _rate(view),
                sum(view["queued"].values()),
                f"{view['oldest_seconds']:.0f} s",
                _receipts(view["receipt_flags"]),
            ]
            for view in views
        ],
    )
    table.title = title
    return table


def _sum(binds: list[dict[str, Any]], rate: str) -> str:
    return f"{sum(bind[rate] for bind in binds):.1f}"


def _rate(view: dict[str, Any]) -> str:
    """Parts per second that it may be given, and how much of that a throttling operator leaves."""
    factor = view["throttle_factor"]
    return (f"{view['tps']:g}" if view["tps"] else "-") + (f", {factor:.0%} of it" if factor < 1 else "")


def _receipts(flags: list[dict[str, str]]) -> str:
    """What is odd about them, with the networks where it is."""
    networks: dict[str, list[str]] = {}
    for flag in flags:
        networks.setdefault(flag["check"], []).append(flag["network"])
    return "; ".join(f"{check.replace('_', ' ')}: {_few(names)}" for check, names in networks.items())


def _few(names: list[str]) -> str:
    more = len(names) - _MOST_NETWORKS
    return ", ".join(names[:_MOST_NETWORKS]) + (f" and {more} more" if more > 0 else "")


def _binds(binds: list[dict[str, Any]]) -> str:
    """How many are bound, and why the others are not."""
    bound = sum(bind["state"].startswith("bound") for bind in binds)
    reasons = {f"{bind['state']}: {bind['last_error']}" for bind in binds if bind["last_error"]}
    return "; ".join([f"{bound}/{len(binds)}", *sorted(reasons)])
