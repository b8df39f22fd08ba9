"""The shape of the code: the middle is pure, imports go down, and the README names every metric."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.metrics import COUNTERS, GAUGES, HISTOGRAMS

ROOT = Path(__file__).parent.parent
IO = {"asyncio", "aiohttp", "sqlite3", "yaml", "socket", "time", "os", "subprocess", "threading", "random", "structlog"}
PURE = sorted(
    [
        *(ROOT / "router").glob("*.py"),
        *(path for part in ("ports", "routing", "text", "delivery") for path in (ROOT / "router" / part).rglob("*.py")),
        *(
            ROOT / "adapters" / "http_operator" / f"{name}.py"
            for name in ("answer", "callbacks", "documents", "fields", "request")
        ),
        *(ROOT / "adapters" / "smpp" / f"{name}.py" for name in ("codec", "session", "timers", "window", "receipts")),
    ]
)
WIRING = {"__main__.py", "daemon.py"}


@pytest.mark.parametrize("path", [path for path in PURE if path.name not in WIRING], ids=str)
def test_decisions_and_values_do_no_io(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
        elif isinstance(node, ast.AsyncFunctionDef):
            assert path.parent.name == "ports" or path.name == "book.py", node.name
    assert not imported & IO


def test_imports_only_go_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_the_readme_names_every_metric() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [one.name for one in (*COUNTERS, *HISTOGRAMS, *GAUGES) if one.name not in readme] == []
