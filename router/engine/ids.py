"""UUIDv7 (RFC 9562 section 5.7): ids that sort by time and need no coordination."""

import os

_RANDOM = (1 << 47) - 1
_CHANCE = 10
"""Octets for one millisecond. So many are asked of the system at once, for asking takes longer than the rest."""
_AT_ONCE = 400 * _CHANCE


class Ids:
    """Makes ids that only grow, also within one millisecond and when the clock goes back; all greater than `after`."""

    __slots__ = ("_chances", "_low", "_now", "_prefix", "_used")

    def __init__(self, after: str | None = None) -> None:
        self._now = 0
        self._prefix = ""
        self._low = 0
        self._chances = b""
        self._used = 0
        if after is not None:
            self._now = int(after[:8] + after[9:13], 16)
            self._prefix = after[:24]
            self._low = int(after[24:], 16)

    def next(self, now: int) -> str:
        """A new id for `now` (milliseconds since the epoch)."""
        if now > self._now:
            # Random at the start of each millisecond, counted up within it; the top bit is left for the counting.
            if self._used == len(self._chances):
                self._chances, self._used = os.urandom(_AT_ONCE), 0
            chance = int.from_bytes(self._chances[self._used : self._used + _CHANCE], "big")
            self._used += _CHANCE
            self._now = now
            text = f"{now:012x}"
            self._prefix = f"{text[:8]}-{text[8:]}-7{chance >> 68:03x}-{0x8000 | chance >> 48 & 0x3FFF:04x}-"
            self._low = chance & _RANDOM
        self._low += 1
        return f"{self._prefix}{self._low:012x}"
