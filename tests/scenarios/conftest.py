from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.processes import Processes
from tests.scenarios.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with Processes() as processes:
        async with World(tmp_path, processes) as world:
            yield world
