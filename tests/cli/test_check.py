"""`carrier-router check`."""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.config_yaml import PlanHistory, load_now, plans_folder
from router.cli import check
from router.ports.plans import KeptPlan

FILES = {
    "router.yaml": 'http: {admin_token: "${ADMIN}"}\n',
    "routes.yaml": "currencies: {base: XAF}\n",
    "accounts.yaml": "accounts: [{name: acme, wallet: postpaid, prices: [{prefix: '', price: 1}]}]\n",
    "operators/a.yaml": "operator: a\nlink: {host: h, port: 1, system_id: s, password: Zq, tps: 2.5, binds: 3}\n"
    "rates: [{prefix: '237', price: '0.02'}, {prefix: '', price: '1'}]\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADMIN", "Zq-admin")
    return tmp_path


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    check.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["check", *words])
    code: int = args.func(args)
    return code


def test_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-c", "router.yaml") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    for word in ("acme", "postpaid", "2.5", "XAF", "1 operator, 2 rates, 1 plan, 0 rules, 1 account: no errors"):
        assert word in shown.out
    assert "Zq" not in shown.out


def test_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "routes.yaml").write_text("plan: {}\n")
    (folder / "operators/a.yaml").write_text("operator: a\nlink: {host: h, port: 0, system_id: s, password: Zq}\n")
    assert run("--config", "router.yaml") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "operators/a.yaml:2: link.port: 0 is out of range (1 to 65535)",
        "routes.yaml:1: unknown key 'plan', did you mean 'plans'?",
    ]


def test_right_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-c", "router.yaml", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "errors": [],
        "operators": [
            {
                "name": "a",
                "channel": "sms",
                "protocol": "smpp",
                "link": "h:1",
                "binds": 3,
                "tps": 2.5,
                "currency": "XAF",
                "rates": 2,
            }
        ],
        "plans": [{"name": "default", "order": "cost", "operators": None, "attempts": 3}],
        "rules": 0,
        "accounts": [
            {
                "name": "acme",
                "status": "active",
                "plan": "default",
                "currency": "XAF",
                "prices": 1,
                "wallet": "postpaid",
                "charge": "submitted",
            }
        ],
        "notes": [],
        "currencies": {"base": "XAF"},
        "currency_changes": [],
    }


def test_currencies_are_shown_as_they_are_now_and_next(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "routes.yaml").write_text(
        "currencies: {base: XAF, USD: '600', EUR: [{rate: '1'}, {rate: '650', from: 2026-01-01}, "
        "{rate: '660', from: 2026-06-01}, {rate: '670', from: 2026-09-01}], GBP: [{rate: '700'}, "
        "{rate: '710', from: 2026-07-01}]}\n"
    )
    for today, eur, gbp, coming in (
        ("2025-12-31", "1", "700", {"EUR": ("650", "2026-01-01"), "GBP": ("710", "2026-07-01")}),
        ("2026-01-01", "650", "700", {"EUR": ("660", "2026-06-01"), "GBP": ("710", "2026-07-01")}),
        ("2026-08-01", "660", "710", {"EUR": ("670", "2026-09-01")}),
        ("2027-01-01", "670", "710", {}),
    ):
        now = int(datetime.fromisoformat(f"{today}T00:00:00+00:00").timestamp())
        monkeypatch.setattr(check.time, "time_ns", lambda now=now: now * 1_000_000_000)
        assert run("-c", "router.yaml", "--json") == 0
        found = json.loads(capsys.readouterr().out)
        assert found["currencies"] == {"base": "XAF", "USD": "600", "EUR": eur, "GBP": gbp}
        assert found["currency_changes"] == [
            {"currency": code, "worth": worth, "from": f"{day}T00:00:00Z"} for code, (worth, day) in coming.items()
        ]
        assert run("-c", "router.yaml") == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["currency", "in", "XAF", "now", "next"] in lines
        assert ["USD", "600"] in lines
        if "EUR" in coming:
            worth, day = coming["EUR"]
            assert ["EUR", eur, worth, "from", f"{day}T00:00:00Z"] in lines
        else:
            assert ["EUR", eur] in lines


@pytest.mark.parametrize(
    ("account", "noted"),
    [
        ("{name: acme, wallet: prepaid, token: Zq-1}", True),
        ("{name: acme, wallet: prepaid, token: Zq-1, prices: [{prefix: '', price: 1}]}", False),
        ("{name: acme, wallet: postpaid, token: Zq-1}", False),
        ("{name: acme, gateways: {fullsms: {token: Zq-1}}}", True),
        ("{name: acme, gateways: {textiopro: {token: Zq-1}}}", False),
    ],
)
def test_a_prepaid_wallet_that_pays_nothing_is_noted(
    folder: Path, capsys: pytest.CaptureFixture[str], account: str, noted: bool
) -> None:
    (folder / "accounts.yaml").write_text(f"accounts: [{account}]\n")
    assert run("-c", "router.yaml") == 0
    assert ("has a prepaid wallet and no prices" in " ".join(capsys.readouterr().out.split())) is noted
    assert run("-c", "router.yaml", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["notes"]) == noted


def test_wrong_as_json(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ADMIN")
    assert run("-c", "router.yaml", "--json") == 1
    shown = capsys.readouterr()
    reason = "http.admin_token: environment variable ADMIN is not set"
    assert json.loads(shown.out) == {"ok": False, "errors": [{"file": "router.yaml", "line": 1, "reason": reason}]}
    assert shown.err == f"router.yaml:1: {reason}\n"


def test_the_usual_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 1
    assert capsys.readouterr().err == (
        "config/router.yaml:1: cannot read config/router.yaml: No such file or directory\n"
    )


def keep() -> None:
    """What a daemon does once its plan runs."""
    config = Path("router.yaml")
    loaded = load_now(config, os.environ)
    history = PlanHistory(config, os.environ, plans_folder(loaded.settings.store))
    version = history.starting_version(loaded.files)
    history.keep(KeptPlan(version, version, datetime(2027, 1, 1, tzinfo=UTC), "start"), loaded.files)


def test_the_difference_to_the_last_plan(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep()
    assert run("-c", "router.yaml", "--diff") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-2:] == ["against version 1 of 2027-01-01 00:00:00Z:", "nothing changes"]
    path = folder / "operators/a.yaml"
    path.write_text(path.read_text().replace("Zq", "Zr").replace("tps: 2.5", "tps: 4").replace("0.02", "0.03"))
    path.write_text(path.read_text().replace("price: '1'}", "price: '1', effective_to: 2027-03-01}"))
    (folder / "routes.yaml").write_text("currencies: {base: XAF}\nrules: [{refuse: no_way}]\n")
    assert run("-c", "router.yaml", "--diff") == 0
    shown_words = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["operator", "a", "link.password", "(secret)", "changed"] in shown_words
    assert ["operator", "a", "link.tps", "2.5", "4"] in shown_words
    assert ["operator", "a", "binds", "all", "built", "anew"] in shown_words
    assert ["rule", "1", "added", "match:", "{},", "refuse:", "no_way"] in shown_words
    assert ["237", "0.02", "XAF", "0.03", "XAF"] in shown_words
    assert ["(all)", "1", "XAF", "1", "XAF", "until", "2027-03-01", "00:00Z"] in shown_words
    assert not [word for line in shown_words for word in line if "Zq" in word or "Zr" in word]
    assert run("-c", "router.yaml", "--diff", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["against"]["version"], found["difference"]["binds"]) == (True, 1, ["a"])


def test_nothing_to_compare_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-c", "router.yaml", "--diff") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: not_found: no plan is kept in data/plans; has the daemon run?\n"
    keep()
    (folder / "data/plans/000001.tar.gz").write_bytes(b"")
    assert run("-c", "router.yaml", "--diff") == 1
    assert "data/plans/000001.tar.gz:1: the kept plan cannot be read: " in capsys.readouterr().err


def test_a_wrong_file_goes_before_any_difference(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep()
    (folder / "routes.yaml").write_text("plan: {}\n")
    assert run("-c", "router.yaml", "--diff") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("routes.yaml:1: ")


def test_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("--nonsense")
    assert caught.value.code == 2


def test_a_table_of_ported_numbers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Read to its end, and nothing is written."""
    (folder / "router.yaml").write_text(FILES["router.yaml"] + "lookup: {table: {file: ported.csv}}\n")
    (folder / "ported.csv").write_text("number,mcc,mnc\n237670000001,624,02\n")
    assert run("-c", "router.yaml") == 0
    (folder / "ported.csv").write_text("number,mcc,mnc\n237670000001,624,02\n670000001,,02\n")
    capsys.readouterr()
    assert run("-c", "router.yaml", "--json") == 1
    shown = capsys.readouterr()
    reason = "mcc: must be three digits"
    assert shown.err == f"ported.csv:3: {reason}\n"
    assert json.loads(shown.out) == {"ok": False, "errors": [{"file": "ported.csv", "line": 3, "reason": reason}]}
    assert not (folder / "data").exists()
