"""What would happen: the decisions of the hot path, explained and without effect."""

from collections.abc import Mapping

from msgspec import structs

from router.account import Account
from router.engine.desk import Desk
from router.engine.running import Running
from router.message import EncodingWish
from router.operator import TextRules
from router.refusal import Refusal
from router.routing.msisdn import normalise
from router.routing.networks import network_name
from router.routing.plan import RoutePlan
from router.routing.route import Decision, RouteQuery, Usable, decide
from router.text.segment import Segmentation, segment


class Preview:
    def __init__(self, running: Running, desks: Mapping[str, Desk]) -> None:
        self._running = running
        self._desks = desks

    def segment(self, text: str, wish: EncodingWish, operator: str | None, transliterate: bool) -> Segmentation:
        """How the text would be cut for an operator (None: one that takes plain GSM-7). Raises Refusal."""
        return preview_segments(self._running.plan, text, wish, operator, transliterate)

    def route(self, account: Account | None, query: RouteQuery) -> Decision:
        """Where a message would go; `query.to` as a client writes it. Raises Refusal, also `unroutable`."""
        return preview_route(self._running.plan, account, query, self._unusable)

    def _unusable(self, operator: str) -> str | None:
        desk = self._desks.get(operator)
        return desk.unusable if desk is not None else "removed"


def preview_segments(
    plan: RoutePlan, text: str, wish: EncodingWish, operator: str | None, transliterate: bool
) -> Segmentation:
    """As `Preview.segment`, without a running daemon."""
    rules = TextRules()
    if operator is not None:
        if operator not in plan.operators:
            raise Refusal("invalid_request", f"there is no operator {operator!r}", "operator")
        rules = plan.operators[operator].text
    return segment(text, wish, rules, plan.settings.limits.message_parts, transliterate)


def preview_route(plan: RoutePlan, account: Account | None, query: RouteQuery, usable: Usable) -> Decision:
    """As `Preview.route`, without a running daemon."""
    to = normalise(query.to, plan.settings.limits.numbers)
    return decide(plan, account, structs.replace(query, to=to), usable, network_name(to))
