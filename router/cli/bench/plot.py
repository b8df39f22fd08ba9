"""Throughput and latency over time as a picture; matplotlib comes with `pip install 'carrier-router[bench]'`."""

from importlib.util import find_spec
from pathlib import Path

from router.cli.bench.report import Report

MISSING = "no plot without matplotlib: pip install 'carrier-router[bench]'"


def available() -> bool:
    return find_spec("matplotlib") is not None


def plot(report: Report, file: Path) -> None:
    """One column for each leg: messages a second, latencies, and what the gateway used. Raises OSError, ValueError."""
    from matplotlib.figure import Figure

    legs = [leg for leg in report.legs if leg.series]
    figure = Figure(figsize=(max(len(legs), 1) * 8, 9), layout="constrained")
    axes = figure.subplots(3, max(len(legs), 1), squeeze=False, sharex="col")
    for place, leg in enumerate(legs):
        at = [point.at for point in leg.series]
        throughput, latency, usage = (row[place] for row in axes)
        throughput.set_title(f"{leg.name}: {leg.end_to_end_per_second:,.0f}/s end to end")
        throughput.plot(at, [point.accepted for point in leg.series], label="accepted/s")
        throughput.plot(at, [point.events for point in leg.series], label="events/s")
        throughput.set_ylim(bottom=0)
        for name, label in _LATENCIES.items():
            latency.plot(at, [_gap(getattr(point, name)) for point in leg.series], label=label)
        latency.set_yscale("log")
        latency.set_ylabel("ms")
        usage.plot(at, [point.cpu for point in leg.series], label="cores used")
        usage.set_ylim(bottom=0)
        memory = usage.twinx()
        memory.plot(at, [point.resident_mb for point in leg.series], color="tab:red", label="MB resident")
        memory.set_ylim(bottom=0)
        usage.set_xlabel("s")
        for one, where in ((throughput, "best"), (latency, "best"), (usage, "lower left"), (memory, "lower right")):
            one.legend(loc=where)
    figure.suptitle(f"carrier-router {report.version}, {report.at}, {report.machine.cores} cores")
    figure.savefig(file)


_LATENCIES = {
    "accept_p50": "accept p50",
    "accept_p99": "accept p99",
    "event_p50": "submit to event p50",
    "event_p99": "submit to event p99",
}


def _gap(value: float | None) -> float:
    return float("nan") if value is None else value
