"""Parts per second towards one operator: a generic cell rate algorithm that slows down when it is told to."""

_SLOWEST = 0.05
_CUT = 0.5
_HOLD = 1.0
_RECOVERY = 0.1
# Timers fire a little late: what they cost may be caught up, no more.
_SLACK = 0.02
# A complaint in calm times says little about the rate.
_LEAST = 20.0


class Pacer:
    """Spreads parts evenly over time: in any `t` seconds at most `(t + 0.02) * tps + 1` go.

    All times are monotonic seconds; `tps` is parts per second, 0 for no limit. After a throttling answer nothing is
    sent for a second and the rate is halved; without another one it comes back by a tenth of the full rate each second.
    Where no limit is configured, the rate that was too fast is measured and stands for the full one until then.
    """

    __slots__ = ("_changed_at", "_counted", "_factor", "_held_until", "_learnt", "_next", "_second", "tps")

    def __init__(self, tps: float) -> None:
        self.tps = tps
        self._next = 0.0
        self._held_until = 0.0
        self._factor = 1.0
        self._changed_at = 0.0
        self._learnt = 0.0
        self._second = 0.0
        self._counted = 0

    def factor(self, now: float) -> float:
        """The share of the full rate in force, 1 when nothing is throttled."""
        if self._factor >= 1.0:
            return 1.0
        return min(1.0, self._factor + _RECOVERY * max(0.0, now - self._changed_at - _HOLD))

    def delay(self, now: float) -> float:
        """Seconds until the next part may go, 0 for now."""
        if now < self._held_until:
            return self._held_until - now
        if self.tps <= 0 and not self._learnt:
            return 0.0
        return max(0.0, self._next - _SLACK - now)

    def take(self, now: float) -> None:
        """Count one part as sent at `now`."""
        rate = self.tps or self._learnt
        if not rate:
            if now - self._second >= 1.0:
                self._second, self._counted = now, 0
            self._counted += 1
            return
        factor = self.factor(now)
        self._next = max(self._next, now) + 1.0 / (rate * factor)
        if factor >= 1.0:
            self._learnt = 0.0

    def throttled(self, now: float) -> None:
        """The operator said that it was too fast."""
        # The answers of one burst are one complaint.
        if now >= self._held_until:
            if not self.tps and not self._learnt:
                self._learnt = max(_LEAST, self._counted / max(now - self._second, 0.1))
            self._factor = max(_SLOWEST, self.factor(now) * _CUT)
            self._changed_at = now
        self._held_until = now + _HOLD

    def retune(self, tps: float) -> None:
        """A new limit from the configuration; what was learnt of throttling stays."""
        if tps != self.tps:
            self.tps = tps
            self._next = 0.0
