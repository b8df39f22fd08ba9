from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.operators import contract
from tests.operators.sides import SmtpSide


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[SmtpSide]:
    one = SmtpSide(tmp_path)
    yield one
    await one.stop()
    await one.close()


class TestGateway(contract.GatewayContract):
    pass


class TestPath(contract.PathContract):
    pass
