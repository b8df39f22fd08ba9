"""`carrier-router events`: the account's log of events, once or as it grows."""

import argparse
import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from router.cli.client import PATIENCE, Client, add_arguments, ask, print_json, print_rows

_WAIT = 30


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "events", help="show the account's events", description="Show the account's events, oldest first."
    )
    parser.add_argument("--after", type=_count, default=0, metavar="SEQ", help="only events later than this one")
    parser.add_argument(
        "--limit", type=_count, default=100, help="events of one answer, 1 to 1000; default: %(default)s"
    )
    parser.add_argument("--follow", action="store_true", help="go on until interrupted, one event per line")
    add_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def once(client: Client) -> None:
        answer = client.call("GET", "/v1/events", {"after": arguments.after, "limit": arguments.limit})
        if arguments.json:
            print_json(answer)
        else:
            print_rows(
                ["seq", "time", "type", "message", "from", "to", "operator", "error"],
                [_row(event) for event in answer["events"]],
            )

    def follow(client: Client) -> None:
        after = arguments.after
        while True:
            query = {"after": after, "limit": arguments.limit, "wait": _WAIT}
            answer = client.call("GET", "/v1/events", query, patience=PATIENCE + _WAIT)
            for event in answer["events"]:
                if arguments.json:
                    print(msgspec.json.encode(event).decode(), flush=True)
                else:
                    print("  ".join(str(value) for value in _row(event) if value is not None), flush=True)
            after = answer["next"]

    if not arguments.follow:
        return ask(arguments, once)
    with contextlib.suppress(KeyboardInterrupt):
        return ask(arguments, follow)
    return 0


def _row(event: Mapping[str, Any]) -> list[object]:
    # A received message has no error and no state; what it says is for --json.
    error = event.get("error")
    return [
        event["seq"],
        event["time"],
        event["type"],
        event["message_id"],
        event["from"],
        event["to"],
        event["operator"],
        f"{error['code']}: {error['detail']}" if error else None,
    ]


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("it cannot be negative")
    return number
