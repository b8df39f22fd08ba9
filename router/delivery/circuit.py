"""Whether an operator takes anything of ours: after refusals of the whole account nothing is sent for a while."""

from router.outcome import Fault, Outcome, OutcomeKind

_ROW = 5
"""So many answers in a row with one unclear status and code, to as many numbers, mean our account and not the
messages."""
_FIRST, _MOST = 30.0, 600.0


class Circuit:
    """Closed while answers are what they should be. A refusal of our account opens it: nothing goes for a while, then
    one part at a time, until one is accepted (closed again) or refused likewise (open again, for twice as long).

    Times are monotonic seconds.
    """

    __slots__ = ("_numbers", "_pause", "_said", "open_until", "reason")

    def __init__(self) -> None:
        self.open_until: float | None = None
        self.reason: str | None = None
        self._pause = _FIRST
        self._said: tuple[int | str, str | None] | None = None
        self._numbers: set[str] = set()

    def is_open(self, now: float) -> bool:
        """Whether nothing may go."""
        return self.open_until is not None and now < self.open_until

    @property
    def tripped(self) -> bool:
        """Whether it is not closed: once the time is over, one part at a time may go."""
        return self.open_until is not None

    def answered(self, outcome: Outcome, to: str, now: float) -> bool:
        """Learn from an answer to a part for the number `to`. True when that opened or closed the circuit."""
        if outcome.kind is OutcomeKind.ACCEPTED:
            self._said = None
            if self.open_until is None:
                return False
            self.open_until = self.reason = None
            self._pause = _FIRST
            return True
        if outcome.fault is not Fault.ACCOUNT and not self._another_of_the_row(outcome, to):
            return False
        if self.is_open(now):
            # Written before it was opened.
            return False
        self.open_until = now + self._pause
        self.reason = outcome.detail
        self._pause = min(self._pause * 2, _MOST)
        return True

    def _another_of_the_row(self, outcome: Outcome, to: str) -> bool:
        if outcome.fault is not Fault.UNCLEAR or outcome.status is None:
            if outcome.kind is OutcomeKind.REJECTED:
                self._said = None
            return False
        said = (outcome.status, outcome.code)
        if said != self._said:
            self._said = said
            self._numbers = set()
        self._numbers.add(to)
        return len(self._numbers) >= (1 if self.open_until is not None else _ROW)
