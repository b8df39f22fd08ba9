"""UUIDv7 (RFC 9562 section 5.7): ids that sort by time and need no coordination."""

import os


class Ids:
    """Makes ids that only grow, also within one millisecond and when the clock goes back."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: int) -> str:
        """A new id for `now` (milliseconds since the epoch)."""
        # 48 bits of time, then 74 that start at random each millisecond and count up within it; the version and
        # variant bits are cut in below.
        value = self._last + 1
        if now > value >> 74:
            value = (now << 74) | int.from_bytes(os.urandom(9), "big")
        self._last = value
        high = value >> 62
        text = f"{high >> 12:012x}7{high & 0xFFF:03x}{(value & 0x3FFFFFFFFFFFFFFF) | 0x8000000000000000:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
