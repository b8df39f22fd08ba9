"""Property tests run the same examples each time: what fails here fails everywhere."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import leaks

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("steady"), max_examples=20)
settings.load_profile("steady")

# Thousands of stores that live for a moment: in memory where there is room, for no power goes out in a test.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session", autouse=True)
def nothing_leaks() -> Iterator[None]:
    """At the end every log that a daemon of this session wrote is searched for what must not be in it."""
    yield
    found = {str(log): lines for log in leaks.LOGS if log.exists() and (lines := leaks.leaks(log.read_text()))}
    assert not found


def pytest_collection_finish() -> None:
    """What was collected stays until the end; the garbage collector need not look at it again and again."""
    gc.freeze()
