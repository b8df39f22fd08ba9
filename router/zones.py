"""What clocks show in a time zone, exactly, also when they are set forward or back."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from msgspec import Struct


class Day(Struct, frozen=True, gc=False):
    """A day of a zone, from `starts` to before `ends` (milliseconds since the epoch)."""

    date: date
    starts: int
    ends: int


@cache
def zone(name: str) -> tzinfo:
    """A zone of the tz database by name. Raises ZoneInfoNotFoundError."""
    return UTC if name == "UTC" else ZoneInfo(name)


def local(at: int, where: tzinfo) -> datetime:
    """What clocks there show at a time (ms)."""
    return datetime.fromtimestamp(at / 1000, where)


def day(at: int, where: tzinfo) -> Day:
    """The day that it is there at a time (ms)."""
    today = local(at, where).date()
    return Day(today, instant(today, 0, where), instant(today, 1440, where))


def instant(on: date, minutes: int, where: tzinfo, last: bool = False) -> int:
    """When clocks there show so many minutes after midnight, in milliseconds since the epoch. Where they show it twice,
    the first or the `last` time; where they jump over it, the moment of the jump."""
    shown = datetime(on.year, on.month, on.day) + timedelta(minutes=minutes)  # noqa: DTZ001
    first, second = (int(shown.replace(tzinfo=where, fold=fold).timestamp()) for fold in (0, 1))
    if first <= second:
        return 1000 * (second if last else first)
    # The jump lies between: with the offset of before it the time comes after it, and the other way round.
    before, after = second, first
    offset = local(1000 * before, where).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if local(1000 * middle, where).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return 1000 * after
