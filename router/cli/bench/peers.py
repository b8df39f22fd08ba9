"""The same load through Kannel and through us, in turns, and how many times as much we carry."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from router.cli.bench import legs
from router.cli.bench.check import Fault
from router.cli.bench.daemon import daemon
from router.cli.bench.kannel import kannel
from router.cli.bench.measure import Figures
from router.cli.bench.options import Options
from router.cli.bench.report import Machine, described, machine
from router.cli.bench.world import StartGateway

KANNEL: Final = "Kannel, spool store"


class Peer(msgspec.Struct, frozen=True):
    """One way to carry the load: its rounds, the median of end to end/s and how many times Kannel's that is."""

    name: str
    options: Options
    rounds: list[Figures]
    end_to_end_per_second: float
    ratio: float
    faults: list[Fault]


class Comparison(msgspec.Struct, frozen=True):
    """As --json writes it."""

    at: str
    version: str
    machine: Machine
    peers: list[Peer]


class _Turns(msgspec.Struct):
    name: str
    options: Options
    start: StartGateway
    rounds: list[Figures]
    faults: list[Fault]


async def compare(single: Options, batches: Options, rounds: int, show: Callable[[str], legs.Show]) -> Comparison:
    """`single` goes through both, `batches` through us alone, for smsbox takes one message a request. `show` makes what
    shows a turn from its name. Raises Failed."""
    turns = [
        _Turns(KANNEL, single, kannel, [], []),
        _Turns("Carrier Router, single submits", single, daemon, [], []),
        _Turns(f"Carrier Router, batches of {batches.batch}", batches, daemon, [], []),
    ]
    for number in range(1, rounds + 1):
        for turn in turns:
            result = await legs.run(turn.options, turn.start, show(f"{number}. {turn.name}"))
            turn.rounds += result.legs
            turn.faults += result.faults
    kannels = _middle(turns[0].rounds)
    peers = [
        Peer(turn.name, turn.options, turn.rounds, middle, round(middle / kannels, 2) if kannels else 0.0, turn.faults)
        for turn in turns
        for middle in [_middle(turn.rounds)]
    ]
    return Comparison(datetime.now(UTC).isoformat(timespec="seconds"), version("carrier-router"), machine(), peers)


def table(comparison: Comparison) -> Table:
    """Medians, and every round of end to end/s."""
    title = f"{comparison.at[:10]}, {described(comparison.machine)}"
    table = Table(
        "", "end to end/s", "rounds", "× Kannel", "CPU µs a message", "accept p99 ms", "to event p50 ms", title=title
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for peer in comparison.peers:
        accept = [leg.accept_ms.p99 for leg in peer.rounds if leg.accept_ms is not None]
        event = [leg.event_ms.p50 for leg in peer.rounds if leg.event_ms is not None]
        table.add_row(
            peer.name,
            f"{peer.end_to_end_per_second:,.0f}",
            " ".join(f"{leg.end_to_end_per_second:,.0f}" for leg in peer.rounds),
            f"{peer.ratio:.1f}",
            f"{median(leg.gateway_cpu_us for leg in peer.rounds):,.0f}" if peer.rounds else "-",
            f"{median(accept):,.0f}" if accept else "-",
            f"{median(event):,.0f}" if event else "-",
        )
    return table


def show(comparison: Comparison, console: Console) -> None:
    console.print(table(comparison))
    for peer in comparison.peers:
        for fault in peer.faults:
            console.print(f"{peer.name}, not as it must be: {fault}")


def _middle(rounds: list[Figures]) -> float:
    return median(leg.end_to_end_per_second for leg in rounds) if rounds else 0.0
