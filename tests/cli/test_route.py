"""`carrier-router route`: the decision as a table for a person, or as JSON."""

import json
from pathlib import Path

import pytest

from router.__main__ import main

FILES = {
    "router.yaml": "store: sqlite:///router.db\n",
    "routes.yaml": 'currencies: {base: XAF, EUR: "655.957"}\nplans: {default: {}, slow: {order: priority, operators: '
    "[dear, {operator: cheap, priority: 2}]}}\nrules: [{match: {class: otp}, operators: [dear]}, "
    '{match: {sender: "+1*"}, refuse: sender_not_allowed}]\n',
    "accounts.yaml": "accounts: []\n",
    "operators/cheap.yaml": "operator: cheap\nlink: {host: h, port: 1, system_id: s, password: p}\nrates:\n"
    '  - {prefix: "237", price: "12.5"}\n  - {prefix: "237", price: "40", effective_from: 2027-01-01}\ncurrency: XAF\n',
    "operators/dear.yaml": "operator: dear\nlink: {host: h, port: 1, system_id: s, password: p}\n"
    'rates: [{prefix: "", price: "0.05"}]\ncurrency: EUR\n',
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["route", "-c", "router.yaml", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def rows(out: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]


@pytest.mark.parametrize("words", [["+237670000001", "--at", "2026-05-01"], ["--at", "2026-05-01", "+237670000001"]])
def test_a_table_for_a_person(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "+237670000001 (MTN Cameroon): plan default"
    assert rows(out) == [
        ["1", "cheap", "237", "12.5 XAF", "12.5 XAF", "yes"],
        ["2", "dear", "(all)", "0.05 EUR", "32.79785 XAF", "yes"],
    ]
    assert out.splitlines()[-1] == "a price changes at 2027-01-01T00:00:00Z; --at shows what holds then"


def test_a_price_of_tomorrow(capsys: pytest.CaptureFixture[str]) -> None:
    for at in ("2027-01-01T00:00Z", "2027-01-01T01:00+01:00"):
        code, out, _ = run(capsys, "+237670000001", "--at", at)
        assert code == 0
        assert [row[1] for row in rows(out)] == ["dear", "cheap"]
        assert "a price changes" not in out


def test_rule_and_plan_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--class", "otp", "+237670000001")
    assert out.splitlines()[0].endswith("plan default, rule 1")
    assert [row[1] for row in rows(out)] == ["dear"]
    _, out, _ = run(capsys, "--plan", "slow", "+237670000001", "--at", "2026-01-01")
    assert out.splitlines()[0].endswith("plan slow")
    assert [row[1] for row in rows(out)] == ["dear", "cheap"]


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "+237670000001", "--json", "--at", "2026-05-01")
    found = json.loads(out)
    assert code == 0
    assert (found["operator"], found["rule"], found["changes_at"]) == ("cheap", None, "2027-01-01T00:00:00Z")
    assert "changes_at" not in json.loads(run(capsys, "+237670000001", "--json", "--at", "2027-05-01")[1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["237670000001"], "error: invalid_number: "),
        (["+237670000001", "--plan", "nope"], "error: invalid_request: there is no plan 'nope'"),
        (["+237670000001", "--from", "+15550100"], "error: sender_not_allowed: rule 2"),
    ],
)
def test_a_refusal_is_1(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.startswith(said)


@pytest.mark.parametrize(
    "words",
    [[], ["+237670000001", "+237670000002"], ["+237670000001", "--class", "x"], ["+237670000001", "--at", "soon"]],
)
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(capsys, *words)
    assert ended.value.code == 2
