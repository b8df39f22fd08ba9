"""When people of a country are not to be disturbed by marketing."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from router.settings import QuietHours
from router.zones import instant, local, zone

# Windows that follow one another for longer than this never end; the files refuse such.
_LONGEST_MS = 8 * 86_400_000


class QuietTimes:
    """Every country's quiet hours; windows that meet or overlap are one."""

    def __init__(self, hours: Iterable[QuietHours]) -> None:
        self._hours: defaultdict[str, list[QuietHours]] = defaultdict(list)
        for one in hours:
            self._hours[one.country].append(one)
        # Each country's last answer, and from when to when it holds.
        self._known: dict[str, tuple[int, int, int | None]] = {}

    def until(self, country: str | None, at: int) -> int | None:
        """When the quiet hours that a time (ms) lies in are over there, None where it lies in none."""
        if country is None or country not in self._hours:
            return None
        since, over, known = self._known.get(country, (0, 0, None))
        if since <= at < over:
            return known
        hours = self._hours[country]
        end = at
        while end - at <= _LONGEST_MS:
            later = max(_end(one, end) for one in hours)
            if later == end:
                break
            end = later
        if end == at:
            self._known[country] = (at, min(_next(one, at) for one in hours), None)
            return None
        self._known[country] = (at, end, end)
        return end


def _next(hours: QuietHours, at: int) -> int:
    """When the next window begins after a time that lies in none, or a time before that where it is a week away."""
    where = zone(hours.time_zone)
    today = local(at, where).date()
    begins = at
    for ahead in range(8):
        on = today + timedelta(days=ahead)
        begins = instant(on, hours.begins, where)
        if begins > at and on.weekday() in hours.days:
            break
    return begins


def _end(hours: QuietHours, at: int) -> int:
    """The end of the window that a time lies in; the time itself where it lies in none.

    A window begins when clocks first show `begins` on one of its days (or jump over it), and ends when they last show
    `ends`: in doubt it is quiet.
    """
    where = zone(hours.time_zone)
    today = local(at, where).date()
    end = at
    for on in (today - timedelta(days=1), today):
        if on.weekday() in hours.days:
            over = hours.ends if hours.ends > hours.begins else hours.ends + 1440
            if instant(on, hours.begins, where) <= at < (last := instant(on, over, where, last=True)):
                end = max(end, last)
    return end
