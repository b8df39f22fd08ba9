"""What is seen of operators while messages go their way, as statistics by network."""

from router.message import Attempt, Message
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports import Clock
from router.receipt import Receipt, ReceiptState
from router.routing.quality import Statistics, destination_of
from router.routing.suspicion import Check, suspicions

_UNDER_WAY = (ReceiptState.ENROUTE, ReceiptState.ACCEPTED)
_REFUSED = (OutcomeKind.REJECTED, OutcomeKind.FAILED)
_OPERATOR_S = (Fault.OPERATOR, Fault.UNCLEAR)


class Observer:
    def __init__(self, statistics: Statistics, clock: Clock) -> None:
        self._statistics = statistics
        self._clock = clock

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

    def converted(self, message: Message) -> None:
        """The account reports a conversion of a message that was submitted."""
        if message.operator is not None and message.submitted_at is not None:
            self._statistics.converted(
                message.operator, _destination(message), message.account, message.submitted_at, self._clock.now()
            )

    def suspicions(self, operator: str) -> list[tuple[str, Check]]:
        """What is odd about an operator's receipts: the network and the check."""
        now = self._clock.now()
        return [
            (destination, check)
            for destination in self._statistics.destinations(operator)
            for check in suspicions(
                self._statistics.sums(operator, destination, now), self._statistics.delays(operator, destination, now)
            )
        ]


def _destination(message: Message) -> str:
    network = message.network
    return destination_of(network.mcc if network else None, network.mnc if network else None, message.to)
