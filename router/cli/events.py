"""`carrier-router events`: the account's log of events, once or as it grows."""

import argparse
import contextlib
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from router.cli.client import PATIENCE, Client, add_arguments, ask, count, print_fields, print_json, print_rows

_WAIT = 30


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "events",
        help="show the account's events",
        description="Show the account's events, oldest first. With --replay, send its webhook at once what waits for "
        "it, however long that failed; with --after everything later than that event again.",
    )
    parser.add_argument("--after", type=count, metavar="SEQ", help="only events later than this one")
    parser.add_argument(
        "--limit", type=count, default=100, help="events of one answer, 1 to 1000; default: %(default)s"
    )
    parser.add_argument("--follow", action="store_true", help="go on until interrupted, one event per line")
    parser.add_argument("--replay", action="store_true", help="send events to the webhook again")
    parser.add_argument("--account", metavar="NAME", help="replay for this account; needs the admin token")
    add_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def once(client: Client) -> None:
        answer = client.call("GET", "/v1/events", {"after": arguments.after or 0, "limit": arguments.limit})
        if arguments.json:
            print_json(answer)
        else:
            print_rows(
                ["seq", "time", "type", "message", "from", "to", "operator", "error"],
                [_row(event) for event in answer["events"]],
            )

    def follow(client: Client) -> None:
        after = arguments.after or 0
        while True:
            query = {"after": after, "limit": arguments.limit, "wait": _WAIT}
            answer = client.call("GET", "/v1/events", query, patience=PATIENCE + _WAIT)
            for event in answer["events"]:
                if arguments.json:
                    print(msgspec.json.encode(event).decode(), flush=True)
                else:
                    print("  ".join(str(value) for value in _row(event) if value is not None), flush=True)
            after = answer["next"]

    def replay(client: Client) -> None:
        name = arguments.account
        path = "/v1/events/replay" if name is None else f"/v1/accounts/{quote(name, safe='')}/replay"
        answer = client.call("POST", path, body={"after": arguments.after})
        (print_json if arguments.json else print_fields)(answer)

    if arguments.replay:
        return ask(arguments, replay, admin=arguments.account is not None)
    if arguments.account is not None:
        print("error: --account goes with --replay", file=sys.stderr)
        return 2
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
