"""The in-flight table of one bind: which submission or question each sequence_number stands for."""

from typing import Final

from adapters.smpp.constants import MAX_SEQUENCE_NUMBER
from router.ports.operators import Question, Submission

Asked = Submission | Question

LATE: Final = 10_000
"""So many timed-out submissions are remembered per bind, the newest, for answers that still come."""


class Window:
    """Everything asked leaves exactly once: by `settle`, by `expire` or by `lose`.

    One that expired is remembered while the bind lives, so that `settle_late` finds it, once. All is added in
    the order of their `written_at`, so that the oldest are always in front.
    """

    __slots__ = ("_late", "_late_limit", "_next", "_open")

    def __init__(self, late_limit: int = LATE, first: int = 1) -> None:
        self._open: dict[int, Asked] = {}
        self._late: dict[int, Asked] = {}
        self._late_limit = late_limit
        self._next = first

    def __len__(self) -> int:
        """How many are unanswered and not expired."""
        return len(self._open)

    def next_sequence(self) -> int:
        """The next sequence_number: 1 to 0x7FFFFFFF and round again (section 5.1.4), never one still in use."""
        number = self._next
        while number in self._open or number in self._late:
            number = number % MAX_SEQUENCE_NUMBER + 1
        self._next = number % MAX_SEQUENCE_NUMBER + 1
        return number

    def add(self, sequence: int, asked: Asked) -> None:
        self._open[sequence] = asked

    def settle(self, sequence: int) -> Asked | None:
        """What this answer is for; None when that is not, or no longer, open."""
        return self._open.pop(sequence, None)

    def settle_late(self, sequence: int) -> Asked | None:
        """What had expired and has this answer after all."""
        return self._late.pop(sequence, None)

    def expire(self, written_before: float) -> list[Asked]:
        """Take out what was written at or before this monotonic second, oldest first."""
        expired: list[Asked] = []
        sequences: list[int] = []
        for sequence, asked in self._open.items():
            if asked.written_at > written_before:
                break
            sequences.append(sequence)
            expired.append(asked)
        for sequence in sequences:
            self._late[sequence] = self._open.pop(sequence)
        while len(self._late) > self._late_limit:
            del self._late[next(iter(self._late))]
        return expired

    def lose(self) -> list[Asked]:
        """Take out all that is unanswered, oldest first; the bind is gone and nothing will be answered any more."""
        lost = list(self._open.values())
        self._open.clear()
        self._late.clear()
        return lost
