"""What clocks show, also on the days they are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.zones import day, instant, local, zone

PARIS = ZoneInfo("Europe/Paris")
ZONES = [ZoneInfo(name) for name in (
    "Europe/Paris", "Africa/Cairo", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana",
    "Asia/Beirut",
)] + [UTC]  # fmt: skip


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("on", "minutes", "last", "expected"),
    [
        (date(2026, 1, 1), 0, False, "2025-12-31T23:00:00Z"),
        (date(2026, 7, 1), 480, False, "2026-07-01T06:00:00Z"),
        (date(2026, 7, 1), 1440, False, "2026-07-01T22:00:00Z"),
        # 02:00 to 03:00 does not exist on 29 March
        (date(2026, 3, 29), 119, False, "2026-03-29T00:59:00Z"),
        (date(2026, 3, 29), 120, False, "2026-03-29T01:00:00Z"),
        (date(2026, 3, 29), 150, False, "2026-03-29T01:00:00Z"),
        (date(2026, 3, 29), 150, True, "2026-03-29T01:00:00Z"),
        (date(2026, 3, 29), 180, False, "2026-03-29T01:00:00Z"),
        # and is there twice on 25 October
        (date(2026, 10, 25), 150, False, "2026-10-25T00:30:00Z"),
        (date(2026, 10, 25), 150, True, "2026-10-25T01:30:00Z"),
        (date(2026, 10, 25), 180, False, "2026-10-25T02:00:00Z"),
        (date(2026, 10, 25), 119, True, "2026-10-24T23:59:00Z"),
    ],
)
def test_instants(on: date, minutes: int, last: bool, expected: str) -> None:
    assert instant(on, minutes, PARIS, last) == ms(expected)


@given(st.sampled_from(ZONES), st.integers(946_684_800_000, 2_051_222_400_000))
def test_every_moment_lies_in_its_day_and_days_join(where: object, at: int) -> None:
    today = day(at, where)  # type: ignore[arg-type]
    assert today.starts <= at < today.ends
    assert 23 * 3_600_000 <= today.ends - today.starts <= 25 * 3_600_000
    assert day(today.ends, where).starts == today.ends  # type: ignore[arg-type]
    assert day(today.ends - 1, where) == today  # type: ignore[arg-type]


@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2035, 1, 1)), st.integers(0, 1439))
def test_an_instant_shows_the_time_or_is_the_jump_over_it(where: object, on: date, minutes: int) -> None:
    wanted = datetime(on.year, on.month, on.day) + timedelta(minutes=minutes)  # noqa: DTZ001
    for last in (False, True):
        at = instant(on, minutes, where, last)  # type: ignore[arg-type]
        shown = local(at, where).replace(tzinfo=None)  # type: ignore[arg-type]
        if shown != wanted:
            assert shown > wanted > local(at - 1000, where).replace(tzinfo=None)  # type: ignore[arg-type]


def test_utc_is_known_without_a_database() -> None:
    assert zone("UTC") is UTC
    assert zone("Europe/Paris") is zone("Europe/Paris")
