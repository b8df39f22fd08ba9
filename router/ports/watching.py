"""What the engine tells those who watch it, and what they ask."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct


class Metrics(Protocol):
    """Counts of what happens; cheap enough for every message, and what comes many at a time is counted so. Seconds are
    floats."""

    def accepted(self, account: str, channel: str, count: int) -> None: ...
    def refused(self, code: str) -> None: ...
    def final(self, operator: str, state: str) -> None: ...
    def submitted(self, operator: str, outcome: str, seconds: Sequence[float]) -> None:
        """Attempts that came to the same, each after so many seconds."""

    def spent(self, operator: str, currency: str, amount: float) -> None: ...
    def receipts(self, operator: str, result: str, count: int, seconds: float | None = None) -> None:
        """Receipts that came to the same, each so many seconds after its answer, where that is known."""

    def event(self, type: str, count: int) -> None: ...
    def inbound(self, operator: str, result: str) -> None: ...
    def callback(self, operator: str, result: str) -> None: ...
    def accept_seconds(self, seconds: float) -> None: ...
    def commit(self, seconds: float, size: int) -> None: ...
    def lookup(self, source: str, result: str) -> None: ...
    def lookup_seconds(self, seconds: float) -> None: ...


class GaugeSample(NamedTuple):
    """A reading taken at a scrape: a gauge's name without prefix, its label values in their declared order."""

    name: str
    labels: tuple[str, ...]
    value: float


class Measured(NamedTuple):
    """A histogram: inclusive upper bounds, rising, and by label values how many fell into each (not cumulative), into
    the one without bound, then their sum."""

    bounds: tuple[float, ...]
    rows: Mapping[tuple[str, ...], Sequence[float]]


class Reading(NamedTuple):
    """Every number there is, by name without prefix and by label values. What counts goes on counting: copy it."""

    counts: Mapping[str, Mapping[tuple[str, ...], float]]
    histograms: Mapping[str, Measured]
    gauges: Sequence[GaugeSample]


class WebhookView(Struct, frozen=True, gc=False):
    """An account's webhook: the seq of the last event it has acknowledged, how many it has not, whether it failed for
    so long that it is only tried now and then, and the types of events that it gets."""

    cursor: int
    backlog: int
    parked: bool
    types: frozenset[str]
