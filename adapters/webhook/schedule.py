"""When a failed POST is tried again."""

from typing import NamedTuple


class Schedule(NamedTuple):
    """Seconds. Pauses double from `initial` to `max`; after `patience` of failing there is one try every `parked`."""

    initial: float = 1.0
    max: float = 600.0
    patience: float = 72 * 3600.0
    parked: float = 3600.0


def pause(schedule: Schedule, failures: int, failing_for: float, jitter: float) -> float:
    """Seconds until the next try, after `failures` (from 1) in a row over `failing_for` seconds.

    `jitter` (0 to 1) takes a share of the whole pause ("full jitter"), so that many accounts behind one receiver
    do not come back at once; while parked the pause is the interval itself.
    """
    if failing_for >= schedule.patience:
        return schedule.parked
    doublings = min(failures - 1, 32)
    return jitter * min(schedule.max, schedule.initial * 2.0**doublings)
