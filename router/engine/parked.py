"""Receipts that matched nothing yet: too early, or for nobody."""

from collections import defaultdict

from router.receipt import Receipt


class Parked:
    """Found by every key under which their part may still turn up, and by the number they are about; oldest first.

    Of `most` in memory the oldest leave first; in the store they stay.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: dict[Receipt, list[str]] = {}
        self._under: defaultdict[tuple[str, str], list[Receipt]] = defaultdict(list)
        self._about: defaultdict[tuple[str, str], list[Receipt]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __contains__(self, receipt: Receipt) -> bool:
        return receipt in self._keys

    def under(self, operator: str, key: str) -> list[Receipt]:
        return list(self._under.get((operator, key), ()))

    def about(self, operator: str, to: str) -> list[Receipt]:
        """`to` is digits only."""
        return list(self._about.get((operator, to), ()))

    def add(self, receipt: Receipt, keys: list[str]) -> None:
        if receipt in self._keys:
            return
        if len(self._keys) >= self._most:
            self.remove(next(iter(self._keys)))
        self._keys[receipt] = keys
        for key in keys:
            self._under[receipt.operator, key].append(receipt)
        self._about[receipt.operator, receipt.to].append(receipt)

    def remove(self, receipt: Receipt) -> None:
        for key in self._keys.pop(receipt):
            _remove(self._under, (receipt.operator, key), receipt)
        _remove(self._about, (receipt.operator, receipt.to), receipt)

    def expire(self, before: int) -> list[Receipt]:
        """Let go of those that came before a time (ms), and give them back."""
        expired = []
        while self._keys:
            oldest = next(iter(self._keys))
            if oldest.received_at >= before:
                break
            self.remove(oldest)
            expired.append(oldest)
        return expired


def _remove(index: defaultdict[tuple[str, str], list[Receipt]], place: tuple[str, str], receipt: Receipt) -> None:
    held = index[place]
    held.remove(receipt)
    if not held:
        del index[place]
