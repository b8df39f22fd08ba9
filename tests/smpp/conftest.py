"""A gateway wired to a sink, towards a peer that a test steers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from adapters.smpp.gateway import SmppGateway
from tests.loops import loops
from tests.smpp.nodejs import find_node
from tests.smpp.peer import Log, Peer, Sink, WallClock
from tests.smpp.values import operator

Open = Callable[..., Awaitable[SmppGateway]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[..., Any]]:
    return loops(config)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as one:
        yield one


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture(scope="session")
def node() -> str:
    return find_node()


@pytest.fixture
async def open_gateway(peer: Peer, sink: Sink, log: Log) -> AsyncIterator[Open]:
    """Start a gateway; `link` changes its link, other keywords its operator."""
    opened: list[SmppGateway] = []

    async def open(port: int | None = None, handshake: float = 5.0, link: dict[str, Any] | None = None, **fields: Any):
        given = operator(peer.port if port is None else port, link_changes=link, **fields)
        gateway = SmppGateway(given, sink, WallClock(), log, handshake=handshake)
        sink.gateway = gateway
        opened.append(gateway)
        await gateway.start()
        return gateway

    yield open
    for gateway in opened:
        await gateway.stop(0)
