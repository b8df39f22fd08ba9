"""Times as clients write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.domain.dates import instant, since, until
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
