"""What is seen of operators while messages go their way: counted, and as statistics by network."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

from router.delivery.correlate import Match
from router.message import Message
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.watching import Metrics
from router.receipt import Receipt, ReceiptState
from router.routing.quality import Statistics, destination_of
from router.routing.suspicion import Check, suspicions

_UNDER_WAY = (ReceiptState.ENROUTE, ReceiptState.ACCEPTED)
_REFUSED = (OutcomeKind.REJECTED, OutcomeKind.FAILED)
_OPERATOR_S = (Fault.OPERATOR, Fault.UNCLEAR)
# How many operators and networks are looked at for odd receipts at once (each costs some ten microseconds), and after
# how many milliseconds again.
_LOOKS = 250
_LOOK_AGAIN = 1_000
# So many may wait for it; another one comes in with a later receipt.
_MOST = 10_000


class Observer:
    """Takes what came together as one: what is alike in it is counted once."""

    def __init__(self, statistics: Statistics, metrics: Metrics, clock: Clock) -> None:
        self._statistics = statistics
        self._metrics = metrics
        self._clock = clock
        # Operators and networks to look at next, the first first: those with new receipts, and those that were odd.
        self._unlooked: dict[tuple[str, str], None] = {}
        self._odd: dict[str, dict[str, list[Check]]] = {}
        self._looked_at: int | None = None

    def answered(self, operator: str, kind: OutcomeKind, seconds: Sequence[float]) -> None:
        """Submissions came to the same, each after so many seconds."""
        self._metrics.submitted(operator, kind, seconds)

    def refused(self, message: Message, operator: str, outcome: Outcome) -> None:
        """An operator did not take a part; what is the message's own fault or ours says nothing of it."""
        if outcome.kind in _REFUSED and outcome.fault in _OPERATOR_S:
            self._statistics.refused(operator, destination_of(message.network, message.to), self._clock.now())

    def accepted(self, operator: str, matches: Sequence[Match], whole: bool, now: int) -> None:
        """An operator took parts, with which it has their whole messages or not yet."""
        alike: defaultdict[tuple[str, str], int] = defaultdict(int)
        spent: defaultdict[str, float] = defaultdict(float)
        for match in matches:
            message = match.message
            alike[destination_of(message.network, message.to), message.account] += 1
            cost = message.cost
            if cost is not None:
                spent[cost.currency] += float(cost.amount) / len(message.parts)
        for (destination, account), count in alike.items():
            self._statistics.accepted(operator, destination, account if whole else None, now, count)
        for currency, amount in spent.items():
            self._metrics.spent(operator, currency, amount)

    def receipts(
        self, operator: str, result: str, applied: Sequence[tuple[Match, Receipt]], duplicates: int = 0
    ) -> None:
        """Receipts were applied to attempts of an operator's, and some said nothing new."""
        if duplicates:
            self._metrics.receipts(operator, "duplicate", duplicates)
        alike: defaultdict[tuple[str, ReceiptState, int, int | None], int] = defaultdict(int)
        for match, receipt in applied:
            message = match.message
            destination = destination_of(message.network, message.to)
            alike[destination, receipt.state, receipt.received_at, match.attempt.answered_at] += 1
        for (destination, state, at, answered_at), count in alike.items():
            if answered_at is None:
                self._metrics.receipts(operator, result, count)
                continue
            self._metrics.receipts(operator, result, count, max(0.0, (at - answered_at) / 1000))
            if state not in _UNDER_WAY:
                self._statistics.ended(operator, destination, state, answered_at, at, count)
                if len(self._unlooked) < _MOST:
                    self._unlooked[operator, destination] = None

    def converted(self, message: Message) -> None:
        """The account reports a conversion of a message that was submitted."""
        if message.operator is not None and message.submitted_at is not None:
            destination = destination_of(message.network, message.to)
            self._statistics.converted(
                message.operator, destination, message.account, message.submitted_at, self._clock.now()
            )

    def suspicions(self, operator: str) -> list[tuple[str, Check]]:
        """What is odd about an operator's receipts: the network and the check.

        Asking costs little, however many networks there are: where more than a few hundred got receipts since, the
        others are looked at when it is asked again, a second later or more.
        """
        self._look()
        odd = self._odd.get(operator, {})
        return [(destination, check) for destination in sorted(odd) for check in odd[destination]]

    def _look(self) -> None:
        now = self._clock.now()
        if self._looked_at is not None and 0 <= now - self._looked_at < _LOOK_AGAIN:
            return
        self._looked_at = now
        statistics = self._statistics
        for operator, destination in list(islice(self._unlooked, _LOOKS)):
            del self._unlooked[operator, destination]
            checks = suspicions(
                statistics.sums(operator, destination, now), statistics.delays(operator, destination, now)
            )
            if checks:
                self._odd.setdefault(operator, {})[destination] = checks
                # It is over when receipts are as they should be, or when these are forgotten.
                self._unlooked[operator, destination] = None
            elif operator in self._odd:
                self._odd[operator].pop(destination, None)
