import argparse
import json
from pathlib import Path

import pytest

from router.cli import segment


def call(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    segment.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["segment", *arguments])
    code: int = parsed.func(parsed)
    return code


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "operators").mkdir()
    link = "{host: smsc.example, port: 2775, system_id: us, password: secret}"
    for name, text in (
        ("plain", "{}"),
        ("ascii", "{alphabet: ascii, long: udh16}"),
        ("tables", "{language_tables: [turkish, hindi]}"),
    ):
        (tmp_path / "operators" / f"{name}.yaml").write_text(
            f"operator: {name}\nchannel: sms\nprotocol: smpp\nlink: {link}\ntext: {text}\n"
            'rates: [{prefix: "", price: "0.01"}]\ncurrency: EUR\n'
        )
    (tmp_path / "routes.yaml").write_text("currencies: {base: EUR}\nplans: {default: {order: cost}}\nrules: []\n")
    (tmp_path / "accounts.yaml").write_text("accounts: []\n")
    main = tmp_path / "router.yaml"
    main.write_text("operators: operators/\nroutes: routes.yaml\naccounts: accounts.yaml\nlimits: {message_parts: 2}\n")
    return str(main)


def test_json_is_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--json", "Olá 😀") == 0
    assert json.loads(capsys.readouterr().out) == {
        "encoding": "ucs2",
        "reason": "á 😀",
        "segments": 1,
        "units": 6,
        "units_per_segment": 70,
        "parts": [{"text": "Olá 😀", "units": 6}],
        "language": None,
    }


def test_table_shows_the_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("[bold]Hi[/] {1}") == 0
    shown = capsys.readouterr().out
    assert "[bold]Hi[/] {1}" in shown
    assert "gsm7" in shown


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--encoding", "gsm7", "“x”"], "error: not_encodable: These characters cannot be sent in GSM 7-bit: “ ”\n"),
        (["a" * 1531], "error: too_long: 1531 septets need 11 short messages; at most 10 are allowed\n"),
    ],
)
def test_refusals(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", error)


def test_what_it_would_cost(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("-c", config, "--to", "+237670000001", "--operator", "ascii", "--json", "£5" + "a" * 69) == 0
    found = json.loads(capsys.readouterr().out)
    cost = {"amount": "0.02", "currency": "EUR"}
    assert (found["operator"], found["segments"], found["cost"]) == ("ascii", 2, cost)
    assert call("-c", config, "--to", "+237670000001", "ğ") == 0
    assert "ascii: 0.01 EUR" in capsys.readouterr().out  # first of the operators that cost the same
    assert call("-c", config, "--to", "0670", "hi") == 1
    assert capsys.readouterr().err.startswith("error: invalid_number: ")


@pytest.mark.parametrize(
    "arguments", [["--to", "+1", "hi"], ["--operator", "plain", "hi"], ["--encoding", "utf8", "hi"], []]
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = call(*arguments)
    except SystemExit as left:
        code = left.code  # type: ignore[assignment]
    assert code == 2
    assert capsys.readouterr().out == ""


def test_as_an_operator_takes_it(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("-c", config, "--operator", "plain", "--json", "£5") == 0
    assert json.loads(capsys.readouterr().out)["encoding"] == "gsm7"
    assert call("-c", config, "--operator", "ascii", "--json", "£5" + "a" * 69) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["encoding"], found["reason"], found["segments"], found["units_per_segment"]) == ("ucs2", "£", 2, 66)


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("ğ", {"name": "turkish", "single": False, "locking": True}, "gsm7, turkish locking shift (ğ): 1 units"),
        ("ğ è", {"name": "turkish", "single": True, "locking": False}, "gsm7, turkish single shift (ğ): 4 units"),
        ("बA", {"name": "hindi", "single": True, "locking": True}, "gsm7, hindi locking and single shift (ब): 3 units"),
    ],
)
def test_language_tables(
    config: str, text: str, language: dict[str, object], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("-c", config, "--operator", "tables", "--json", text) == 0
    assert json.loads(capsys.readouterr().out)["language"] == language
    assert call("-c", config, "--operator", "tables", text) == 0
    assert shown in capsys.readouterr().out


def test_look_alikes(capsys: pytest.CaptureFixture[str]) -> None:
    text = "“Pay now” – " * 7
    assert call("--json", text) == 0
    assert json.loads(capsys.readouterr().out)["segments"] == 2
    assert call("--json", "--transliterate", text) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["segments"], found["encoding"], found["reason"]) == (1, "gsm7", "look-alikes for “ ” –")
    assert found["parts"][0]["text"] == '"Pay now" - ' * 7


def test_the_configured_limit(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("-c", config, "a" * 306) == 0
    assert call("-c", config, "a" * 307) == 1
    assert "at most 2 are allowed" in capsys.readouterr().err


def test_an_operator_that_is_not_there(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("-c", config, "--operator", "nobody", "hi") == 1
    assert capsys.readouterr().err.startswith("error: invalid_request: ")


def test_a_broken_config(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(config).write_text("limits: {message_parts: many}\n")
    assert call("-c", config, "hi") == 1
    first = capsys.readouterr().err.splitlines()[0]
    assert "router.yaml:1: " in first
