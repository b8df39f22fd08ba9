"""Lists as the administrator and the handsets keep them, over a real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.store import open_book
from router.account import Account
from router.engine.directory import Directory, Entry
from router.gateway.records import ContactQuery
from router.refusal import Refusal
from tests.engine.rig import Rig, operator, settings

ACME = Account(name="acme", token=None, currency="XAF")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with Rig(settings(operator("mtn"), accounts=(ACME,)), tmp_path) as rig:
        yield rig


@pytest.fixture
async def directory(rig: Rig) -> Directory:
    book = open_book(rig.store)  # type: ignore[arg-type]
    await book.open()
    return Directory(book, rig.engine.running, rig.engine.opt_outs, rig.clock)


async def numbers(directory: Directory, group: int) -> list[str | None]:
    contacts, _ = await directory._book.contacts.page(ContactQuery("acme", (group,)), 0, 2000)
    return sorted(contact.number or "" for contact in contacts)


async def test_a_list_is_filled_once(directory: Directory) -> None:
    made = await directory.make_list("acme", "Friends", 42)
    entries = [Entry(f"+2376700{last:05d}", fields={"seat": str(last)}) for last in range(1200)]
    told = await directory.fill_list("acme", 42, [*entries, entries[0]])
    assert (told.added, told.known) == (1200, 1)
    told = await directory.fill_list("acme", 42, entries[:3])
    assert (told.added, told.known) == (0, 3)
    assert len(await numbers(directory, made.no)) == 1200


async def test_what_cannot_be_made(directory: Directory) -> None:
    await directory.make_list("acme", "Friends", 42)
    await directory.make_template("acme", "Hi", "Hi", 42)
    for code, call in (
        ("number_taken", directory.make_list("acme", "Friends", 42)),
        ("number_taken", directory.make_template("acme", "Hi", "Hi", 42)),
        ("not_found", directory.make_list("zz", "Friends")),
        ("not_found", directory.make_template("zz", "Hi", "Hi")),
        ("not_found", directory.fill_list("zz", 42, [])),
        ("not_found", directory.fill_list("acme", 43, [])),
    ):
        with pytest.raises(Refusal) as caught:
            await call
        assert caught.value.code == code


async def test_a_word_brings_a_handset_into_its_lists(rig: Rig, directory: Directory) -> None:
    one = await directory.make_list("acme", "Offers", word="Join")
    two = await directory.make_list("acme", "News", word="JOIN")
    await directory.make_list("acme", "Quiet")
    number = "+237670000001"
    await rig.engine.opt_outs.unsubscribe("acme", number)
    assert await directory.heard(ACME, number, "I join") == []
    assert await directory.heard(ACME, "SHOP", "join") == []
    assert rig.engine.opt_outs.refuses("acme", number, "marketing")
    assert await directory.heard(ACME, number, " JOIN! ") == [one, two]
    assert not rig.engine.opt_outs.refuses("acme", number, "marketing")
    assert await directory.heard(ACME, number, "join") == [one, two]
    for group in (one, two):
        assert await numbers(directory, group.no) == [number]


async def test_a_store_that_is_shut(rig: Rig, directory: Directory) -> None:
    await rig.store.close()
    for call in (
        directory.make_list("acme", "a"),
        directory.make_template("acme", "a", "b"),
        directory.fill_list("acme", 1, []),
    ):
        with pytest.raises(Refusal) as caught:
            await call
        assert caught.value.code == "store_unavailable"
    await rig.store.open()
