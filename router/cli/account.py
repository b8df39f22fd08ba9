"""`carrier-router account`: what the administrator does with an account of a running daemon."""

import argparse
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from router.cli.client import Client, add_arguments, ask, count, print_fields, print_json, print_rows


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "account",
        help="keep an account's opt-out list",
        description="Keep the list of numbers that want nothing from an account. Needs the admin token.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (
        ("unsubscribe", "put a number on an account's opt-out list"),
        ("subscribe", "take a number off an account's opt-out list"),
    ):
        _add_action(actions, name, what, _change).add_argument("number", metavar="NUMBER", help="in E.164")
    listing = _add_action(actions, "opt-outs", "show an account's opt-out list", _list)
    listing.add_argument("--after", metavar="NUMBER", help="only the numbers behind this one, in their order")
    listing.add_argument("--limit", type=count, default=100, help="how many, 1 to 1000; default: %(default)s")


def _add_action(
    actions: Any, name: str, what: str, command: Callable[[argparse.Namespace, Client], None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=f"{what.capitalize()}.")
    parser.add_argument("account", metavar="ACCOUNT", help="the account's name")
    add_arguments(parser, admin=True)
    parser.set_defaults(func=lambda given: ask(given, lambda client: command(given, client), admin=True))
    return parser


def _change(arguments: argparse.Namespace, client: Client) -> None:
    answer = client.call("POST", f"{_path(arguments)}/{arguments.action}", body={"number": arguments.number})
    if arguments.json:
        print_json(answer)
    else:
        print_fields(answer)


def _list(arguments: argparse.Namespace, client: Client) -> None:
    query: dict[str, object] = {"limit": arguments.limit}
    if arguments.after is not None:
        query["after"] = arguments.after
    answer = client.call("GET", f"{_path(arguments)}/opt-outs", query)
    if arguments.json:
        print_json(answer)
        return
    print_rows([f"{answer['count']} opted out of {answer['account']}"], [[number] for number in answer["numbers"]])
    if answer["next"] is not None:
        print(f"more: --after {answer['next']}")
    elif answer["addresses"]:
        print(f"and {answer['addresses']} email addresses, which are kept as hashes")


def _path(arguments: argparse.Namespace) -> str:
    return f"/v1/accounts/{quote(arguments.account, safe='')}"
