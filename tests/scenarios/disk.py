"""Disks that fail on request, without root: a small file system of the daemon's own, and system calls that fail.

Both are the kernel's own doing (namespaces; ptrace by strace), so what the daemon meets is what it would meet.
"""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.processes import ROOT

_ENTER = ("nsenter", "--user", "--preserve-credentials", "--mount")
_WRITES = "write,pwrite64,ftruncate,fallocate,fsync,fdatasync"
_SYNCS = "fsync,fdatasync"


class SmallDisk:
    """A tmpfs of `size` that only a holding process and what runs `within` it see at `path`.

    Skips the test where an ordinary user may not make one.
    """

    def __init__(self, path: Path, size: str) -> None:
        path.mkdir(parents=True)
        self._path = path
        mount = f'mount -t tmpfs -o size={size} tmpfs "{path}" && echo mounted && exec sleep 600'
        self._holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"mounted\n":
            self.close()
            pytest.skip("no file system of one's own: user namespaces are not allowed here")
        self.within: Sequence[str] = (
            *_ENTER,
            f"--target={self._holder.pid}",
            *("sh", "-c", 'cd "$0" && exec "$@"', str(ROOT)),
        )
        """What to put before a command so that it runs on this disk; it keeps its process id."""

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()

    @property
    def path(self) -> Path:
        """The same folder as seen from here."""
        return Path(f"/proc/{self._holder.pid}/root{self._path}")

    def fill(self) -> None:
        """Leave not one octet."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            for piece in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(bytes(piece))
                except OSError:
                    continue

    def empty(self) -> None:
        """Give back what `fill` took."""
        (self.path / "filler").unlink()

    def read_only(self, on: bool) -> None:
        """As after an error of the device; not while somebody has a file open to write."""
        mode = "ro" if on else "rw"
        subprocess.run(
            [*_ENTER, f"--target={self._holder.pid}", "mount", "-o", f"remount,{mode}", str(self._path)], check=True
        )


@asynccontextmanager
async def failing_writes(pid: int, database: Path, error: str) -> AsyncIterator[None]:
    """Nothing is written to the database by this process: every try fails with `error`, e.g. EROFS."""
    async with _injected(pid, database, _WRITES, f"error={error}"):
        yield


@asynccontextmanager
async def failing_syncs(pid: int, database: Path) -> AsyncIterator[None]:
    """What is written does not reach the disk, and that is told."""
    async with _injected(pid, database, _SYNCS, "error=EIO"):
        yield


@asynccontextmanager
async def slow_syncs(pid: int, database: Path, seconds: float) -> AsyncIterator[None]:
    """The disk takes its time."""
    async with _injected(pid, database, _SYNCS, f"delay_enter={round(seconds * 1e6)}"):
        yield


@asynccontextmanager
async def _injected(pid: int, database: Path, calls: str, how: str) -> AsyncIterator[None]:
    """These system calls on the database's files do as strace's `inject` says. Skips the test where no process may be
    traced."""
    if not _may_trace():
        pytest.skip("system calls cannot be made to fail: no strace, or no process may be traced here")
    only = [f"--trace-path={database}{suffix}" for suffix in ("", "-wal")]
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            *only,
            f"--trace={calls}",
            f"--inject={calls}:{how}",
            "-p",
            str(pid),
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _traced(pid):
            assert tracer.poll() is None, "strace ended"
            await asyncio.sleep(0.01)
        yield
    finally:
        tracer.terminate()
        await asyncio.to_thread(tracer.wait, 10)


def _traced(pid: int) -> bool:
    """Whether all threads of a process are."""
    threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return not any("TracerPid:\t0\n" in status for status in threads)


@cache
def _may_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    with subprocess.Popen(["sleep", "60"]) as victim:
        tracer = subprocess.Popen(
            ["strace", "-qq", "-o", "/dev/null", "-p", str(victim.pid)], stderr=subprocess.DEVNULL
        )
        try:
            while not (may := _traced(victim.pid)) and tracer.poll() is None:
                pass
            return may
        finally:
            tracer.kill()
            tracer.wait()
            victim.kill()
