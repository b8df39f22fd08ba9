"""Which operator carries a message, and why: rules, then candidates, then their order.

The daemon, `POST /v1/route` and `carrier-router route` all decide with these functions.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType, structs

from router.account import Account
from router.message import Network
from router.money import Money
from router.operator import Rate
from router.refusal import Refusal
from router.routing.guards import MARGIN, earns, worth
from router.routing.networks import country
from router.routing.plan import RoutePlan, network_of
from router.routing.rates import NetworkCode
from router.routing.senders import Ruling
from router.settings import Choice, Match, Plan, Rule

Usable = Callable[[str], str | None]
"""Says why an operator cannot take traffic now (a code), None where it can."""


class Candidate(Struct, frozen=True, gc=False):
    """One operator that could carry the message. `prefix` is the one its rate matched, "" for a rate of all numbers or
    of a `network` (MCC and MNC, absent otherwise); costs are per part; `rank` counts from 1. `reason` is a code saying
    why it is not usable."""

    operator: str
    prefix: str
    cost: Money
    base_cost: Money
    rank: int
    usable: bool = True
    reason: str | None = None
    network: str | UnsetType = UNSET


class RouteQuery(Struct, frozen=True, gc=False):
    """What a decision depends on. `to` is E.164; `at` is milliseconds since the epoch; `network` (MCC, MNC) is what
    a number lookup says, `looked_up` how it is known."""

    to: str
    at: int
    sender: str | None = None
    traffic_class: str = "transactional"
    channel: str = "sms"
    plan: str | None = None
    network: tuple[str, str] | None = None
    looked_up: str | None = None


class Ranking(Struct, frozen=True, gc=False):
    """The candidates in the plan's order, before anyone looks at who is usable now.

    `worth` is what one unit of each currency is in the base. `until` is when another rate may be in force, of an
    operator or of a currency (milliseconds since the epoch), None where none is announced.
    """

    plan: Plan
    rule: Rule | None
    network: tuple[str, str] | None
    candidates: tuple[Candidate, ...]
    worth: Mapping[str, Decimal]
    until: int | None


class Decision(Struct, frozen=True, gc=False):
    """A ranking explained: `operator` is the best usable candidate, None where none is; `rule` is the rule's number."""

    operator: str | None
    network: Network | None
    plan: str
    rule: int | None
    candidates: tuple[Candidate, ...]


def rank(plan: RoutePlan, account: Account | None, query: RouteQuery, spin: float = 0.0) -> Ranking:
    """The candidates for a message in order.

    `spin` in [0, 1) picks the order under `weighted`: evenly spread spins give exact shares.
    Raises Refusal `unroutable` where no operator has a rate for the number, or the code of a refusing rule.
    """
    rule, chosen, prefix = _selection(plan, account, query)
    return _ranking(plan, rule, chosen, prefix, query, spin)


class Ranker:
    """`rank` for the hot path: remembers the rankings of one plan, for they depend on the number's longest prefix and
    its network, not on the number. Spins evenly by itself for `weighted`."""

    _FRACTION = 0.6180339887498949  # steps of the golden ratio fill [0, 1) evenly, however many there are
    _REMEMBERED = 10_000  # a ranking takes a kilobyte or two; to forget them all at once, milliseconds

    def __init__(self, plan: RoutePlan) -> None:
        self.plan = plan
        self._known: dict[tuple[str, NetworkCode | None, str, int, str], Ranking] = {}
        self._spin = 0.0

    def rank(self, account: Account | None, query: RouteQuery) -> Ranking:
        """As the function `rank`, with the same refusals."""
        rule, chosen, prefix = _selection(self.plan, account, query)
        key = (prefix, query.network, chosen.name, rule.number if rule else 0, query.channel)
        known = self._known.get(key)
        if known is not None and (known.until is None or query.at < known.until):
            return known
        self._spin = (self._spin + self._FRACTION) % 1.0
        ranking = _ranking(self.plan, rule, chosen, prefix, query, self._spin)
        if chosen.order != "weighted":
            if len(self._known) >= self._REMEMBERED:
                self._known.clear()
            self._known[key] = ranking
        return ranking


def decide(
    plan: RoutePlan, account: Account | None, query: RouteQuery, usable: Usable, network_name: str | None
) -> Decision:
    """A ranking with the present state of every operator, for people and programs to read. Raises as `rank` does."""
    ranking = rank(plan, account, query)
    objection = objections(plan, account, query, ranking)
    shown = []
    for candidate in ranking.candidates:
        reason = usable(candidate.operator) or objection(candidate)
        shown.append(structs.replace(candidate, usable=reason is None, reason=reason))
    best = next((candidate.operator for candidate in shown if candidate.usable), None)
    return Decision(
        operator=best,
        network=network_of(ranking.network, network_name),
        plan=ranking.plan.name,
        rule=ranking.rule.number if ranking.rule else None,
        candidates=tuple(shown),
    )


def objections(
    plan: RoutePlan, account: Account | None, query: RouteQuery, ranking: Ranking
) -> Callable[[Candidate], str | None]:
    """Says why the guards keep a candidate from a message (a code), None where they do not; `query.to` is E.164."""
    price = plan.price(account.name, query.to[1:], query.traffic_class, query.channel) if account else None
    pays = worth(ranking.plan, price, ranking.worth)

    def objection(candidate: Candidate) -> str | None:
        ruling = ruling_on(plan, query.to, query.sender, ranking, candidate, query.at)
        if ruling is not None and ruling.reason is not None:
            return ruling.reason
        return None if earns(candidate.base_cost, pays, 1) else MARGIN

    return objection


def ruling_on(
    plan: RoutePlan, to: str, sender: str | None, ranking: Ranking, candidate: Candidate, at: int
) -> Ruling | None:
    """What the sender rules say of a message from `sender`, or from what a rule of the routes put in its place, to `to`
    (E.164) by this candidate at `at` (ms). None where it goes as it is."""
    if plan.sender_rules is None:
        return None
    shown = (ranking.rule.sender if ranking.rule else None) or sender
    return plan.sender_rules.judge(country(to), candidate.operator, shown, at)


def matching_rule(rules: Sequence[Rule], digits: str, sender: str | None, traffic_class: str) -> Rule | None:
    """The first rule whose every condition holds."""
    for rule in rules:
        if _matches(rule.match, digits, sender, traffic_class):
            return rule
    return None


def _matches(match: Match, digits: str, sender: str | None, traffic_class: str) -> bool:
    if match.prefix is not None and not digits.startswith(match.prefix):
        return False
    if match.traffic_class is not None and match.traffic_class != traffic_class:
        return False
    if match.sender is not None:
        if sender is None:
            return False
        if match.sender.endswith("*"):
            return sender.startswith(match.sender[:-1])
        return sender == match.sender
    return True


def _selection(plan: RoutePlan, account: Account | None, query: RouteQuery) -> tuple[Rule | None, Plan, str]:
    """The rule, the plan, and the longest prefix that anybody sells ("" where only the network can be known)."""
    digits = query.to[1:]
    rule = matching_rule(plan.rules, digits, query.sender, query.traffic_class)
    if rule is not None and rule.refuse is not None:
        raise Refusal(rule.refuse, f"rule {rule.number} of the routes refuses this message")
    name = (rule.plan if rule else None) or query.plan or (account.plan if account else "default")
    chosen = plan.plans.get(name)
    if chosen is None:
        raise Refusal("invalid_request", f"there is no plan {name!r}", "plan")
    prefix = plan.rates.longest(digits)
    if prefix is None and query.network is None:
        raise Refusal("unroutable", "no operator has a rate for this number", "to")
    return rule, chosen, prefix or ""


def _ranking(plan: RoutePlan, rule: Rule | None, chosen: Plan, prefix: str, query: RouteQuery, spin: float) -> Ranking:
    worth = plan.exchange.at(query.at)
    tariff = plan.rates.tariff(prefix, query.network, query.at, worth.rates)
    found = _candidates(plan, tariff.rates, chosen, rule, query, worth.rates)
    if not found:
        raise Refusal("unroutable", f"no operator of plan {chosen.name!r} has a rate for this number", "to")
    base = plan.settings.base_currency
    candidates = tuple(
        Candidate(
            operator=one.choice.operator,
            prefix=one.rate.prefix,
            cost=Money(one.rate.price, one.rate.currency),
            base_cost=Money(one.base, base),
            rank=place,
            network=UNSET if one.rate.prefix or one.rate.network is None else "".join(one.rate.network),
        )
        for place, one in enumerate(_in_order(chosen, found, spin), 1)
    )
    changes = [change for change in (tariff.until, worth.until) if change is not None]
    return Ranking(chosen, rule, tariff.network, candidates, worth.rates, min(changes, default=None))


class _Found(Struct, gc=False):
    choice: Choice
    rate: Rate
    base: Decimal


def _candidates(
    plan: RoutePlan,
    rates: Mapping[str, Rate],
    chosen: Plan,
    rule: Rule | None,
    query: RouteQuery,
    worth: Mapping[str, Decimal],
) -> list[_Found]:
    choices = {choice.operator: choice for choice in chosen.operators} if chosen.operators is not None else None
    only = rule.operators if rule else None
    found = []
    for name, rate in rates.items():
        if plan.operators[name].channel != query.channel or (only is not None and name not in only):
            continue
        choice = Choice(name) if choices is None else choices.get(name)
        if choice is not None:
            found.append(_Found(choice, rate, rate.price * worth[rate.currency]))
    return found


def _in_order(chosen: Plan, found: list[_Found], spin: float) -> list[_Found]:
    # Ties go by priority, then name, under every order.
    if chosen.order == "priority":
        return sorted(found, key=lambda one: (one.choice.priority, one.base, one.choice.operator))
    by_cost = sorted(found, key=lambda one: (one.base, one.choice.priority, one.choice.operator))
    if chosen.order != "weighted":
        return by_cost
    # The spin falls on one operator in proportion to its weight; the others follow by cost.
    mark = spin * sum(one.choice.weight for one in by_cost)
    for one in by_cost:
        mark -= one.choice.weight
        if mark < 0:
            return [one, *(other for other in by_cost if other is not one)]
    return by_cost
