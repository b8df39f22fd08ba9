"""What a run needs: a folder and, as processes, the simulator, a gateway under test, an event sink and the load."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from shlex import split
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from router.cli import children
from router.cli.bench import load, sink
from router.cli.bench.options import Options
from router.cli.bench.requests import ToKannel, ToRouter
from router.cli.bench.talker import Talker, talker


class Gateway(msgspec.Struct, frozen=True):
    """What is measured, running: its processes by name, in the order in which they were started, the port for submits
    and how they are written.

    `events` is how the sink hears what became of a message; `metrics` reads its counters where it has any.
    """

    processes: dict[str, asyncio.subprocess.Process]
    port: int
    dialect: ToRouter | ToKannel
    events: sink.Setup
    metrics: Callable[[], Awaitable[dict[str, float]]] | None = None


StartGateway = Callable[[Options, Path, int, int], AbstractAsyncContextManager[Gateway]]
"""Starts one in a folder, for a simulated operator on one port and an event sink on another. Raises Failed."""


class World(msgspec.Struct, frozen=True):
    folder: Path
    gateway: Gateway
    simulator: Talker[Any]
    sink: Talker[sink.Told]
    load: Talker[load.Told]

    @property
    def pids(self) -> dict[str, int]:
        others = {"simulator": self.simulator, "load": self.load, "sink": self.sink}
        return {name: process.pid for name, process in self.gateway.processes.items()} | {
            name: talker.process.pid for name, talker in others.items()
        }

    @property
    def submits(self) -> Path:
        """What came to the simulator, once that has ended."""
        return self.folder / "submits"

    async def stop(self) -> None:
        """End the gateway, then the simulator; what they still had to say has been said then."""
        for process in reversed(self.gateway.processes.values()):
            await children.end(process)
        await children.end(self.simulator.process)


@asynccontextmanager
async def world(options: Options, start: StartGateway) -> AsyncIterator[World]:
    """Everything up. Raises Failed."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="carrier-router-bench-", dir=options.folder)))
        told = ("--port", "0", "--json", "--submits", str(folder / "submits"), "--window", str(options.window))
        arguments = ("simulate", "smsc", *told, *split(options.smsc))
        simulator = await stack.enter_async_context(
            talker(folder / "simulator.log", "router", *arguments, told=dict[str, Any])
        )
        smsc = int(simulator.last["listening"].rpartition(":")[2])
        gateway = await stack.enter_async_context(start(options, folder, smsc, children.free_port()))
        receiver = await stack.enter_async_context(
            talker(folder / "sink.log", sink.__name__, told=sink.Told, setup=gateway.events)
        )
        setup = load.Setup(gateway.port, options.connections, gateway.dialect)
        sender = await stack.enter_async_context(
            talker(folder / "load.log", load.__name__, told=load.Told, setup=setup)
        )
        yield World(folder, gateway, simulator, receiver, sender)
