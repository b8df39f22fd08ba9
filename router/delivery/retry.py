"""How long to wait before trying again."""

from router.operator import Retry


def pause(retry: Retry, attempt: int, jitter: float) -> float:
    """Seconds before the next attempt after `attempt` (from 1) failed: doubling from `initial` up to `max`.

    `jitter` in [0, 1) takes away up to a quarter, so that what failed together does not return together.
    """
    grown = min(retry.max, retry.initial * 2.0 ** min(attempt - 1, 32))
    return grown * (1.0 - 0.25 * jitter)
