"""`carrier-router route` with a table of ported numbers."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from router.cli import route

FILES = {
    "router.yaml": "store: sqlite:///data/router.db\nlookup: {table: {file: ported.csv}}\n",
    "routes.yaml": "currencies: {base: XAF}\n",
    "accounts.yaml": "accounts: [{name: acme}]\n",
    "ported.csv": "number,mcc,mnc\n237670000001,624,02\n",
    "operators/a.yaml": "operator: a\nlink: {host: h, port: 1, system_id: s, password: p}\n"
    "rates: [{prefix: '23767', network: '62401', price: '0.01'}, {network: '62402', price: '0.09'}]\n",
    "operators/b.yaml": "operator: b\nlink: {host: h, port: 1, system_id: s, password: p}\n"
    "rates: [{network: '62402', price: '0.02'}, {prefix: '', price: '1'}]\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    route.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["route", "-c", "router.yaml", *words])
    code: int = args.func(args)
    return code


def explained(capsys: pytest.CaptureFixture[str], number: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(number, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_it_says_how_the_network_is_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ported = explained(capsys, "+237670000001")
    assert (ported["operator"], ported["network_source"]) == ("b", "table")
    assert ported["network"] == {"mcc": "624", "mnc": "02", "name": None}
    plain = explained(capsys, "+237670000002")
    assert (plain["operator"], plain["network_source"]) == ("a", "prefix")
    assert plain["network"] == {"mcc": "624", "mnc": "01", "name": "MTN Cameroon"}
    assert run("+237670000001") == 0
    assert "(624-02), network by table" in capsys.readouterr().out


def test_a_bad_table_is_an_error_of_the_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ported.csv").write_text("number,mcc,mnc\nx\n")
    assert run("+237670000001", "--json") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "ported.csv:2: has 1 fields, not 3 (number,mcc,mnc)" in shown.err


def test_without_a_lookup_nothing_is_said_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "router.yaml").write_text("store: sqlite:///data/router.db\n")
    assert "network_source" not in explained(capsys, "+237670000001")
