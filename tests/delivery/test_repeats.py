"""Which messages from handsets came before."""

import pytest
from msgspec.structs import replace

from router.delivery import repeats
from router.delivery.repeats import Repeats
from router.inbound import Inbound, Media

ONE = Inbound("mtn", "+237670000001", "8080", 0, b"yes", "gsm7", id="m-1")
DAY = 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({}, True),
        ({"received_at": 5}, True),
        ({"media": Media(url="https://signed.anew/")}, True),
        ({"id": None}, False),
        ({"id": "m-2"}, False),
        ({"operator": "orange"}, False),
        ({"sender": "+237670000002"}, False),
        ({"to": "8081"}, False),
        ({"content": b"no"}, False),
        ({"alphabet": None}, False),
        ({"to": "808", "alphabet": "0gsm7"}, False),
    ],
)
def test_the_same_id_with_the_same_content_is_the_same(change: dict[str, object], again: bool) -> None:
    known = Repeats()
    assert not known.heard(ONE, 0)
    assert known.heard(replace(ONE, **change), 1) is again


def test_without_an_id_nothing_is_the_same() -> None:
    known = Repeats()
    assert not any(known.heard(replace(ONE, id=None), 0) for _ in range(3))
    assert not known._heard


def test_after_a_day_an_id_is_in_use_anew() -> None:
    known = Repeats()
    assert [known.heard(ONE, at) for at in (0, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY)] == [False, True, False, True, False]


def test_only_the_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_MOST", 10)
    known = Repeats()
    for number in range(25):
        assert not known.heard(replace(ONE, id=str(number)), 0)
        assert len(known._heard) <= 10
    assert known.heard(replace(ONE, id="15"), 0)
    assert not known.heard(replace(ONE, id="14"), 0)


def test_what_was_not_taken_counts_when_it_comes_again() -> None:
    known = Repeats()
    known.heard(ONE, 0)
    known.forget(ONE)
    known.forget(replace(ONE, id=None))
    assert [known.heard(ONE, 1), known.heard(ONE, 2)] == [False, True]


def test_what_is_no_unicode_is_compared_too() -> None:
    known, odd = Repeats(), replace(ONE, sender="\ud800")
    assert [known.heard(odd, 0), known.heard(odd, 0)] == [False, True]
