"""`carrier-router operators`: the links of a running daemon, and steering them."""

import argparse
from typing import Any
from urllib.parse import quote

from router.cli.client import Client, Usage, add_arguments, ask, print_json, print_rows

_MOST_NETWORKS = 5


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "operators",
        help="show operators, pause, resume or drain one",
        description="Show every operator's link, window and queue, or steer one. Needs the admin token.",
    )
    parser.add_argument("action", nargs="?", choices=("pause", "resume", "drain"))
    parser.add_argument("name", nargs="?", metavar="NAME", help="the operator to pause, resume or drain")
    add_arguments(parser, admin=True)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
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
            _show(views)

    return ask(arguments, command, admin=True)


def _show(views: list[dict[str, Any]]) -> None:
    print_rows(
        ["operator", "channel", "state", "binds", "window", "submits/s", "receipts/s", "queued", "oldest", "receipts"],
        [
            [
                view["operator"],
                view["channel"],
                f"{view['state']}: {view['refusal']}" if view["refusal"] else view["state"],
                _binds(view["binds"]),
                f"{view['in_use']}/{view['window']}",
                _sum(view["binds"], "submits_per_second"),
                _sum(view["binds"], "deliveries_per_second"),
                sum(view["queued"].values()),
                f"{view['oldest_seconds']:.0f} s",
                _receipts(view["receipt_flags"]),
            ]
            for view in views
        ],
    )


def _sum(binds: list[dict[str, Any]], rate: str) -> str:
    return f"{sum(bind[rate] for bind in binds):.1f}"


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
