"""`carrier-router route`: the decision as a table for a person, or as JSON."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.store import open_store
from router.__main__ import main
from tests.engine.rig import LOG

FILES = {
    "router.yaml": "store: sqlite:///router.db\n",
    "routes.yaml": 'currencies: {base: XAF, EUR: "655.957"}\nplans: {default: {}, slow: {order: priority, operators: '
    "[dear, {operator: cheap, priority: 2}]}}\nrules: [{match: {class: otp}, operators: [dear]}, "
    '{match: {sender: "+1*"}, refuse: sender_not_allowed}]\n'
    "quiet_hours: [{country: CM, from: '22:00', to: '08:00', time_zone: Africa/Douala}]\n",
    "accounts.yaml": "accounts:\n  - {name: acme, plan: slow, countries: [CM], prices: [{prefix: '', price: '20'}]}\n"
    "  - {name: loud, opt_out: {classes: [marketing]}}\n",
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


def test_an_account_has_its_plan_and_its_prices(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "+237670000001", "--account", "acme", "--at", "2026-05-01")
    assert out.splitlines()[0].endswith("plan slow")
    assert [(row[1], row[5]) for row in rows(out)] == [("dear", "no: margin"), ("cheap", "yes")]
    _, out, _ = run(capsys, "+237670000001", "--account", "acme", "--plan", "default", "--at", "2026-05-01")
    assert [row[1] for row in rows(out)] == ["cheap", "dear"]


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-05-01T21:30Z", "2026-05-02T07:00:00Z"),
        ("2026-05-01T02:00Z", "2026-05-01T07:00:00Z"),
        ("2026-05-01T12:00Z", ""),
    ],
)
def test_quiet_hours_are_told(at: str, until: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["+237670000001", "--class", "marketing", "--at", at]
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert (f"it would wait until {until}: quiet_hours" in out) == bool(until)
    found = json.loads(run(capsys, *words, "--json")[1])
    told = {"waiting_for": "quiet_hours", "waits_until": until} if until else {}
    assert {key: found[key] for key in ("waiting_for", "waits_until") if key in found} == told
    assert found["operator"] == "cheap"
    assert "waits_until" not in json.loads(run(capsys, *words[:1], "--class", "otp", "--at", at, "--json")[1])


async def opt_out(account: str, number: int) -> None:
    store = open_store("sqlite:///router.db", LOG, lambda seconds, size: None)
    await store.open()
    store.opt_out(account, number, 1)
    await store.close()


def test_who_has_opted_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["+237670000001", "--at", "2026-05-01T12:00Z", "--json", "--account"]
    assert "refusal" not in json.loads(run(capsys, *words, "acme")[1]), "there is no store yet"
    asyncio.run(opt_out("acme", 237670000001))
    asyncio.run(opt_out("loud", 237670000001))
    found = json.loads(run(capsys, *words, "acme")[1])
    assert (found["refusal"], found["operator"], len(found["candidates"])) == ("opted_out", None, 2)
    assert "refusal" not in json.loads(run(capsys, *words, "acme", "--class", "otp")[1])
    assert "refusal" not in json.loads(run(capsys, *words, "loud")[1]), "it is for marketing only"
    assert json.loads(run(capsys, *words, "loud", "--class", "marketing")[1])["refusal"] == "opted_out"
    assert "refusal" not in json.loads(run(capsys, *words[:-1])[1]), "nobody's list"
    code, out, _ = run(capsys, "+237670000001", "--account", "acme")
    assert code == 0
    assert "it would be refused: opted_out" in out
    assert "nobody can carry it" not in out


def test_a_store_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("router.db").write_bytes(b"no database, but as long as the head of one would be" * 9)
    code, out, err = run(capsys, "+237670000001", "--account", "acme")
    assert (code, out) == (1, "")
    assert err.startswith("error: store_unavailable: the opt-out list cannot be read: ")
    assert run(capsys, "+237670000001")[0] == 0, "without an account nothing is read"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["+237670000001", "--account", "nobody"], "error: invalid_request: there is no account 'nobody'"),
        (["+33612345678", "--account", "acme"], "error: destination_not_allowed: "),
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
