"""What every Store keeps of the accounts' wallets: their entries, whose sum is always the balance."""

import threading
from contextlib import nullcontext
from typing import Any

import pytest
from msgspec.structs import replace

from router.message import Message, State
from router.ports.store import MessageFilter, Store
from router.wallet import Entry, EntryKind
from tests.store.contract import Shelf, StoreContract, found, opened, purged
from tests.store.values import NOW, accepted, accepting, committed, event, message, refused
from tests.turns import until

CREDIT, DEBIT, REFUND, CARRIED = EntryKind


def entry(amount: int, account: str = "acme", at: int = NOW, **fields: Any) -> Entry:
    kind = fields.pop("kind", CREDIT if amount > 0 else DEBIT)
    return Entry(account, at, kind, amount, **fields)


def refund(one: Message) -> Entry:
    """All that was taken for a message, which says so itself from now on."""
    one.state, one.refunded = State.FAILED, one.charged
    return entry(one.charged, kind=REFUND, reference=one.id)


async def amounts(store: Store, account: str = "acme") -> list[int]:
    """Oldest first."""
    return [one.amount for one in await store.entries(account, None, 1000)][::-1]


async def is_true(shelf: Shelf) -> list[int]:
    """The entries of what a crash at this moment would leave, where balance and messages say the same."""
    async with opened(shelf.crashed()) as (store, recovery):
        kept = await amounts(store)
        assert recovery.wallets.get("acme", 0) == sum(kept)
        messages = await store.list_messages(MessageFilter("acme", limit=1000))
        assert sum(kept) == 1000 - sum(one.charged - one.refunded for one in messages)
        return kept


class Paying(StoreContract):
    async def test_entries_are_numbered_and_read_newest_first(self, shelf: Shelf) -> None:
        wanted = [
            entry(100, detail="paid in"),
            entry(-3, reference="m1", at=NOW - 9),
            entry(3, kind=REFUND, reference="m1", detail="failed"),
            entry(-(2**62)),
        ]
        async with opened(shelf) as (store, recovery):
            assert (recovery.wallets, await store.entries("acme", None, 9)) == ({}, [])
            for one in wanted[:3]:
                store.enter(one)
            store.enter(entry(7, "other"))
            await committed(store)
        async with opened(shelf) as (store, recovery):
            assert recovery.wallets == {"acme": 100, "other": 7}
            store.enter(wanted[3])
            await committed(store)
            read = await store.entries("acme", None, 9)
            assert [replace(one, no=0) for one in read] == wanted[::-1]
            numbers = [one.no for one in read]
            assert numbers == sorted(set(numbers), reverse=True)
            assert await store.entries("acme", None, 2) == read[:2]
            assert await store.entries("acme", read[1].no, 9) == read[2:]
            assert await store.entries("acme", read[-1].no, 9) == []
            assert [one.amount for one in await store.entries("other", None, 9)] == [7]
        assert (await found(shelf)).wallets == {"acme": 100 - 2**62, "other": 7}

    async def test_what_is_no_unicode_is_entered_all_the_same(self, store: Store) -> None:
        store.enter(entry(1, reference="a\udcff", detail="b\ud800\0"))
        await committed(store)
        (read,) = await store.entries("acme", None, 9)
        assert (read.reference, read.detail) == ("a?", "b?\0")

    async def test_a_debit_is_on_disk_with_its_messages(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.enter(entry(1000))
            outcome = accepting(store, message(1, charged=2), message(2, charged=3), debit=entry(-5))
            store.enter(entry(10))
            store.enter(entry(-10))
            assert await outcome is None
            # In the order they came, so that no sum of the first ones was never there.
            assert await is_true(shelf) == [1000, -5, 10, -10]

    async def test_a_refused_acceptance_has_taken_nothing_and_gives_nothing_back(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.enter(entry(1000))
            old = message(1, charged=7)
            await accepted(store, old, debit=entry(-7))
            with shelf.outage():
                new = message(2, charged=5)
                outcome = accepting(store, new, debit=entry(-5))
                store.enter(refund(new), new)
                store.enter(refund(old), old)
                store.enter(entry(1))
                store.enter(entry(-1))
                assert await outcome is not None
                assert await amounts(store) == [1000, -7]
            await committed(store)
            assert await is_true(shelf) == [1000, -7, 7, 1, -1]
            await refused_at_once(store, shelf)
            assert await is_true(shelf) == [1000, -7, 7, 1, -1]

    async def test_what_cannot_be_written_costs_nobody_anything(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.enter(entry(1000))
            bad, good = message(1, charged=5, text="\ud800"), message(2, charged=7)
            outcome = accepting(store, bad, debit=entry(-5))
            other = accepting(store, good, debit=entry(-7))
            store.enter(refund(bad), bad)
            assert await outcome is not None
            assert await other is None
            assert await is_true(shelf) == [1000, -7]
            # Of one that was taken the entry counts, though its row stays as it was.
            good.text = "\ud800"
            store.enter(refund(good), good)
            await committed(store)
            assert await amounts(store) == [1000, -7, 7]
        assert (await found(shelf)).wallets == {"acme": 1000}

    @pytest.mark.parametrize("fails", [True, False])
    async def test_what_is_given_back_is_on_disk_with_the_message_that_says_so(self, shelf: Shelf, fails: bool) -> None:
        """Also where the batch that writes the message is full before that."""
        async with opened(shelf) as (store, _):
            store.enter(entry(1000))
            one, two = message(1, charged=5), message(2, charged=7)
            await accepted(store, one, two, debit=entry(-12))
            between: list[Shelf] = []
            with shelf.outage() if fails else nullcontext():
                store.save(one)
                store.after_commit(lambda: between.append(shelf.crashed()))
                for seq in range(1, 5002):
                    store.append(event(seq, "other"))
                store.enter(refund(one), one)
                store.enter(refund(two), two)
                if fails:
                    await refused(store, message(3))
            await committed(store)
            assert await is_true(between[0]) == [1000, -12, 5]
            assert await is_true(shelf) == [1000, -12, 5, 7]

    @pytest.mark.parametrize("new", [True, False])
    async def test_also_where_the_message_is_being_written_and_that_fails(self, shelf: Shelf, new: bool) -> None:
        reached, release = threading.Event(), threading.Event()

        def breaks(_: object) -> None:
            reached.set()
            release.wait(20)
            raise RuntimeError("not my day")

        async with opened(shelf) as (store, _):
            store.enter(entry(1000))
            one = message(1, charged=5)
            if not new:
                await accepted(store, one, debit=entry(-5))
                store.save(one)
            between: list[Shelf] = []
            store.after_commit(lambda: between.append(shelf.crashed()))
            outcome = accepting(store, *([one] if new else []), debit=entry(-5) if new else None, riders=[breaks])
            await until(reached.is_set)
            store.enter(refund(one), one)
            release.set()
            assert await outcome is not None
            await committed(store)
            wanted = [1000] if new else [1000, -5, 5]
            assert await is_true(between[0]) == wanted
            assert await is_true(shelf) == wanted

    async def test_old_entries_become_one_of_the_same_sum(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            for number in range(1, 131):
                store.enter(entry(number, at=NOW + number))
            store.enter(entry(9, "other", at=NOW + 1))
            store.enter(entry(-4, "other", at=NOW + 99))
            await committed(store)
            before = await store.entries("acme", None, 1000)
            await purged(store, messages=NOW + 1)
            assert await store.entries("acme", None, 1000) == before
            await purged(store, messages=NOW + 121)
            after = await store.entries("acme", None, 1000)
            assert after[:10] == before[:10]
            (carried,) = after[10:]
            assert (carried.no, carried.at) == (before[10].no, before[10].at)
            assert (carried.kind, carried.amount, carried.reference, carried.detail) == (CARRIED, 7260, None, "")
            assert await amounts(store, "other") == [5]
            await purged(store, messages=NOW + 1000)
            assert [one.no for one in await store.entries("acme", None, 1000)] == [before[0].no]
            store.enter(entry(1))
            await committed(store)
            assert await amounts(store) == [8515, 1]
        assert (await found(shelf)).wallets == {"acme": 8516, "other": 5}

    async def test_a_clock_that_was_put_back_loses_no_entry(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            for amount, at in ((1, NOW), (2, NOW + 50), (4, NOW + 1), (8, NOW + 60)):
                store.enter(entry(amount, at=at))
            await committed(store)
            await purged(store, messages=NOW + 2)
            assert await amounts(store) == [7, 8]
        assert (await found(shelf)).wallets == {"acme": 15}


async def refused_at_once(store: Store, shelf: Shelf) -> None:
    """A charged acceptance that an unhealthy store does not even try."""
    with shelf.outage():
        await refused(store, message(8))
        assert await accepting(store, message(9, charged=5), debit=entry(-5)) is not None
    await committed(store)
