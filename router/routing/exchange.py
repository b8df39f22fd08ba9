"""What currencies are worth in the base currency, and from when."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby

from router.money import Money
from router.settings import ExchangeRate


class Worth:
    """One unit of each currency in the base currency, until the next rate (milliseconds since the epoch), None where
    none is announced; `costs` are prices as they are shown: in their own currency and in the base."""

    __slots__ = ("costs", "rates", "until")

    def __init__(self, base: str, rates: Mapping[str, Decimal], until: int | None) -> None:
        self.rates = rates
        self.until = until
        self.costs: Mapping[tuple[Decimal, str], tuple[Money, Money]] = _Costs(base, rates)


class _Costs(dict[tuple[Decimal, str], tuple[Money, Money]]):
    """Made once for each price: a rate card repeats them, and rankings hold them."""

    def __init__(self, base: str, rates: Mapping[str, Decimal]) -> None:
        super().__init__()
        self._base = base
        self._rates = rates

    def __missing__(self, key: tuple[Decimal, str]) -> tuple[Money, Money]:
        price, currency = key
        costs = self[key] = Money(price, currency), Money(price * self._rates[currency], self._base)
        return costs


class Exchange:
    """The exchange rates of all times: those that always held, and those that replace them one by one."""

    __slots__ = ("_starts", "_worths")

    def __init__(self, base: str, first: Mapping[str, Decimal], later: Iterable[ExchangeRate]) -> None:
        days = [
            (start, {one.currency: one.worth for one in changes})
            for start, changes in groupby(sorted(later, key=_start), key=_start)
        ]
        self._starts = [start for start, _ in days]
        tables: list[Mapping[str, Decimal]] = [first]
        for _, changes in days:
            tables.append({**tables[-1], **changes})
        self._worths = [Worth(base, table, until) for table, until in zip(tables, [*self._starts, None], strict=True)]

    def at(self, time: int) -> Worth:
        """What holds at `time` (milliseconds since the epoch)."""
        if not self._starts:
            return self._worths[0]
        return self._worths[bisect_right(self._starts, time)]


def _start(rate: ExchangeRate) -> int:
    return rate.effective_from
