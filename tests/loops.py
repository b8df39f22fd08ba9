"""The loops that tests of transports run on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop


def loops(config: pytest.Config) -> dict[str, Callable[..., Any]]:
    """Transports differ in what they do on a close, an abort and a pause: both must suit. Where deep tests are left
    out, it is the daemon's alone."""
    daemons = {"uvloop": uvloop.new_event_loop}
    return daemons if "not deep" in config.option.markexpr else {"asyncio": asyncio.SelectorEventLoop, **daemons}
