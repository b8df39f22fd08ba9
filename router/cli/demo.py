"""`carrier-router demo`: the daemon, simulated operators and real traffic, in a temporary folder."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from rich.console import Console
from rich.live import Live

from router.cli.demo_board import Board
from router.cli.demo_messages import BANK, REFUSED, SHOP, Planned, plan
from router.cli.demo_world import DemoFailed, World, world

DEADLINE = 45.0
"""Seconds from the first submit to the last final state; it takes about ten."""

_BATCH = 50
_AT_ONCE = 8  # requests in flight


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=_count, default=300, metavar="N", help="how many to send (default: 300)")
    parser.add_argument("--stay", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print only the summary, as JSON")


def run(arguments: argparse.Namespace) -> int:
    """0 where every accepted message came to its final state, else 1."""
    try:
        return asyncio.run(_interruptible(arguments))
    except asyncio.CancelledError:
        return 130
    except DemoFailed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1


async def _interruptible(arguments: argparse.Namespace) -> int:
    # A second Ctrl-C must not cut the tidying up short, as asyncio.run's own handler would.
    task = asyncio.current_task()
    assert task is not None
    once: Callable[[], object] = lambda: task.cancelling() or task.cancel()  # noqa: E731
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, once)
    return await _demo(arguments.messages, arguments.stay, arguments.json)


async def _demo(count: int, stay: bool, as_json: bool) -> int:
    console = Console(quiet=as_json)
    console.print("Starting four simulated operators, a webhook receiver and the daemon ...")
    async with world() as here:
        console.print(f"The daemon listens on {here.url}, its files are in {here.folder}\n")
        messages = [*plan(count), *(Planned(account, submit) for account, submit in REFUSED)]
        board = Board(len(messages))
        started = time.monotonic()
        complete = await _traffic(here, board, messages, console)
        seconds = time.monotonic() - started
        summary = board.summary(seconds) | {"webhook": await _webhook(here, board), "complete": complete}
        if as_json:
            print(json.dumps(summary, indent=2))
        else:
            _show(console, board, summary)
        if stay:
            await _stay(here, console)
        elif not as_json:
            console.print(_NEXT)
        return 0 if complete else 1


async def _traffic(here: World, board: Board, messages: list[Planned], console: Console) -> bool:
    """Send everything and follow the events until all is final; False where the deadline came first."""
    started = time.monotonic()
    async with (
        ClientSession(here.url, timeout=ClientTimeout(total=60)) as session,
        asyncio.TaskGroup() as tasks,
    ):
        following = [tasks.create_task(_follow(here, session, name, board, started)) for name in here.tokens]
        following.append(tasks.create_task(_show_progress(board, started, console)))
        sending = tasks.create_task(_send(here, session, board, messages))
        try:
            async with asyncio.timeout(DEADLINE):
                await sending
                while not board.done and here.daemon.returncode is None:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        finally:
            for task in following:
                task.cancel()
        if here.daemon.returncode is not None:
            raise DemoFailed(f"the daemon ended:\n{here.last_words()}")
    return board.done


async def _send(here: World, session: ClientSession, board: Board, messages: list[Planned]) -> None:
    """One-time codes each by itself, as they would come; the rest in batches."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def post(account: str, path: str, body: dict[str, Any]) -> None:
        async with gate, session.post(path, json=body, headers=_bearer(here.tokens[account])) as response:
            answer = await response.json(content_type=None)
            if response.status not in (202, 422):
                raise DemoFailed(f"POST {path} was answered with {response.status}: {answer}")
            for result in answer.get("results") or [answer if response.status == 202 else {"error": answer}]:
                board.answered(result)

    async with asyncio.TaskGroup() as requests:
        for account in (BANK, SHOP):
            mine = [message.submit for message in messages if message.account == account]
            single = [submit for submit in mine if submit.get("class") == "otp"]
            many = [submit for submit in mine if submit.get("class") != "otp"]
            for submit in single:
                requests.create_task(post(account, "/v1/messages", submit))
            for first in range(0, len(many), _BATCH):
                requests.create_task(post(account, "/v1/batches", {"messages": many[first : first + _BATCH]}))


async def _follow(here: World, session: ClientSession, account: str, board: Board, started: float) -> None:
    after = 0
    while True:
        query = {"after": str(after), "limit": "500", "wait": "5"}
        async with session.get("/v1/events", params=query, headers=_bearer(here.tokens[account])) as response:
            response.raise_for_status()
            page = await response.json()
        for event in page["events"]:
            board.event(event, time.monotonic() - started)
        after = page["next"]


async def _show_progress(board: Board, started: float, console: Console) -> None:
    if not console.is_terminal:
        while True:
            await asyncio.sleep(1)
            console.print(board.line(time.monotonic() - started), soft_wrap=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            live.update(board.table(), refresh=True)
            await asyncio.sleep(0.1)


async def _webhook(here: World, board: Board) -> dict[str, int]:
    """Wait a moment for the bank's webhook to have told of all that the bank's events told."""
    expected = await _final_of_bank(here)
    try:
        async with asyncio.timeout(5):
            while not expected <= here.receiver.seen:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    seen = here.receiver.seen & board.accepted
    return {"messages": len(seen), "posts": here.receiver.posts, "forged": here.receiver.forged}
