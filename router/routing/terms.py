"""What a plan says of messages that are alike in all but their recipient: looked up once, not for each of them."""

from collections import deque
from collections.abc import Iterable

from router.money import Money
from router.routing.plan import RoutePlan
from router.routing.prefixes import PrefixTable
from router.routing.rates import NetworkCode
from router.routing.route import Ranking, ranking_of, refused_by, suits
from router.settings import Rule

_Key = tuple[str | None, NetworkCode | None, str, int, str]

_TERMS = 10_000
_RANKINGS = 50_000


class Terms:
    """For the messages of one account, channel, class, sender and wanted plan. `plan` is the name of that which no rule
    replaces; `prices` is what the account pays per part, None where it has no prices; `ruled`: there may be a `rule`
    for such a message."""

    __slots__ = ("_lengths", "_rules", "channel", "plan", "prices", "ruled", "sender")

    def __init__(
        self,
        channel: str,
        sender: str | None,
        plan: str,
        prices: PrefixTable[Money] | None,
        rules: Iterable[Rule],
    ) -> None:
        self.channel = channel
        self.sender = sender
        self.plan = plan
        self.prices = prices
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            self._rules.setdefault(rule.match.prefix or "", rule)
        self._lengths = tuple({len(prefix) for prefix in self._rules})
        self.ruled = bool(self._rules)

    def rule(self, digits: str) -> Rule | None:
        """The first rule of the routes that matches a message to this number."""
        first = None
        for length in self._lengths:
            rule = self._rules.get(digits[:length])
            if rule is not None and (first is None or rule.number < first.number):
                first = rule
        return first


class Ranker:
    """`router.routing.route.rank` for the hot path: remembers what one plan says, for a ranking depends on the number's
    longest prefix and its network, not on the number."""

    def __init__(self, plan: RoutePlan) -> None:
        self.plan = plan
        self._terms: dict[tuple[str, str, str, str | None, str | None], Terms] = {}
        self._known: dict[_Key, Ranking] = {}
        self._oldest: deque[_Key] = deque()

    def terms(self, account: str, channel: str, traffic_class: str, sender: str | None, wanted: str | None) -> Terms:
        """`wanted` is the plan that the message asks for by name."""
        key = (account, channel, traffic_class, sender, wanted)
        terms = self._terms.get(key)
        if terms is None:
            if len(self._terms) >= _TERMS:
                del self._terms[next(iter(self._terms))]
            terms = self._terms[key] = self._make(account, channel, traffic_class, sender, wanted)
        return terms

    def rank(self, terms: Terms, digits: str, network: NetworkCode | None, at: int) -> Ranking:
        """As the function `rank`, with the same refusals."""
        rule = terms.rule(digits) if terms.ruled else None
        if rule is not None and rule.refuse is not None:
            raise refused_by(rule)
        name = rule.plan if rule is not None and rule.plan is not None else terms.plan
        prefix = self.plan.rates.longest(digits)
        key = (prefix, network, name, rule.number if rule is not None else 0, terms.channel)
        known = self._known.get(key)
        if known is not None and (known.until is None or at < known.until):
            return known
        ranking = ranking_of(self.plan, rule, name, prefix, terms.channel, network, at)
        if known is None:
            self._oldest.append(key)
            if len(self._oldest) > _RANKINGS:
                # One by one: forgetting all at once would stop everything for many milliseconds.
                del self._known[self._oldest.popleft()]
        self._known[key] = ranking
        return ranking

    def _make(self, account: str, channel: str, traffic_class: str, sender: str | None, wanted: str | None) -> Terms:
        plan = self.plan
        known = plan.accounts.get(account)
        name = wanted or (known.plan if known is not None else "default")
        rules = [rule for rule in plan.rules if suits(rule.match, sender, traffic_class)]
        return Terms(channel, sender, name, plan.prices(account, traffic_class, channel), rules)
