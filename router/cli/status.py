"""`carrier-router status`: how far one message came."""

import argparse
from typing import Any
from urllib.parse import quote

from router.cli.client import Client, add_arguments, ask, print_fields, print_json, print_rows


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "status", help="show one message", description="Show one message with its parts and their attempts."
    )
    parser.add_argument("id", metavar="ID", help="the message's id")
    add_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        message = client.call("GET", f"/v1/messages/{quote(arguments.id, safe='')}")
        if arguments.json:
            print_json(message)
            return
        parts = message.pop("parts")
        print_fields(message)
        if parts:
            print_rows(
                ["part", "state", "operator", "smsc_message_id", "receipt", "attempts"],
                [
                    [part["number"], part["state"], part["operator"], part["smsc_message_id"], part["receipt"],
                     [f"{one['operator']}: {one['outcome'] or 'no answer yet'}" for one in part["attempts"]]]
                    for part in parts
                ],
            )  # fmt: skip

    return ask(arguments, command)
