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
        # Most prefixes have one offer: a tuple for each would make the table much larger.
        self._by_prefix: dict[str, Offer | tuple[Offer, ...]] = {}
        self._by_network: dict[NetworkCode, list[Offer]] = {}
        shared: dict[str, list[Offer]] = {}
        for operator in operators:
            for rate in sorted(operator.rates, key=_newest_first):
                offer = Offer(operator.name, rate)
                if rate.network is not None and not rate.prefix:
                    self._by_network.setdefault(rate.network, []).append(offer)
                    continue
                first = self._by_prefix.setdefault(rate.prefix, offer)
                if first is not offer:
                    shared.setdefault(rate.prefix, [first]).append(offer)  # type: ignore[list-item]
        for prefix, offers in shared.items():
            self._by_prefix[prefix] = tuple(offers)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._by_prefix}, reverse=True))
        self._naming = _naming(self._by_prefix.values())

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
            return self._looked_up(digits, network, at, worth)
        rates: dict[str, Rate] = {}
        named: NetworkCode | None = None
        until = _NEVER
        size = len(digits)
        for length in self._lengths:
            offers = self._by_prefix.get(digits[:length]) if length <= size else None
            if offers is None:
                continue
            for offer in offers if isinstance(offers, tuple) else (offers,):
                rate = offer.rate
                if named is None:
                    named = rate.network
                start, end = rate.effective_from, rate.effective_to
                if start > at:
                    until = min(until, start)
                elif end is None:
                    # A shorter prefix, or an older rate of the same one, has nothing to say any more.
                    rates.setdefault(offer.operator, rate)
                elif at < end:
                    until = min(until, end)
                    rates.setdefault(offer.operator, rate)
        of_network = self._by_network.get(named) if named is not None else None
        if of_network is not None:
            now, _ = self._reigning(digits, at)
            naming = {offer.operator for offer in now if offer.rate.network is not None}
            rates |= {name: rate for name, rate in _in_force(of_network, at).items() if name not in naming}
            until = min(until, _next_change(of_network, at))
        return Tariff(rates, named, None if until == _NEVER else until)

    def _looked_up(self, digits: str, network: NetworkCode, at: int, worth: Mapping[str, Decimal]) -> Tariff:
        now, until = self._reigning(digits, at)
        rates: dict[str, Rate] = {}
        steps: dict[str, int] = {}  # of the rule above, the one that gave the rate
        for offer in now:
            named = offer.rate.network
            step = 2 if named == network else 4 if named is None else 5
            if step < steps.get(offer.operator, 6):
                rates[offer.operator], steps[offer.operator] = offer.rate, step
        for span in self._naming.get(network, ()):
            if at < span.start:
                until = min(until, span.start)
            elif at < span.end:
                until = min(until, span.end)
                step = steps.get(span.operator, 6)
                if step > 3 or (step == 3 and _dearer(span.rate, rates[span.operator], worth)):
                    rates[span.operator], steps[span.operator] = span.rate, 3
        of_network = self._by_network.get(network)
        if of_network is not None:
            rates |= _in_force(of_network, at)
            until = min(until, _next_change(of_network, at))
        return Tariff(rates, network, None if until == _NEVER else until)

    def _reigning(self, digits: str, at: int) -> tuple[list[Offer], int]:
        """For every prefix of `digits`, the longest first, the offer in force of each operator; when this changes."""
        now: list[Offer] = []
        until = _NEVER
        size = len(digits)
        for length in self._lengths:
            offers = self._by_prefix.get(digits[:length]) if length <= size else None
            if offers is None:
                continue
            operator = ""
            for offer in offers if isinstance(offers, tuple) else (offers,):
                start, end = offer.rate.effective_from, offer.rate.effective_to
                if start > at:
                    until = min(until, start)
                    continue
                if end is not None:
                    if end <= at:
                        continue
                    until = min(until, end)
                if offer.operator != operator:  # else the one before is newer
                    operator = offer.operator
                    now.append(offer)
        return now, until


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


def _dearer(one: Rate, other: Rate, worth: Mapping[str, Decimal]) -> bool:
    return one.price * worth[one.currency] > other.price * worth[other.currency]


def _naming(all_offers: Iterable[Offer | tuple[Offer, ...]]) -> dict[NetworkCode, list[_Span]]:
    """What the prefixes that name a network cost, for each network. Cards change on few days, so this is little."""
    dearest: dict[tuple[NetworkCode, str, str, int, int], Rate] = {}
    for offers in all_offers:
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


def _spans(offers: Offer | tuple[Offer, ...]) -> list[tuple[str, Rate, int, int]]:
    """When which of the rates for one prefix is the one in force: operator, rate, start, end."""
    if isinstance(offers, Offer):
        return [_whole(offers)]
    if all(one.operator != other.operator for one, other in pairwise(offers)):
        return [_whole(offer) for offer in offers]
    found = []
    for name, group in groupby(offers, key=lambda offer: offer.operator):
        rates = [offer.rate for offer in group]
        starts = {rate.effective_from for rate in rates}
        ends = {_NEVER if rate.effective_to is None else rate.effective_to for rate in rates}
        for start, end in pairwise(sorted(starts | ends)):
            reigning = next((rate for rate in rates if rate.in_force(start)), None)
            if reigning is not None:
                found.append((name, reigning, start, end))
    return found


def _whole(offer: Offer) -> tuple[str, Rate, int, int]:
    rate = offer.rate
    return offer.operator, rate, rate.effective_from, _NEVER if rate.effective_to is None else rate.effective_to
