"""`carrier-router reload`: have a running daemon load its configuration anew."""

import argparse
from typing import Any

from router.cli.client import Client, add_arguments, ask, print_fields, print_json


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "reload",
        help="load the configuration anew",
        description="Have the daemon load its files anew, all or nothing. Needs the admin token. A refused "
        "configuration is printed as file:line: reason, and the running plan stays.",
    )
    add_arguments(parser, admin=True)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        plan = client.call("POST", "/v1/reload")
        (print_json if arguments.json else print_fields)(plan)

    return ask(arguments, command, admin=True)
