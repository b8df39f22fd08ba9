"""Which rate of each operator is in force for a number: by its prefix, or by its network.

Rates come in two kinds: of a prefix (which may name the network the prefix was given to) and of a network (MCC and MNC
without a prefix). Of several rates of one prefix, or of one network, the one that started last among those in force
counts, so an announced rate takes over by itself and one that has ended gives way to what it replaced.

For each operator the first of these that is in force counts.

Where a number lookup found the network:

1. its rate of that network;
2. its longest fitting prefix that names that network;
3. the dearest of its other prefixes that name that network: the number came from elsewhere, and no card says to which;
4. its longest fitting prefix that names no network;
5. its longest fitting prefix, which names another network: it has no rate for the right one.

Otherwise the network is the one that the longest fitting prefix of any operator names, and prefixes know more:

1. its longest fitting prefix, where any of its fitting prefixes names a network;
2. its rate of that network;
3. its longest fitting prefix.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby

from msgspec import Struct

from router.operator import Operator, Rate

NetworkCode = tuple[str, str]
"""MCC and MNC, as text: "01" is not "1"."""

_NEVER = 2**63


class Offer(Struct, frozen=True, gc=False):
    """One rate of one operator."""

    operator: str
    rate: Rate


class Tariff(Struct, frozen=True, gc=False):
    """The rate in force of every operator that has one, and the network that they are for, where it is known.

    `until` is when another rate may be in force (milliseconds since the epoch), None where none is announced."""

    rates: dict[str, Rate]
    network: NetworkCode | None
    until: int | None


class _Schedule(Struct, frozen=True, gc=False):
    """All rates of one operator for one prefix, the newest first; a sample of every prefix with the same ones."""

    operator: str
    rates: tuple[Rate, ...]


class RateTable:
    """All rates of all operators, frozen. A million of them take about 100 MB beside the rates themselves."""

    __slots__ = ("_by_network", "_by_prefix", "_lengths", "_naming")

    def __init__(self, operators: Iterable[Operator]) -> None:
        by_prefix: dict[str, Offer | list[Offer]] = {}
        self._by_network: dict[NetworkCode, list[Offer]] = {}
        for operator in operators:
            name = operator.name
            for rate in sorted(operator.rates, key=_newest_first):
                offer = Offer(name, rate)
                if rate.by_network and rate.network is not None:
                    self._by_network.setdefault(rate.network, []).append(offer)
                    continue
                # Most prefixes have one offer: a list for each would double the table.
                first = by_prefix.setdefault(rate.prefix, offer)
                if first is offer:
                    continue
                if isinstance(first, list):
                    first.append(offer)
                else:
                    by_prefix[rate.prefix] = [first, offer]
        self._by_prefix = by_prefix
        self._lengths = tuple(sorted({len(prefix) for prefix in by_prefix}, reverse=True))
        self._naming = _naming(by_prefix)

    def longest(self, digits: str) -> str | None:
        """The longest prefix of `digits` that any operator has a rate for, now or at another time."""
        for length in self._lengths:
            prefix = digits[:length]
            if prefix in self._by_prefix:
                return prefix
        return None

    def tariff(self, digits: str, network: NetworkCode | None, at: int, worth: Mapping[str, Decimal]) -> Tariff:
        """What every operator asks at `at` (milliseconds since the epoch) for a number that begins with `digits`.

        `network` is what a number lookup found; `worth` compares currencies, where the dearest is looked for."""
        fitting = self._fitting(digits)
        if network is not None:
            return self._looked_up(fitting, network, at, worth)
        rates: dict[str, Rate] = {}
        naming: set[str] = set()
        named: NetworkCode | None = None
        until = _NEVER
        for offer in fitting:
            rate = offer.rate
            if named is None:
                named = rate.network
            if rate.effective_from > at:
                until = min(until, rate.effective_from)
                continue
            end = rate.effective_to
            if end is not None:
                if end <= at:
                    continue
                until = min(until, end)
            if offer.operator not in rates:
                rates[offer.operator] = rate
            if rate.network is not None:
                naming.add(offer.operator)
        if named is not None and named in self._by_network:
            of_network = _in_force(self._by_network[named], at)
            rates |= {name: rate for name, rate in of_network.items() if name not in naming}
            until = min(until, _next_change(self._by_network[named], at))
        return Tariff(rates, named, None if until == _NEVER else until)

    def _looked_up(self, fitting: list[Offer], network: NetworkCode, at: int, worth: Mapping[str, Decimal]) -> Tariff:
        of_network = self._by_network.get(network, [])
        schedules = self._naming.get(network, [])
        unnamed = _in_force((one for one in fitting if one.rate.network is None), at)
        other = _in_force(fitting, at)
        named = _in_force((one for one in fitting if one.rate.network == network), at)
        rates = other | unnamed | _dearest(schedules, network, at, worth) | named | _in_force(of_network, at)
        until = min(_next_change(fitting, at), _next_change(of_network, at))
        for schedule in schedules:
            until = min(until, _next_change((Offer(schedule.operator, rate) for rate in schedule.rates), at))
        return Tariff(rates, network, None if until == _NEVER else until)

    def _fitting(self, digits: str) -> list[Offer]:
        """The offers for every prefix of `digits`: the longest first, there operator by operator, the newest first."""
        found: list[Offer] = []
        size = len(digits)
        for length in self._lengths:
            if length <= size:
                offers = self._by_prefix.get(digits[:length])
                if offers is None:
                    continue
                if isinstance(offers, list):
                    found += offers
                else:
                    found.append(offers)
        return found


def _newest_first(rate: Rate) -> int:
    return -rate.effective_from


def _in_force(offers: Iterable[Offer], at: int) -> dict[str, Rate]:
    """Of each operator the first rate in force."""
    rates: dict[str, Rate] = {}
    for offer in offers:
        if offer.operator not in rates and offer.rate.in_force(at):
            rates[offer.operator] = offer.rate
    return rates


def _next_change(offers: Iterable[Offer], at: int) -> int:
    until = _NEVER
    for offer in offers:
        rate = offer.rate
        if at < rate.effective_from < until:
            until = rate.effective_from
        if rate.effective_to is not None and at < rate.effective_to < until:
            until = rate.effective_to
    return until


def _dearest(
    schedules: list[_Schedule], network: NetworkCode, at: int, worth: Mapping[str, Decimal]
) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    for schedule in schedules:
        rate = next((one for one in schedule.rates if one.in_force(at)), None)
        if rate is None or rate.network != network:
            continue
        known = found.get(schedule.operator)
        if known is None or known.price * worth[known.currency] < rate.price * worth[rate.currency]:
            found[schedule.operator] = rate
    return found


def _naming(by_prefix: dict[str, Offer | list[Offer]]) -> dict[NetworkCode, list[_Schedule]]:
    """For each network a sample of what its prefixes cost: of those without dates the dearest will do."""
    always: dict[tuple[NetworkCode, str, str], Rate] = {}
    dated: dict[tuple[NetworkCode, str, tuple[object, ...]], tuple[Rate, ...]] = {}
    for offers in by_prefix.values():
        if isinstance(offers, list):
            groups = [
                (name, tuple(offer.rate for offer in group))
                for name, group in groupby(offers, key=lambda offer: offer.operator)
            ]
        else:
            groups = [(offers.operator, (offers.rate,))]
        for name, rates in groups:
            rate = rates[0]
            if len(rates) == 1 and not rate.effective_from and rate.effective_to is None:
                if rate.network is not None:
                    key = (rate.network, name, rate.currency)
                    if key not in always or always[key].price < rate.price:
                        always[key] = rate
                continue
            terms = tuple((one.price, one.currency, one.network, one.effective_from, one.effective_to) for one in rates)
            for network in {one.network for one in rates if one.network is not None}:
                dated.setdefault((network, name, terms), rates)
    found: dict[NetworkCode, list[_Schedule]] = {}
    for (network, name, _), rate in always.items():
        found.setdefault(network, []).append(_Schedule(name, (rate,)))
    for (network, name, _), rates in dated.items():
        found.setdefault(network, []).append(_Schedule(name, rates))
    return found
