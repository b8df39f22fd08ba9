"""`carrier-router audit`: who has steered the daemon, when, and what came of it."""

import argparse
from typing import Any

from router.cli.client import Client, add_arguments, ask, count, print_json, print_rows


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "audit",
        help="show who has steered what",
        description="Show the record of control actions, oldest first. Needs the admin token.",
    )
    parser.add_argument("--after", type=count, default=0, metavar="SEQ", help="only entries later than this one")
    parser.add_argument("--limit", type=count, default=100, help="how many, 1 to 1000; default: %(default)s")
    add_arguments(parser, admin=True)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        answer = client.call("GET", "/v1/audit", {"after": arguments.after, "limit": arguments.limit})
        if arguments.json:
            print_json(answer)
        else:
            heads = ["seq", "time", "who", "action", "subject", "outcome"]
            print_rows(heads, [[entry[head] for head in heads] for entry in answer["entries"]])

    return ask(arguments, command, admin=True)
