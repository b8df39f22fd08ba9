"""Which operator a message goes to now, and what that makes of it: cost, sender, segments."""

from collections.abc import Collection, Mapping

from router.address import digits
from router.engine.desk import Desk
from router.engine.running import Running
from router.engine.sharing import Sharing
from router.message import SOURCES, Message, Part
from router.money import Money
from router.operator import TextRules
from router.refusal import Refusal
from router.routing.guards import quiet_until, worth
from router.routing.networks import network_name
from router.routing.plan import network_of
from router.routing.route import Candidate, Ranking, rulings
from router.text.references import References
from router.text.segment import MAX_PARTS, Segmentation, fingerprint, segment, segment_binary

Chosen = tuple[Candidate, Segmentation, str | None]
"""Who gets a message, its text as it goes there, and what stands in the sender's place there (None: the sender)."""

_TOO_DEAR = "every route costs more than max_price"
_NO_MARGIN = "every route to this number costs more than the account pays for it"


class Chooser:
    """Applies the plan in force to one message, given what every operator is fit for at this moment."""

    def __init__(self, running: Running, desks: Mapping[str, Desk], sharing: Sharing) -> None:
        self._running = running
        self._sharing = sharing
        self._desks = desks
        self._references = References()

    def rank(self, message: Message, now: int) -> Ranking:
        """The candidates for a message. Raises Refusal as `router.routing.route.rank` does."""
        ranker = self._running.ranker
        terms = ranker.terms(message.account, message.channel, message.traffic_class, message.sender, message.plan)
        return ranker.rank(terms, digits(message.to), _found(message), now)

    def quiet_until(self, message: Message, now: int) -> int | None:
        """When a message may go that may not now for the quiet hours of its country, else None; both in ms."""
        return quiet_until(self._running.plan, message.traffic_class, message.to, now)

    def choose(
        self,
        message: Message,
        ranking: Ranking,
        now: int,
        most_parts: int = MAX_PARTS,
        but: Collection[str] = (),
    ) -> Chosen | None:
        """Who gets the message, and how: the first usable candidate that has not refused it, can write it, is within
        its max_price and passes the guards; where none is usable the first such one, to wait there; None when nobody is
        left to ask; those named in `but` are not asked. Raises Refusal where nobody can write it, its max_price is too
        low (`price_too_high`) or the guards leave nobody (`unroutable`, `sender_not_allowed`).

        `message.price` is what the account pays: per part until the message has parts, then for all of them."""
        refused = message.refused_by
        if refused and len(refused) >= ranking.plan.attempts:
            return None
        waiting: Chosen | None = None
        unwritable: Refusal | None = None
        barred: Refusal | None = None
        price, limit = message.price, message.max_price
        pays = worth(ranking.plan, price, ranking.worth) if price is not None else None
        rules = self._running.plan.sender_rules
        judge = rulings(rules, message.to, message.sender, ranking, now) if rules is not None else None
        sent_as = ranking.rule.sender if ranking.rule is not None else None
        shunned = (*refused, *but) if but else refused
        candidates = self._sharing.in_turn(ranking, message.to, shunned)
        for candidate in candidates:
            desk = self._desks.get(candidate.operator)
            if desk is None or candidate.operator in shunned or (waiting and desk.unusable is not None):
                continue
            ruling = judge(candidate) if judge is not None else None
            if ruling is not None and ruling.reason is not None:
                barred = barred or Refusal("sender_not_allowed", ruling.detail, "from")
                continue
            try:
                cut = cut_for(message, desk.operator.text, most_parts)
            except Refusal as refusal:
                unwritable = unwritable or refusal
                continue
            if limit is not None and not _affordable(limit, candidate, cut.count, ranking):
                barred = barred or Refusal("price_too_high", _TOO_DEAR, "max_price")
                continue
            if pays is not None and candidate.base_cost.amount * (cut.count if message.parts else 1) > pays:
                barred = barred or Refusal("unroutable", _NO_MARGIN, "to")
                continue
            chosen = candidate, cut, sent_as if ruling is None else ruling.sent_as
            if desk.unusable is None:
                if candidates is not ranking.candidates:
                    self._sharing.took()
                return chosen
            waiting = chosen
        against = unwritable or barred
        if waiting is None and against is not None:
            raise against
        return waiting

    def assign(self, message: Message, chosen: Chosen, ranking: Ranking, now: int) -> None:
        """Give a message of which no part is out to the operator that was chosen for it."""
        candidate, cut, message.sent_as = chosen
        message.operator = candidate.operator
        if message.looked_up not in SOURCES:
            message.network = network_of(ranking.network, network_name(message.to))
        message.encoding = cut.encoding
        message.transliterated = cut.transliterated
        message.segments = cut.count
        message.cost = candidate.cost if cut.count == 1 else candidate.cost.times(cut.count)
        count = len(cut.segments)
        if len(message.parts) != count:
            parts = [Part(1)] if count == 1 else [Part(number) for number in range(1, count + 1)]
            if message.parts:
                # Only the first part can have been tried; what was learnt of it stays with the message.
                parts[0].attempts = message.parts[0].attempts
            message.parts = parts
        message.cut = 0
        if count > 1:
            message.cut = fingerprint(cut, self._desks[candidate.operator].operator.text)
            if not message.concat_reference:
                message.concat_reference = self._references.next(message.to, now)

    def move(self, message: Message, now: int) -> bool:
        """Give a queued message the best operator of this moment. False when nobody is left to take it."""
        try:
            ranking = self.rank(message, now)
            chosen = self.choose(message, ranking, now)
        except Refusal:
            return False
        if chosen is None:
            return False
        candidate, _, sent_as = chosen
        if candidate.operator != message.operator:
            self.assign(message, chosen, ranking, now)
        else:
            message.sent_as = sent_as
        return True

    def move_from(self, message: Message, now: int, plans: Collection[str], slow: Collection[str]) -> bool:
        """Give a queued message that goes by one of these plans another operator, which can take it now and is none of
        `slow`. False where it stays."""
        try:
            ranking = self.rank(message, now)
            if ranking.plan.name not in plans:
                return False
            chosen = self.choose(message, ranking, now, but=slow)
        except Refusal:
            return False
        if chosen is None or self._desks[chosen[0].operator].unusable is not None:
            return False
        self.assign(message, chosen, ranking, now)
        return True


def _affordable(limit: Money, candidate: Candidate, segments: int, ranking: Ranking) -> bool:
    # A currency that has left the configuration buys nothing.
    worth = ranking.worth.get(limit.currency)
    return worth is not None and candidate.base_cost.amount * segments <= limit.amount * worth


def _found(message: Message) -> tuple[str, str] | None:
    """The network that a look-up found."""
    network = message.network
    if message.looked_up not in SOURCES or network is None or network.mcc is None or network.mnc is None:
        return None
    return network.mcc, network.mnc


def cut_for(message: Message, rules: TextRules, most_parts: int = MAX_PARTS) -> Segmentation:
    """The message's content as an operator with these rules gets it. Raises Refusal where it cannot be written."""
    if message.text is None:
        return segment_binary(message.data or b"", message.udh, rules, most_parts)
    return segment(message.text, message.encoding_wish, rules, most_parts, message.transliterate)
