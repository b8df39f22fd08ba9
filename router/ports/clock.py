"""What the engine asks of the clock."""

from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """Wall clock, milliseconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump."""
