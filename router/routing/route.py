"""Which operator carries a message, and why: rules, then candidates, then their order.

The daemon, `POST /v1/route` and `carrier-router route` all decide with these functions.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, structs

from router.account import Account
from router.address import digits
from router.message import Network
from router.money import Money
from router.refusal import Refusal
from router.routing.guards import MARGIN, worth
from router.routing.networks import country
from router.routing.plan import RoutePlan, network_of
from router.routing.quality import Quality
from router.routing.rates import NetworkCode
from router.routing.senders import Ruling, SenderRules
from router.settings import Match, Plan, Rule

Usable = Callable[[str], str | None]
"""Says why an operator cannot take traffic now (a code), None where it can."""


_SOURCES: Mapping[str | None, Literal["table", "hlr", "prefix"] | UnsetType] = {
    None: UNSET,
    "table": "table",
    "hlr": "hlr",
    "prefix": "prefix",
}


class Candidate(Struct, frozen=True, gc=False):
    """One operator that could carry the message. `prefix` is the one its rate matched, "" for a rate of all numbers or
    of a `network` (MCC and MNC, absent otherwise); costs are per part; `rank` counts from 1. `reason` is a code saying
    why it is not usable; `quality` is there under `order: quality`."""

    operator: str
    prefix: str
    cost: Money
    base_cost: Money
    rank: int
    usable: bool = True
    reason: str | None = None
    network: str | UnsetType = UNSET
    quality: Quality | UnsetType = UNSET


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

    `names` and `weights` are those of the candidates; `worth` is what one unit of each currency is in the base. `until`
    is when another rate may be in force, of an operator or of a currency (milliseconds since the epoch), None where
    none is announced.
    """

    plan: Plan
    rule: Rule | None
    network: tuple[str, str] | None
    candidates: tuple[Candidate, ...]
    worth: Mapping[str, Decimal]
    until: int | None
    names: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()


Arrange = Callable[[Ranking, str, Sequence[Candidate]], tuple[Sequence[Candidate], str | None]]
"""Puts the candidates for a number in the order of this moment, and names the one whose turn it is."""


class Decision(Struct, frozen=True, gc=False):
    """A ranking explained: `operator` is the usable candidate that the next message goes to, None where none is; `rule`
    is the rule's number; `changes_at` is when the next announced price takes effect, absent where none is.

    `refusal` is the code that a message would be refused with for its recipient's sake, absent where it would not;
    `operator` is None then. `waiting_for` says what would keep a message back until `waits_until`, both absent where
    it would go at once.

    Where numbers are looked up, `network_source` says how the network is known, and `lookup_error` why not better."""

    operator: str | None
    network: Network | None
    plan: str
    rule: int | None
    candidates: tuple[Candidate, ...]
    network_source: Literal["table", "hlr", "prefix"] | UnsetType = UNSET
    lookup_error: str | UnsetType = UNSET
    changes_at: datetime | UnsetType = UNSET
    refusal: Literal["opted_out"] | UnsetType = UNSET
    waiting_for: Literal["quiet_hours"] | UnsetType = UNSET
    waits_until: datetime | UnsetType = UNSET


def rank(plan: RoutePlan, account: Account | None, query: RouteQuery) -> Ranking:
    """The candidates for a message: by priority or, under every other order, by cost.

    Raises Refusal `unroutable` where no operator has a rate for the number, or the code of a refusing rule.
    """
    number = digits(query.to)
    rule = matching_rule(plan.rules, number, query.sender, query.traffic_class)
    if rule is not None and rule.refuse is not None:
        raise refused_by(rule)
    name = (rule.plan if rule else None) or query.plan or (account.plan if account else "default")
    return ranking_of(plan, rule, name, plan.rates.longest(number), query.channel, query.network, query.at)


def decide(
    plan: RoutePlan,
    account: Account | None,
    query: RouteQuery,
    usable: Usable,
    network_name: str | None,
    arrange: Arrange | None = None,
) -> Decision:
    """A ranking with the present state of every operator, for people and programs to read; without `arrange` nothing is
    known of turns and quality. Raises as `rank` does."""
    ranking = rank(plan, account, query)
    objection = objections(plan, account, query, ranking)
    shown = []
    for candidate in ranking.candidates:
        reason = usable(candidate.operator) or objection(candidate)
        shown.append(structs.replace(candidate, usable=reason is None, reason=reason))
    best = next((candidate.operator for candidate in shown if candidate.usable), None)
    if arrange is not None:
        arranged, best = arrange(ranking, query.to, shown)
        shown = list(arranged)
    return Decision(
        operator=best,
        network=network_of(ranking.network, network_name),
        plan=ranking.plan.name,
        rule=ranking.rule.number if ranking.rule else None,
        candidates=tuple(shown),
        network_source=_SOURCES.get(query.looked_up, "prefix"),
        lookup_error=UNSET if query.looked_up is None or query.looked_up in _SOURCES else query.looked_up,
        changes_at=UNSET if ranking.until is None else datetime.fromtimestamp(ranking.until / 1000, UTC),
    )


def objections(
    plan: RoutePlan, account: Account | None, query: RouteQuery, ranking: Ranking
) -> Callable[[Candidate], str | None]:
    """Says why the guards keep a candidate from a message (a code), None where they do not; `query.to` is E.164."""
    price = plan.price(account.name, digits(query.to), query.traffic_class, query.channel) if account else None
    pays = worth(ranking.plan, price, ranking.worth)
    rules = plan.sender_rules
    judge = None if rules is None else rulings(rules, query.to, query.sender, ranking, query.at)

    def objection(candidate: Candidate) -> str | None:
        ruling = judge(candidate) if judge is not None else None
        if ruling is not None and ruling.reason is not None:
            return ruling.reason
        return MARGIN if pays is not None and candidate.base_cost.amount > pays else None

    return objection


def rulings(
    rules: SenderRules, to: str, sender: str | None, ranking: Ranking, at: int
) -> Callable[[Candidate], Ruling | None]:
    """Says what the sender rules make of a message from `sender`, or from what a rule of the routes put in its place,
    to `to` (E.164) at `at` (ms) by a candidate."""
    shown = (ranking.rule.sender if ranking.rule else None) or sender
    place = country(to)
    return lambda candidate: rules.judge(place, candidate.operator, shown, at)


def matching_rule(rules: Sequence[Rule], digits: str, sender: str | None, traffic_class: str) -> Rule | None:
    """The first rule whose every condition holds."""
    for rule in rules:
        if _matches(rule.match, digits, sender, traffic_class):
            return rule
    return None


def _matches(match: Match, digits: str, sender: str | None, traffic_class: str) -> bool:
    if match.prefix is not None and not digits.startswith(match.prefix):
        return False
    return suits(match, sender, traffic_class)


def suits(match: Match, sender: str | None, traffic_class: str) -> bool:
    """Whether every condition of a rule holds but that on the number."""
    if match.traffic_class is not None and match.traffic_class != traffic_class:
        return False
    if match.sender is not None:
        if sender is None:
            return False
        if match.sender.endswith("*"):
            return sender.startswith(match.sender[:-1])
        return sender == match.sender
    return True


def refused_by(rule: Rule) -> Refusal:
    """What is said of a message that a rule refuses."""
    return Refusal(rule.refuse or "unroutable", f"rule {rule.number} of the routes refuses this message")


def ranking_of(
    plan: RoutePlan,
    rule: Rule | None,
    name: str,
    prefix: str | None,
    channel: str,
    network: NetworkCode | None,
    at: int,
) -> Ranking:
    """The candidates of the plan `name`, or of those operators that `rule` leaves, for all numbers of which `prefix` is
    the longest that anybody sells (None for none). Raises Refusal as `rank` does."""
    chosen = plan.plans.get(name)
    if chosen is None:
        raise Refusal("invalid_request", f"there is no plan {name!r}", "plan")
    if prefix is None and network is None:
        raise Refusal("unroutable", "no operator has a rate for this number", "to")
    worth = plan.exchange.at(at)
    costs = worth.costs
    tariff = plan.rates.tariff(prefix or "", network, at, worth.rates)
    choices = plan.choices(name, channel)
    only = rule.operators if rule else None
    by_priority = chosen.order == "priority"
    found = []
    for name, rate in tariff.rates.items():
        choice = choices.get(name)
        if choice is None or (only is not None and name not in only):
            continue
        cost, base_cost = costs[rate.price, rate.currency]
        priority = choice.priority
        # Ties go by priority, then name, under every order; no two have one name.
        found.append(
            (priority if by_priority else 0, base_cost.amount, priority, name, choice.weight, rate, cost, base_cost)
        )
    if not found:
        raise Refusal("unroutable", f"no operator of plan {chosen.name!r} has a rate for this number", "to")
    found.sort()
    candidates: list[Candidate] = []
    for _, _, _, name, _, rate, cost, base_cost in found:
        codes = UNSET if rate.prefix or rate.network is None else "".join(rate.network)
        candidates.append(Candidate(name, rate.prefix, cost, base_cost, len(candidates) + 1, True, None, codes))
    until = tariff.until
    if worth.until is not None:
        until = worth.until if until is None else min(until, worth.until)
    names = tuple([one[3] for one in found])
    weights = tuple([one[4] for one in found])
    return Ranking(chosen, rule, tariff.network, tuple(candidates), worth.rates, until, names, weights)
