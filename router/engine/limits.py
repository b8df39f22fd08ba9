"""How much an account may submit."""

from typing import NamedTuple

from router.account import RateLimit
from router.refusal import Refusal

# Who waits as long as told must not be refused for a rounding error, in messages.
_ROUNDING = 1e-3


class Quota(NamedTuple):
    """What an account may submit at this moment: `left` of at most `most` messages, which come back evenly, all of them
    in `window` seconds; `full_in` is the seconds until none is missing."""

    most: float
    window: float
    left: float
    full_in: float


class Meter:
    """A bucket that holds one period's worth, at least one message, and fills evenly: any `t` seconds let through at
    most that and what fills in them. Times are monotonic seconds."""

    __slots__ = ("_at", "_left", "_most", "_speed", "limit")

    def __init__(self, limit: RateLimit, now: float) -> None:
        self.limit = limit
        self._speed = limit.count / limit.seconds
        self._most = max(1.0, limit.count)
        self._left = self._most
        self._at = now

    def has(self, count: int, now: float) -> bool:
        """Whether `take` would let them through."""
        filled = (now - self._at) * self.limit.count / self.limit.seconds
        return count <= min(self.limit.count, self._left + filled) + _ROUNDING

    def take(self, count: int, now: float) -> None:
        """Take `count` messages, all or none. Raises Refusal `rate_limited` with the seconds to wait."""
        limit = self.limit
        self._fill(now)
        if count > self._left + _ROUNDING:
            if count > self._most:
                detail = f"the account may submit {limit.count:g} messages in {limit.seconds:g} s; send smaller batches"
            else:
                detail = f"the account may submit {limit.count:g} messages in {limit.seconds:g} s; slow down"
            raise Refusal("rate_limited", detail, retry_after=(min(count, self._most) - self._left) / self._speed)
        self._left -= count

    def quota(self, now: float) -> Quota:
        """What is left at this moment."""
        self._fill(now)
        missing = self._most - self._left
        return Quota(self._most, self._most / self._speed, self._left, missing / self._speed)

    def _fill(self, now: float) -> None:
        self._left = min(self._most, self._left + (now - self._at) * self._speed)
        self._at = now
