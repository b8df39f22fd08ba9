"""node and its smpp package (0.5): where they come from, and a peer on them as a process."""

import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import pytest

CACHE = Path(__file__).parents[2] / "build" / "node_modules"
PACKAGE = "smpp@0.5.1"
SCRIPT = Path(__file__).with_name("node_peer.js")


def find_node() -> str:
    """node's program, with its smpp package installed; skips the test where they cannot be had."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("left out: node and npm are not installed")
    if not (CACHE / "smpp").exists():
        CACHE.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=CACHE.parent) as folder:
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, PACKAGE]
            try:
                subprocess.run(command, check=True, timeout=60, capture_output=True)
            except (subprocess.SubprocessError, OSError):
                pytest.skip("left out: npm could not install node's smpp package (no network?)")
            # Another worker may do the same at this moment; either's will do.
            with suppress(OSError):
                Path(folder, "node_modules").rename(CACHE)
    return program


class NodePeer:
    """A process of node_peer.js. `lines` is all that it told, in order."""

    def __init__(self, node: str, *arguments: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self._set = Event()
        self._process = subprocess.Popen(
            [node, str(SCRIPT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_PATH": str(CACHE)},
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))
            if "set" in self.lines[-1]:
                self._set.set()

    @property
    def port(self) -> int | None:
        return next((line["port"] for line in self.lines if "port" in line), None)

    def sessions(self) -> list[int]:
        return [line["session"] for line in self.lines if "open" in line]

    def got(self, *commands: str) -> list[dict[str, Any]]:
        """What it understood of these commands."""
        return [line for line in self.lines if line.get("command") in commands]

    def closed(self, session: int) -> bool:
        return {"session": session, "closed": True} in self.lines

    def errors(self) -> list[str]:
        return [line["error"] for line in self.lines if "error" in line]

    def answers(self, **how: dict[str, Any] | None) -> None:
        """How it answers from now on, by command: fields of the response; None for not at all."""
        self._set.clear()
        self._tell({"set": how})
        assert self._set.wait(5)

    def send(self, command: str, session: int = 0, **fields: Any) -> None:
        self._tell({"send": command, "session": session, "fields": fields})

    def raw(self, octets: bytes, session: int = 0) -> None:
        self._tell({"raw": octets.hex(), "session": session})

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def _tell(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
