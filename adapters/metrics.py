"""Every metric of the daemon, declared once, counted in plain numbers and rendered only when Prometheus asks.

A message touches about eight metrics, so counting is one dictionary step (about 0.1 us), for many that are alike at
once where they come so; the prometheus_client families are built at the scrape.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.ports.watching import GaugeSample, Reading
from router.ports.watching import Measured as Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "carrier_router_"

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_HANDSET = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21_600.0, 86_400.0, 259_200.0)
_SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)


class Counted(NamedTuple):
    name: str
    labels: tuple[str, ...]
    help: str


class Measured(NamedTuple):
    """`buckets` are inclusive upper bounds, rising; the one without bound is added."""

    name: str
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...]


class Pulled(NamedTuple):
    name: str
    labels: tuple[str, ...]
    help: str


COUNTERS = (
    Counted("messages_accepted_total", ("account", "channel"), "Messages that were stored and answered with 202."),
    Counted("messages_refused_total", ("code",), "Messages that were refused at submit, by the code of the refusal."),
    Counted(
        "messages_final_total",
        ("operator", "state"),
        "Messages that came to a final state, by the operator that carried them last.",
    ),
    Counted("parts_submitted_total", ("operator", "outcome"), "Attempts to submit a part, by what they came to."),
    Counted(
        "spend_total",
        ("operator", "currency"),
        "What the parts cost that an operator accepted, in its currency.",
    ),
    Counted(
        "receipts_total",
        ("operator", "result"),
        "Delivery receipts: matched, early (before the answer to the submit), duplicate, unmatched or queried (told on "
        "asking).",
    ),
    Counted(
        "inbound_total",
        ("operator", "result"),
        "Messages from handsets: received, incomplete, no_account, or repeated (told already).",
    ),
    Counted(
        "callbacks_total",
        ("operator", "result"),
        "What came to /callbacks/{operator}: receipt, inbound, ignored, challenge, forged, unreadable or not_stored.",
    ),
    Counted(
        "lookups_total",
        ("source", "result"),
        "Numbers looked up, by source (table, hlr): found, cached, none (no word on it), unknown, timeout, failed, "
        "unreadable, busy or unavailable.",
    ),
    Counted("events_total", ("type",), "Events added to the accounts' logs."),
)
HISTOGRAMS = (
    Measured("accept_seconds", (), "From a submit's arrival to its answer, the message being on disk.", _FAST),
    Measured("submit_seconds", ("operator",), "From writing a part to the operator's answer.", _SLOW),
    Measured("receipt_seconds", ("operator",), "From submitting a part to its final receipt.", _HANDSET),
    Measured("lookup_seconds", (), "How long submits waited for the HLR provider.", _FAST),
    Measured("store_commit_seconds", (), "One commit of the store's writer.", _FAST),
    Measured("store_batch_size", (), "Writes that shared one commit.", _SIZES),
)
GAUGES = (
    Pulled("queue_messages", ("operator", "class"), "Messages that wait to be submitted."),
    Pulled("queue_oldest_seconds", ("operator",), "Age of the message that has waited longest."),
    Pulled("binds", ("operator", "state"), "Binds by state."),
    Pulled(
        "operator_state", ("operator", "state"), "1 for the state that the operator is in; other states are absent."
    ),
    Pulled("window_in_use", ("operator",), "Window slots held by parts whose result is not on disk yet."),
    Pulled("throttle_factor", ("operator",), "Share of the configured rate in use after throttling; 1 is all of it."),
    Pulled("operator_parts_today", ("operator",), "Parts given to an operator with daily caps since its day began."),
    Pulled("operator_spend_today", ("operator",), "What these parts cost, in the operator's currency."),
    Pulled(
        "receipt_quality",
        ("operator", "check"),
        "1 where receipts of an operator for some network are too_fast, of constant_delay or all_delivered, else 0.",
    ),
    Pulled("webhook_backlog", ("account",), "Events that the account's webhook has not acknowledged."),
    Pulled("webhook_parked", ("account",), "1 where the webhook failed for 72 hours and is tried hourly, else 0."),
    Pulled("wallet_balance", ("account",), "What is in an account's wallet, in the account's currency."),
    Pulled("disk_free_bytes", (), "Room left for the daemon's user on the disk of the data folder."),
    Pulled("disk_size_bytes", (), "Size of the disk of the data folder."),
    Pulled("database_bytes", (), "Size of the database file with its write-ahead log."),
    Pulled("plan_version", (), "Version of the running plan; it grows with every successful reload."),
)

GaugeSource = Callable[[], Iterable[GaugeSample]]
_Labels = tuple[str, ...]


class _Histogram:
    """One row of numbers per label set: how many fell into each bucket (not cumulative), then their sum."""

    __slots__ = ("bounds", "rows")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        width = len(bounds) + 2
        self.rows: defaultdict[_Labels, list[float]] = defaultdict(lambda: [0] * width)

    def observe(self, labels: _Labels, value: float, count: int = 1) -> None:
        row = self.rows[labels]
        row[bisect_left(self.bounds, value)] += count
        row[-1] += value * count

    def observe_each(self, labels: _Labels, values: Sequence[float]) -> None:
        row, bounds = self.rows[labels], self.bounds
        for value in values:
            row[bisect_left(bounds, value)] += 1
        row[-1] += sum(values)


class PrometheusMetrics(Collector):
    """The Metrics port over numbers in memory.

    Gauges are pulled at the scrape from the sources added with `watch`. Counting is meant for the event loop's
    thread; one other thread may count in metrics that nobody else counts in.
    """

    def __init__(self) -> None:
        self._counts: dict[str, defaultdict[_Labels, float]] = {metric.name: defaultdict(int) for metric in COUNTERS}
        self._histograms = {metric.name: _Histogram(metric.buckets) for metric in HISTOGRAMS}
        self._sources: list[GaugeSource] = []

        self._accepted = self._counts["messages_accepted_total"]
        self._refused = self._counts["messages_refused_total"]
        self._final = self._counts["messages_final_total"]
        self._submitted = self._counts["parts_submitted_total"]
        self._spend = self._counts["spend_total"]
        self._receipts = self._counts["receipts_total"]
        self._inbound = self._counts["inbound_total"]
        self._callbacks = self._counts["callbacks_total"]
        self._events = self._counts["events_total"]
        self._accept_seconds = self._histograms["accept_seconds"]
        self._submit_seconds = self._histograms["submit_seconds"]
        self._receipt_seconds = self._histograms["receipt_seconds"]
        self._lookups = self._counts["lookups_total"]
        self._lookup_seconds = self._histograms["lookup_seconds"]
        self._commit_seconds = self._histograms["store_commit_seconds"]
        self._batch_size = self._histograms["store_batch_size"]
        for histogram in (self._accept_seconds, self._commit_seconds, self._batch_size):
            histogram.rows[()]  # without labels a metric is there from the start

        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    # --- the port ---------------------------------------------------------------------------------------------

    def accepted(self, account: str, channel: str, count: int) -> None:
        self._accepted[account, channel] += count

    def refused(self, code: str) -> None:
        self._refused[(code,)] += 1

    def final(self, operator: str, state: str) -> None:
        self._final[operator, state] += 1

    def submitted(self, operator: str, outcome: str, seconds: Sequence[float]) -> None:
        self._submitted[operator, outcome] += len(seconds)
        self._submit_seconds.observe_each((operator,), seconds)

    def spent(self, operator: str, currency: str, amount: float) -> None:
        self._spend[operator, currency] += amount

    def receipts(self, operator: str, result: str, count: int, seconds: float | None = None) -> None:
        self._receipts[operator, result] += count
        if seconds is not None:
            self._receipt_seconds.observe((operator,), seconds, count)

    def event(self, type: str, count: int) -> None:
        self._events[(type,)] += count

    def inbound(self, operator: str, result: str) -> None:
        self._inbound[operator, result] += 1

    def callback(self, operator: str, result: str) -> None:
        self._callbacks[operator, result] += 1

    def accept_seconds(self, seconds: float) -> None:
        self._accept_seconds.observe((), seconds)

    def commit(self, seconds: float, size: int) -> None:
        self._commit_seconds.observe((), seconds)
        self._batch_size.observe((), size)

    def lookup(self, source: str, result: str) -> None:
        self._lookups[source, result] += 1

    def lookup_seconds(self, seconds: float) -> None:
        self._lookup_seconds.observe((), seconds)

    # --- the scrape -------------------------------------------------------------------------------------------

    def watch(self, source: GaugeSource) -> None:
        """Ask `source` for gauges at every scrape; it must be quick and must not raise."""
        self._sources.append(source)

    def read(self) -> Reading:
        """The numbers that `render` writes, as they are."""
        return Reading(
            self._counts,
            {name: Histogram(one.bounds, one.rows) for name, one in self._histograms.items()},
            [sample for source in self._sources for sample in source()],
        )

    def render(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4 (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not scrape to learn the names."""
        return ()

    def collect(self) -> Iterable[Metric]:
        # list() of a dict's items is one step under the interpreter's lock: a counting thread cannot disturb it.
        for counted in COUNTERS:
            counter = CounterMetricFamily(PREFIX + counted.name, counted.help, labels=counted.labels)
            for labels, count in list(self._counts[counted.name].items()):
                counter.add_metric(labels, count)
            yield counter
        for measured in HISTOGRAMS:
            histogram = HistogramMetricFamily(PREFIX + measured.name, measured.help, labels=measured.labels)
            for labels, row in list(self._histograms[measured.name].rows.items()):
                histogram.add_metric(labels, _cumulative(measured.buckets, row), row[-1])
            yield histogram
        gauges = {
            pulled.name: GaugeMetricFamily(PREFIX + pulled.name, pulled.help, labels=pulled.labels) for pulled in GAUGES
        }
        for source in self._sources:
            for sample in source():
                gauges[sample.name].add_metric(sample.labels, sample.value)
        yield from gauges.values()


def _cumulative(bounds: tuple[float, ...], row: list[float]) -> list[tuple[str, float]]:
    total = 0.0
    buckets = []
    for bound, count in zip((*map(str, bounds), "+Inf"), row, strict=False):
        total += count
        buckets.append((bound, total))
    return buckets
