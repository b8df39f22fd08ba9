"""How much memory the bodies of all requests under way may take together."""

from collections import defaultdict

from router.refusal import Refusal

LEAST = 64 * 1024 * 1024
"""Octets that there are in any case."""

LARGEST = 8
"""So many bodies of the largest size fit."""


class Room:
    """Octets are taken before they are kept and given back with the answer; one account may have half of them."""

    def __init__(self, max_body: int) -> None:
        self._free = self._all = max(LEAST, LARGEST * max_body)
        self._of: defaultdict[str, int] = defaultdict(int)

    def take(self, who: str, octets: int) -> None:
        """Raises Refusal overloaded; then nothing was taken."""
        mine = self._of[who]
        if octets > self._free or mine + octets > self._all // 2:
            raise Refusal("overloaded", "too many large requests are under way; try again", retry_after=1.0)
        self._free -= octets
        self._of[who] = mine + octets

    def give_back(self, who: str, octets: int) -> None:
        self._free += octets
        self._of[who] -= octets
        if not self._of[who]:
            del self._of[who]
