"""The tours under docs/ as a newcomer walks them: every command of a page, in its order, in one shell."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, free_port

DOCS = ROOT / "docs"


def commands(page: str) -> str:
    """The indented blocks of a page, one behind the other."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    return "\n".join(line[4:] if line else line for line in lines if not line or line.startswith("    ")) + "\n"


async def walk(page: str, folder: Path) -> str:
    """What a shell that stops at the first failure shows of all commands of a page."""
    script = commands(page)
    for port in set(re.findall(r"\b(8080|2775|8090)\b", script)):
        script = re.sub(rf"\b{port}\b", str(free_port()), script)
    url = re.search(r"listen: (127\.0\.0\.1:\d+)", script)
    assert url is not None
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "CARRIER_ROUTER_URL": f"http://{url[1]}",
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        "bash", "-em", "-o", "pipefail", "-c", script, cwd=folder, env=environment, start_new_session=True,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(90):
            shown, _ = await process.communicate()
    finally:
        for pid in await _of_session(process.pid):
            os.kill(pid, signal.SIGKILL)
    text = shown.decode()
    assert process.returncode == 0, text + "".join(log.read_text() for log in folder.rglob("*.log"))
    return text


async def _of_session(session: int) -> list[int]:
    """Who was started by the shell and is still there: each job has a group of its own."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.process
async def test_from_nothing_to_a_first_carrier(tmp_path: Path) -> None:
    shown = await walk("TOUR.md", tmp_path)
    assert "first" in shown.partition("no errors")[0]
    assert shown.count("delivered") >= 2
    assert '"reference":"order-17"' in shown


@pytest.mark.process
async def test_a_file_for_an_http_carrier(tmp_path: Path) -> None:
    shown = await walk("HTTP-OPERATORS.md", tmp_path)
    ends = re.findall(r"^state +(\w+)", shown, re.MULTILINE)
    assert ends == ["delivered", "rejected", "delivered", "delivered", "delivered"]
    assert re.findall(r"^possible_duplicate +(\w+)", shown, re.MULTILINE) == ["no"] * 5
