"""How Texify's lists are cut into pages."""

from adapters.gateways.texify.shapes import MOST_ITEMS, Paging


class Wanted:
    """A page as a client asks for it, and where it lies."""

    def __init__(self, page: int, limit: int) -> None:
        self._page = page
        self.limit = min(limit, MOST_ITEMS)
        self.offset = (page - 1) * self.limit

    def paging(self, total: int) -> Paging:
        return Paging(self._page, self.limit, total, -(-total // self.limit))
