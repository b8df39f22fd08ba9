"""The Book of the gateway domain in the store's own database; the contract is router.book."""

from functools import partial

from adapters.store.book.contacts import SqliteContacts
from adapters.store.book.groups import SqliteGroups
from adapters.store.book.sends import SqliteSends
from adapters.store.book.templates import SqliteTemplates
from adapters.store.numbers import last
from adapters.store.sqlite import SqliteStore
from router.book import Contacts, Groups, Sends, Templates

# Every table whose rows have numbers of the Book. Who deletes rows tells `numbers.used`.
_NUMBERED = ("sends", "contacts", "contact_groups", "templates")


class SqliteBook:
    """Over an SqliteStore, whose writer and readers it uses."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._last = 0
        self._groups = SqliteGroups(store)
        self.sends: Sends = SqliteSends(store)
        self.contacts: Contacts = SqliteContacts(store)
        self.groups: Groups = self._groups
        self.templates: Templates = SqliteTemplates(store)

    async def open(self) -> None:
        await self._groups.sweep()
        self._last = await self._store.read(partial(last, tables=_NUMBERED))

    def next_no(self) -> int:
        self._last += 1
        return self._last
