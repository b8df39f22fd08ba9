"""Lists, 25 things a page (TP-10)."""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.operation import Asked
from adapters.gateways.textiopro.shapes import Link, Page

PER_PAGE = 25
_LAST = 10**9
# As the framework does it: so many pages either side of the one that is shown, and two at each end.
_SIDE = 3
_ALL = 2 * _SIDE + 8
_NEAR = _SIDE + 4


class Wanted:
    """The page that a request asks for; what is no number of a page is the first."""

    def __init__(self, asked: Asked) -> None:
        given: Parameters = asked.read
        self.number = _number(given.values.get("page"))
        self.offset = (self.number - 1) * PER_PAGE
        # The query may hold a token, so nothing of it is repeated.
        request = asked.raw
        scheme = "https" if request.headers.get("X-Forwarded-Proto", "").lower() == "https" else request.scheme
        self._path = f"{scheme}://{request.headers.get('Host', 'localhost')}{request.path.rstrip('/')}"

    def cut(self, items: Sequence[Any], total: int) -> Page:
        """The page with these things of so many."""
        last = max(1, -(-total // PER_PAGE))
        before = self._url(self.number - 1) if self.number > 1 else None
        behind = self._url(self.number + 1) if self.number < last else None
        return Page(
            self.number,
            list(items),
            self._url(1),
            self.offset + 1 if items else None,
            last,
            self._url(last),
            [
                Link(before, "&laquo; Previous", False),
                *(self._link(number) for number in _shown(self.number, last)),
                Link(behind, "Next &raquo;", False),
            ],
            behind,
            self._path,
            PER_PAGE,
            before,
            self.offset + len(items) if items else None,
            total,
        )

    def _url(self, number: int) -> str:
        return f"{self._path}?page={number}"

    def _link(self, number: int | None) -> Link:
        if number is None:
            return Link(None, "...", False)
        return Link(self._url(number), str(number), number == self.number)


def _shown(current: int, last: int) -> Iterator[int | None]:
    """Which pages there are links to; None for those left out."""
    if last < _ALL:
        yield from range(1, last + 1)
        return
    if current <= _NEAR:
        first, end = 1, _NEAR + _SIDE
    elif current > last - _NEAR:
        first, end = last - _NEAR - _SIDE + 1, last
    else:
        first, end = current - _SIDE, current + _SIDE
    if first > 1:
        yield from (1, 2, None)
    yield from range(first, end + 1)
    if end < last:
        yield from (None, last - 1, last)


def _number(given: Any) -> int:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        given = int(given)
    valid = isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= _LAST
    return given if valid else 1
