"""Who reaches a country, which of its networks, and at what price."""

from collections import defaultdict
from collections.abc import Iterable

import phonenumbers
from msgspec import Struct

from router.message import Network
from router.money import Money
from router.operator import Operator, Rate
from router.refusal import Refusal
from router.routing.exchange import Worth
from router.routing.mcc import regions_of
from router.routing.networks import range_name
from router.routing.numbering import numbering
from router.routing.plan import RoutePlan
from router.routing.rates import NetworkCode


class PriceRange(Struct, frozen=True):
    min: Money
    max: Money


class NetworkCoverage(Struct, frozen=True):
    """What one network costs at one operator, per part. `network` is null for prefixes whose rates name none;
    `prefixes` counts those with a rate of their own: none where it is the network that has one."""

    network: Network | None
    prefixes: int
    cost: PriceRange
    base_cost: PriceRange


class OperatorCoverage(Struct, frozen=True):
    operator: str
    channel: str
    networks: list[NetworkCoverage]


class Coverage(Struct, frozen=True):
    """Who has rates in force for numbers of a country (ISO 3166-1 alpha-2): the cheapest first. `plan` is whose
    operators were looked at, null for all."""

    country: str
    plan: str | None
    operators: list[OperatorCoverage]


def coverage(plan: RoutePlan, country: str, chosen: str | None, at: int) -> Coverage:
    """Who reaches `country` at `at` (milliseconds since the epoch), of all operators or of those of a plan. Looks at
    every rate there is. Raises Refusal `invalid_request` for a country or a plan that does not exist."""
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise Refusal("invalid_request", "a country is two capital letters, such as CM (ISO 3166-1)", "country")
    if chosen is not None and chosen not in plan.plans:
        raise Refusal("invalid_request", f"there is no plan {chosen!r}", "plan")
    found = []
    for operator in plan.operators.values():
        if chosen is None or operator.name in plan.choices(chosen, operator.channel):
            rates = _in_force(operator.rates, country, at)
            if rates:
                found.append((operator, rates))
    names = _names(rate for _, rates in found for rate in rates)
    worth = plan.exchange.at(at)
    operators = [_operator(operator, rates, names, worth) for operator, rates in found]
    operators.sort(key=lambda one: (min(each.base_cost.min.amount for each in one.networks), one.operator))
    return Coverage(country, chosen, operators)


def _in_force(rates: Iterable[Rate], country: str, at: int) -> list[Rate]:
    """Of each prefix, or network, that reaches the country the rate in force."""
    code = str(phonenumbers.country_code_for_region(country))
    of_code = numbering(code)
    found: dict[str | NetworkCode, Rate] = {}
    for rate in rates:
        prefix, network = rate.prefix, rate.network
        if network is not None and not prefix:
            key: str | NetworkCode = network
            reached = country in regions_of(network[0])
        else:
            key = prefix
            # A prefix may be of the country, of a part of it, or of more than it.
            reached = code.startswith(prefix) or (
                prefix.startswith(code) and of_code.reaches(country, prefix[len(code) :])
            )
        if reached and rate.in_force(at) and (key not in found or found[key].effective_from < rate.effective_from):
            found[key] = rate
    # Of the prefixes of the whole country and of more than it, the longest has all its numbers.
    whole = [prefix for length in range(len(code) + 1) if (prefix := code[:length]) in found]
    for prefix in whole[:-1]:
        del found[prefix]
    return list(found.values())


def _names(rates: Iterable[Rate]) -> dict[NetworkCode, str]:
    """The networks that prefixes tell the names of."""
    names: dict[NetworkCode, str] = {}
    for rate in rates:
        if rate.network is not None and rate.network not in names:
            name = range_name(rate.prefix)
            if name is not None:
                names[rate.network] = name
    return names


def _operator(operator: Operator, rates: list[Rate], names: dict[NetworkCode, str], worth: Worth) -> OperatorCoverage:
    groups: dict[NetworkCode | None, list[Rate]] = defaultdict(list)
    for rate in rates:
        groups[rate.network].append(rate)
    networks = [
        _network(None if code is None else Network(*code, names.get(code)), groups[code], worth)
        for code in sorted(groups, key=lambda code: (code is None, code or ("", "")))
    ]
    return OperatorCoverage(operator.name, operator.channel, networks)


def _network(network: Network | None, rates: list[Rate], worth: Worth) -> NetworkCoverage:
    costs = sorted({worth.costs[rate.price, rate.currency] for rate in rates}, key=lambda pair: pair[1].amount)
    (least, least_base), (most, most_base) = costs[0], costs[-1]
    return NetworkCoverage(
        network,
        sum(not rate.by_network for rate in rates),
        PriceRange(least, most),
        PriceRange(least_base, most_base),
    )
