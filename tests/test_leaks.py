"""The search for leaks finds them."""

import json

import pytest

from tests import leaks


@pytest.mark.parametrize(
    "line",
    [
        "to=+237670000001",
        '{"to": "237670000001"}',
        "sent to 237670000001, gone",
        json.dumps({"path": "/v1/messages?to=%2B", "detail": "+237670000001"}),
    ],
)
def test_a_whole_number_is_found(line: str) -> None:
    assert leaks.leaks(f"fine\n{line}\nfine") == [line]


@pytest.mark.parametrize(
    "line",
    ["+2376*****01", "0190a1b2-237670000001", "1237670000001", "2376700000012", "237670000001.5", "a237670000001"],
)
def test_what_is_no_number_is_not(line: str) -> None:
    assert leaks.leaks(line) == []


def test_a_marker_is_found_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "MARKERS", set())
    leaks.plant("hush-hush")
    assert leaks.leaks("a\nb hush-hush-c\nd") == ["b hush-hush-c"]
    with pytest.raises(AssertionError):
        leaks.plant("short")
