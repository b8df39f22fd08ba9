"""What retention takes of what the gateway domain keeps, and what it leaves."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.store.book.inbound import insert
from router.gateway.records import Campaign, Code, InboundMessage, Send
from router.message import State
from tests.store.contract import purged
from tests.store.test_directory import Shelf
from tests.store.values import NOW, accepting, committed, message

ACME = "acme"
LATER = NOW + 1000


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with Shelf(tmp_path / "router.db") as shelf:
        yield shelf


async def campaign(shelf: Shelf, ended: int | None, no: int = 0) -> Campaign:
    made = Campaign(
        no or shelf.book.next_no(), ACME, "texify", NOW, NOW, "Hello {{name}}", values={"name": "Ada"},
        options={"subject": "Hello"}, numbers=["+237670000001"], state="done" if ended else "scheduled", ended=ended,
    )  # fmt: skip
    await shelf.book.campaigns.add(made)
    return made


async def test_a_send_goes_with_its_last_message(shelf: Shelf) -> None:
    no = shelf.book.next_no()
    messages = [message(1, state=State.DELIVERED), message(2)]
    send = Send(no, ACME, "texify", NOW, 1, 2, 2, campaign=7)
    assert await accepting(shelf.store, *messages, riders=[shelf.book.sends.record(send)]) is None
    over = await campaign(shelf, NOW + 1, 7)
    await purged(shelf.store, messages=LATER)
    assert await shelf.book.sends.find(ACME, "texify", no) == send
    assert [one.no for one in await shelf.book.sends.messages(send)] == [2]
    assert await shelf.book.campaigns.find(ACME, "texify", over.no) == over
    shelf.store.save(message(2, state=State.DELIVERED))
    await committed(shelf.store)
    await purged(shelf.store, messages=LATER)
    await purged(shelf.store, messages=LATER)
    assert await shelf.book.sends.find(ACME, "texify", no) is None
    assert await shelf.book.campaigns.find(ACME, "texify", over.no) is None
    await shelf.again()
    assert shelf.book.next_no() > no


@pytest.mark.deep
async def test_a_campaign_goes_once_it_is_over(shelf: Shelf) -> None:
    running, old, new = await campaign(shelf, None), await campaign(shelf, NOW), await campaign(shelf, LATER)
    same = [await campaign(shelf, NOW) for _ in range(120)]

    async def there(one: Campaign) -> Campaign | None:
        return await shelf.book.campaigns.find(ACME, "texify", one.no)

    await purged(shelf.store, text=LATER)
    for one in (old, *same):
        found = await there(one)
        assert found is not None
        assert (found.text, found.values, found.options, found.numbers) == ("", None, None, one.numbers)
    assert [await there(running), await there(new)] == [running, new]
    await purged(shelf.store, messages=LATER, text=LATER)
    assert [await there(one) for one in (old, *same)] == [None] * 121
    assert [await there(running), await there(new)] == [running, new]


async def test_codes_and_what_handsets_wrote(shelf: Shelf) -> None:
    book = shelf.book
    codes = [Code(book.next_no(), ACME, "fullsms", "sms", f"+{at}", b"", NOW, at, 3) for at in (NOW, LATER)]
    riders = [book.codes.record(code) for code in codes]
    assert await accepting(shelf.store, riders=riders) is None
    heard = [
        InboundMessage(book.next_no(), ACME, at, f"event{at}", "sms", "8080", "+237670000001", "hello")
        for at in (NOW, LATER)
    ]
    for one in heard:
        await shelf.store.write(lambda connection, one=one: insert(connection, one))
    await purged(shelf.store, text=LATER)
    assert (await book.inbound.page(ACME, 0, 9))[0] == [heard[1]]
    assert await book.codes.find(ACME, "fullsms", codes[0].no) == codes[0]
    await purged(shelf.store, messages=LATER)
    assert await book.codes.find(ACME, "fullsms", codes[0].no) is None
    assert await book.codes.find(ACME, "fullsms", codes[1].no) == codes[1]


async def test_what_accounts_made_stays(shelf: Shelf) -> None:
    group = await shelf.group()
    contact = await shelf.added(237670000001, group)
    await purged(shelf.store, *[2 * NOW] * 4)
    assert await shelf.book.contacts.find(ACME, [contact.no]) == {contact.no: contact}
    assert await shelf.book.groups.find(ACME, [group.no]) == {group.no: group}
