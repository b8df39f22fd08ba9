"""Times as clients of the public APIs write them."""

import re
from datetime import UTC, datetime, timedelta

from router.refusal import Refusal
from router.zones import instant as shown_at
from router.zones import zone

# RFC 3339, section 5.6; an offset may be absent. A plus sign in a query that nobody encoded comes as a space.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+\- ]\d{2}:\d{2})?")
_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def instant(written: str, field: str) -> int:
    """An RFC 3339 time in ms, in UTC where it has no offset. Raises Refusal `invalid_request`."""
    if _TIME.fullmatch(written) is None:
        raise _refused(field)
    zone = written[-6:-5]
    standard = f"{written[:-6]}+{written[-5:]}" if zone == " " and written[-3:-2] == ":" else written
    try:
        time = datetime.fromisoformat(standard.upper())
        return _ms(time if time.tzinfo is not None else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise _refused(field) from None


def local(written: str, time_zone: str, field: str) -> int:
    """A time in ms: YYYY-MM-DD HH:MM, also with seconds, as clocks show it in a zone of the tz database; RFC 3339 with
    an offset is taken too. Raises Refusal `invalid_request`."""
    match = _LOCAL.fullmatch(written)
    if match is None:
        return instant(written, field)
    hours, minutes, seconds = int(match[2]), int(match[3]), int(match[4] or 0)
    try:
        day = datetime.fromisoformat(match[1]).date()
        if hours > 23 or minutes > 59 or seconds > 59:
            raise _refused(field)
        return shown_at(day, 60 * hours + minutes, zone(time_zone)) + 1000 * seconds
    except (ValueError, OverflowError):
        raise _refused(field) from None


def since(written: str, field: str) -> int:
    """As `instant`; a day alone means its first moment, UTC."""
    return _day(written, field) if _DAY.fullmatch(written) else instant(written, field)


def until(written: str, field: str) -> int:
    """As `instant`; a day alone means its last moment, UTC."""
    return _day(written, field) + 86_400_000 - 1 if _DAY.fullmatch(written) else instant(written, field)


def _day(written: str, field: str) -> int:
    try:
        return _ms(datetime.fromisoformat(written).replace(tzinfo=UTC))
    except ValueError:
        raise _refused(field) from None


def _ms(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _refused(field: str) -> Refusal:
    return Refusal("invalid_request", "this is not a time such as 2024-01-15T10:30:00Z", field)
