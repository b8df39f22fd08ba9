"""How much an operator was given today, against what it may be given in a day."""

from decimal import Decimal

from router.operator import Caps
from router.zones import Day, day, zone


class Spending:
    """The count of one operator's day. Amounts are in its currency, times are milliseconds since the epoch.

    A message is counted as a whole when its first part goes, so that one that has begun can always go on; where it does
    not fit into what is left, the day is closed, so a cap is never exceeded.
    """

    __slots__ = ("_closed", "_day", "caps", "parts", "spend")

    def __init__(self, caps: Caps, now: int) -> None:
        self.caps = caps
        self._day = day(now, zone(caps.time_zone))
        self._closed = False
        self.parts = 0
        self.spend = Decimal(0)

    @property
    def today(self) -> Day:
        return self._day

    @property
    def date(self) -> str:
        return self._day.date.isoformat()

    def resume(self, parts: int, spend: Decimal) -> None:
        """So much was counted of today before."""
        self.parts, self.spend = parts, spend

    def turn(self, now: int) -> bool:
        """Begin a new day where this one is over. A clock that was set back begins none."""
        if now < self._day.ends:
            return False
        self._day = day(now, zone(self.caps.time_zone))
        self._closed = False
        self.parts, self.spend = 0, Decimal(0)
        return True

    @property
    def reached(self) -> bool:
        """Whether nothing more may begin today."""
        caps = self.caps
        return (
            self._closed
            or (caps.parts is not None and self.parts >= caps.parts)
            or (caps.spend is not None and self.spend >= caps.spend)
        )

    def take(self, parts: int, cost: Decimal) -> bool:
        """Count a message that begins, where it fits."""
        caps = self.caps
        if (
            self._closed
            or (caps.parts is not None and self.parts + parts > caps.parts)
            or (caps.spend is not None and self.spend + cost > caps.spend)
        ):
            self._closed = True
            return False
        self.count(parts, cost)
        return True

    def count(self, parts: int, cost: Decimal) -> None:
        """Count what goes in any case."""
        self.parts += parts
        self.spend += cost

    def give_back(self, parts: int, cost: Decimal, at: int) -> None:
        """What was counted at `at` was not taken after all."""
        if at >= self._day.starts:
            self.parts = max(0, self.parts - parts)
            self.spend = max(Decimal(0), self.spend - cost)
            self._closed = False
