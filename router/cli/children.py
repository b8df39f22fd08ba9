"""Child processes of a command that brings its own daemon: each ends with the context it was started in."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

START = 20.0
STOP = 10.0
"""Seconds a daemon may take to be ready, and any child to end."""

LIMIT = 1 << 20
"""Octets that a line of a child's output may have."""


class Failed(Exception):
    """What did not work, in words for the person at the terminal."""


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def last_words(log: Path) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


@asynccontextmanager
async def python(
    module: str, *arguments: str, log: Path, talks: bool = False, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m module arguments`; what it says goes to `log`, but for standard output where it `talks` by pipes."""
    async with program(
        *(sys.executable, "-m", module, *arguments), log=log, talks=talks, environment=environment
    ) as process:
        yield process


@asynccontextmanager
async def program(
    *command: str, log: Path, talks: bool = False, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Any other command, likewise."""
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **(environment or {})},
            stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if talks else written,
            stderr=written,
            limit=LIMIT,
            start_new_session=True,  # Ctrl-C is for the parent, which then ends its children in order
        )
    try:
        yield process
    finally:
        await end(process)


@asynccontextmanager
async def daemon(
    folder: Path, url: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A ready daemon with the router.yaml of `folder`, its log in daemon.log beside it. Raises Failed."""
    log = folder / "daemon.log"
    async with python(
        "router", "serve", "-c", str(folder / "router.yaml"), log=log, environment=environment
    ) as process:
        try:
            async with asyncio.timeout(START):
                await _ready(process, url)
        except TimeoutError:
            raise Failed(f"the daemon is not ready after {START:.0f} s:\n{last_words(log)}") from None
        if process.returncode is not None:
            raise Failed(f"the daemon ended with {process.returncode}:\n{last_words(log)}")
        yield process


async def end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, and where that does not help SIGKILL."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, url: str) -> None:
    async with ClientSession(timeout=ClientTimeout(total=2)) as session:
        while process.returncode is None:
            try:
                async with session.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.05)
