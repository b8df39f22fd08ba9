"""What would happen: the decisions of the hot path, explained and without effect."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import UNSET, Struct, structs

from router.account import Account
from router.address import digits
from router.engine.desk import Desk
from router.engine.lookups import LookedUp, Lookups
from router.engine.opt_outs import OptOuts
from router.engine.running import Running
from router.engine.sharing import Sharing
from router.message import EncodingWish
from router.operator import TextRules
from router.refusal import Refusal
from router.routing.coverage import Coverage, coverage
from router.routing.guards import OPTED_OUT, QUIET_HOURS, check_destination, quiet_until
from router.routing.networks import network_name
from router.routing.plan import RoutePlan
from router.routing.recipient import EMAIL, channel_of, recipient
from router.routing.route import Arrange, Candidate, Decision, RouteQuery, Usable, decide, objections, rank
from router.text.segment import Segmentation, segment
from router.text.view import SegmentationView, view


class TextQuery(Struct, frozen=True, gc=False):
    """A text and who would carry it: the `operator` named (else plain GSM 7-bit), or on the way to `route.to` the
    operator named, else the one that a message would go to."""

    text: str
    wish: EncodingWish = EncodingWish.AUTO
    transliterate: bool = False
    operator: str | None = None
    route: RouteQuery | None = None


class Preview:
    def __init__(
        self,
        running: Running,
        desks: Mapping[str, Desk],
        sharing: Sharing,
        lookups: Lookups,
        opt_outs: OptOuts,
    ) -> None:
        self._running = running
        self._desks = desks
        self._sharing = sharing
        self._lookups = lookups
        self._opt_outs = opt_outs

    async def look_up(self, account: Account | None, query: RouteQuery) -> RouteQuery:
        """The query with the network of its number, found out as for a message; nobody is asked about a number that the
        account may not send to."""
        if channel_of(query.to) == EMAIL:
            return query
        try:
            to = _addressed(self._running.plan, account, query).to
        except Refusal:
            return query
        return looked_up(query, self._lookups.find(to, await self._lookups.ask((to,))))

    def segment(self, account: Account, query: TextQuery) -> SegmentationView:
        """How the text would be cut, and where a way is given what it would cost. Raises Refusal as a submit would."""
        return preview_segments(self._running.plan, account, query, self._unusable)

    def route(self, account: Account | None, query: RouteQuery) -> Decision:
        """Where a message would go; `query.to` as a client writes it. Raises Refusal, also `unroutable`."""
        return preview_route(
            self._running.plan, account, query, self._unusable, self._opt_outs.refuses, self._sharing.arranged
        )

    def coverage(self, country: str, plan: str | None, at: int) -> Coverage:
        """Who reaches a country at what price, by every rate there is: for a thread of its own. Raises Refusal."""
        return coverage(self._running.plan, country, plan, at)

    def _unusable(self, operator: str) -> str | None:
        desk = self._desks.get(operator)
        return desk.unusable if desk is not None else "removed"


def looked_up(query: RouteQuery, found: LookedUp | None) -> RouteQuery:
    """The query with what a look-up found."""
    return query if found is None else structs.replace(query, network=found.network, looked_up=found.how)


def preview_segments(plan: RoutePlan, account: Account | None, query: TextQuery, usable: Usable) -> SegmentationView:
    """As `Preview.segment`, without a running daemon."""
    if query.operator is not None and query.operator not in plan.operators:
        raise Refusal("invalid_request", f"there is no operator {query.operator!r}", "operator")
    if query.route is None:
        rules = TextRules() if query.operator is None else plan.operators[query.operator].text
        return view(_cut(plan, query, rules))
    way = _addressed(plan, None, query.route)
    way = structs.replace(way, sender=_sender(account, way))
    ranking = rank(plan, account, way)
    objection = objections(plan, account, way, ranking)
    allowed = [candidate for candidate in ranking.candidates if objection(candidate) is None]
    candidate, cut = _carried(plan, query, allowed, usable)
    price = None
    if account is not None:
        price = plan.price(account.name, digits(way.to), way.traffic_class, way.channel)
    return structs.replace(
        view(cut),
        operator=candidate.operator,
        cost=candidate.cost.times(cut.count),
        price=UNSET if price is None else price.times(cut.count),
    )


def _carried(
    plan: RoutePlan, query: TextQuery, candidates: Sequence[Candidate], usable: Usable
) -> tuple[Candidate, Segmentation]:
    """The first usable candidate that can write the text; where none is usable the first that can."""
    unwritable: Refusal | None = None
    waiting: tuple[Candidate, Segmentation] | None = None
    for candidate in candidates:
        if query.operator not in (None, candidate.operator):
            continue
        try:
            cut = _cut(plan, query, plan.operators[candidate.operator].text)
        except Refusal as refusal:
            unwritable = unwritable or refusal
            continue
        if usable(candidate.operator) is None:
            return candidate, cut
        waiting = waiting or (candidate, cut)
    if waiting is None:
        if unwritable is not None:
            raise unwritable
        if query.operator is None:
            raise Refusal("unroutable", "the guards of the plan leave no operator for this number", "to")
        raise Refusal("unroutable", f"{query.operator!r} may not carry it, or has no rate for this number", "operator")
    return waiting


def _cut(plan: RoutePlan, query: TextQuery, rules: TextRules) -> Segmentation:
    return segment(query.text, query.wish, rules, plan.settings.limits.message_parts, query.transliterate)


def preview_route(
    plan: RoutePlan,
    account: Account | None,
    query: RouteQuery,
    usable: Usable,
    opted_out: Callable[[str, str, str], bool],
    arrange: Arrange | None = None,
) -> Decision:
    """As `Preview.route`, without a running daemon. `opted_out` is asked as `OptOuts.refuses`."""
    way = _addressed(plan, account, query)
    name = network_name(way.to) if query.network is None else plan.network_names.get(query.network)
    decision = decide(plan, account, structs.replace(way, sender=_sender(account, way)), usable, name, arrange)
    if account is not None and opted_out(account.name, way.to, query.traffic_class):
        return structs.replace(decision, operator=None, refusal=OPTED_OUT)
    until = quiet_until(plan, query.traffic_class, way.to, query.at)
    if until is not None:
        moment = datetime.fromtimestamp(until / 1000, UTC)
        return structs.replace(decision, waiting_for=QUIET_HOURS, waits_until=moment)
    return decision


def _addressed(plan: RoutePlan, account: Account | None, query: RouteQuery) -> RouteQuery:
    """The query with its recipient as a message would have it; an address is one of channel email. Raises Refusal where
    the account may not send there."""
    channel = channel_of(query.to, query.channel)
    to = recipient(query.to, channel, plan.settings.limits.numbers)
    if account is not None and account.guards is not None:
        check_destination(account.guards, plan, to)
    return structs.replace(query, to=to, channel=channel)


def _sender(account: Account | None, query: RouteQuery) -> str | None:
    return account.default_sender if query.sender is None and account is not None else query.sender
