"""Kannel (bearerbox and smsbox) as the gateway under test: spool store, receipts to a dlr-url."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from shutil import which
from time import monotonic
from typing import Final

from router.cli import children
from router.cli.bench import sink
from router.cli.bench.messages import text
from router.cli.bench.options import Options
from router.cli.bench.requests import ToKannel
from router.cli.bench.world import Gateway

MISSING: Final = "Kannel is not installed, so there is nothing to compare with: apt-get install kannel"

_PLACES: Final = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
_USER: Final = "bench"
_ERRORS: Final = "3"
_READY: Final = 20.0
"""Seconds until smsbox must take a submit and all binds must be up."""


def boxes() -> tuple[str, str] | None:
    """bearerbox and smsbox, None where one of them is missing."""
    found = [which(name) or which(name, path=_PLACES) for name in ("bearerbox", "smsbox")]
    bearerbox, smsbox = found
    return (bearerbox, smsbox) if bearerbox and smsbox else None


@asynccontextmanager
async def kannel(options: Options, folder: Path, smsc: int, events: int) -> AsyncIterator[Gateway]:
    """Both boxes, bound and ready. Raises Failed."""
    found = boxes()
    if found is None:
        raise children.Failed(MISSING)
    admin, boxes_port, port = (children.free_port() for _ in range(3))
    (folder / "spool").mkdir()
    path = folder / "kannel.conf"
    path.write_text(configuration(options, folder, smsc, admin, boxes_port, port))
    async with AsyncExitStack() as stack:
        processes = {}
        # smsbox gives up where it cannot reach bearerbox at once.
        for name, binary, ready in zip(("bearerbox", "smsbox"), found, (boxes_port, port), strict=True):
            log = folder / f"{name}.log"
            command = (binary, "--verbosity", _ERRORS, str(path))  # else it writes forty lines a message
            processes[name] = await stack.enter_async_context(children.program(*command, log=log))
            await _listening(name, processes[name], ready, log)
        dialect = ToKannel(
            _USER,
            _USER,
            text(options.encoding, options.length),
            options.encoding.value,
            f"http://127.0.0.1:{events}/receipt",
        )
        yield Gateway(processes, port, dialect, sink.Setup(sink.Kind.KANNEL, events, []))


def configuration(options: Options, folder: Path, smsc: int, admin: int, boxes_port: int, port: int) -> str:
    """One file for both boxes. Every bind is a group of its own, as Kannel wants it."""
    groups: list[dict[str, object]] = [
        {
            "group": "core",
            "admin-port": admin,
            "admin-interface": "127.0.0.1",
            "admin-password": _USER,
            "smsbox-port": boxes_port,
            "smsbox-interface": "127.0.0.1",
            "store-type": "spool",
            "store-location": folder / "spool",
        },
        *(
            {
                "group": "smsc",
                "smsc": "smpp",
                "smsc-id": f"operator-{operator}",
                "host": "127.0.0.1",
                "port": smsc,
                "transceiver-mode": "yes",
                "smsc-username": f"bench-{operator}",
                "smsc-password": "bench",
                "system-type": "SMPP",
                "max-pending-submits": options.window,
            }
            for operator in range(options.operators)
            for _ in range(options.binds)
        ),
        {
            "group": "smsbox",
            "bearerbox-host": "127.0.0.1",
            "sendsms-port": port,
            "sendsms-interface": "127.0.0.1",
        },
        {
            "group": "sendsms-user",
            "username": _USER,
            "password": _USER,
            "concatenation": "yes",
            "max-messages": 10,
        },
    ]
    return "\n".join("".join(f"{name} = {value}\n" for name, value in group.items()) for group in groups)


async def _listening(name: str, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    ends = monotonic() + _READY
    while process.returncode is None and monotonic() < ends:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise children.Failed(f"{name} does not start:\n{children.last_words(log)}")
