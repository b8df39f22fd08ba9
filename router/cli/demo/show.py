"""What the demo shows, from start to end."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from shutil import which
from typing import Any

from aiohttp import ClientError
from rich.console import Console
from rich.live import Live
from rich.table import Table

from router.cli.children import Failed
from router.cli.demo.board import Board
from router.cli.demo.channels import failover, table, told
from router.cli.demo.messages import BANK, CHANNELS, HOTEL, REFUSED, SHOP, plan
from router.cli.demo.traffic import Traffic, attempts
from router.cli.demo.world import World, world
from router.outcome import OutcomeKind


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure of a group of groups."""
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def show(count: int, stay: bool, as_json: bool) -> int:
    """Run the demo with `count` messages; the exit code."""
    code = 1
    try:
        code = asyncio.run(_interruptible(count, stay, as_json))
    except* (Failed, ClientError, OSError) as failures:
        print(f"demo: {_first(failures)!r}", file=sys.stderr)
    return code


async def _interruptible(count: int, stay: bool, as_json: bool) -> int:
    # A second Ctrl-C must not cut the tidying up short, as asyncio.run's own handler would.
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
    try:
        return await _demo(count, stay, as_json)
    except asyncio.CancelledError:
        return 130


async def _demo(count: int, stay: bool, as_json: bool) -> int:
    console = Console(quiet=as_json)
    console.print("Starting simulated operators, a webhook receiver and the daemon ...")
    async with world() as here:
        console.print(f"The daemon listens on {here.url}, its files are in {here.folder}\n", soft_wrap=True)
        messages = [*plan(count), *REFUSED, *CHANNELS]
        board = Board(len(messages))
        traffic = Traffic(here, board)
        progress = asyncio.create_task(_show_progress(traffic, board, console))
        try:
            await traffic.run(messages)
        finally:
            progress.cancel()
            await asyncio.wait({progress})
        summary = board.summary(traffic.seconds)
        summary["webhook"] = await _webhook(here, board)
        summary["attempts"] = await attempts(here)
        summary["channels"] = await told(here)
        summary["failover"] = failover(summary["channels"])
        if as_json:
            print(json.dumps(summary, indent=2))
        else:
            _result(console, board, summary)
        if stay:
            await _stay(here, console)
        elif not as_json:
            console.print(_NEXT.format(program=_program()), soft_wrap=True, highlight=False)
        return 0 if board.done else 1


async def _show_progress(traffic: Traffic, board: Board, console: Console) -> None:
    """A table that changes in place; where there is no terminal, a line each second."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(1)
            console.print(board.line(traffic.seconds), soft_wrap=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            live.update(board.table(), refresh=True)
            await asyncio.sleep(0.1)


async def _webhook(here: World, board: Board) -> dict[str, int]:
    """Wait a moment until the bank's webhook has told all that the bank's events told."""
    told = board.final_of(BANK)
    receiver = here.receiver
    await receiver.has(told, timeout=5)
    return {"told": len(told & receiver.seen), "of": len(told), "posts": receiver.posts, "forged": receiver.forged}


def _result(console: Console, board: Board, summary: dict[str, Any]) -> None:
    console.print(board.table(), _attempts_table(summary["attempts"]), table(summary["channels"]))
    if (row := summary["failover"]) is not None:
        words = ", then ".join(f"{one['outcome']} by {one['operator']} ({one['protocol']})" for one in row["attempts"])
        console.print(f"Failover: {words}.\n", soft_wrap=True, highlight=False)
    refused = ", ".join(f"{count} {code}" for code, count in summary["refused"].items())
    hook = summary["webhook"]
    console.print(
        f"Sent {summary['sent']}: {summary['accepted']} accepted, {board.refused.total()} refused at once ({refused}).",
        f"Cost: {summary['cost']}. Median time from submit to delivered: {summary['median_seconds_to_delivered']} s; "
        f"possible duplicates (an answer never came): {summary['possible_duplicates']}.",
        f"The bank's webhook was told of {hook['told']} of {hook['of']} messages in {hook['posts']} signed POSTs.",
        sep="\n",
        soft_wrap=True,
        highlight=False,
    )
    if board.done:
        console.print(f"Every accepted message came to its final state, in {summary['seconds']} s.", style="green")
    else:
        missing = summary["accepted"] - board.final
        console.print(f"{missing} messages have no final state after {summary['seconds']} s.", style="red")


def _attempts_table(found: dict[str, dict[str, int]]) -> Table:
    outcomes = [kind.value for kind in OutcomeKind if any(kind in row for row in found.values())]
    title = "attempts to submit a part, by what they came to"
    table = Table(title=title, min_width=len(title))
    table.add_column("operator")
    for outcome in outcomes:
        table.add_column(outcome, justify="right")
    for operator, row in sorted(found.items()):
        table.add_row(operator, *(str(row.get(outcome, "")) for outcome in outcomes))
    return table


def _program() -> str:
    """How the command was called, so that it can be called so again."""
    called = Path(sys.argv[0])
    if called.name != "carrier-router":
        return "python -m router"
    return called.name if which(called.name) == str(called) else os.path.relpath(called)


async def _stay(here: World, console: Console) -> None:
    """Until Ctrl-C. Raises Failed at the daemon's end."""
    bank, admin = here.tokens[BANK], here.admin_token
    others = {"shop": here.tokens[SHOP], "hotel": here.tokens[HOTEL]}
    words = _STAY.format(url=here.url, bank=bank, admin=admin, config=here.config, **others)
    console.print(words, soft_wrap=True, highlight=False)
    try:
        await here.daemon.wait()
    except asyncio.CancelledError:
        return  # Ctrl-C is how this ends
    raise Failed(f"the daemon ended:\n{here.last_words()}")


_NEXT = """
What to try next:
  {program} demo --stay            the same, left running, with tokens and calls to try
  {program} segment "Noël 🎄"       how a text is cut into segments, and why
  set -a; . config/example.env; set +a            the secrets that the example files ask for
  {program} check                  are the files in config/ right?
  {program} route +237670000001    who would carry it, at what cost, and why
  {program} serve                  the daemon itself, with your own operators in config/
"""

_STAY = """
Everything is still running; Ctrl-C ends it and removes all of it.

  configuration  {config}
  documentation  {url}/docs
  console        {url}/    (log in with {admin})

  URL={url}
  BANK='Authorization: Bearer {bank}'
  SHOP='Authorization: Bearer {shop}'
  HOTEL='Authorization: Bearer {hotel}'
  ADMIN='Authorization: Bearer {admin}'
  JSON='Content-Type: application/json'

  curl -H "$SHOP" -H "$JSON" -d '{{"to": "+237690000001", "text": "Bonjour !"}}' $URL/v1/messages
  curl -H "$HOTEL" -H "$JSON" -d '{{"to": "+221771234002", "channel": "viber", "text": "Hello"}}' $URL/v1/messages
  curl -H "$SHOP" "$URL/v1/events?after=0&limit=5"
  curl -H "$BANK" "$URL/v1/messages?state=undelivered"
  curl -H "$SHOP" -H "$JSON" -d '{{"to": "+254712000001"}}' $URL/v1/route
  curl -H "$SHOP" -H "$JSON" -d '{{"text": "Noël 🎄"}}' $URL/v1/segment
  curl -H "$ADMIN" $URL/v1/operators
  curl -H "$ADMIN" -X POST $URL/v1/operators/mtn-cm/pause
  curl $URL/metrics
"""
