"""Property tests run the same examples each time: what fails here fails everywhere."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import leaks

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("steady"), max_examples=30)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def nothing_leaks() -> Iterator[None]:
    """At the end every log that a daemon of this session wrote is searched for what must not be in it."""
    yield
    found = {str(log): lines for log in leaks.LOGS if log.exists() and (lines := leaks.leaks(log.read_text()))}
    assert not found
