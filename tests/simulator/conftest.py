from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from adapters.simulator.smsc import Smsc, SmscOptions
from tests.simulator.esme import Esme


class World:
    """An SMSC and the ESMEs connected to it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.port = 0

    async def smsc(self, on_submit=None, **options) -> Smsc:
        smsc = Smsc(SmscOptions(**{"receipt_delay": 0.005, "first_id": 305_419_896} | options), on_submit)
        self.port = await smsc.start()
        self._stack.push_async_callback(smsc.stop)
        return smsc

    async def connect(self) -> Esme:
        esme = await Esme.connect(self.port)
        self._stack.push_async_callback(esme.close)
        return esme

    async def bound(self, **bind) -> Esme:
        esme = await self.connect()
        assert (await esme.bind(**bind)).status == 0
        return esme


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(stack)
