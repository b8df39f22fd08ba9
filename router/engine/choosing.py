"""Which operator a message goes to now, and what that makes of it: cost, sender, segments."""

from collections.abc import Mapping

from router.engine.desk import Desk
from router.engine.running import Running
from router.message import Message, Part
from router.operator import TextRules
from router.refusal import Refusal
from router.routing.networks import network_name
from router.routing.plan import network_of
from router.routing.route import Candidate, Ranking, RouteQuery
from router.text.references import References
from router.text.segment import MAX_PARTS, Segmentation, segment, segment_binary


class Chooser:
    """Applies the plan in force to one message, given what every operator is fit for at this moment."""

    def __init__(self, running: Running, desks: Mapping[str, Desk]) -> None:
        self._running = running
        self._desks = desks
        self._references = References()

    def rank(self, message: Message, now: int) -> Ranking:
        """The candidates for a message. Raises Refusal as `router.routing.route.rank` does."""
        account = self._running.plan.accounts.get(message.account)
        query = RouteQuery(
            to=message.to,
            at=now,
            sender=message.sender,
            traffic_class=message.traffic_class,
            channel=message.channel,
            plan=message.plan,
        )
        return self._running.ranker.rank(account, query)

    def pick(self, message: Message, ranking: Ranking) -> Candidate | None:
        """The first usable candidate that has not refused the message; where none is usable the first one, to wait
        there; None when nobody is left to ask."""
        refused = message.refused_by
        if refused and len(refused) >= ranking.plan.attempts:
            return None
        waiting = None
        for candidate in ranking.candidates:
            if candidate.operator in refused or not self._affordable(message, candidate):
                continue
            desk = self._desks.get(candidate.operator)
            if desk is None:
                continue
            if desk.unusable is None:
                return candidate
            waiting = waiting or candidate
        return waiting

    def assign(self, message: Message, candidate: Candidate, ranking: Ranking, cut: Segmentation, now: int) -> None:
        """Make `candidate` the operator of a message of which no part is out; `cut` is the text as it goes there."""
        message.operator = candidate.operator
        message.network = network_of(ranking.network, network_name(message.to))
        message.sent_as = ranking.rule.sender if ranking.rule else None
        message.encoding = cut.encoding
        message.transliterated = cut.transliterated
        message.segments = cut.count
        message.cost = candidate.cost.times(cut.count)
        if len(message.parts) != len(cut.segments):
            parts = [Part(number=number) for number in range(1, len(cut.segments) + 1)]
            if message.parts:
                # Only the first part can have been tried; what was learnt of it stays with the message.
                parts[0].attempts = message.parts[0].attempts
            message.parts = parts
        if len(message.parts) > 1 and not message.concat_reference:
            message.concat_reference = self._references.next(message.to, now)

    def move(self, message: Message, now: int) -> bool:
        """Give a queued message the best operator of this moment. False when nobody is left to take it."""
        try:
            ranking = self.rank(message, now)
            candidate = self.pick(message, ranking)
            if candidate is None:
                return False
            if candidate.operator != message.operator:
                cut = cut_for(message, self.rules(candidate))
                self.assign(message, candidate, ranking, cut, now)
        except Refusal:
            return False
        return True

    def rules(self, candidate: Candidate) -> TextRules:
        """How text is written for this candidate's operator."""
        return self._desks[candidate.operator].operator.text

    def _affordable(self, message: Message, candidate: Candidate) -> bool:
        limit = message.max_price
        if limit is None:
            return True
        plan = self._running.plan
        return candidate.base_cost.amount * message.segments <= plan.in_base(limit.amount, limit.currency)


def cut_for(message: Message, rules: TextRules, most_parts: int = MAX_PARTS) -> Segmentation:
    """The message's content as an operator with these rules gets it. Raises Refusal where it cannot be written."""
    if message.text is None:
        return segment_binary(message.data or b"", message.udh, rules, most_parts)
    return segment(message.text, message.encoding_wish, rules, most_parts, message.transliterate)
