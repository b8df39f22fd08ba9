"""How fast something happens."""

from math import exp
from typing import Final

_SPAN: Final = 10.0


class Meter:
    """Events per second over about the last ten; times are monotonic seconds."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._at = 0.0

    def count(self, now: float) -> None:
        self._weight = self._left(now) + 1
        self._at = now

    def rate(self, now: float) -> float:
        return self._left(now) / _SPAN

    def _left(self, now: float) -> float:
        return self._weight * exp(min(self._at - now, 0.0) / _SPAN)
