"""From options to exit code: run with a progress bar, then print, write, draw and compare."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from router.cli.bench import compare, legs, peers, plot, report
from router.cli.bench.daemon import daemon
from router.cli.bench.kannel import MISSING, boxes
from router.cli.bench.options import Options
from router.cli.children import Failed
from router.cli.console import console

T = TypeVar("T")


def bench(options: Options, json: Path | None, picture: Path | None, other: Path | None) -> int:
    """The exit code."""
    try:
        before = None if other is None else msgspec.json.decode(other.read_bytes(), type=report.Report)
    except (OSError, msgspec.DecodeError) as error:
        print(f"error: {other} cannot be compared with: {error}", file=sys.stderr)
        return 1
    if picture is not None and not plot.available():
        print(plot.MISSING, file=sys.stderr)
    try:
        with progress() as shown:
            result = interruptible(legs.run(options, daemon, shown("")))
    except Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 1
    if result is None:
        return 130
    told = report.report(options, result.legs, result.faults)
    to_standard_output = json == Path("-")
    if not to_standard_output:
        report.show(told, console())
    if before is not None:
        compare.show(told, before, Console(stderr=True) if to_standard_output else console())
    if not written(told, json):
        return 1
    if picture is not None and plot.available():
        try:
            plot.plot(told, picture)
        except (OSError, ValueError) as error:
            print(f"error: {picture} cannot be drawn: {error}", file=sys.stderr)
            return 1
    return 1 if result.faults else 0


def against(single: Options, batches: Options, rounds: int, json: Path | None) -> int:
    """The exit code; 0 too where there is no Kannel to compare with."""
    if boxes() is None:
        print(MISSING)
        return 0
    try:
        with progress() as shown:
            result = interruptible(peers.compare(single, batches, rounds, shown))
    except Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 1
    if result is None:
        return 130
    if json != Path("-"):
        peers.show(result, console())
    if not written(result, json):
        return 1
    return 1 if any(peer.faults for peer in result.peers) else 0


def written(result: object, json: Path | None) -> bool:
    """Writes it where it was asked for; whether that went well."""
    if json is None:
        return True
    octets = msgspec.json.format(msgspec.json.encode(result), indent=1)
    if json == Path("-"):
        print(octets.decode())
        return True
    try:
        json.write_bytes(octets + b"\n")
    except OSError as error:
        print(f"error: {json} cannot be written: {error.strerror or error}", file=sys.stderr)
        return False
    return True


def interruptible(work: Coroutine[object, object, T]) -> T | None:
    """What `work` gives; None after Ctrl-C, everything tidied up (a second one does not cut that short)."""

    async def guarded() -> T | None:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
        try:
            return await work
        except asyncio.CancelledError:
            return None

    return asyncio.run(guarded())


@contextmanager
def progress() -> Iterator[Callable[[str], legs.Show]]:
    """Makes a bar for each leg, by the name of its turn, on the terminal alone."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[accepted]:,} accepted, {task.fields[final]:,} ended, {task.fields[speed]:,.0f}/s"),
    )
    bars = Progress(*columns, console=Console(stderr=True), refresh_per_second=4, disable=not sys.stderr.isatty())

    def turn(name: str) -> legs.Show:
        tasks: dict[str, TaskID] = {}

        def show(now: legs.Progress) -> None:
            if now.leg not in tasks:
                tasks[now.leg] = bars.add_task(f"{name} {now.leg}".strip(), accepted=0, final=0, speed=0.0)
            bars.update(
                tasks[now.leg],
                total=now.planned,
                completed=now.final,
                accepted=now.accepted,
                final=now.final,
                speed=now.final / now.seconds if now.seconds else 0.0,
            )

        return show

    with bars:
        yield turn
