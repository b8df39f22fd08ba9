"""Which network a number is with today, asked of the sources in their order before a message is routed.

Nothing that a source does is a reason to refuse a message or to keep it waiting: where none finds the network, the
number's prefix tells it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from router.ports.clock import Clock
from router.ports.lookups import Found, NumberLookup
from router.ports.watching import Metrics

Answers = Mapping[tuple[str, str], Found]
"""What was asked for and waited for: by the name of the source and the number."""

NO_ANSWERS: Answers = {}
_GRACE = 0.02
_BROKEN = Found(error="lookup_failed")
_LATE = Found(error="lookup_timeout")


class LookedUp(NamedTuple):
    """The network (MCC, MNC) and who found it; or None and why: a code, "prefix" where no source knows the number."""

    network: tuple[str, str] | None
    how: str


class Lookups:
    def __init__(self, sources: Sequence[NumberLookup], clock: Clock, metrics: Metrics, log: Any) -> None:
        self.sources: tuple[NumberLookup, ...] = ()
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._broken: set[str] = set()
        self.waits = False
        self.configure(sources)

    def configure(self, sources: Sequence[NumberLookup]) -> None:
        """Ask these from now on. `waits` says whether any of them takes its time."""
        self.sources = tuple(sources)
        self.waits = any(source.budget for source in sources)
        self._broken.clear()

    async def ask(self, numbers: Iterable[str]) -> Answers:
        """Wait for what `find` cannot know at once, all together and never longer than a source's budget."""
        asked: dict[NumberLookup, list[str]] = {}
        for number in set(numbers):
            for source in self.sources:
                found = self._known(source, number)
                if found is None:
                    asked.setdefault(source, []).append(number)
                    break
                if found.network is not None:
                    break
        if not asked:
            return NO_ANSWERS
        answers: dict[tuple[str, str], Found] = {}
        for answered in await asyncio.gather(*(self._ask(source, every) for source, every in asked.items())):
            answers.update(answered)
        return answers

    def find(self, number: str, answers: Answers = NO_ANSWERS) -> LookedUp | None:
        """What is known of a number, with the `answers` that were waited for; None where there is nobody to ask."""
        if not self.sources:
            return None
        why = "prefix"
        for source in self.sources:
            found = answers.get((source.name, number)) if answers else None
            if found is None:
                found = self._known(source, number) or _LATE
                self._metrics.lookup(source.name, _result(found, "cached" if source.budget else "found"))
            if found.network is not None:
                return LookedUp(found.network, source.name)
            why = found.error or why
        return LookedUp(None, why)

    async def _ask(self, source: NumberLookup, numbers: list[str]) -> dict[tuple[str, str], Found]:
        began = self._clock.monotonic()
        try:
            # The source keeps its budget itself; this holds where it does not.
            async with asyncio.timeout(source.budget + _GRACE):
                answered = await source.ask(numbers)
        except TimeoutError:
            answered = {}
        except Exception as error:
            self._report(source, error)
            answered = dict.fromkeys(numbers, _BROKEN)
        self._metrics.lookup_seconds(self._clock.monotonic() - began)
        found = {number: answered.get(number, _LATE) for number in numbers}
        for one in found.values():
            self._metrics.lookup(source.name, _result(one, "found"))
        return {(source.name, number): one for number, one in found.items()}

    def _known(self, source: NumberLookup, number: str) -> Found | None:
        try:
            return source.known(number)
        except Exception as error:
            self._report(source, error)
            return _BROKEN

    def _report(self, source: NumberLookup, error: Exception) -> None:
        # Once for each kind of error: there may be one per message. Its own words may hold the number.
        kind = f"{source.name} {type(error).__name__}"
        if kind not in self._broken:
            self._broken.add(kind)
            self._log.error("lookup_broken", source=source.name, error=type(error).__name__)


def _result(found: Found, success: str) -> str:
    """The value of the label: found, cached, none, timeout, failed, unreadable, unknown, busy, unavailable."""
    if found.network is not None:
        return success
    return found.error.removeprefix("lookup_") if found.error is not None else "none"
