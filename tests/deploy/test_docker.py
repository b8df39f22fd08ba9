"""Image and compose file. No Docker is asked: these are rules of ours, of the kind that linters of such files have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from router import daemon
from router.__main__ import parser
from router.operator import SmppLink
from tests.deploy.configurations import load_mounted
from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "docker"
CONTEXT = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = CONTEXT["services"]


def instructions() -> list[tuple[str, str]]:
    """Every instruction of the Dockerfile with its words, continued lines put together."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [(name, re.sub(r" +", " ", words)) for name, words in found]


def final() -> list[tuple[str, str]]:
    """Those of the image itself, behind the last FROM."""
    all_of_them = instructions()
    last = max(place for place, (name, _) in enumerate(all_of_them) if name == "FROM")
    return all_of_them[last:]


def one(name: str) -> str:
    (words,) = [words for found, words in final() if found == name]
    return words


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_the_image_is_small_and_pinned() -> None:
    bases = [words.split()[0] for name, words in instructions() if name == "FROM"]
    assert len(bases) == 2, "what builds is not in the image"
    assert len(set(bases)) == 1, "the same interpreter, for the environment that is copied"
    assert re.fullmatch(r"python:3\.1[1-9]-slim-[a-z]+", bases[0])
    assert not any(name == "ADD" for name, _ in instructions())
    for name, words in instructions():
        if "pip install" in words:
            assert "--no-cache-dir" in words
        assert name not in ("ENV", "ARG") or not re.search(r"(?i)token|password|secret", words)
    assert [words for name, words in final() if name == "COPY"] == [
        "--from=build /opt/carrier-router /opt/carrier-router"
    ]


def test_it_runs_as_nobody_in_particular() -> None:
    assert re.fullmatch(r"([1-9]\d{3,}):\1", one("USER"))
    names = [name for name, _ in final()]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_it_starts_a_command_of_ours() -> None:
    words = [*json.loads(one("ENTRYPOINT")), *json.loads(one("CMD"))]
    assert words[0] == "carrier-router"
    assert parser().parse_args(words[1:]).config == Path("/config/router.yaml")
    assert one("STOPSIGNAL") == "SIGTERM"


def test_its_health_is_asked_where_it_listens(tmp_path: Path) -> None:
    settings, _ = load_mounted(FOLDER / "config", "/run/secrets", tmp_path)
    words = one("HEALTHCHECK")
    check = json.loads(words[words.index("[") :])
    assert f"http://127.0.0.1:{settings.http.port}/healthz" in check[-1]
    compile(check[-1], "HEALTHCHECK", "exec")
    assert str(settings.http.port) in one("EXPOSE").split()


def test_what_is_copied_is_there_and_not_ignored() -> None:
    taken = set((FOLDER / "Dockerfile.dockerignore").read_text().splitlines())
    for name, words in instructions():
        if name == "COPY" and not words.startswith("--from"):
            for source in words.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in taken


def test_the_package_has_its_data() -> None:
    """What is installed in the image is what setuptools takes along, not what happens to lie in the folder."""
    import tomllib

    taken = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["adapters"]
    data = {
        path.suffix for path in (ROOT / "adapters").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert data - {".py"} <= {Path(pattern).suffix for pattern in taken}


# --- compose ---


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert ":" in service["image"] or service["image"] == "carrier-router"
    assert not service["image"].endswith(":latest")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_what_is_mounted_is_there() -> None:
    volumes = set(CONTEXT["volumes"])
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert (FOLDER / source).exists() if source.startswith(".") else source in volumes, mount
            assert mount.endswith(":ro") == source.startswith("."), mount
    assert (FOLDER / SERVICES["router"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / SERVICES["router"]["build"]["dockerfile"]) == FOLDER / "Dockerfile"


def test_router_and_simulator_fit(tmp_path: Path) -> None:
    settings, secrets = load_mounted(FOLDER / "config", "/run/secrets", tmp_path)
    assert secrets == set(SERVICES["router"]["secrets"]) == set(CONTEXT["secrets"])
    assert settings.store == "sqlite:////data/router.db"
    assert "data:/data" in SERVICES["router"]["volumes"]
    assert settings.http.host == "0.0.0.0"
    assert SERVICES["router"]["ports"] == [f"127.0.0.1:8080:{settings.http.port}"]
    simulated = parser().parse_args(SERVICES["smsc"]["command"])
    (operator,) = settings.operators.values()
    assert isinstance(operator.link, SmppLink)
    assert (operator.link.host, operator.link.port) == ("smsc", simulated.port)
    assert (operator.link.system_id, operator.link.password) == (simulated.system_id, simulated.password)
    assert simulated.host == "0.0.0.0"
    drain = daemon._DRAIN + daemon._CLIENTS + daemon._WEBHOOKS
    assert seconds(SERVICES["router"]["stop_grace_period"]) >= 1.5 * drain


def test_prometheus_and_grafana_find_what_they_show() -> None:
    ours, alone = (
        yaml.safe_load((folder / "prometheus.yml").read_text()) for folder in (FOLDER, ROOT / "deploy" / "prometheus")
    )
    assert ours["scrape_configs"][0].pop("static_configs") == [{"targets": ["router:8080"]}]
    assert alone["scrape_configs"][0].pop("static_configs") == [{"targets": ["127.0.0.1:8080"]}]
    assert ours == alone
    provisioning = FOLDER / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "carrier-router.yaml").read_text())["providers"]
    assert f"../grafana:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
