"""When the next notice is posted to a webhook that failed."""

import asyncio
from typing import Any

import pytest

from adapters.gateways.domain.hook import Hook
from adapters.gateways.events.teller import Patience, Teller
from router.gateway.records import Notice
from tests.engine.rig import LOG

NOTICE = Notice("acme", "sms", "1", 0, b"{}")


@pytest.mark.parametrize(
    ("rest", "posting", "least", "most"),
    [
        (-0.001, (), 0.0, 0.0),  # it ended between the look whether to begin and the wait
        (5.0, (), 4.0, 5.0),
        (5.0, ("a post",), 4.0, 5.0),
        (-0.001, ("a post",), None, None),  # its end wakes us
    ],
)
async def test_a_notice_that_is_ready_never_waits_for_ever(
    rest: float, posting: tuple[str, ...], least: float | None, most: float | None
) -> None:
    unused: Any = None
    hook = Hook("http://receiver.example/", b"secret", lambda secret, body: {})
    teller = Teller("acme", "sms", hook, (), unused, unused, LOG, Patience())
    teller._ready.append(NOTICE)
    teller._quiet_until = asyncio.get_running_loop().time() + rest
    pause = teller._pause(posting)
    assert pause is None if least is None or most is None else least <= pause <= most
