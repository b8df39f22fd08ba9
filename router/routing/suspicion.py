"""Receipts that are too good to be true. Nothing is changed by that: it is shown to whoever buys from the operator."""

from collections.abc import Mapping
from typing import Literal

from router.routing.quality import Sums

Check = Literal["too_fast", "constant_delay", "all_delivered"]
CHECKS: tuple[Check, ...] = ("too_fast", "constant_delay", "all_delivered")

_ENOUGH = 50
_ENOUGH_DELIVERED = 200
_CONSTANT = 0.95


def suspicions(sums: Sums, delays: Mapping[int, int]) -> list[Check]:
    """What is odd about an operator's receipts for a network; `delays` as `Statistics.delays` counts them.

    `too_fast`: the median of 50 or more comes less than half a second after acceptance, when no handset can have
    answered. `constant_delay`: of 50 or more, 95 % come within eight per cent of one delay. `all_delivered`: of 200 or
    more not one has failed.
    """
    found: list[Check] = []
    count = sum(delays.values())
    if count >= _ENOUGH and sum(number for step, number in delays.items() if step < 0) * 2 > count:
        found.append("too_fast")
    if count >= _ENOUGH and _most_alike(delays) >= _CONSTANT * count:
        found.append("constant_delay")
    if sums.delivered >= _ENOUGH_DELIVERED and not sums.failed and not sums.unknown:
        found.append("all_delivered")
    return found


def _most_alike(delays: Mapping[int, int]) -> int:
    """Receipts of three neighbouring steps of delay, where they are most."""
    return max(sum(delays.get(step + by, 0) for by in (-1, 0, 1)) for step in delays)
