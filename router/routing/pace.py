"""How often one thing may happen, for very many things."""

from collections import OrderedDict

from router.account import RateLimit

# Who waits as long as told must not be refused for a rounding error, in seconds.
_ROUNDING = 1e-6


class Pace:
    """A rate for each key by the generic cell rate algorithm (ITU-T I.371): of a limit of 5 per hour, 5 may come at
    once and one more every 12 minutes. Per key one number is kept, of at most `most` keys: beyond, those that were not
    used for longest are forgotten, and with them that they were at their limit. Times are monotonic seconds.
    """

    __slots__ = ("_due", "_most", "_step", "limit")

    def __init__(self, limit: RateLimit, most: int) -> None:
        self.limit = limit
        self._step = limit.seconds / limit.count
        self._most = most
        # When each key will have its whole rate again, in the order of their last use.
        self._due: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Keys in memory."""
        return len(self._due)

    def wait(self, key: str, now: float) -> float:
        """Seconds until one more may come, 0 where it may at once. Takes nothing."""
        wait = self._due.get(key, now) + self._step - self.limit.seconds - now
        return wait if wait > _ROUNDING else 0.0

    def take(self, key: str, now: float) -> None:
        """One more has come."""
        due = self._due
        due[key] = max(due.get(key, now), now) + self._step
        due.move_to_end(key)
        # Two out for one in: what is over is soon gone.
        for _ in range(2):
            oldest = next(iter(due))
            if due[oldest] > now and len(due) <= self._most:
                break
            del due[oldest]
