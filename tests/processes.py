"""Real daemons and simulators as child processes, for the tests and benchmarks that cross process borders."""

import asyncio
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.error import URLError
from urllib.request import urlopen

from tests import leaks

ROOT = Path(__file__).parent.parent
TOKEN = "token-of-acme-8f31c2"
ADMIN = "token-of-the-admin-5d90e7"


def free_port() -> int:
    """A port of the loopback address that nobody listens on, below those that outgoing connections take."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def write_config(
    folder: Path,
    http: int,
    smscs: Mapping[str, int],
    *,
    window: int = 10,
    binds: int = 1,
    link: Mapping[str, object] | None = None,
    operator: str = "",
    account: str = "",
    router: str = "",
) -> Path:
    """A configuration with one operator per SMSC port, priced in the order given; returns its router.yaml.

    `link` adds to every operator's link or replaces what stands there. The last three are YAML to add to every
    operator, to the account `acme`, and to router.yaml.
    """
    keys = {
        "host": "127.0.0.1",
        "system_id": "acme",
        "password": "secret",
        "window": window,
        "binds": binds,
        "response_timeout": "5s",
        "reconnect": "{initial: 50ms, max: 500ms}",
        **(link or {}),
    }
    written = ", ".join(f"{key}: {value}" for key, value in keys.items())
    (folder / "operators").mkdir(exist_ok=True)
    for place, (name, port) in enumerate(smscs.items(), 1):
        (folder / "operators" / f"{name}.yaml").write_text(
            f"operator: {name}\nchannel: sms\nprotocol: smpp\n"
            f"link: {{port: {port}, {written}}}\n"
            f'rates:\n  - {{prefix: "", price: "0.0{place}"}}\ncurrency: XAF\n{operator}\n'
        )
    (folder / "routes.yaml").write_text("currencies: {base: XAF}\n")
    (folder / "accounts.yaml").write_text(f"accounts:\n  - name: acme\n    token: {TOKEN}\n{account}\n")
    config = folder / "router.yaml"
    config.write_text(
        f"http: {{listen: 127.0.0.1:{http}, admin_token: {ADMIN}}}\nstore: sqlite:///data/router.db\n"
        f"operators: operators/\nroutes: routes.yaml\naccounts: accounts.yaml\n"
        f"log: {{level: info, format: json}}\n{router}\n"
    )
    return config


def plain_number(index: int) -> str:
    """A number of Cameroon that the simulator simply delivers to: its last three digits choose nothing."""
    return f"+23767{index // 900:04d}{index % 900:03d}"


class Processes:
    """Children that end with the block. Their output is collected in `output`, by name."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._files: list[IO[Any]] = []

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
        for file in self._files:
            file.close()

    def start(
        self, *arguments: str, log: Path | None = None, within: Sequence[str] = (), module: str = "router"
    ) -> "subprocess.Popen[bytes]":
        """`python -m router` with these arguments; `within` is a command to run it by, which keeps its process id."""
        output: Any = subprocess.DEVNULL
        if log is not None:
            output = log.open("ab")
            leaks.LOGS.add(log)
            self._files.append(output)
        child = subprocess.Popen(
            [*within, sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=output, stderr=output
        )
        self._children.append(child)
        return child

    def simulator(self, port: int, *options: str) -> "subprocess.Popen[bytes]":
        """An SMSC that listens on `port`, at the latest when a bind comes back to it."""
        return self.start("simulate", "smsc", "--port", str(port), *options)

    async def daemon(self, config: Path, http: int, within: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """A daemon that is ready. Its log goes to daemon.log beside its configuration."""
        log = config.parent / "daemon.log"
        leaks.plant(TOKEN, ADMIN)
        child = self.start("serve", "-c", str(config), log=log, within=within)
        deadline = time.monotonic() + 30
        while not await asyncio.to_thread(_is_ready, http):
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            await asyncio.sleep(0.02)
        return child

    def stop(self, child: "subprocess.Popen[bytes]") -> int:
        """SIGTERM, and wait for the exit code."""
        child.send_signal(signal.SIGTERM)
        return child.wait(30)


def _is_ready(http: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{http}/readyz", timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
