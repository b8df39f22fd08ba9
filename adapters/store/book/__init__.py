"""The Book of the gateway domain in the store's own database; the contract is router.book."""

from functools import partial

from adapters.store.book.campaigns import SqliteCampaigns
from adapters.store.book.codes import SqliteCodes
from adapters.store.book.contacts import SqliteContacts
from adapters.store.book.groups import SqliteGroups
from adapters.store.book.history import SqliteHistory
from adapters.store.book.inbound import SqliteInbound
from adapters.store.book.keys import SqliteKeys
from adapters.store.book.notices import SqliteNotices
from adapters.store.book.secret import secret_beside
from adapters.store.book.sends import SqliteSends
from adapters.store.book.templates import SqliteTemplates
from adapters.store.book.tickets import SqliteTickets
from adapters.store.book.usage import SqliteUsage
from adapters.store.numbers import last
from adapters.store.sqlite import SqliteStore
from router.book import (
    Campaigns,
    Codes,
    Contacts,
    Groups,
    History,
    Inbound,
    KeysOfAccounts,
    Notices,
    Sends,
    Templates,
    Tickets,
    Usage,
)

# Every table whose rows have numbers of the Book. Who deletes rows tells `numbers.used`.
_NUMBERED = ("sends", "contacts", "contact_groups", "templates", "campaigns", "codes", "inbound", "tickets")


class SqliteBook:
    """Over an SqliteStore, whose writer and readers it uses."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._last = 0
        self.secret = b""
        self._groups = SqliteGroups(store)
        self._keys = SqliteKeys(store)
        self.sends: Sends = SqliteSends(store)
        self.keys: KeysOfAccounts = self._keys
        self.contacts: Contacts = SqliteContacts(store)
        self.groups: Groups = self._groups
        self.templates: Templates = SqliteTemplates(store)
        self.campaigns: Campaigns = SqliteCampaigns(store)
        self.codes: Codes = SqliteCodes(store)
        self.inbound: Inbound = SqliteInbound(store)
        self.history: History = SqliteHistory(store)
        self.notices: Notices = SqliteNotices(store)
        self._tickets = SqliteTickets(store)
        self.tickets: Tickets = self._tickets
        self.usage: Usage = SqliteUsage(store)

    async def open(self) -> None:
        self.secret = secret_beside(self._store.path)
        await self._groups.sweep()
        await self._keys.open()
        await self._tickets.sweep()
        self._last = await self._store.read(partial(last, tables=_NUMBERED))

    def next_no(self) -> int:
        self._last += 1
        return self._last
