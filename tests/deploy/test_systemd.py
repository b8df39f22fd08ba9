"""The units: what they start is a command of ours, what they close stays closed, and a stop has time for a drain."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from adapters.config_yaml import load
from router import daemon
from router.__main__ import parser
from tests.processes import ROOT, write_config

UNITS = sorted((ROOT / "deploy" / "systemd").glob("carrier-router*.*"))
SERVICE = ROOT / "deploy" / "systemd" / "carrier-router.service"
BINARY = "/opt/carrier-router/bin/carrier-router"


class Unit(dict[str, list[str]]):
    """Section.Key to its values in order; a key may stand more than once."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        section = ""
        for line in path.read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                key, equals, value = line.partition("=")
                assert equals, line
                self.setdefault(f"{section}.{key}", []).append(value)

    def one(self, key: str) -> str:
        (value,) = self[key]
        return value


def test_what_is_started_is_a_command_of_ours() -> None:
    started = shlex.split(Unit(SERVICE).one("Service.ExecStart"))
    assert started[0] == BINARY
    assert parser().parse_args(started[1:]).command == "serve"
    backup = Unit(SERVICE.with_name("carrier-router-backup.service")).one("Service.ExecStart")
    said = shlex.split(backup)[2].removeprefix("exec ").replace("$$", "$").replace("%%", "%")
    words = shlex.split(re.sub(r"\$\(.*?\)", "now", said))
    assert words[0] == BINARY
    assert parser().parse_args(words[1:]).command == "backup"


def test_a_stop_has_time_for_a_drain() -> None:
    drain = daemon._DRAIN + daemon._CLIENTS + daemon._WEBHOOKS
    assert int(Unit(SERVICE).one("Service.TimeoutStopSec")) >= 1.5 * drain


def test_it_is_closed() -> None:
    unit = Unit(SERVICE)
    wanted = {
        "User": "carrier-router", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
        "StateDirectory": "carrier-router", "UMask": "0077", "CapabilityBoundingSet": "", "PrivateTmp": "yes",
        "ProtectHome": "yes",
    }  # fmt: skip
    assert {key: unit.one(f"Service.{key}") for key in wanted} == wanted
    # Nothing under ProtectSystem=strict can be written but the data folder.
    assert "Service.ReadWritePaths" not in unit


def test_credentials_are_read_by_the_configuration(tmp_path: Path) -> None:
    """file:${CREDENTIALS_DIRECTORY}/NAME takes what LoadCredential= puts there."""
    names = [value.partition(":")[0] for value in Unit(SERVICE)["Service.LoadCredential"]]
    assert "admin_token" in names
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mtn_cm_password").write_text("s3cret\n")
    write_config(tmp_path, 8080, {"mtn": 2775}, link={"password": "file:${CREDENTIALS_DIRECTORY}/mtn_cm_password"})
    link = load(tmp_path / "router.yaml", {"CREDENTIALS_DIRECTORY": str(credentials)}).operators["mtn"].link
    assert "s3cret" in str(getattr(link, "password", None))


def analyze(*words: str) -> str:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("left out: no systemd-analyze on PATH (Debian: apt-get install systemd)")
    ended = subprocess.run([tool, *words], capture_output=True, text=True, timeout=60, check=False)
    said = ended.stdout + ended.stderr
    if "Unknown" in said and "option" in said:
        pytest.skip("left out: this systemd-analyze is older than 250")
    assert ended.returncode == 0, said
    return said


def test_by_systemd_analyze_verify(tmp_path: Path) -> None:
    """On copies that start something which is there."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(BINARY, "/bin/true"))
    assert analyze("verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)).strip() == ""


@pytest.mark.parametrize(("name", "most"), [("carrier-router.service", 15), ("carrier-router-backup.service", 25)])
def test_by_systemd_analyze_security(name: str, most: int) -> None:
    """Exposure in tenths, 0 is best and 100 worst; systemd calls up to 2.0 OK."""
    analyze("security", "--offline=true", "--no-pager", f"--threshold={most}", str(SERVICE.with_name(name)))
