"""Contacts, groups and templates on disk: what is found, what is refused, what is left when something is deleted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store import open_book, open_store
from adapters.store.book import groups as groups_module
from router.book import Book
from router.gateway.records import Contact, ContactQuery, Group, Template
from router.refusal import Refusal
from router.routing.opt_out import list_key
from tests.store.values import NOW, accepting

ACME, OTHER = "acme", "other"


class Shelf:
    """A store and its book, opened; made anew from the same file by `again`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __aenter__(self) -> "Shelf":
        log = structlog.get_logger()
        self.store = open_store(f"sqlite:///{self.path}", log, lambda seconds, size: None)
        await self.store.open()
        self.book: Book = open_book(self.store)
        await self.book.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.store.close()

    async def again(self) -> None:
        await self.__aexit__()
        await self.__aenter__()

    async def group(self, account: str = ACME, **fields: Any) -> Group:
        no = self.book.next_no()
        return await self.book.groups.add(Group(no, account, fields.pop("name", f"group {no}"), NOW, NOW, **fields))

    def contact(self, number: int | None, account: str = ACME, **fields: Any) -> Contact:
        written = None if number is None else f"+{number}"
        return Contact(self.book.next_no(), account, NOW, NOW, written, **fields)

    async def added(self, number: int | None, *groups: Group, **fields: Any) -> Contact:
        contact = self.contact(number, **fields)
        await self.book.contacts.put(groups[0].no, [contact])
        return contact

    async def opt_out(self, *addresses: str, account: str = ACME) -> None:
        for address in addresses:
            key = list_key(address)
            assert key is not None
            self.store.opt_out(account, key, NOW)
        await self.store.write(lambda connection: None)

    async def walk(self, groups: list[Group], limit: int, by: Any = "number", account: str = ACME) -> list[Contact]:
        """The whole audience, piece by piece."""
        found: list[Contact] = []
        after: int | None = 0
        while after is not None:
            piece = await self.book.contacts.audience(account, [group.no for group in groups], after, limit, by)
            assert len(piece.contacts) <= limit
            found += piece.contacts
            after = piece.next
        return found


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with Shelf(tmp_path / "router.db") as shelf:
        yield shelf


async def refused(code: str, call: Any) -> None:
    with pytest.raises(Refusal) as caught:
        await call
    assert caught.value.code == code


async def test_what_is_added_is_found_and_by_nobody_else(shelf: Shelf) -> None:
    contacts = shelf.book.contacts
    one, two = await shelf.group(), await shelf.group()
    contact = shelf.contact(
        237670000001, email="A@b.example", first_name="Ada", fields={"city": "Douala", "age": 7}, tags=["vip"]
    )
    await contacts.add(contact, [two.no, one.no, two.no])
    assert await contacts.find(ACME, [contact.no, 999]) == {contact.no: contact}
    assert await contacts.find(OTHER, [contact.no]) == {}
    assert await contacts.in_group(one.no, contact.no) == contact
    assert await contacts.in_group(999, contact.no) is None
    assert await contacts.groups_of([contact.no, 999]) == {contact.no: [one.no, two.no]}
    assert await shelf.book.groups.find(ACME, [one.no, two.no]) == {one.no: one, two.no: two}
    assert await shelf.book.groups.find(OTHER, [one.no]) == {}


async def test_a_number_is_once_in_an_account_or_in_a_group(shelf: Shelf) -> None:
    contacts = shelf.book.contacts
    one, two = await shelf.group(), await shelf.group()
    first = shelf.contact(237670000001)
    await contacts.add(first, [one.no])
    await refused("duplicate_contact", contacts.add(shelf.contact(237670000001)))
    await refused("duplicate_contact", contacts.add(shelf.contact(237670000001), [one.no], unique_in=one.no))
    second = shelf.contact(237670000001)
    await contacts.add(second, [two.no], unique_in=two.no)
    await contacts.add(shelf.contact(237670000001, OTHER))
    await contacts.add(shelf.contact(None, email="a@b.example"))
    await contacts.add(shelf.contact(None, email="a@b.example"))
    assert await contacts.put(one.no, [shelf.contact(237670000001), shelf.contact(237670000002)]) == 1
    third = shelf.contact(237670000003)
    await contacts.add(third, [two.no], unique_in=two.no)
    moved = Contact(third.no, ACME, NOW, NOW + 1, "+237670000001")
    await refused("duplicate_contact", contacts.save(moved, two.no))
    await contacts.save(moved, one.no + 1000)
    assert (await contacts.find(ACME, [third.no]))[third.no] == moved
    await contacts.save(moved, 0)


async def test_a_group_that_is_gone_takes_nobody(shelf: Shelf) -> None:
    group = await shelf.group()
    await shelf.book.groups.delete(group)
    await refused("group_not_found", shelf.book.contacts.add(shelf.contact(237670000001), [group.no]))
    await refused("group_not_found", shelf.book.contacts.put(group.no, [shelf.contact(237670000001)]))
    await refused("group_not_found", shelf.book.groups.save(group))
    assert await shelf.book.contacts.page(ContactQuery(ACME), 0, 10) == ([], 0)


async def test_deleting_a_group_takes_the_contacts_that_are_in_no_other(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups_module, "_CHUNK", 2)
    book = shelf.book
    going, staying = await shelf.group(number=7), await shelf.group()
    both = shelf.contact(237670000001)
    await book.contacts.add(both, [going.no, staying.no])
    for last in range(2, 8):
        await shelf.added(237670000000 + last, going)
    alone = shelf.contact(237670000009)
    await book.contacts.add(alone)
    await book.groups.delete(going)
    found, count = await book.contacts.page(ContactQuery(ACME), 0, 10)
    assert ([one.no for one in found], count) == ([alone.no, both.no], 2)
    assert await book.contacts.groups_of([both.no]) == {both.no: [staying.no]}
    assert await book.groups.page(ACME, 0, 10) == ([staying], 1)
    assert (await shelf.group(number=7)).number == 7


async def test_a_deletion_that_was_broken_off_goes_on(shelf: Shelf) -> None:
    group = await shelf.group()
    await shelf.added(237670000001, group)
    await shelf.store.write(lambda connection: groups_module._take_away(connection, group))
    assert await shelf.book.groups.find(ACME, [group.no]) == {}
    await shelf.again()
    assert await shelf.book.contacts.page(ContactQuery(ACME), 0, 10) == ([], 0)
    rows = await shelf.store.read(lambda connection: connection.execute("SELECT count(*) FROM contact_groups").get)
    assert rows == 0


async def test_a_number_of_the_book_is_never_used_twice(shelf: Shelf) -> None:
    group = await shelf.group()
    contact = await shelf.added(237670000001, group)
    await shelf.book.contacts.delete(contact)
    await shelf.again()
    assert shelf.book.next_no() > contact.no
    last = await shelf.group()
    await shelf.book.groups.delete(last)
    await shelf.again()
    assert shelf.book.next_no() > last.no


async def test_numbers_that_services_bring(shelf: Shelf) -> None:
    brought = await shelf.group(number=10)
    await refused("number_taken", shelf.group(number=10))
    assert (await shelf.group(OTHER, number=10)).number == 10
    numbers = {brought.number}
    for _ in range(12):
        numbers.add((await shelf.group()).number)
    assert len(numbers) == 13
    assert await shelf.book.groups.numbered(ACME, [10, 999]) == {10: brought}
    template = Template(shelf.book.next_no(), ACME, "t", "Hello", NOW, 5)
    assert await shelf.book.templates.add(template) == template
    await refused("number_taken", shelf.book.templates.add(template))
    assert await shelf.book.templates.numbered(ACME, 5) == template
    assert await shelf.book.templates.numbered(OTHER, 5) is None
    assert await shelf.book.templates.find(ACME, template.no) == template
    assert await shelf.book.templates.find(OTHER, template.no) is None
    assert await shelf.book.templates.page(ACME, 0, 5) == ([template], 1)


async def test_pages_and_filters(shelf: Shelf) -> None:
    book = shelf.book
    one, two = await shelf.group(), await shelf.group()
    ada = shelf.contact(237670000001, first_name="Ada", last_name="Lovelace", tags=["vip", 'quo"te'])
    bob = shelf.contact(237670000002, first_name="BOB", email="Bob@Example.com", tags=["new"])
    out = shelf.contact(237670000003, first_name="ÉLISE")
    idle = shelf.contact(237670000004, active=False)
    await book.contacts.add(ada, [one.no])
    await book.contacts.add(bob, [one.no, two.no])
    await book.contacts.add(out, [two.no])
    await book.contacts.add(idle)
    await shelf.opt_out("+237670000003")

    async def found(offset: int = 0, limit: int = 10, **query: Any) -> list[str]:
        contacts, count = await book.contacts.page(ContactQuery(ACME, **query), offset, limit)
        assert count == len(contacts) or (offset, limit) != (0, 10)
        return [contact.number or "" for contact in contacts]

    def numbers(*last: int) -> list[str]:
        return [f"+23767000000{digit}" for digit in last]

    assert await found() == numbers(4, 3, 2, 1)
    assert await found(1, 2) == numbers(3, 2)
    assert await found(4, 2) == []
    assert await found(status="active") == numbers(2, 1)
    assert await found(status="inactive") == numbers(4)
    assert await found(status="unsubscribed") == numbers(3)
    assert await found(groups=(one.no,)) == numbers(2, 1)
    assert await found(groups=(one.no, two.no)) == numbers(3, 2, 1)
    assert await found(groups=()) == []
    assert await found(tags=("vip", "new")) == numbers(2, 1)
    assert await found(tags=('quo"te',)) == numbers(1)
    assert await found(tags=()) == []
    assert await found(search="ada love") == numbers(1)
    assert await found(search="bOb@example") == numbers(2)
    assert await found(search="élise") == numbers(3)
    assert await found(search="70000004") == numbers(4)
    assert await found(search="%") == []
    assert await found(search="bob", groups=(two.no,), tags=("new",), status="active") == numbers(2)
    assert (await book.contacts.find(ACME, [out.no]))[out.no].status == "unsubscribed"
    assert await book.groups.counts([one.no, two.no, 999]) == {one.no: 2, two.no: 2, 999: 0}
    assert await book.groups.counts([one.no, two.no], subscribed=True) == {one.no: 2, two.no: 1}


async def test_whom_groups_reach(shelf: Shelf) -> None:
    one, two, theirs = await shelf.group(), await shelf.group(), await shelf.group(OTHER)
    again = await shelf.added(237670000001, one, email="a@b.example")
    await shelf.added(237670000001, two, email="A@B.example")
    await shelf.added(237670000002, one, active=False)
    await shelf.added(237670000003, one)
    await shelf.added(237670000004, theirs, account=OTHER)
    mail = await shelf.added(None, two, email="c@d.example")
    await shelf.added(None, two, email="e@f.example")
    await shelf.opt_out("+237670000003", "e@f.example")
    for limit in (1, 2, 100):
        assert await shelf.walk([one, two, theirs], limit) == [again]
        assert await shelf.walk([one, two], limit, "email") == [again, mail]
        assert await shelf.walk([], limit) == []
    assert await shelf.book.contacts.reached(ACME, [one.no, two.no, theirs.no]) == 1
    assert await shelf.book.contacts.reached(ACME, [one.no, two.no], "email") == 2


async def test_words(shelf: Shelf) -> None:
    joined = await shelf.group(subscribe_word="Oui  Café!")
    assert await shelf.book.groups.with_word(ACME, " OUI cafe") == [joined]
    assert await shelf.book.groups.with_word(OTHER, "oui cafe") == []
    assert await shelf.book.groups.with_word(ACME, "oui cafe svp") == []


PEOPLE = st.lists(
    st.tuples(st.integers(1, 5), st.sets(st.integers(0, 2), min_size=1), st.booleans()), min_size=1, max_size=12
)


@pytest.mark.deep
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=PEOPLE,
    out=st.sets(st.integers(1, 5), max_size=2),
    limit=st.integers(1, 5),
    wanted=st.sets(st.integers(0, 2)),
)
async def test_every_number_is_reached_once(tmp_path: Path, people: Any, out: Any, limit: int, wanted: Any) -> None:
    for file in tmp_path.glob("walk.db*"):
        file.unlink()
    async with Shelf(tmp_path / "walk.db") as shelf:
        groups = [await shelf.group() for _ in range(3)]
        for number, where, active in people:
            contact = shelf.contact(237670000000 + number, active=active)
            chosen = [groups[place].no for place in where]
            await shelf.book.contacts.add(contact, chosen, unique_in=0)
        await shelf.opt_out(*(f"+{237670000000 + number}" for number in out))
        found = await shelf.walk([groups[place] for place in wanted], limit)
        expected = {number for number, where, active in people if active and where & wanted and number not in out}
        assert sorted(contact.number for contact in found) == sorted(f"+{237670000000 + one}" for one in expected)
        assert await shelf.book.contacts.reached(ACME, [groups[place].no for place in wanted]) == len(expected)


async def test_what_a_client_may_write(shelf: Shelf) -> None:
    """Quotes, NUL and other scripts come back as they were."""
    odd = "O'Brien \"%_\\ \0 😀 é"
    contact = shelf.contact(237670000001, first_name=odd, fields={odd: odd}, tags=[odd])
    await shelf.book.contacts.add(contact)
    assert await shelf.book.contacts.page(ContactQuery(ACME, tags=(odd,)), 0, 5) == ([contact], 1)


async def test_what_is_to_be_written_with_no_messages_is_written(shelf: Shelf) -> None:
    """A request that only writes of its own, and is remembered under no key, is on disk when it is answered."""
    group = await shelf.group()

    def rename(connection: Any) -> None:
        connection.execute("UPDATE contact_groups SET number = 77 WHERE no = ?", (group.no,))

    assert await accepting(shelf.store, riders=[rename]) is None
    assert list(await shelf.book.groups.numbered(ACME, [77])) == [77]
