"""Two results side by side."""

from collections.abc import Iterator

from msgspec import structs
from rich.console import Console
from rich.table import Table

from router.cli.bench.measure import Figures
from router.cli.bench.report import Report


def differences(now: Report, before: Report) -> list[str]:
    """What was asked for or run on otherwise, so that ratios mean less than they seem to."""
    found = []
    for name, mine, theirs in (("options", now.options, before.options), ("machine", now.machine, before.machine)):
        for field in structs.fields(mine):
            old, new = getattr(theirs, field.name), getattr(mine, field.name)
            if old != new and field.name not in ("folder", "patience"):
                found.append(f"{name}: {field.name} was {old}, is {new}")
    return found


def ratios(now: Figures, before: Figures) -> Iterator[tuple[str, float, float, float | None]]:
    """Name, before, now, and now divided by before (None for division by zero) of every figure both have."""
    mine, theirs = dict(_flat(now)), dict(_flat(before))
    for name, new in mine.items():
        if name in theirs:
            old = theirs[name]
            yield name, old, new, new / old if old else None


def show(now: Report, before: Report, console: Console) -> None:
    for one in differences(now, before):
        console.print(f"not alike: {one}")
    others = {leg.name: leg for leg in before.legs}
    for leg in now.legs:
        if leg.name not in others:
            continue
        table = Table("", "before", "now", "ratio", title=f"{leg.name}, against {before.at}", title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, old, new, ratio in ratios(leg, others[leg.name]):
            table.add_row(name, f"{old:,.1f}", f"{new:,.1f}", "-" if ratio is None else f"{ratio:.2f}")
        console.print(table)


def _flat(leg: Figures) -> Iterator[tuple[str, float]]:
    yield "accepted/s", leg.accepted_per_second
    yield "end to end/s", leg.end_to_end_per_second
    for name, spent in leg.cpu_us.items():
        yield f"CPU of {name}, µs a message", spent
    for what, spread in (("accept", leg.accept_ms), ("submit to event", leg.event_ms)):
        if spread is not None:
            for name, value in (("p50", spread.p50), ("p99", spread.p99), ("p99.9", spread.p999)):
                yield f"{what} {name}, ms", value
    for name, size in leg.resident_mb.items():
        yield f"memory of {name}, MB", size
    if leg.commits is not None:
        yield "commits/s", leg.commits.per_second
        yield "a commit, ms", leg.commits.milliseconds
        yield "writes a commit", leg.commits.writes
