"""A gateway wired to a sink, towards a mail server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from adapters.smtp.connection import Patience
from adapters.smtp.gateway import SmtpGateway
from router.operator import Retry
from tests.loops import loops
from tests.smpp.peer import Log, Sink, WallClock
from tests.smtp.server import MailServer
from tests.smtp.values import operator

PATIENT = Patience(5, 5, 5)
Open = Callable[..., Awaitable[SmtpGateway]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[..., Any]]:
    return loops(config)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer() as one:
        yield one


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def open_gateway(sink: Sink, log: Log) -> AsyncIterator[Open]:
    """Start a gateway; `link` changes its link, other keywords its operator."""
    opened: list[SmtpGateway] = []

    async def open(
        port: int, link: dict[str, Any] | None = None, patience: Patience = PATIENT, **fields: Any
    ) -> SmtpGateway:
        given = operator(port, link_changes=link, **fields)
        gateway = SmtpGateway(given, sink, WallClock(), log, patience=patience, reconnect=Retry(0.01, 0.05))
        sink.gateway = gateway
        opened.append(gateway)
        await gateway.start()
        return gateway

    yield open
    for gateway in opened:
        await gateway.stop(0)
