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

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby, pairwise

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


class _Span(Struct, frozen=True, gc=False):
    """Of one operator's prefixes that name one network, and are priced in one currency, the dearest rate from a time
    until before another."""

    operator: str
    rate: Rate
    start: int
    end: int


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
        if network is not None:
            return self._looked_up(self._fitting(digits), network, at, worth)
        rates: dict[str, Rate] = {}
        naming: set[str] = set()
        named: NetworkCode | None = None
        until = _NEVER
        operator = prefix = ""
        for offer in self._fitting(digits):
            rate = offer.rate
            start, end = rate.effective_from, rate.effective_to
            if rate.network is not None and named is None:
                named = rate.network
            if start > at:
                if start < until:
                    until = start
                continue
            if end is not None:
                if end <= at:
                    continue
                if end < until:
                    until = end
            if offer.operator == operator and rate.prefix == prefix:
                continue  # the one before is newer
            operator, prefix = offer.operator, rate.prefix
            if operator not in rates:
                rates[operator] = rate
            if rate.network is not None:
                naming.add(operator)
        if named is not None and named in self._by_network:
            of_network = _in_force(self._by_network[named], at)
            rates |= {name: rate for name, rate in of_network.items() if name not in naming}
            until = min(until, _next_change(self._by_network[named], at))
        return Tariff(rates, named, None if until == _NEVER else until)

    def _looked_up(self, fitting: list[Offer], network: NetworkCode, at: int, worth: Mapping[str, Decimal]) -> Tariff:
        of_network = self._by_network.get(network, [])
        spans = self._naming.get(network, [])
        now = _reigning(fitting, at)
        other = _in_force(now, at)
        unnamed = _in_force((one for one in now if one.rate.network is None), at)
        named = _in_force((one for one in now if one.rate.network == network), at)
        rates = other | unnamed | _dearest(spans, at, worth) | named | _in_force(of_network, at)
        until = min(_next_change(fitting, at), _next_change(of_network, at))
        for span in spans:
            until = min(until, span.start if span.start > at else span.end if span.end > at else _NEVER)
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


def _reigning(fitting: list[Offer], at: int) -> list[Offer]:
    """Of each operator and prefix the one in force."""
    found: list[Offer] = []
    for offer in fitting:
        if offer.rate.in_force(at):
            newest = found[-1] if found else None
            if newest is None or (newest.operator, newest.rate.prefix) != (offer.operator, offer.rate.prefix):
                found.append(offer)
    return found


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


def _dearest(spans: list[_Span], at: int, worth: Mapping[str, Decimal]) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    for span in spans:
        if span.start <= at < span.end:
            rate, known = span.rate, found.get(span.operator)
            if known is None or known.price * worth[known.currency] < rate.price * worth[rate.currency]:
                found[span.operator] = rate
    return found


def _naming(by_prefix: dict[str, Offer | list[Offer]]) -> dict[NetworkCode, list[_Span]]:
    """What the prefixes that name a network cost, for each network. Cards change on few days, so this is little."""
    dearest: dict[tuple[NetworkCode, str, str, int, int], Rate] = {}
    for offers in by_prefix.values():
        for name, rate, start, end in _spans(offers):
            if rate.network is not None:
                key = (rate.network, name, rate.currency, start, end)
                known = dearest.setdefault(key, rate)
                if known.price < rate.price:
                    dearest[key] = rate
    found: dict[NetworkCode, list[_Span]] = {}
    for (network, name, _, start, end), rate in dearest.items():
        found.setdefault(network, []).append(_Span(name, rate, start, end))
    return found


def _spans(offers: Offer | list[Offer]) -> Iterator[tuple[str, Rate, int, int]]:
    """When which of the rates for one prefix is the one in force: operator, rate, start, end."""
    if isinstance(offers, Offer):
        rate = offers.rate
        yield offers.operator, rate, rate.effective_from, _NEVER if rate.effective_to is None else rate.effective_to
        return
    for name, group in groupby(offers, key=lambda offer: offer.operator):
        rates = [offer.rate for offer in group]
        if len(rates) == 1:
            yield from _spans(Offer(name, rates[0]))
            continue
        starts = {rate.effective_from for rate in rates}
        ends = {_NEVER if rate.effective_to is None else rate.effective_to for rate in rates}
        for start, end in pairwise(sorted(starts | ends)):
            reigning = next((rate for rate in rates if rate.in_force(start)), None)
            if reigning is not None:
                yield name, reigning, start, end
