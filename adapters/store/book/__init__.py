"""The Book of the gateway domain in the store's own database; the contract is router.book."""

from apsw import Connection

from adapters.store.book.keys import SqliteKeys
from adapters.store.book.sends import SqliteSends
from adapters.store.sqlite import SqliteStore
from router.book import KeysOfAccounts, Sends

# Every table whose rows have numbers of the Book.
_NUMBERED = ("sends",)


class SqliteBook:
    """Over an SqliteStore, whose writer and readers it uses."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._last = 0
        self.sends: Sends = SqliteSends(store)
        self._keys = SqliteKeys(store)
        self.keys: KeysOfAccounts = self._keys

    async def open(self) -> None:
        self._last = await self._store.read(_last_no)
        await self._keys.open()

    def next_no(self) -> int:
        self._last += 1
        return self._last


def _last_no(connection: Connection) -> int:
    last: int = max(connection.execute(f"SELECT ifnull(max(no), 0) FROM {table}").get for table in _NUMBERED)
    return last
