"""The console's numbers: what the metrics and the operators say now, as rates and quantiles of the last seconds."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from router.engine.control import OperatorView
from router.ports.watching import Measured, Reading

EVERY = 1.0
"""Seconds between two samples."""

_SMOOTH = 10
"""Samples that quantiles are taken over."""

_COUNTED = ("messages_accepted_total", "messages_refused_total", "parts_submitted_total", "messages_final_total")
_MEASURED = ("accept_seconds", "submit_seconds", "receipt_seconds", "store_commit_seconds")


class Quantiles(Struct, frozen=True, gc=False):
    """Seconds; as exact as the buckets of the histogram."""

    p50: float
    p95: float
    p99: float


class Point(Struct, frozen=True, gc=False):
    """One place on the charts: rates per second, `at` in ms; a quantile is null where nothing was measured."""

    at: int
    accepted: float
    refused: float
    submitted: float
    ended: float
    queued: int
    accept: Quantiles | None
    submit: Quantiles | None
    receipt: Quantiles | None
    commit: Quantiles | None


class OperatorNow(Struct, frozen=True, gc=False):
    """An operator and what it has done since the daemon started: parts by outcome, receipts by result, messages by
    their final state, money by currency."""

    view: OperatorView
    submitted: dict[str, float]
    receipts: dict[str, float]
    ended: dict[str, float]
    spend: dict[str, float]


class WebhookNow(Struct, frozen=True, gc=False):
    account: str
    backlog: float
    parked: bool


class Sample(Struct, frozen=True, gc=False):
    """`point` is null for the first one after a pause; `started` tells one run of the daemon from another."""

    at: int
    started: int
    trouble: str | None
    plan_version: int
    point: Point | None
    operators: list[OperatorNow]
    refused: dict[str, float]
    webhooks: list[WebhookNow]


class _Taken(Struct, frozen=True, gc=False):
    """A copy of the numbers that rates are made of."""

    monotonic: float
    counts: dict[str, float]
    rows: dict[str, list[float]]


class Sampler:
    """Takes samples, and keeps their points for charts that are opened later. Times come from the caller."""

    KEPT = 600

    def __init__(
        self,
        reading: Callable[[], Reading],
        operators: Callable[[], Iterable[OperatorView]],
        trouble: Callable[[], str | None],
        started: int,
    ) -> None:
        self._reading = reading
        self._operators = operators
        self._trouble = trouble
        self._started = started
        self._taken: deque[_Taken] = deque(maxlen=_SMOOTH + 1)
        self.points: deque[Point] = deque(maxlen=self.KEPT)

    def sample(self, at: int, monotonic: float) -> Sample:
        """The numbers now; `at` in ms."""
        reading = self._reading()
        views = list(self._operators())
        taken = _take(reading, monotonic)
        if self._taken and monotonic - self._taken[-1].monotonic > 5 * EVERY:
            self._taken.clear()  # nobody has watched meanwhile
        point = self._point(at, taken, views, reading.histograms) if self._taken else None
        self._taken.append(taken)
        if point is not None:
            self.points.append(point)
        gauges = {(one.name, one.labels): one.value for one in reading.gauges}
        counts = reading.counts
        return Sample(
            at=at,
            started=self._started,
            trouble=self._trouble(),
            plan_version=int(gauges.get(("plan_version", ()), 0)),
            point=point,
            operators=[
                OperatorNow(
                    view,
                    _of(counts["parts_submitted_total"], view.operator),
                    _of(counts["receipts_total"], view.operator),
                    _of(counts["messages_final_total"], view.operator),
                    _of(counts["spend_total"], view.operator),
                )
                for view in views
            ],
            refused={code: count for (code,), count in counts["messages_refused_total"].items()},
            webhooks=[
                WebhookNow(labels[0], value, bool(gauges.get(("webhook_parked", labels), 0)))
                for (name, labels), value in gauges.items()
                if name == "webhook_backlog"
            ],
        )

    def _point(
        self, at: int, taken: _Taken, views: Sequence[OperatorView], histograms: Mapping[str, Measured]
    ) -> Point:
        before, oldest = self._taken[-1], self._taken[0]
        seconds = max(taken.monotonic - before.monotonic, 0.001)
        accepted, refused, submitted, ended = (
            round((taken.counts[name] - before.counts[name]) / seconds, 2) for name in _COUNTED
        )
        quantiles = [
            _quantiles(histograms[name].bounds, [now - then for now, then in zip(taken.rows[name], oldest.rows[name])])  # noqa: B905
            for name in _MEASURED
        ]
        queued = sum(sum(view.queued.values()) for view in views)
        return Point(at, accepted, refused, submitted, ended, queued, *quantiles)


def _take(reading: Reading, monotonic: float) -> _Taken:
    return _Taken(
        monotonic,
        {name: sum(reading.counts[name].values()) for name in _COUNTED},
        {name: _summed(reading.histograms[name]) for name in _MEASURED},
    )


def _summed(measured: Measured) -> list[float]:
    """How many fell into each bucket, over all labels; without the sum of the values."""
    total = [0.0] * (len(measured.bounds) + 1)
    for row in measured.rows.values():
        for place in range(len(total)):
            total[place] += row[place]
    return total


def _quantiles(bounds: Sequence[float], fell: Sequence[float]) -> Quantiles | None:
    count = sum(fell)
    if count <= 0:
        return None
    return Quantiles(*(_quantile(bounds, fell, share * count) for share in (0.5, 0.95, 0.99)))


def _quantile(bounds: Sequence[float], fell: Sequence[float], rank: float) -> float:
    """Where in its bucket the value of that rank lies, as if they were spread evenly; of the last one, which has no
    bound, its beginning."""
    below = 0.0
    for (low, high), count in zip(pairwise((0.0, *bounds)), fell, strict=False):
        if below + count >= rank:
            return round(low + (high - low) * (rank - below) / count, 6) if count else low
        below += count
    return bounds[-1]


def _of(counts: Mapping[tuple[str, ...], float], operator: str) -> dict[str, float]:
    return {labels[1]: count for labels, count in counts.items() if labels[0] == operator}
