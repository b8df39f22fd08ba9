"""From times and counters to figures: pure arithmetic."""

import math
from collections.abc import Sequence
from itertools import islice

import msgspec

from router.cli.bench.load import Times
from router.cli.bench.sink import Seen

_POINTS = 60
_SHORTEST = 0.2  # seconds between two points of a series


class Snapshot(msgspec.Struct, frozen=True):
    """CPU seconds and resident megabytes by process, and the gateway's counters, at one moment."""

    cpu: dict[str, float]
    resident: dict[str, float]
    counters: dict[str, float]


class Sample(msgspec.Struct, frozen=True):
    """What was seen from outside at a moment `at` (monotonic seconds): of the gateway, CPU seconds and megabytes."""

    at: float
    cpu: float
    resident: float


class Leg(msgspec.Struct, frozen=True):
    """One stretch of load: messages `first` to `first + count - 1`, `batch` in each request, of which `accepted` were
    accepted and offered at `rate` a second (0: as fast as answers came)."""

    name: str
    first: int
    count: int
    batch: int
    accepted: int
    rate: float
    times: Times
    before: Snapshot
    after: Snapshot
    samples: list[Sample]


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds."""

    p50: float
    p99: float
    p999: float
    longest: float


class Point(msgspec.Struct, frozen=True):
    """The time since the start (s), what happened in a second, latencies (ms) of what was due or submitted then (None
    where nothing was), and the gateway's share of one core and megabytes."""

    at: float
    accepted: float
    events: float
    accept_p50: float | None
    accept_p99: float | None
    event_p50: float | None
    event_p99: float | None
    cpu: float
    resident_mb: float


class Commits(msgspec.Struct, frozen=True):
    per_second: float
    milliseconds: float
    writes: float


class Figures(msgspec.Struct, frozen=True):
    """One leg. CPU is microseconds per message, by process; of a gateway of several processes `gateway_cpu_us` is the
    sum."""

    name: str
    messages: int
    offered_per_second: float
    seconds: float
    accepted_per_second: float
    end_to_end_per_second: float
    gateway_cpu_us: float
    cpu_us: dict[str, float]
    accept_ms: Spread | None
    event_ms: Spread | None
    resident_mb: dict[str, float]
    commits: Commits | None
    series: list[Point]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all are not above (nearest rank). Raises IndexError where there is none."""
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


def spread(seconds: list[float]) -> Spread | None:
    """None where there are none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    p50, p99, p999, longest = (round(percentile(ordered, share) * 1e3, 3) for share in (0.5, 0.99, 0.999, 1.0))
    return Spread(p50, p99, p999, longest)


def figures(leg: Leg, seen: Seen, others: frozenset[str] = frozenset(("simulator", "load", "sink"))) -> Figures:
    """`others` are the processes that are not the gateway's."""
    due, answered = leg.times.due, leg.times.answered
    began = due[0] if due else 0.0
    accepts = [(at, done) for at, done in zip(due, answered, strict=True) if done >= 0]
    events = [
        (due[place // leg.batch], at)
        for place, at in enumerate(islice(seen.at, leg.first, leg.first + leg.count))
        if at >= 0
    ]
    accepted_for = max((done for _, done in accepts), default=began) - began
    told_for = max((done for _, done in events), default=began) - began
    each = 1e6 / max(leg.accepted, 1)
    cpu = {name: round((spent - leg.before.cpu[name]) * each, 1) for name, spent in leg.after.cpu.items()}
    return Figures(
        name=leg.name,
        messages=leg.count,
        offered_per_second=leg.rate,
        seconds=round(max(accepted_for, told_for), 3),
        accepted_per_second=_rate(leg.accepted, accepted_for),
        end_to_end_per_second=_rate(len(events), told_for),
        gateway_cpu_us=round(sum(spent for name, spent in cpu.items() if name not in others), 1),
        cpu_us=cpu,
        accept_ms=spread([done - at for at, done in accepts]),
        event_ms=spread([done - at for at, done in events]),
        resident_mb={name: round(size, 1) for name, size in leg.after.resident.items()},
        commits=_commits(leg, max(accepted_for, told_for)),
        series=_series(leg, accepts, events, began, max(accepted_for, told_for)),
    )


def _rate(count: int, seconds: float) -> float:
    return round(count / seconds, 1) if seconds > 0 else 0.0


def _commits(leg: Leg, seconds: float) -> Commits | None:
    def grown(name: str) -> float:
        return leg.after.counters.get(name, 0.0) - leg.before.counters.get(name, 0.0)

    commits = grown("store_commit_seconds_count")
    if not commits or not seconds:
        return None
    return Commits(
        per_second=round(commits / seconds, 1),
        milliseconds=round(grown("store_commit_seconds_sum") / commits * 1e3, 3),
        writes=round(grown("store_batch_size_sum") / max(grown("store_batch_size_count"), 1.0), 1),
    )


def _series(
    leg: Leg, accepts: list[tuple[float, float]], events: list[tuple[float, float]], began: float, seconds: float
) -> list[Point]:
    step = max(seconds / _POINTS, _SHORTEST)
    points = int(seconds / step) + 1
    requests = _by_time(accepts, began, step, points)
    messages = _by_time(events, began, step, points)
    series = []
    for place in range(points):
        taken, accept = requests[place]
        told, event = messages[place]
        start, stop = began + place * step, began + (place + 1) * step
        inside = [one for one in leg.samples if start <= one.at < stop]
        cpu = (inside[-1].cpu - inside[0].cpu) / (inside[-1].at - inside[0].at) if len(inside) > 1 else 0.0
        series.append(
            Point(
                at=round(place * step, 3),
                accepted=round(taken * leg.batch / step, 1),
                events=round(told / step, 1),
                accept_p50=_milliseconds(accept, 0.5),
                accept_p99=_milliseconds(accept, 0.99),
                event_p50=_milliseconds(event, 0.5),
                event_p99=_milliseconds(event, 0.99),
                cpu=round(cpu, 3),
                resident_mb=round(inside[-1].resident, 1) if inside else 0.0,
            )
        )
    return series


def _by_time(pairs: list[tuple[float, float]], began: float, step: float, points: int) -> list[tuple[int, list[float]]]:
    """For each step how many ended in it, and the latencies of those that were due in it."""
    ended = [0] * points
    latencies: list[list[float]] = [[] for _ in range(points)]
    for due, done in pairs:
        ended[min(int((done - began) / step), points - 1)] += 1
        latencies[min(int((due - began) / step), points - 1)].append(done - due)
    return list(zip(ended, latencies, strict=True))


def _milliseconds(latencies: list[float], share: float) -> float | None:
    return round(percentile(sorted(latencies), share) * 1e3, 3) if latencies else None
