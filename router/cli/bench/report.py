"""A result as a document to keep (JSON) and as tables to read."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from sysconfig import get_config_var

import msgspec
from rich.console import Console
from rich.table import Table

from router.cli.bench.check import Fault
from router.cli.bench.measure import Figures, Spread
from router.cli.bench.options import Options


class Machine(msgspec.Struct, frozen=True):
    """`optimised` is whether Python was built with --enable-optimizations, which makes it a fifth faster or so."""

    cores: int
    processor: str
    memory_gb: float
    system: str
    python: str
    optimised: bool


class Report(msgspec.Struct, frozen=True):
    """One run of the bench, as --json writes it and --compare reads it."""

    at: str
    version: str
    machine: Machine
    options: Options
    legs: list[Figures]
    faults: list[Fault]


def report(options: Options, legs: list[Figures], faults: list[Fault]) -> Report:
    return Report(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("carrier-router"),
        machine=machine(),
        options=options,
        legs=legs,
        faults=faults,
    )


def machine() -> Machine:
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in cpus if line.startswith("model name")), "unknown")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=model,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        optimised="--enable-optimizations" in (get_config_var("CONFIG_ARGS") or ""),
    )


def described(machine: Machine) -> str:
    """In a few words."""
    built = "" if machine.optimised else " built without optimisations"
    return f"{machine.cores} cores, {machine.processor}, {machine.python}{built}"


def show(result: Report, console: Console) -> None:
    """Tables of all legs, and what was wrong."""
    one = result.options
    kind = "single submits" if one.batch == 1 else f"batches of {one.batch}"
    console.print(
        f"{kind} over {one.connections} connections, {one.length} characters of {one.encoding.value}, "
        f"operators {one.operators}, accounts {one.accounts}, events by {one.events}"
    )
    console.print(f"{described(result.machine)}, {result.machine.system}\n")
    for leg in result.legs:
        console.print(_table(leg))
        console.print()
    for fault in result.faults:
        console.print(f"not as it must be: {fault}")
    if not result.faults:
        console.print("every message once at its operator, every final event once at the sink")


def _table(leg: Figures) -> Table:
    offered = f", offered at {leg.offered_per_second:,.0f}/s" if leg.offered_per_second else ""
    table = Table(title=f"{leg.name}: {leg.messages:,} messages{offered}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column()
    table.add_row("accepted", f"{leg.accepted_per_second:,.0f}/s")
    table.add_row("end to end", f"{leg.end_to_end_per_second:,.0f}/s")
    cpu = ", ".join(f"{name} {spent:.0f}" for name, spent in leg.cpu_us.items())
    table.add_row("CPU per message", f"{cpu} µs")
    table.add_row("accept", _spread(leg.accept_ms))
    table.add_row("submit to event", _spread(leg.event_ms))
    table.add_row("resident memory", ", ".join(f"{name} {size:.0f}" for name, size in leg.resident_mb.items()) + " MB")
    if leg.commits is not None:
        commits = leg.commits
        table.add_row(
            "commits", f"{commits.per_second:.0f}/s, {commits.milliseconds:.2f} ms, {commits.writes:.0f} writes each"
        )
    return table


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return f"p50 {spread.p50:.1f}, p99 {spread.p99:.1f}, p99.9 {spread.p999:.1f}, longest {spread.longest:.1f} ms"
