"""When campaigns run again, and what they say to whom."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.campaigns import content_for, due_of, next_run, run_ended
from router.gateway.records import Campaign, Contact
from router.refusal import Refusal
from router.zones import local, zone

PARIS = zone("Europe/Paris")
NOW = 1_767_225_600_000


def ms(written: str, where: Any = UTC) -> int:
    return round(datetime.fromisoformat(written).replace(tzinfo=where).timestamp() * 1000)


def campaign(**fields: Any) -> Campaign:
    return Campaign(1, "acme", "fullsms", NOW, **{"first": NOW, "text": "Hello", **fields})


@pytest.mark.parametrize(
    ("first", "frequency", "now", "then"),
    [
        ("2026-01-01 09:00", "daily", "2026-01-01 09:00", "2026-01-02 09:00"),
        ("2026-01-01 09:00", "daily", "2026-01-02 08:59", "2026-01-02 09:00"),
        ("2026-01-01 09:00", "daily", "2026-01-09 12:00", "2026-01-10 09:00"),
        ("2026-03-28 09:00", "daily", "2026-03-28 09:00", "2026-03-29 09:00"),
        ("2026-10-24 09:00", "daily", "2026-10-24 09:00", "2026-10-25 09:00"),
        ("2026-01-01 09:00", "weekly", "2026-01-01 09:00", "2026-01-08 09:00"),
        ("2026-03-26 09:00", "weekly", "2026-03-26 09:01", "2026-04-02 09:00"),
        ("2026-01-01 09:00", "weekly", "2027-01-01 09:00", "2027-01-07 09:00"),
        ("2026-01-31 09:00", "monthly", "2026-01-31 09:00", "2026-02-28 09:00"),
        ("2026-01-31 09:00", "monthly", "2026-02-28 09:00", "2026-03-31 09:00"),
        ("2028-01-31 09:00", "monthly", "2028-02-01 09:00", "2028-02-29 09:00"),
        ("2026-12-15 09:00", "monthly", "2026-12-15 09:00", "2027-01-15 09:00"),
        ("2026-01-15 09:00", "monthly", "2029-07-15 09:00", "2029-08-15 09:00"),
    ],
)
def test_clocks_show_the_same(first: str, frequency: Any, now: str, then: str) -> None:
    found = next_run(ms(first, PARIS), frequency, PARIS, ms(now, PARIS))
    assert local(found, PARIS).strftime("%Y-%m-%d %H:%M") == then


@given(
    first=st.integers(0, 2**41),
    later=st.integers(0, 2**38),
    frequency=st.sampled_from(["daily", "weekly", "monthly"]),
    name=st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Apia", "Africa/Douala"]),
)
def test_the_next_run_is_soon(first: int, later: int, frequency: Any, name: str) -> None:
    """After now, and not later than one period and an hour that clocks are set by (a day where a date was left out)."""
    now = first + later
    found = next_run(first, frequency, ZoneInfo(name), now)
    days = {"daily": 1, "weekly": 7, "monthly": 31}[frequency]
    assert now < found <= now + (days + 1) * 86_400_000 + 3_600_000


def test_the_end_of_a_run() -> None:
    once = run_ended(campaign(state="processing"), PARIS, NOW)
    assert (once.state, once.runs, once.ended, due_of(once)) == ("done", 1, NOW, None)
    daily = run_ended(campaign(state="processing", frequency="daily", cursor=7), PARIS, NOW)
    assert (daily.state, daily.runs, daily.cursor, daily.ended) == ("scheduled", 1, 0, None)
    assert due_of(daily) == NOW + 86_400_000


AWA = Contact(1, "acme", NOW, NOW, "+237670000001", "awa@example.org", "Awa", fields={"name": "<b>", "age": 7})


def test_what_each_is_told() -> None:
    one = campaign(
        text="{{name}} {{firstName}} {{nothing}}{{code}}",
        values={"code": "X", "name": "given"},
        options={
            "subject": "For {{firstName}}",
            "html": "<p>{{company}}</p>",
            "parameters": ["{{age}}", 5],
            "deep": {"a": "{{phoneNumber}}", "b": None},
        },
    )
    contact = Contact(1, "acme", NOW, NOW, "+237670000001", None, "Awa", fields={"company": "A & <B>", "age": 7})
    text, options = content_for(one, contact)
    assert text == "given Awa X"
    assert options == {
        "subject": "For Awa",
        "html": "<p>A &amp; &lt;B&gt;</p>",
        "parameters": ["7", 5],
        "deep": {"a": "+237670000001", "b": None},
    }


def test_what_somebody_without_a_name_is_told() -> None:
    assert content_for(campaign(text="Hi {{firstName}}!", values={}), None) == ("Hi !", None)


def test_braces_that_are_braces() -> None:
    options = {"html": "{{x}}"}
    assert content_for(campaign(text="{{x}}", options=options), AWA) == ("{{x}}", options)


def test_nothing_to_say() -> None:
    with pytest.raises(Refusal):
        content_for(campaign(text="{{lastName}}", values={}), AWA)


def test_what_is_filled_in_is_not_filled_again() -> None:
    contact = Contact(1, "acme", NOW, NOW, "+237670000001", fields={"a": "{{b}}", "b": "no"})
    assert content_for(campaign(text="{{a}}", values={}), contact)[0] == "{{b}}"
