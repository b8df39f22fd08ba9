"""What is done about errors of our own: they are told, and stay where they happened."""

import asyncio
from collections.abc import Awaitable, Callable
from traceback import extract_tb
from typing import Any

_REST = 1.0


def described(error: BaseException) -> dict[str, Any]:
    """An error for the log, by type and place alone: its message may hold a text or a number."""
    places = [f"{place.filename}:{place.lineno} {place.name}" for place in extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "at": places[-5:]}


async def keep_up(work: Callable[[], Awaitable[None]], log: Any) -> None:
    """Have something done for as long as the daemon runs: what breaks it is told, and it begins anew a second later."""
    while True:
        try:
            await work()
        except Exception as error:
            log.error("work_broke", **described(error))
        await asyncio.sleep(_REST)
