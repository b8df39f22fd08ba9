"""What currencies are worth in the base currency, and from when."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby

from msgspec import Struct

from router.settings import ExchangeRate


class Worth(Struct, frozen=True, gc=False):
    """One unit of each currency in the base currency, until the next rate (milliseconds since the epoch), None where
    none is announced."""

    rates: Mapping[str, Decimal]
    until: int | None


class Exchange:
    """The exchange rates of all times: those that always held, and those that replace them one by one."""

    __slots__ = ("_starts", "_worths")

    def __init__(self, first: Mapping[str, Decimal], later: Iterable[ExchangeRate]) -> None:
        days = [
            (start, {one.currency: one.worth for one in changes})
            for start, changes in groupby(sorted(later, key=_start), key=_start)
        ]
        self._starts = [start for start, _ in days]
        tables: list[Mapping[str, Decimal]] = [first]
        for _, changes in days:
            tables.append({**tables[-1], **changes})
        self._worths = [Worth(table, until) for table, until in zip(tables, [*self._starts, None], strict=True)]

    def at(self, time: int) -> Worth:
        """What holds at `time` (milliseconds since the epoch)."""
        if not self._starts:
            return self._worths[0]
        return self._worths[bisect_right(self._starts, time)]


def _start(rate: ExchangeRate) -> int:
    return rate.effective_from
