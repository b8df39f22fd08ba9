"""The lists and templates that an account has, as its administrator and its own handsets keep them."""

from collections.abc import Sequence

from msgspec import Struct

from router.account import Account
from router.book import Book
from router.engine.opt_outs import OptOuts
from router.engine.running import Running
from router.gateway.records import Address, Contact, Group, Template
from router.ports.clock import Clock
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from router.routing.msisdn import normalise

# Contacts that are written in one transaction: what is being accepted waits behind them.
_CHUNK = 500


class Entry(Struct, frozen=True, gc=False):
    """One to be put into a list: a number in E.164 or an email address, both normalised, and what fills placeholders
    for it."""

    number: str | None = None
    email: str | None = None
    fields: dict[str, str] = {}


class Imported(Struct, frozen=True, gc=False):
    """How many came into a list, and how many it had already."""

    added: int
    known: int


class Directory:
    def __init__(self, book: Book, running: Running, opt_outs: OptOuts, clock: Clock) -> None:
        self._book = book
        self._running = running
        self._opt_outs = opt_outs
        self._clock = clock

    async def make_list(self, account: str, name: str, number: int = 0, word: str | None = None) -> Group:
        """A new list; `number` is the one it is to have, 0 for any. Raises Refusal `not_found`, `number_taken`,
        `store_unavailable`."""
        self._check(account)
        now = self._clock.now()
        group = Group(self._book.next_no(), account, name, now, now, number, subscribe_word=word)
        try:
            return await self._book.groups.add(group)
        except StoreUnavailable:
            raise _unavailable() from None

    async def fill_list(self, account: str, number: int, entries: Sequence[Entry]) -> Imported:
        """Put contacts into the list of this number. Raises Refusal `not_found`, `store_unavailable`: some may then be
        in it, and the same call again adds the others."""
        self._check(account)
        try:
            found = await self._book.groups.numbered(account, (number,))
            if number not in found:
                raise Refusal("not_found", f"the account {account!r} has no such list")
            return await self.put(found[number], entries)
        except StoreUnavailable:
            raise _unavailable() from None

    async def make_template(self, account: str, name: str, content: str, number: int = 0) -> Template:
        """As `make_list`."""
        self._check(account)
        template = Template(self._book.next_no(), account, name, content, self._clock.now(), number)
        try:
            return await self._book.templates.add(template)
        except StoreUnavailable:
            raise _unavailable() from None

    async def put(self, group: Group, entries: Sequence[Entry], by: Address = "number") -> Imported:
        """Those whose address the group does not have yet become contacts in it; an address twice is taken once. Raises
        Refusal `group_not_found`, and StoreUnavailable; those before are then in it."""
        now = self._clock.now()
        added = 0
        for start in range(0, len(entries), _CHUNK):
            contacts = [
                Contact(
                    self._book.next_no(), group.account, now, now, entry.number, entry.email, fields={**entry.fields}
                )
                for entry in entries[start : start + _CHUNK]
            ]
            added += await self._book.contacts.put(group.no, contacts, by)
        return Imported(added, len(entries) - added)

    async def heard(self, account: Account, sender: str, text: str) -> list[Group]:
        """A handset wrote to an account: where that is the subscribe word of lists, its number (E.164) comes into them
        and off the opt-out list. Which lists these are. Raises StoreUnavailable, and Refusal `store_unavailable`."""
        try:
            number = normalise(sender, "possible")
        except Refusal:
            return []
        groups = await self._book.groups.with_word(account.name, text)
        if groups:
            await self._opt_outs.subscribe(account.name, number)
        reached = []
        for group in groups:
            try:
                await self.put(group, [Entry(number)])
            except Refusal:  # it was deleted meanwhile
                continue
            reached.append(group)
        return reached

    def _check(self, account: str) -> None:
        if account not in self._running.plan.accounts:
            raise Refusal("not_found", f"there is no account {account!r}")


def _unavailable() -> Refusal:
    return Refusal("store_unavailable", "this cannot be written or read at the moment; try again", retry_after=1)
