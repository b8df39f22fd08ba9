"""UUIDv7 (RFC 9562 section 5.7): ids that sort by time and need no coordination."""

import os

_RANDOM = (1 << 61) - 1
_VARIANT = 1 << 63


class Ids:
    """Makes ids that only grow, also within one millisecond and when the clock goes back; all greater than `after`."""

    __slots__ = ("_low", "_now", "_prefix")

    def __init__(self, after: str | None = None) -> None:
        self._now = 0
        self._prefix = ""
        self._low = 0
        if after is not None:
            self._now = int(after[:8] + after[9:13], 16)
            self._prefix = after[:19]
            self._low = int(after[19:23] + after[24:], 16)

    def next(self, now: int) -> str:
        """A new id for `now` (milliseconds since the epoch)."""
        if now > self._now:
            # Random at the start of each millisecond, counted up within it; the top bit is left for the counting.
            chance = int.from_bytes(os.urandom(10), "big")
            self._now = now
            text = f"{now:012x}"
            self._prefix = f"{text[:8]}-{text[8:]}-7{chance >> 68:03x}-"
            self._low = _VARIANT | (chance & _RANDOM)
        self._low += 1
        low = f"{self._low:016x}"
        return f"{self._prefix}{low[:4]}-{low[4:]}"
