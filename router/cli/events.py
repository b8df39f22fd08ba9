"""`carrier-router events`: the account's log of events, once or as it grows."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rich.live import Live
from rich.table import Table
from rich.text import Text

from router.cli.client import (
    PATIENCE,
    Client,
    add_arguments,
    ask,
    count,
    print_fields,
    print_json,
    print_json_line,
    print_rows,
    styled,
)
from router.cli.console import console

_WAIT = 30
_HEADS = ["seq", "time", "type", "message", "from", "to", "operator", "error"]
# Columns of a terminal; what follows an event stands under it whatever its values are.
_WIDTHS = [8, 20, 20, 36, 12, 16, 12, None]


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
    parser.add_argument(
        "--follow",
        action="store_true",
        help="go on until interrupted, one event per line; on a terminal as a table with a count",
    )
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
            print_rows(_HEADS, [_row(event) for event in answer["events"]])

    def follow(client: Client) -> None:
        if arguments.json:
            for event in _events(client, arguments):
                print_json_line(event)
        elif sys.stdout.isatty():
            _show(_events(client, arguments))
        else:
            for event in _events(client, arguments):
                print("  ".join(str(value) for value in _row(event) if value is not None), flush=True)

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


def _events(client: Client, arguments: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    """As they come, for ever."""
    after = arguments.after or 0
    while True:
        query = {"after": after, "limit": arguments.limit, "wait": _WAIT}
        answer = client.call("GET", "/v1/events", query, patience=PATIENCE + _WAIT)
        yield from answer["events"]
        after = answer["next"]


def _show(events: Iterable[Mapping[str, Any]]) -> None:
    """Rows that scroll by, and under them how many of each type there were."""
    screen = console()
    screen.print(_line([Text(head, style="bold") for head in _HEADS]))
    counts: Counter[str] = Counter()
    with Live(Text("waiting for events", style="dim"), console=screen, refresh_per_second=4) as live:
        for event in events:
            counts[event["type"].removeprefix("message.")] += 1
            row = _row(event)
            row[1] = f"{event['time'][:19]}Z"
            screen.print(_line([styled(value) for value in row]))
            told = ", ".join(f"{number:,} {kind}" for kind, number in counts.most_common())
            live.update(Text(f"{counts.total():,} events: {told}", style="dim"))


def _line(cells: list[Text]) -> Table:
    line = Table.grid(padding=(0, 1))
    for width in _WIDTHS:
        line.add_column(width=width, overflow="fold")
    line.add_row(*cells)
    return line


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
