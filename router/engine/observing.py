"""What is seen of operators while messages go their way, as statistics by network."""

from itertools import islice

from router.message import Attempt, Message
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports.clock import Clock
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
    def __init__(self, statistics: Statistics, clock: Clock) -> None:
        self._statistics = statistics
        self._clock = clock
        # Operators and networks to look at next, the first first: those with new receipts, and those that were odd.
        self._unlooked: dict[tuple[str, str], None] = {}
        self._odd: dict[str, dict[str, list[Check]]] = {}
        self._looked_at: int | None = None

    def answered(self, message: Message, operator: str, outcome: Outcome) -> None:
        """An operator answered a submission; what is the message's own fault or ours says nothing of it."""
        if outcome.kind in _REFUSED and outcome.fault in _OPERATOR_S:
            self._statistics.refused(operator, _destination(message), self._clock.now())

    def accepted(self, message: Message, attempt: Attempt, whole: bool) -> None:
        """An operator took a part, with which it has the whole message or not yet."""
        at = self._clock.now() if attempt.answered_at is None else attempt.answered_at
        self._statistics.accepted(attempt.operator, _destination(message), message.account if whole else None, at)

    def receipt(self, message: Message, attempt: Attempt, receipt: Receipt) -> None:
        """A receipt was applied to an attempt that its operator had accepted."""
        if receipt.state not in _UNDER_WAY and attempt.answered_at is not None:
            destination = _destination(message)
            self._statistics.ended(
                attempt.operator, destination, receipt.state, attempt.answered_at, receipt.received_at
            )
            if len(self._unlooked) < _MOST:
                self._unlooked[attempt.operator, destination] = None

    def converted(self, message: Message) -> None:
        """The account reports a conversion of a message that was submitted."""
        if message.operator is not None and message.submitted_at is not None:
            self._statistics.converted(
                message.operator, _destination(message), message.account, message.submitted_at, self._clock.now()
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


def _destination(message: Message) -> str:
    network = message.network
    return destination_of(network.mcc if network else None, network.mnc if network else None, message.to)
