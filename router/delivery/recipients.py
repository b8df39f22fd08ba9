"""Numbers whose own queue at an operator is full (ESME_RMSGQFUL may mean one recipient or the whole operator)."""

from collections import OrderedDict
from collections.abc import Sequence

_FIRST, _MOST = 1.0, 300.0
_ALONE = 10.0
"""Seconds without another number's complaint that make a complaint one number's own."""
_LATELY = 1.0
_REMEMBERED = 10_000


class Recipients:
    """What is held back for single numbers at one operator. Times are monotonic seconds.

    A full queue is taken for the number's own when the operator has accepted a part for somebody else lately or since
    the refused one was written, and no other number has met a full queue meanwhile; else for the operator's.
    """

    def __init__(self) -> None:
        self._accepted = ("", 0.0)
        self._others = ("", 0.0)
        self._complained = ("", -_ALONE)
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether any number may be held back."""
        return bool(self._held)

    def accepted(self, numbers: Sequence[str], now: float) -> None:
        """Parts for these (one at least) were accepted, in this order."""
        last = numbers[-1]
        before = next((to for to in reversed(numbers) if to != last), None)
        if before is not None:
            self._others = (before, now)
        elif self._accepted[0] != last:
            self._others = self._accepted
        self._accepted = (last, now)
        if self._held:
            for to in numbers:
                self._held.pop(to, None)

    def full(self, to: str, written_at: float, now: float) -> bool:
        """A part for `to`, written at a time, met a full queue. True when it is the number's own, now held back."""
        complained, at = self._complained
        self._complained = (to, now)
        elsewhere = self._others if self._accepted[0] == to else self._accepted
        if (
            elsewhere[1] < min(written_at, now - _LATELY)
            or elsewhere[0] in ("", to)
            or (complained != to and now - at < _ALONE)
        ):
            return False
        _, pause = self._held.pop(to, (0.0, _FIRST / 2))
        pause = min(pause * 2, _MOST)
        self._held[to] = (now + pause, pause)
        if len(self._held) > _REMEMBERED:
            self._held.popitem(last=False)
        return True

    def wait(self, to: str, now: float) -> float:
        """Seconds that parts for `to` are still held back, 0 for none."""
        until, _ = self._held.get(to, (0.0, 0.0))
        return max(0.0, until - now)
