"""`carrier-router status`: how far one message came."""

import argparse
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from rich.console import Console, Group, RenderableType

from router.cli.client import Client, add_arguments, ask, fields_of, print_json, print_json_line, rows_of
from router.cli.live import watch
from router.message import FINAL

_EVERY = 0.5


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "status",
        help="show one message",
        description="Show one message with its parts and their attempts; --watch until it has ended.",
    )
    parser.add_argument("id", metavar="ID", help="the message's id")
    parser.add_argument("--watch", action="store_true", help="go on until it has ended; with --json a line per change")
    add_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def command(client: Client) -> None:
        def message() -> dict[str, Any]:
            found: dict[str, Any] = client.call("GET", f"/v1/messages/{quote(arguments.id, safe='')}")
            return found

        if not arguments.watch:
            found = message()
            if arguments.json:
                print_json(found)
            else:
                Console().print(_story(found))
        elif arguments.json:
            _print_changes(message)
        else:
            watch(message, _story, _EVERY, _ended, whole=False)

    try:
        return ask(arguments, command)
    except KeyboardInterrupt:
        if arguments.watch:
            return 0
        raise


def _print_changes(message: Callable[[], dict[str, Any]]) -> None:
    before: dict[str, Any] | None = None
    while before is None or not _ended(before):
        if before is not None:
            time.sleep(_EVERY)
        now = message()
        if now != before:
            print_json_line(now)
        before = now


def _ended(message: dict[str, Any]) -> bool:
    return message["state"] in FINAL


def _story(message: dict[str, Any]) -> RenderableType:
    fields = fields_of({name: value for name, value in message.items() if name != "parts"})
    if not message["parts"]:
        return fields
    parts = rows_of(
        ["part", "state", "operator", "smsc_message_id", "receipt", "attempts"],
        [
            [part["number"], part["state"], part["operator"], part["smsc_message_id"], part["receipt"],
             "\n".join(_attempt(one) for one in part["attempts"])]
            for part in message["parts"]
        ],
    )  # fmt: skip
    return Group(fields, parts)


def _attempt(one: dict[str, Any]) -> str:
    """When, where, and what came of it."""
    told = [f"{one['at'][11:19]}Z {one['operator']}: {one['outcome'] or 'no answer yet'}"]
    told += [word for word in (one["status"], one["detail"]) if word]
    return ", ".join(told)
