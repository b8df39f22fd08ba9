"""The systemd unit's life without systemd: what it closes is closed by hand, as far as an ordinary process can."""

import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from tests.deploy.test_systemd import SERVICE, Unit
from tests.processes import TOKEN
from tests.scenarios.world import World, until

pytestmark = pytest.mark.process

# NoNewPrivileges, MemoryDenyWriteExecute (PR_SET_MDWE, since Linux 6.3), UMask, LimitNOFILE; then the command.
CLOSED = """
import ctypes, os, resource, sys
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
if prctl(65, 1, 0, 0, 0) != 0 and ctypes.get_errno() != 22:
    sys.exit("PR_SET_MDWE failed")
os.umask(int(sys.argv[1], 8))
most = min(int(sys.argv[2]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
os.environ["CREDENTIALS_DIRECTORY"] = sys.argv[3]
os.execv(sys.argv[4], sys.argv[4:])
"""


async def test_started_reloaded_and_stopped_as_the_unit_does(world: World, tmp_path: Path) -> None:
    unit = Unit(SERVICE)
    assert unit.one("Service.MemoryDenyWriteExecute") == "yes"
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o500)
    secret = credentials / "acme_token"
    secret.touch(0o400)
    os.chmod(secret, 0o600)
    secret.write_text(TOKEN + "\n")
    os.chmod(secret, 0o400)
    await world.operator("mtn")
    world.configure()
    accounts = world.folder / "accounts.yaml"
    accounts.write_text(accounts.read_text().replace(TOKEN, "file:${CREDENTIALS_DIRECTORY}/acme_token"))
    before = {path for path in world.folder.rglob("*") if path.is_file()}
    closed = [
        sys.executable, "-c", CLOSED,
        unit.one("Service.UMask"), unit.one("Service.LimitNOFILE"), str(credentials),
    ]  # fmt: skip
    world.daemon = await world.processes.daemon(world.config, world.http, closed)
    await world.bound("mtn")
    await world.delivered(await world.send(20))

    # ExecReload
    assert unit.one("Service.ExecReload") == "/bin/kill -HUP $MAINPID"
    world.daemon.send_signal(signal.SIGHUP)
    await until(lambda: "plan_reloaded" in log(world))
    await world.delivered(await world.send(20))

    # KillMode=mixed: the main process gets SIGTERM, and has TimeoutStopSec.
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(int(unit.one("Service.TimeoutStopSec"))) == 0

    # ProtectSystem=strict leaves it the data folder alone (the log is ours), and nobody else reads that.
    data = world.folder / "data"
    written = {path for path in world.folder.rglob("*") if path.is_file()} - before
    outside = {path.name for path in written if data not in path.parents}
    assert outside == {"daemon.log"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in written if data in path.parents)


def log(world: World) -> str:
    return (world.folder / "daemon.log").read_text()
