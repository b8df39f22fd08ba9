"""`carrier-router messages`: find messages of all accounts."""

import argparse
import sys
from typing import Any

from router.cli.client import Client, add_arguments, ask, count, print_json, print_rows
from router.message import State

_HEADS = ["created_at", "id", "account", "from", "to", "state", "class", "operator", "reference"]
# What a search may ask for, under the same name.
_WANTED = ("to", "id", "reference", "account", "state")
_PAGE = 200


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "messages",
        help="find messages of all accounts",
        description="Show the messages of all accounts that are as given, newest first; without a filter the latest. "
        "Needs the admin token.",
    )
    parser.add_argument("--to", metavar="NUMBER", help="recipient in full, e.g. +237670000001, or an email address")
    parser.add_argument("--id", help="the message's id")
    parser.add_argument("--reference", help="what the account called it")
    parser.add_argument("--account", metavar="NAME", help="who submitted it")
    parser.add_argument("--state", choices=[one.value for one in State])
    parser.add_argument("--before", type=count, metavar="NEXT", help="older ones: `next` of the answer before")
    parser.add_argument("--limit", type=count, default=50, help="how many; default: %(default)s")
    add_arguments(parser, admin=True)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        answer = _found(client, arguments)
        if arguments.json:
            print_json(answer)
            return
        print_rows(_HEADS, [[one[head] for head in _HEADS] for one in answer["messages"]])
        if answer["next"] is not None:
            print(f"older ones: --before {answer['next']}", file=sys.stderr)

    return ask(arguments, command, admin=True)


def _found(client: Client, arguments: argparse.Namespace) -> dict[str, Any]:
    """As many as are wanted: one answer may hold few or none, and lead on to where there are more."""
    given = vars(arguments)
    query = {name: given[name] for name in (*_WANTED, "before") if given[name] is not None}
    messages: list[dict[str, Any]] = []
    while True:
        left = arguments.limit - len(messages)
        page = client.call("GET", "/v1/admin/messages", {**query, "limit": min(left, _PAGE)})
        messages += page["messages"]
        if page["next"] is None or len(messages) >= arguments.limit:
            return {"messages": messages, "next": page["next"]}
        query["before"] = page["next"]
