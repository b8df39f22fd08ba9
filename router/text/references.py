"""Reference numbers of long messages (3GPP TS 23.040, 9.2.3.24.1): one phone must never join parts of two of them."""

_REMEMBERED = 100_000
_PACE_MS = 2_000


class References:
    """Counts for every destination on its own, so that a number comes back after as many long messages to the same
    phone as there are numbers: 65536, or 256 where only the lower octet is sent.

    Nothing is stored. A destination that was not met since the start, or longer ago than `remembered` others, goes
    on from a number that follows the clock: it grows by one in two seconds, faster than anyone is sent long
    messages for long, and comes round after 8 minutes and a half (8 bits) or a day and a half (16 bits). By then a
    phone has long joined what it can.
    """

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._last: dict[str, int] = {}

    def next(self, to: str, now: int) -> int:
        """The reference for one more long message to this destination, 1 to 65536 (of which the low 8 or 16 bits are
        sent); `now` in ms."""
        last = self._last.pop(to, None)
        if last is None:
            last = now // _PACE_MS
            if len(self._last) >= self._remembered:
                del self._last[next(iter(self._last))]
        reference = self._last[to] = last % 0x10000 + 1
        return reference
