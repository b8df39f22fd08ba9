"""How long to wait after failures in a row."""


def growing(initial: float, failures: int) -> float:
    """The pause after `failures` (from 1) in a row: it doubles from `initial`, in the same unit."""
    return initial * 2.0 ** min(failures - 1, 32)
