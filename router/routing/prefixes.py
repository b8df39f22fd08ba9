"""Longest-prefix match over digit strings."""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class PrefixTable(Generic[T]):
    """A frozen map from digit prefixes to values; "" matches every number."""

    __slots__ = ("_lengths", "_values")

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        self._values = dict(items)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._values}, reverse=True))

    def __len__(self) -> int:
        return len(self._values)

    def longest(self, digits: str) -> T | None:
        """The value of the longest prefix of `digits` in the table."""
        values = self._values
        for length in self._lengths:
            prefix = digits[:length]
            if prefix in values:
                return values[prefix]
        return None
