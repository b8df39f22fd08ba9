"""Times as clients write them."""

from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.domain.dates import instant, local, since, until
from router.refusal import Refusal

DAY = 86_400_000


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 1000),
        ("1970-01-01 00:00:01", 1000),
        ("1970-01-01T00:00:00.1Z", 100),
        ("1970-01-01T00:00:00.123456789Z", 123),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00 01:00", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1970-01-01T00:00:01.5 00:00", 1500),
    ],
)
def test_an_instant(written, ms) -> None:
    """TX-7: any RFC 3339 offset, and a plus sign that a query turned into a space."""
    assert instant(written, "at") == since(written, "at") == until(written, "at") == ms


def test_a_day() -> None:
    """TX-16: its first or its last moment, UTC."""
    assert since("1970-01-02", "from") == DAY
    assert until("1970-01-02", "to") == 2 * DAY - 1


@pytest.mark.parametrize(
    "written",
    ["", "now", "2024", "2024-01", "20240101", "2024-W01-1", "2024-1-1", "2024-02-30", "2024-01-01T10:00", "0000-01-01",
     "2024-01-01T10:00:00+0100", "2024-01-01T24:00:01Z", "2024-01-01T10:00:61Z", "2024-01-01T10:00:00+25:00",
     "2024-01-01T10:00:00 Z", " 2024-01-01", "2024-01-01\n", "2024-01-01T10:00:00,5Z", "٢٠٢٤-01-01"],
)  # fmt: skip
def test_no_time(written) -> None:
    for read in (instant, since, until):
        with pytest.raises(Refusal) as caught:
            read(written, "at")
        assert (caught.value.code, caught.value.field) == ("invalid_request", "at")
    with pytest.raises(Refusal):
        instant("2024-01-01", "at")


@given(st.text("0123456789-:TtZz+ .", max_size=32) | st.text(max_size=40))
def test_anything_is_a_time_or_refused(written) -> None:
    for read in (instant, since, until):
        with suppress(Refusal):
            assert isinstance(read(written, "at"), int)


LOCAL = {
    ("2026-07-01 07:00", "UTC"): "2026-07-01T07:00:00+00:00",
    ("2026-07-01 07:00:30", "Africa/Douala"): "2026-07-01T06:00:30+00:00",
    ("2026-07-01T07:00", "Europe/Paris"): "2026-07-01T05:00:00+00:00",
    ("2026-07-01T07:00:00Z", "Europe/Paris"): "2026-07-01T07:00:00+00:00",
    ("2026-07-01T07:00:00+05:30", "Europe/Paris"): "2026-07-01T01:30:00+00:00",
    # Clocks jump over it: the moment of the jump; they show it twice: the first time.
    ("2026-03-29 02:30", "Europe/Paris"): "2026-03-29T01:00:00+00:00",
    ("2026-10-25 02:30", "Europe/Paris"): "2026-10-25T00:30:00+00:00",
}


@pytest.mark.parametrize(("written", "zone"), LOCAL)
def test_a_time_of_a_zone(written: str, zone: str) -> None:
    """TP-29, FS-21."""
    assert local(written, zone, "at") == datetime.fromisoformat(LOCAL[written, zone]).timestamp() * 1000


@pytest.mark.parametrize(
    "written",
    ["", "now", "2026-07-01", "2026-07-01 7:00", "2026-07-01 24:00", "2026-07-01 07:60", "2026-02-30 07:00",
     "2026-07-01 07:00 ", "0000-01-01 00:00", "2026-07-01 07:00:61", "2026-07-01 ٠٧:00", "20260701 07:00"],
)  # fmt: skip
def test_no_time_of_a_zone(written: str) -> None:
    with pytest.raises(Refusal) as raised:
        local(written, "Europe/Paris", "at")
    assert (raised.value.code, raised.value.field) == ("invalid_request", "at")


@given(st.text() | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?\Z"))
def test_anything_is_a_time_of_a_zone_or_refused(written: str) -> None:
    for zone in ("UTC", "America/New_York", "Asia/Kathmandu"):
        with suppress(Refusal):
            assert isinstance(local(written, zone, "at"), int)
