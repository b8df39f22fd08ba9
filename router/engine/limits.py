"""How much an account may submit."""

from collections import deque
from typing import NamedTuple

from msgspec import Struct

from router.account import RateLimit
from router.refusal import Refusal

# Who waits as long as told must not be refused for a rounding error, in seconds.
_ROUNDING = 1e-6
# What is taken within such a part of the period is kept as one, as if all of it came at the end.
_FINENESS = 256


class _Taken(Struct):
    first: float
    last: float
    count: int


class Quota(NamedTuple):
    """What an account may submit at this moment: `left` of at most `most` messages in any `window` seconds; `full_in`
    is the seconds until none is missing."""

    most: float
    window: float
    left: float
    full_in: float


class Meter:
    """Lets through at most the limit's count in any period of its length, wherever it begins. Times are monotonic
    seconds."""

    __slots__ = ("_count", "_seconds", "_taken", "_used", "limit")

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        # Half a message a second is one in two.
        self._count = max(1.0, limit.count)
        self._seconds = limit.seconds * (self._count / limit.count)
        self._taken: deque[_Taken] = deque()
        self._used = 0

    def has(self, count: int, now: float) -> bool:
        """Whether `take` would let them through."""
        self._forget(now)
        return self._used + count <= self._count

    def take(self, count: int, now: float) -> None:
        """Take `count` messages, all or none. Raises Refusal `rate_limited` with the seconds to wait."""
        taken = self._taken
        self._forget(now)
        if self._used + count > self._count:
            too_many = count > self._count
            advice = "send smaller batches" if too_many else "slow down"
            raise Refusal(
                "rate_limited",
                f"the account may submit {self._count:g} messages in {self._seconds:g} s; {advice}",
                retry_after=self._until_room(count, now),
            )
        self._used += count
        if taken and now - taken[-1].first < self._seconds / _FINENESS:
            taken[-1].last = now
            taken[-1].count += count
        else:
            taken.append(_Taken(now, now, count))

    def quota(self, now: float) -> Quota:
        """What is left at this moment."""
        self._forget(now)
        full_in = self._wait(self._taken[-1], now) if self._taken else 0.0
        return Quota(self._count, self._seconds, self._count - self._used, full_in)

    def _forget(self, now: float) -> None:
        while self._taken and self._wait(self._taken[0], now) <= 0:
            self._used -= self._taken.popleft().count

    def _until_room(self, count: int, now: float) -> float:
        """Seconds until there is room for `count`, or as much room as there can be."""
        used, wait = self._used, 0.0
        for one in self._taken:
            if used + count <= self._count:
                break
            used -= one.count
            wait = self._wait(one, now)
        return wait

    def _wait(self, one: _Taken, now: float) -> float:
        """Seconds until this is a period ago."""
        wait = one.last + self._seconds - now
        return wait if wait > _ROUNDING else 0.0
