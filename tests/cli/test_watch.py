"""The views that are drawn anew, on a real terminal and down a pipe; the daemon is the API on a real socket."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from router.message import State
from tests.cli.test_client import daemon, run, send
from tests.processes import ROOT

pytestmark = pytest.mark.process
__all__ = ["daemon"]


def interruptible() -> None:
    """Also where these tests run in the background, and an interrupt is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command on a terminal of 150 columns."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self._master, slave = pty.openpty()
        environ = {**os.environ, "COLUMNS": "150", "LINES": "40", "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "router", *arguments],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environ,
            preexec_fn=interruptible,
        )
        os.close(slave)
        os.set_blocking(self._master, False)
        self._seen = ""

    def sees(self, words: str) -> None:
        """Wait until it has written that since it was last asked."""
        deadline = time.monotonic() + 30
        while words not in self._seen:
            with suppress(BlockingIOError, OSError):
                written = os.read(self._master, 65536).decode()
                self._seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
            assert time.monotonic() < deadline, self._seen[-2000:]
            time.sleep(0.01)
        self._seen = self._seen.partition(words)[2]

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    opened = Terminal(arguments)
    try:
        yield opened
    finally:
        opened.close()


def test_operators_are_watched_until_interrupted(daemon) -> None:
    with terminal("operators", "--watch", "--every", "0.1") as screen:
        screen.sees("mtn-cm")
        screen.sees("running")
        daemon.control.state = "circuit_open"
        screen.sees("circuit_open")
        assert screen.interrupt() == 0


def test_a_daemon_that_goes_away_is_said(daemon) -> None:
    with terminal("operators", "--watch", "--every", "0.1") as screen:
        screen.sees("running")
        daemon.on_loop(daemon.server.stop(1))
        screen.sees("nothing listens at")
        screen.sees("trying again")
        assert screen.process.poll() is None
        assert screen.interrupt() == 0


def test_operators_are_watched_down_a_pipe_as_lines(daemon) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "router", "operators", "--watch", "--every", "0.1", "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, preexec_fn=interruptible,
    )  # fmt: skip
    assert child.stdout is not None
    with child.stdout:
        lines = [json.loads(child.stdout.readline()) for _ in range(3)]
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0
    assert [line["operators"][0]["operator"] for line in lines] == ["mtn-cm"] * 3
    assert "time" in lines[0]


def test_a_message_is_watched_to_its_end(daemon, capsys) -> None:
    id = send(capsys)["id"]
    with terminal("status", id, "--watch") as screen:
        screen.sees("queued")
        daemon.messages.stored[id].state = State.DELIVERED
        screen.sees("delivered")
        assert screen.process.wait(30) == 0


def test_events_scroll_by_and_are_counted(daemon) -> None:
    daemon.on_loop(daemon.feed.add(2))
    with terminal("events", "--follow") as screen:
        screen.sees("seq")
        screen.sees("message.delivered")
        screen.sees("2 events: 2 delivered")
        daemon.on_loop(daemon.feed.add(3))
        screen.sees("5 events: 5 delivered")
        assert screen.interrupt() == 0


def test_watching_only_looks(daemon, capsys) -> None:
    code, _, err = run(capsys, "operators", "pause", "mtn-cm", "--watch")
    assert (code, err) == (2, "error: --watch only looks; give it without pause\n")
    assert daemon.control.state == "running"
    code, _, err = run(capsys, "status", "01900000-0000-7000-8000-ffffffffffff", "--watch")
    assert (code, err.split(":")[1]) == (1, " not_found")
    code, _, err = run(capsys, "operators", "--watch", "--url", "http://127.0.0.1:1")
    assert (code, "nothing listens" in err) == (1, True)
