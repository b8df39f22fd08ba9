"""Waiting for what a turn of the event loop brings, with the processor left to the store's threads in between."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from selectors import BaseSelector
from typing import Any

LONGEST = 0.005
"""Seconds after which a condition is asked again though the loop had nothing to do: it may hang on something else."""


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Go on at the first turn after which `condition` holds: nothing is missed that holds for one turn only."""
    async with asyncio.timeout(seconds):
        selector = getattr(asyncio.get_running_loop(), "_selector", None)
        if selector is None:  # uvloop
            while not condition():
                await asyncio.sleep(0.001)
        elif not condition():
            await _watch(selector).hold(condition)


class _Watch:
    """Stands where the loop asks its selector what happened, which it does once a turn, when all else is done."""

    def __init__(self, selector: BaseSelector) -> None:
        self._select = selector.select
        self._waiting: dict[Future[None], Callable[[], Any]] = {}

    async def hold(self, condition: Callable[[], Any]) -> None:
        held: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[held] = condition
        try:
            await held
        finally:
            del self._waiting[held]

    def __call__(self, timeout: float | None = None) -> Any:
        for held, condition in self._waiting.items():
            if not held.done():
                try:
                    if condition():
                        held.set_result(None)
                except Exception as error:
                    held.set_exception(error)
            if held.done():
                timeout = 0
        if self._waiting:
            timeout = LONGEST if timeout is None else min(timeout, LONGEST)
        return self._select(timeout)


def _watch(selector: Any) -> _Watch:
    if not isinstance(selector.select, _Watch):
        selector.select = _Watch(selector)
    watch: _Watch = selector.select
    return watch
