"""The files in config/, from which an operator of the daemon starts."""

import re
from pathlib import Path

import pytest

from adapters.config_yaml import ConfigErrors, load
from router.settings import Settings

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The variables that the files ask for."""
    return {
        name
        for path in CONFIG.rglob("*.yaml")
        if "examples" not in path.parts
        for line in path.read_text().splitlines()
        for name in re.findall(r"\$\{(\w+)\}", line.split("#")[0])
    } - {"NAME"}


@pytest.fixture(scope="module")
def example(names: set[str]) -> Settings:
    return load(CONFIG / "router.yaml", {name: f"s{number}" for number, name in enumerate(sorted(names))})


def test_they_load(example: Settings) -> None:
    assert len(example.operators) >= 4
    assert set(example.accounts) == {"acme", "alerts", "shop"}
    assert example.store == f"sqlite:///{CONFIG.parent}/data/router.db"


def test_the_example_secrets_are_all_there(names: set[str]) -> None:
    lines = (CONFIG / "example.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(given) == names
    load(CONFIG / "router.yaml", given)


@pytest.mark.parametrize("country", ["237", "233", "254", "33", "91"])
def test_every_country_has_an_operator_beside_the_backup(example: Settings, country: str) -> None:
    sellers = {
        operator.name
        for operator in example.operators.values()
        if any(rate.prefix.startswith(country) for rate in operator.rates)
    }
    assert sellers - {"world-backup"}
    assert any(rate.prefix == "" for rate in example.operators["world-backup"].rates)


def test_they_are_said_relative_to_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIG.parent)
    with pytest.raises(ConfigErrors) as caught:
        load(Path("config/router.yaml"), {})
    assert str(caught.value.errors[0]) == (
        "config/accounts.yaml:5: accounts.token: environment variable ACME_TOKEN is not set"
    )
    monkeypatch.chdir(CONFIG / "operators")
    with pytest.raises(ConfigErrors) as caught:
        load(Path("../router.yaml"), {})
    assert {error.file for error in caught.value.errors} >= {"mtn-cm.yaml", "../router.yaml"}
