"""When people are not to be disturbed."""

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.routing.quiet_hours import QuietTimes
from router.settings import QuietHours

NIGHT = QuietHours("FR", 22 * 60, 8 * 60, "Europe/Paris")
SUNDAY = QuietHours("FR", 0, 24 * 60, "Europe/Paris", frozenset({6}))
EARLY = QuietHours("FR", 60, 150, "Europe/Paris")  # 01:00 to 02:30
LATE = QuietHours("FR", 150, 180, "Europe/Paris")  # 02:30 to 03:00


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def until(hours: list[QuietHours], at: str, country: str | None = "FR") -> str | None:
    end = QuietTimes(hours).until(country, ms(at))
    return None if end is None else datetime.fromtimestamp(end / 1000, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        # Thursday 1 to Sunday 4 January 2026; Paris is an hour ahead
        ([NIGHT], "2026-01-01T20:59:59.999Z", None),
        ([NIGHT], "2026-01-01T21:00:00Z", "2026-01-02T07:00:00Z"),
        ([NIGHT], "2026-01-01T23:30:00Z", "2026-01-02T07:00:00Z"),
        ([NIGHT], "2026-01-02T06:59:59.999Z", "2026-01-02T07:00:00Z"),
        ([NIGHT], "2026-01-02T07:00:00Z", None),
        ([NIGHT], "2026-01-02T12:00:00Z", None),
        ([NIGHT, SUNDAY], "2026-01-03T22:00:00Z", "2026-01-05T07:00:00Z"),
        ([SUNDAY, NIGHT], "2026-01-03T22:00:00Z", "2026-01-05T07:00:00Z"),
        ([SUNDAY], "2026-01-03T22:59:59Z", None),
        ([SUNDAY], "2026-01-03T23:00:00Z", "2026-01-04T23:00:00Z"),
        # the clocks go forward on 29 March at 01:00 UTC: a short night
        ([NIGHT], "2026-03-28T21:00:00Z", "2026-03-29T06:00:00Z"),
        ([EARLY], "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
        ([EARLY], "2026-03-29T01:00:00Z", None),
        ([LATE], "2026-03-29T00:59:59Z", None),
        ([LATE], "2026-03-29T01:00:00Z", None),
        # and back on 25 October at 01:00 UTC: a long one
        ([NIGHT], "2026-10-24T20:00:00Z", "2026-10-25T07:00:00Z"),
        ([EARLY], "2026-10-25T00:15:00Z", "2026-10-25T01:30:00Z"),
        ([EARLY], "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z"),
        ([LATE], "2026-10-25T00:15:00Z", None),
        ([LATE], "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"),
    ],
)
def test_until_when(hours: list[QuietHours], at: str, expected: str | None) -> None:
    assert until(hours, at) == expected


@pytest.mark.parametrize("country", ["CM", None])
def test_other_countries_are_not_quiet(country: str | None) -> None:
    assert until([NIGHT], "2026-01-01T23:30:00Z", country) is None


windows = st.builds(
    QuietHours,
    st.just("FR"),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.sampled_from(("Europe/Paris", "Africa/Cairo", "America/New_York", "UTC")),
    st.frozensets(st.integers(0, 6), min_size=1),
).filter(lambda one: one.begins != one.ends)


@given(
    st.lists(windows, min_size=1, max_size=3), st.lists(st.integers(1_767_225_600_000, 1_798_761_600_000), max_size=12)
)
def test_the_end_is_the_first_moment_that_is_not_quiet_and_what_is_remembered_is_right(
    hours: list[QuietHours], moments: list[int]
) -> None:
    times = QuietTimes(hours)
    for at in [step for moment in moments for step in (moment, moment + 3_600_000, moment - 60_000)]:
        end = QuietTimes(hours).until("FR", at)
        assume(end is None or end - at < 7 * 86_400_000)  # the files refuse what has no end
        assert times.until("FR", at) == end
        if end is not None:
            assert QuietTimes(hours).until("FR", end) is None
            assert QuietTimes(hours).until("FR", end - 1) == end
            assert QuietTimes(hours).until("FR", (at + end) // 2) == end
