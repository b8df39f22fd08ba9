"""`carrier-router coverage` on the example files."""

import json
from pathlib import Path

import pytest

from router.__main__ import main

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (CONFIG / "example.env").read_text().splitlines():
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))


def run(*arguments: str) -> int:
    return main(["coverage", "-c", str(CONFIG / "router.yaml"), *arguments])


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("cm") == 0
    shown = capsys.readouterr().out
    for word in ("CM: ", "mtn-cm", "624-01", "8.00 XAF", "world-backup"):
        assert word in shown
    assert "sahel-hub" not in shown


def test_json_of_another_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("KE", "--plan", "direct", "--at", "2026-12-15T00:00Z", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["country"], found["plan"]) == ("KE", "direct")
    hub = found["operators"][0]
    assert hub["operator"] == "sahel-hub"
    safaricom = hub["networks"][0]
    assert (safaricom["network"]["mcc"], safaricom["network"]["mnc"], safaricom["prefixes"]) == ("639", "02", 2)
    assert safaricom["cost"]["min"] == {"amount": "0.0120", "currency": "EUR"}


@pytest.mark.parametrize(("arguments", "reason"), [(("XX",), "country"), (("CM", "--plan", "no"), "no plan 'no'")])
def test_what_does_not_exist(arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""
