"""How much an account may submit."""

from router.account import RateLimit
from router.refusal import Refusal

# Who waits as long as told must not be refused for a rounding error, in messages.
_ROUNDING = 1e-3


class Meter:
    """A bucket that holds one period's worth and fills evenly: any `t` seconds let through at most one period's worth
    and what fills in them. Times are monotonic seconds."""

    __slots__ = ("_at", "_left", "limit")

    def __init__(self, limit: RateLimit, now: float) -> None:
        self.limit = limit
        self._left = limit.count
        self._at = now

    def has(self, count: int, now: float) -> bool:
        """Whether `take` would let them through."""
        filled = (now - self._at) * self.limit.count / self.limit.seconds
        return count <= min(self.limit.count, self._left + filled) + _ROUNDING

    def take(self, count: int, now: float) -> None:
        """Take `count` messages, all or none. Raises Refusal `rate_limited` with the seconds to wait."""
        limit = self.limit
        speed = limit.count / limit.seconds
        self._left = min(limit.count, self._left + (now - self._at) * speed)
        self._at = now
        if count > self._left + _ROUNDING:
            if count > limit.count:
                detail = f"the account may submit {limit.count:g} messages in {limit.seconds:g} s; send smaller batches"
            else:
                detail = f"the account may submit {limit.count:g} messages in {limit.seconds:g} s; slow down"
            raise Refusal("rate_limited", detail, retry_after=(min(count, limit.count) - self._left) / speed)
        self._left -= count
