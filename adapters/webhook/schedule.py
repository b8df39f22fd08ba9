"""When a failed POST is tried again."""

from typing import NamedTuple

from adapters.hooks.pauses import growing


class Schedule(NamedTuple):
    """Seconds. Pauses double from `initial` to `max`; once the oldest event has waited for `patience` too, there is one
    try every `parked`."""

    initial: float = 1.0
    max: float = 600.0
    patience: float = 72 * 3600.0
    parked: float = 3600.0


def is_parked(schedule: Schedule, failures: int, waited: float) -> bool:
    """Whether tries become rare: after `failures` (from 1) in a row, the oldest event having waited `waited` seconds.

    An event's own time survives restarts without a word to the store. What was off for days is first tried anew at
    growing pauses before it counts as parked.
    """
    return waited >= schedule.patience and growing(schedule.initial, failures) >= schedule.max


def pause(schedule: Schedule, failures: int, waited: float, jitter: float) -> float:
    """Seconds until the next try, after `failures` (from 1) in a row, the oldest event having waited `waited` seconds.

    `jitter` (0 to 1) takes a share of the whole pause ("full jitter"), so that many accounts behind one receiver
    do not come back at once; while parked the pause is the interval itself.
    """
    if is_parked(schedule, failures, waited):
        return schedule.parked
    return jitter * min(schedule.max, growing(schedule.initial, failures))
