"""`carrier-router reload`: have a running daemon load its configuration anew, or go back to an earlier plan."""

import argparse
import sys
from typing import Any

import msgspec

from router.cli.client import Client, add_arguments, ask, print_json, print_rows
from router.cli.console import console, working
from router.cli.difference import show_difference
from router.routing.difference import Difference


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "reload",
        help="load the configuration anew, or go back to an earlier plan",
        description="Have the daemon load its files anew, all or nothing, and show what that changed. Needs the admin "
        "token. A refused configuration is printed as file:line: reason, and the running plan stays. The last ten "
        "plans are kept: --list shows them, --to goes back to one, with the secrets and certificates of today.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--to", type=_version, metavar="VERSION", help="go back to the plan of this version")
    what.add_argument("--list", action="store_true", help="change nothing, show the running plan and those kept")
    add_arguments(parser, admin=True)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        if arguments.list:
            plan = client.call("GET", "/v1/plan")
        else:
            with working("the daemon loads its files"):
                plan = client.call("POST", "/v1/reload", body={"version": arguments.to} if arguments.to else None)
        if arguments.json:
            print_json(plan)
        elif arguments.list:
            _show_kept(plan)
        else:
            _show_reloaded(plan)

    return ask(arguments, command, admin=True)


def _show_kept(plan: dict[str, Any]) -> None:
    print(_running(plan))
    print_rows(
        ["version", "at", "cause", ""],
        [
            [
                _versions(one),
                f"{one['at'][:19]}Z",
                one["cause"] if one["rolled_back_to"] is None else f"rollback to {one['rolled_back_to']}",
                "runs" if one["version"] == plan["version"] else "",
            ]
            for one in plan["kept"]
        ],
    )


def _show_reloaded(plan: dict[str, Any]) -> None:
    print(_running(plan))
    show_difference(msgspec.convert(plan["difference"], Difference), console())
    if plan["rolled_back_to"] is not None:
        print("The files on disk were left alone: put them right before the next reload or start, which takes them.")
    if plan["not_kept"] is not None:
        print(f"warning: this plan could not be kept to go back to: {plan['not_kept']}", file=sys.stderr)


def _running(plan: dict[str, Any]) -> str:
    back = "" if plan["rolled_back_to"] is None else f", as version {plan['rolled_back_to']} was"
    counts = {
        "operator": len(plan["operators"]), "rate": plan["rates"], "rule": plan["rules"], "account": plan["accounts"],
    }  # fmt: skip
    what = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
    return f"version {plan['version']} runs{back}: {what}"


def _versions(kept: dict[str, Any]) -> str:
    """The same files may have been loaded again and again."""
    return f"{kept['version']}" if kept["first"] == kept["version"] else f"{kept['version']} (since {kept['first']})"


def _version(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a version such as 3 (see --list)")
    return int(text)
