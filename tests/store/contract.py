"""What every Store keeps, sentence by sentence of its port. A store's own test gives it a Shelf and runs it all."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from copy import deepcopy
from decimal import Decimal
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.audit import AuditEntry
from router.event import LoggedEvent
from router.inbound import LongMessage, Piece
from router.message import (
    FINAL,
    Attempt,
    Encoding,
    Message,
    MessageError,
    Network,
    Part,
    ReceiptWish,
    State,
    TrafficClass,
)
from router.money import Money
from router.outcome import OutcomeKind
from router.ports.store import (
    Lane,
    LaneBacklog,
    MessageFilter,
    MessageSearch,
    Recovery,
    Remembered,
    Spent,
    Store,
    StoreUnavailable,
)
from router.receipt import Receipt, ReceiptState
from router.wallet import Entry, EntryKind
from tests.store.values import (
    NOW,
    accepted,
    accepting,
    answer,
    committed,
    event,
    in_doubt,
    message,
    piece,
    receipt,
    refused,
    uuid7,
    waiting,
)


class Shelf(Protocol):
    """One store's data, and what may happen to it."""

    def store(self) -> Store:
        """A store on this data, not yet opened."""

    def crashed(self) -> "Shelf":
        """What a crash at this moment would leave."""

    def outage(self) -> AbstractContextManager[None]:
        """While it lasts, no commit succeeds."""


@asynccontextmanager
async def opened(shelf: Shelf) -> AsyncIterator[tuple[Store, Recovery]]:
    store = shelf.store()
    recovery = await store.open()
    try:
        yield store, recovery
    finally:
        await store.close()


async def found(shelf: Shelf) -> Recovery:
    async with opened(shelf) as (_, recovery):
        return recovery


async def ids(messages: Any) -> list[int]:
    return [message.no for message in await messages]


NOTHING = Recovery(0, 0, {}, 0, [], None, [], [], {})


LISTS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [6, 5, 4, 3, 2, 1]),
    ({"state": State.QUEUED}, [6, 5, 3, 1]),
    ({"state": State.SCHEDULED}, []),
    ({"to": "+237600000002"}, [2]),
    ({"sender": "ACME"}, [4, 3]),
    ({"sender": "acme"}, []),
    ({"sender": "\ud800"}, []),
    ({"reference": "r'\"%_"}, [5, 4]),
    ({"reference": "r"}, []),
    ({"sender": "ACME", "reference": "r'\"%_", "state": State.DELIVERED}, [4]),
    ({"after": NOW + 3}, [6, 5, 4]),
    ({"before": NOW + 3}, [2, 1]),
    ({"after": NOW + 2, "before": NOW + 4}, [3]),
    ({"after": NOW + 3, "before": NOW + 3}, []),
    ({"after": -1, "before": 2**63}, [6, 5, 4, 3, 2, 1]),
    ({"after": 2**63}, []),
    ({"before": -(2**63)}, []),
    ({"limit": 2}, [6, 5]),
    ({"cursor": uuid7(NOW + 4, 4)}, [3, 2, 1]),
    ({"cursor": uuid7(NOW + 4, 4), "limit": 1, "after": NOW + 1}, [3]),
    ({"cursor": uuid7(NOW + 4, 4), "before": NOW + 3}, [2, 1]),
    ({"cursor": uuid7(NOW, 0)}, []),
    ({"cursor": "nonsense"}, []),
]

IN_DOUBT: list[tuple[State, list[Part], bool]] = [
    (State.QUEUED, [Part(1)], False),
    (State.QUEUED, [in_doubt(None)], True),
    (State.QUEUED, [in_doubt(OutcomeKind.UNKNOWN)], True),
    (State.SUBMITTED, [in_doubt(OutcomeKind.UNKNOWN, State.SUBMITTED)], True),
    (State.QUEUED, [in_doubt(OutcomeKind.FAILED)], False),
    (State.SUBMITTED, [in_doubt(OutcomeKind.ACCEPTED, State.SUBMITTED)], False),
    (State.UNKNOWN, [in_doubt(OutcomeKind.UNKNOWN, State.SUBMITTED)], False),
    (State.SUBMITTED, [Part(1, State.DELIVERED), in_doubt(None)], True),
    (State.SUBMITTED, [in_doubt(OutcomeKind.UNKNOWN, State.DELIVERED), Part(2, State.SUBMITTED)], False),
    (
        State.QUEUED,
        [Part(1, attempts=[Attempt("a", 1, outcome=OutcomeKind.UNKNOWN), Attempt("b", 2)])],
        True,
    ),
    (
        State.SUBMITTED,
        [Part(1, State.SUBMITTED, [Attempt("a", 1), Attempt("b", 2, outcome=OutcomeKind.ACCEPTED)])],
        False,
    ),
]


class StoreContract:
    @pytest.fixture
    def make_shelf(self) -> Callable[[Path], Shelf]:
        raise NotImplementedError

    @pytest.fixture
    def shelf(self, make_shelf: Callable[[Path], Shelf], tmp_path: Path) -> Shelf:
        return make_shelf(tmp_path)

    @pytest.fixture
    async def store(self, shelf: Shelf) -> AsyncIterator[Store]:
        async with opened(shelf) as (store, _):
            yield store


class Writing(StoreContract):
    async def test_a_new_store_is_empty(self, shelf: Shelf) -> None:
        assert await found(shelf) == NOTHING
        assert await found(shelf) == NOTHING

    async def test_a_claim_is_found_in_doubt_and_in_its_line(self, shelf: Shelf) -> None:
        first, second = waiting(1), waiting(2)
        async with opened(shelf) as (store, _):
            await accepted(store, first, second)
            first.parts = [in_doubt(None)]
            first.waiting_for = None
            store.claim(first)
        recovery = await found(shelf)
        assert recovery.unsettled == [first]
        assert [lane.count for lane in recovery.lanes] == [2]
        assert recovery.open_messages == 2

    async def test_a_claim_is_over_with_the_next_save(self, shelf: Shelf) -> None:
        """Whether its row is then empty or others still stand in it, also where nothing of the attempt is left."""
        several = [waiting(no, parts=[Part(1)]) for no in range(1, 200)]
        async with opened(shelf) as (store, _):
            await accepted(store, *several)
            for one in several:
                store.claim(one)
                one.parts[0].attempts.append(Attempt("mtn", NOW))
            await committed(store)
            for one in several[:100:3]:
                one.parts[0].attempts.clear()
                store.save(one)
            await committed(store)
            assert (await found(shelf.crashed())).unsettled == [one for one in several if one.parts[0].attempts]
            for one in several[100:]:
                one.parts[0].attempts[0].outcome = OutcomeKind.REJECTED
                store.save(one)
        left = [one for one in several if one.parts[0].attempts and one.parts[0].attempts[0].outcome is None]
        assert (await found(shelf)).unsettled == left
        assert (await found(shelf)).unsettled == left

    async def test_parts_of_a_message_are_claimed_one_after_another(self, shelf: Shelf) -> None:
        one = waiting(1, parts=[Part(1), Part(2), Part(3)])
        async with opened(shelf) as (store, _):
            await accepted(store, one)
            for part in one.parts:
                store.claim(one)
                part.attempts.append(Attempt("mtn", NOW + part.number))
                await committed(store)
                assert (await found(shelf.crashed())).unsettled == [one]
            one.parts[0].attempts[0].outcome = OutcomeKind.ACCEPTED
            store.save(one)
            await committed(store)
            one.parts[0].attempts.append(Attempt("mtn", NOW + 9))
            store.claim(one)
        assert (await found(shelf)).unsettled == [one]

    async def test_a_claim_that_was_not_committed_at_first_is_there_later(self, shelf: Shelf) -> None:
        first, second = (waiting(no, parts=[Part(1)]) for no in (1, 2))
        async with opened(shelf) as (store, _):
            await accepted(store, first, second)
            store.claim(first)
            first.parts[0].attempts.append(Attempt("mtn", NOW))
            await committed(store)
            with shelf.outage():
                store.claim(second)
                second.parts[0].attempts.append(Attempt("mtn", NOW))
                first.parts[0].attempts[0].outcome = OutcomeKind.UNKNOWN
                store.save(first)
                await refused(store)
            await committed(store)
            assert (await found(shelf.crashed())).unsettled == [first, second]
            second.parts[0].attempts[0].outcome = OutcomeKind.ACCEPTED
            store.save(second)
        assert (await found(shelf)).unsettled == [first]

    @pytest.mark.parametrize("claim_comes", ["first", "last", "with the acceptance"])
    async def test_a_claim_with_a_save_is_that_save(self, shelf: Shelf, claim_comes: str) -> None:
        async with opened(shelf) as (store, _):
            one = waiting(1)
            if claim_comes == "with the acceptance":
                accepting(store, one)
            else:
                await accepted(store, one)
            if claim_comes != "last":
                store.claim(one)
            one.state, one.position, one.parts = State.CANCELLED, None, [Part(1, State.CANCELLED)]
            if claim_comes != "with the acceptance":
                store.save(one)
            if claim_comes == "last":
                store.claim(one)
            await committed(store)
            assert await store.find("acme", one.id) == one
        recovery = await found(shelf)
        assert (recovery.unsettled, recovery.lanes, recovery.open_messages) == ([], [], 0)

    async def test_what_was_claimed_and_is_over_before_it_is_written_is_over(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            one = waiting(1)
            await accepted(store, one)
            store.claim(one)
            one.state, one.position = State.REJECTED, None
        recovery = await found(shelf)
        assert (recovery.unsettled, recovery.lanes, recovery.open_messages) == ([], [], 0)

    async def test_a_claim_of_what_was_never_accepted_is_none(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            await accepted(store, waiting(1))
            store.claim(waiting(2))
        assert (await found(shelf)).open_messages == 1

    async def test_a_message_comes_back_as_it_was(self, shelf: Shelf) -> None:
        full = Message(
            id=uuid7(NOW, 7),
            account="acme",
            to="+237670000001",
            created_at=NOW,
            sender="ACME",
            data=b"\x00\xff\x80",
            udh=b"\x05\x00\x03\x01\x02\x01",
            encoding=Encoding.BINARY,
            segments=2,
            concat_reference=255,
            reference='order "7" \x00 \u00e9\U0001f600',
            traffic_class=TrafficClass.OTP,
            channel="viber",
            send_at=NOW + 1,
            expires_at=NOW + 2,
            receipts=ReceiptWish.ALL,
            plan="gold",
            max_price=_money(),
            flash=True,
            options={"dlt": {"id": 10**30, "list": [1, 2.5, None, True]}},
            state=State.SUBMITTED,
            operator="mtn",
            network=Network("624", "01", "MTN"),
            cost=_money(),
            price=_money(),
            submitted_at=NOW + 3,
            done_at=NOW + 4,
            error=MessageError("rejected", "no", "0x0000000B"),
            possible_duplicate=True,
            parts=[
                Part(1, State.SUBMITTED, [Attempt("a", NOW, NOW, OutcomeKind.ACCEPTED, 0, "", "00FF")], resent=True),
                Part(2, State.QUEUED, [Attempt("b", NOW, receipt=ReceiptState.ENROUTE, receipt_error="\x00")]),
            ],
            refused_by=["backup"],
            waiting_for="window",
            charged=2**62,
            refunded=2**62 - 1,
            position=2**62,
            due_at=2**62,
            no=7,
        )
        plain = message(8, text="\u0639\u0631\u0628\u064a \U0001f468\u200d\U0001f469\u200d\U0001f467 \x00\x1b")
        async with opened(shelf) as (store, _):
            await accepted(store, full, plain)
            assert await store.find("acme", full.id) == full
        async with opened(shelf) as (store, _):
            assert await store.find("acme", full.id) == full
            assert await store.find("acme", plain.id) == plain

    async def test_close_commits_what_is_open(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            first = waiting(1)
            outcome = accepting(store, first, remembered=answer("k"))
            store.link("mtn", "id1", first, NOW)
            store.append(event(1))
            store.park(receipt(1))
            store.move_cursor("hook", 1)
            told: list[str] = []
            store.after_commit(lambda: told.append("on disk"))
        assert (outcome.result(), told) == (None, ["on disk"])
        async with opened(shelf) as (store, recovery):
            assert recovery == Recovery(
                1, 1, {"acme": 1}, 1, [LaneBacklog(Lane("mtn", 1, "acme"), 1)], None, [], [receipt(1)], {"hook": 1}
            )
            assert await store.find_linked([("mtn", "id1")]) == {("mtn", "id1"): [first]}
            assert await store.recall("acme", "k") == answer("k")
            assert await store.events("acme", 0, 10) == [event(1)]

    async def test_close_commits_what_its_last_callbacks_write(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.append(event(1))
            store.after_commit(lambda: store.append(event(2)))
        assert (await found(shelf)).last_seqs == {"acme": 2}

    async def test_nothing_is_written_once_closed(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            pass
        with pytest.raises(StoreUnavailable):
            store.append(event(1))
        with pytest.raises(StoreUnavailable):
            await store.next_due()
        assert not store.healthy
        await store.close()

    async def test_callbacks_come_after_the_commit_and_in_order(self, store: Store) -> None:
        told: list[object] = []
        store.after_commit(lambda: told.append("first"))
        store.accept([message(1)], None, lambda error: told.append((1, error)))
        store.after_commit(lambda: told.append("second"))
        store.accept([message(2), message(3)], None, lambda error: told.append((2, error)))
        assert told == []
        await committed(store)
        assert told == [(1, None), (2, None), "first", "second"]

    async def test_events_are_heard_of_once_they_are_on_disk_and_in_order(self, store: Store) -> None:
        heard: list[LoggedEvent] = []
        store.listen(heard.extend)
        store.append(event(1))
        store.append(event(2))
        assert heard == []
        await committed(store)
        assert heard == await store.events("acme", 0, 10) == [event(1), event(2)]
        store.append(event(3))
        await committed(store)
        assert heard[2:] == [event(3)]

    async def test_what_is_asked_before_the_cut_is_in_the_batch(self, store: Store) -> None:
        """One that raises keeps nobody else from asking."""
        given = [message(1), message(2)]

        def broken() -> None:
            raise ZeroDivisionError

        def ask() -> None:
            if given:
                one = given.pop()
                one.state = State.SUBMITTED
                store.save(one)

        store.before_commit(broken)
        store.before_commit(ask)
        one, two = given
        await accepted(store, one, two)
        assert (await store.find("acme", two.id)) == two
        assert two.state is State.SUBMITTED
        await committed(store)
        assert (await store.find("acme", one.id)) == one
        assert one.state is State.SUBMITTED

    async def test_nothing_to_write_is_committed_too(self, store: Store) -> None:
        told: list[object] = []
        store.accept([], None, told.append)
        store.after_commit(lambda: told.append("done"))
        assert told == []
        await committed(store)
        assert told == [None, "done"]

    async def test_a_callback_waits_for_what_was_written_before_it_and_is_under_way(self, store: Store) -> None:
        outcome = accepting(store, message(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await committed(store)
        assert outcome.done()

    async def test_a_callback_that_raises_stops_nobody(self, store: Store) -> None:
        def wrong(*_: object) -> None:
            raise RuntimeError("not my day")

        store.accept([message(1)], None, wrong)
        store.after_commit(wrong)
        await committed(store)
        await accepted(store, message(2))
        assert store.healthy
        assert await ids(store.list_messages(MessageFilter("acme"))) == [2, 1]

    async def test_callbacks_may_write(self, store: Store) -> None:
        first = message(1)
        chain = asyncio.get_running_loop().create_future()

        def accepted_first(_: object) -> None:
            first.state = State.SUBMITTED
            store.save(first)
            store.after_commit(lambda: store.after_commit(lambda: chain.set_result(None)))

        store.accept([first], None, accepted_first)
        await asyncio.wait_for(chain, 20)
        assert await store.find("acme", first.id) == first

    async def test_a_message_is_written_as_it_stands_when_its_batch_is_cut(self, store: Store) -> None:
        first = message(1)
        outcome = accepting(store, first)
        first.state = State.FAILED
        assert await outcome is None
        kept = await store.find("acme", first.id)
        assert kept is not None
        assert kept.state is State.FAILED

    async def test_the_last_save_counts(self, store: Store) -> None:
        first, second = message(1), message(2)
        outcome = accepting(store, first)
        store.save(msgspec.structs.replace(first, waiting_for="tps"))
        store.save(msgspec.structs.replace(first, waiting_for="window"))
        assert await outcome is None
        await accepted(store, second)
        store.save(msgspec.structs.replace(second, waiting_for="tps"))
        store.save(msgspec.structs.replace(first, waiting_for="link"))
        store.save(msgspec.structs.replace(second, waiting_for="link"))
        await committed(store)
        listed = await store.list_messages(MessageFilter("acme"))
        assert [(m.no, m.waiting_for) for m in listed] == [(2, "link"), (1, "link")]

    @pytest.mark.deep
    async def test_more_than_any_batch_holds(self, store: Store) -> None:
        outcomes = []
        for start in range(1, 12_001, 1000):
            chunk = [waiting(no) for no in range(start, start + 1000)]
            outcomes.append(accepting(store, *chunk))
            for one in chunk:
                one.state, one.position = State.SUBMITTED, None
                store.save(one)
        await committed(store)
        assert [outcome.result() for outcome in outcomes] == [None] * 12
        last = await store.list_messages(MessageFilter("acme", state=State.SUBMITTED, limit=12_001))
        assert [m.no for m in last] == list(range(12_000, 0, -1))

    @pytest.mark.parametrize(
        "broken",
        [
            {"text": "\ud800"},
            {"reference": "\udcff"},
            {"options": {"x": object()}},
        ],
    )
    async def test_what_cannot_be_written_holds_up_nobody_else(self, shelf: Shelf, broken: dict[str, Any]) -> None:
        async with opened(shelf) as (store, _):
            old = message(1)
            await accepted(store, old)
            bad = asyncio.create_task(refused(store, message(2), message(3, **broken), remembered=answer("bad")))
            good = asyncio.create_task(accepted(store, message(4), remembered=answer("good")))
            await asyncio.sleep(0)
            for name, value in broken.items():
                setattr(old, name, value)
            store.save(old)
            store.append(event(1))
            await committed(store)
            await asyncio.gather(bad, good)
            assert await ids(store.list_messages(MessageFilter("acme"))) == [4, 1]
            assert await store.recall("acme", "bad") is None
            assert store.healthy
        assert (await found(shelf)).last_seqs == {"acme": 1}

    async def test_parked_receipts_are_kept_by_value_until_unparked(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            for number in (1, 2, 3, 4):
                store.park(receipt(number))
            store.unpark(receipt(2))
            store.unpark(receipt(9))
            await committed(store)
            store.unpark(receipt(3))
            store.park(receipt(5))
            store.park(receipt(1))
            store.unpark(receipt(4))
            store.park(receipt(4))
            await committed(store)
        assert sorted((await found(shelf)).parked, key=str) == [receipt(1), receipt(4), receipt(5)]

    async def test_a_cursor_never_goes_back(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.move_cursor("a", 5)
            store.move_cursor("a", 3)
            store.move_cursor("b", 0)
            await committed(store)
            store.move_cursor("a", 4)
            store.move_cursor("b", 1)
            await committed(store)
        assert (await found(shelf)).cursors == {"a": 5, "b": 1}

    async def test_an_answer_is_remembered_per_account_and_the_newest_counts(self, store: Store) -> None:
        strange = "k\udcff\x00'\u00e9"
        await accepted(store, remembered=answer(strange))
        await accepted(store, remembered=answer(strange, account="other", body=b"theirs"))
        assert await store.recall("acme", strange) == answer(strange)
        await accepted(store, message(1), remembered=answer(strange, at=NOW + 1, body=b"\x00new"))
        assert await store.recall("acme", strange) == answer(strange, at=NOW + 1, body=b"\x00new")
        assert await store.recall("other", strange) == answer(strange, account="other", body=b"theirs")
        assert await store.recall("acme", "k") is None


class Reading(StoreContract):
    async def test_find_asks_for_account_and_id(self, store: Store) -> None:
        mine, theirs = message(1), message(2, account="other")
        await accepted(store, mine, theirs)
        assert await store.find("acme", mine.id) == mine
        assert await store.find("acme", theirs.id) is None
        assert await store.find("acme", uuid7(NOW, 99)) is None
        for no_id in ("", "x", mine.id + "0", mine.id[:-2], "\ud800", "%", "\u0661" * 32):
            assert await store.find("acme", no_id) is None

    async def test_only_what_is_committed_is_seen(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            first = waiting(1, due_at=NOW)
            await accepted(store, first)
            with shelf.outage():
                first.state, first.position, first.due_at = State.DELIVERED, None, None
                store.save(first)
                store.link("mtn", "id1", first, NOW)
                store.append(event(1))
                await refused(store, message(2), remembered=answer("k"))
                kept = await store.find("acme", first.id)
                assert kept is not None
                assert kept.state is State.QUEUED
                assert await ids(store.list_messages(MessageFilter("acme"))) == [1]
                assert await ids(store.load_lane(Lane("mtn", 1, "acme"), 0, 9)) == [1]
                assert await ids(store.load_due(NOW, 9)) == [1]
                assert await store.next_due() == NOW
                assert await store.find_linked([("mtn", "id1")]) == {}
                assert await store.events("acme", 0, 9) == []
                assert await store.recall("acme", "k") is None
            await committed(store)
            assert await store.next_due() is None
            assert await store.events("acme", 0, 9) == [event(1)]

    async def test_many_reads_at_once(self, store: Store) -> None:
        messages = [message(no) for no in range(1, 60)]
        await accepted(store, *messages)
        read = asyncio.gather(*(store.find("acme", one.id) for one in messages))
        lists = asyncio.gather(*(store.list_messages(MessageFilter("acme", limit=1)) for _ in range(20)))
        store.append(event(1))
        assert await read == messages
        assert await lists == [[messages[-1]]] * 20

    async def test_list(self, store: Store) -> None:
        await accepted(
            store,
            message(1),
            message(2, state=State.SUBMITTED),
            message(3, sender="ACME"),
            message(4, sender="ACME", reference="r'\"%_"),
            message(5, reference="r'\"%_"),
            message(6),
            message(7, account="other"),
        )
        changed = await store.find("acme", uuid7(NOW + 4, 4))
        assert changed is not None
        changed.state = State.DELIVERED
        store.save(changed)
        await committed(store)
        for wanted, numbers in LISTS:
            assert await ids(store.list_messages(MessageFilter("acme", **wanted))) == numbers, wanted

    async def test_a_list_can_be_walked_page_by_page(self, store: Store) -> None:
        await accepted(store, *(message(no, created_at=NOW + no // 7) for no in range(1, 51)))
        seen: list[int] = []
        query = MessageFilter("acme", limit=7)
        while page := await store.list_messages(query):
            seen += [one.no for one in page]
            query = msgspec.structs.replace(query, cursor=page[-1].id)
        assert seen == list(range(50, 0, -1))

    @pytest.mark.parametrize(
        "wanted",
        [
            {"to": "+237670000001"},
            {"reference": "r1"},
            {"sender": "ACME"},
            {"state": State.QUEUED},
            {"state": State.DELIVERED},
            {"state": State.UNDELIVERED},
            {"state": State.DELIVERED, "sender": "ACME"},
            {"to": "+237670000001", "reference": "r1", "sender": "ACME", "state": State.QUEUED},
            {"to": "+237670000009"},
        ],
    )
    async def test_a_list_with_conditions_can_be_walked_too(self, store: Store, wanted: dict[str, Any]) -> None:
        """Of a history with gaps, and some of it of others."""
        states = [State.QUEUED, State.DELIVERED, State.DELIVERED, State.SUBMITTED, State.UNDELIVERED]
        every = [
            message(
                no,
                created_at=NOW + no // 7,
                to=f"+23767000000{no % 3}",
                reference=("r1", None, "r2")[no % 3],
                sender=("ACME", "OTHER")[no % 2],
                state=states[no % 5],
                account="other" if no % 11 == 0 else "acme",
            )
            for no in range(2_000, 100_000, 997)
        ]
        await accepted(store, *every)
        for bounds in ({}, {"after": NOW + 3_000, "before": NOW + 9_000}):
            expected = [
                one.no
                for one in reversed(every)
                if one.account == "acme"
                and all(getattr(one, name) == value for name, value in wanted.items())
                and (not bounds or bounds["after"] < one.created_at < bounds["before"])
            ]
            seen: list[int] = []
            query = MessageFilter("acme", **wanted, **bounds, limit=2)
            while page := await store.list_messages(query):
                seen += [one.no for one in page]
                query = msgspec.structs.replace(query, cursor=page[-1].id)
            assert seen == expected

    @pytest.mark.parametrize(
        "wanted",
        [
            {},
            {"account": "acme"},
            {"account": "nobody"},
            {"to": "+237670000001"},
            {"reference": "r1"},
            {"state": State.QUEUED},
            {"state": State.DELIVERED},
            {"account": "other", "state": State.DELIVERED},
            {"to": "+237670000001", "reference": "r1", "state": State.QUEUED, "account": "third"},
            {"to": "+237670000009"},
            {"reference": "\udcff"},
        ],
    )
    async def test_a_search_over_all_accounts_comes_to_its_end(self, store: Store, wanted: dict[str, Any]) -> None:
        """Of a history with gaps that are longer than one search looks."""
        states = [State.QUEUED, State.DELIVERED, State.DELIVERED, State.SUBMITTED, State.UNDELIVERED]
        every = [
            message(
                no,
                created_at=NOW + no // 7,
                to=f"+23767000000{no % 3}",
                reference=("r1", None, "r2")[no % 3],
                state=states[no % 5],
                account=("acme", "other", "third")[no % 7 % 3],
            )
            for no in (*range(2_000, 60_000, 997), 400_000, 400_001)
        ]
        await accepted(store, *every)
        expected = [
            one.no for one in reversed(every) if all(getattr(one, name) == value for name, value in wanted.items())
        ]
        seen: list[int] = []
        query = MessageSearch(**wanted, limit=3)
        for _ in range(len(every) + 20):
            page = await store.search_messages(query)
            assert len(page.messages) <= 3
            seen += [one.no for one in page.messages]
            if page.next is None:
                break
            assert query.before is None or page.next < query.before
            query = msgspec.structs.replace(query, before=page.next)
        else:
            raise AssertionError("it does not end")
        assert seen == expected
        for one in every[:3]:
            (found,) = (await store.search_messages(MessageSearch(id=one.id))).messages
            assert found.no == one.no
        for id in ("", "x", message(7).id, "0" * 33):
            assert await store.search_messages(MessageSearch(id=id)) == ([], None)

    async def test_a_search_of_nothing_finds_nothing(self, store: Store) -> None:
        assert await store.search_messages(MessageSearch(to="+237670000001")) == ([], None)

    async def test_a_page_goes_on_where_its_cursor_is_no_more(self, store: Store) -> None:
        await accepted(store, *(message(no, created_at=NOW + no, reference="r") for no in (1, 2, 4)))
        for wanted in ({}, {"reference": "r"}):
            cursor = message(3, created_at=NOW + 3).id
            assert await ids(store.list_messages(MessageFilter("acme", **wanted, cursor=cursor))) == [2, 1]
            assert await ids(store.list_messages(MessageFilter("acme", **wanted, cursor=message(0).id))) == []

    async def test_a_clock_put_back_between_two_runs_hides_nothing_of_a_list(self, store: Store) -> None:
        await accepted(store, *(message(no, created_at=NOW + no % 5, reference="r") for no in range(1, 30)))
        for wanted in ({}, {"reference": "r"}):
            seen: list[int] = []
            query = MessageFilter("acme", **wanted, limit=4)
            while page := await store.list_messages(query):
                seen += [one.no for one in page]
                query = msgspec.structs.replace(query, cursor=page[-1].id)
            assert sorted(seen) == list(range(1, 30))

    async def test_links_find_their_messages_newest_first(self, store: Store) -> None:
        first, second, third = message(1), message(2), message(3)
        strange = "\x00\udcff'\u00e9"
        outcome = accepting(store, first)
        store.link("mtn", "A1", first, NOW)
        await outcome
        await accepted(store, second, third)
        store.link("mtn", "A1", second, NOW + 1)
        store.link("mtn", "A1", second, NOW + 1)
        store.link("orange", "A1", third, NOW + 2)
        store.link("mtn", strange, third, NOW + 2)
        store.link("mtn", "a1", third, NOW + 2)
        third.state = State.DELIVERED
        store.save(third)
        await committed(store)
        assert await store.find_linked(
            [("mtn", "A1"), ("orange", "A1"), ("mtn", strange), ("mtn", "A"), ("vodafone", "A1")]
        ) == {("mtn", "A1"): [second, first], ("orange", "A1"): [third], ("mtn", strange): [third]}
        assert await store.find_linked([]) == {}

    async def test_a_lane_is_loaded_by_position(self, store: Store) -> None:
        await accepted(
            store,
            waiting(1, position=30),
            waiting(2, position=10),
            waiting(3, position=20, account="other"),
            waiting(4, position=25, traffic_class=TrafficClass.OTP),
            waiting(5, position=26, operator="orange"),
            waiting(6, position=27, operator=None),
            message(7),
            waiting(8, position=5),
            waiting(9, position=2**62, traffic_class=TrafficClass.MARKETING),
        )
        lane = Lane("mtn", 1, "acme")
        assert await ids(store.load_lane(lane, 0, 10)) == [8, 2, 1]
        assert await ids(store.load_lane(lane, 5, 10)) == [2, 1]
        assert await ids(store.load_lane(lane, 5, 1)) == [2]
        assert await ids(store.load_lane(lane, 30, 10)) == []
        assert await ids(store.load_lane(Lane("mtn", 1, "other"), 0, 10)) == [3]
        assert await ids(store.load_lane(Lane("mtn", 0, "acme"), 0, 10)) == [4]
        assert await ids(store.load_lane(Lane("mtn", 2, "acme"), 0, 10)) == [9]
        assert await ids(store.load_lane(Lane("orange", 1, "acme"), 0, 10)) == [5]
        moved = (await store.load_lane(lane, 0, 1))[0]
        moved.operator, moved.position = "orange", 40
        store.save(moved)
        await committed(store)
        assert await ids(store.load_lane(lane, 0, 10)) == [2, 1]
        assert await ids(store.load_lane(Lane("orange", 1, "acme"), 0, 10)) == [5, 8]

    async def test_due_messages_come_soonest_first(self, store: Store) -> None:
        assert await store.next_due() is None
        await accepted(store, message(1, due_at=50), message(2, due_at=20), message(3), message(4, due_at=40))
        assert await store.next_due() == 20
        assert await ids(store.load_due(19, 10)) == []
        assert await ids(store.load_due(40, 10)) == [2, 4]
        assert await ids(store.load_due(100, 2)) == [2, 4]
        store.save(message(2, state=State.DELIVERED))
        store.save(message(4, due_at=60))
        await committed(store)
        assert await store.next_due() == 50
        assert await ids(store.load_due(100, 10)) == [1, 4]

    async def test_events_are_read_after_a_seq_in_order(self, store: Store) -> None:
        for seq in (1, 2, 3, 4):
            store.append(event(seq))
        store.append(event(1, "other"))
        await committed(store)
        assert await store.events("acme", 0, 10) == [event(seq) for seq in (1, 2, 3, 4)]
        assert await store.events("acme", 2, 1) == [event(3)]
        assert await store.events("acme", 4, 10) == []
        assert await store.events("nobody", 0, 10) == []


class Recovering(StoreContract):
    async def test_numbers_positions_and_lanes(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            await accepted(
                store,
                waiting(1, position=70),
                waiting(2, position=12),
                waiting(3, position=13, account="other", traffic_class=TrafficClass.MARKETING),
                waiting(4, position=14, operator="orange"),
                message(5, state=State.SCHEDULED, due_at=NOW + 9),
                message(6, state=State.SUBMITTED, due_at=NOW + 8),
                message(9, state=State.DELIVERED),
                message(7, due_at=NOW + 10),
            )
            store.append(event(41))
            store.append(event(42))
            store.append(event(7, "other"))
        recovery = await found(shelf)
        assert (recovery.last_no, recovery.last_position, recovery.next_due) == (9, 70, NOW + 8)
        assert recovery.last_seqs == {"acme": 42, "other": 7}
        assert recovery.open_messages == 6
        assert {backlog.lane: backlog.count for backlog in recovery.lanes} == {
            Lane("mtn", 1, "acme"): 2,
            Lane("mtn", 2, "other"): 1,
            Lane("orange", 1, "acme"): 1,
        }

    async def test_unsettled_messages(self, shelf: Shelf) -> None:
        """Wherever they wait, and whether they were accepted so or became so."""
        places: list[dict[str, int]] = [{}, {"position": 3}, {"due_at": 9}]
        messages = []
        wanted = []
        for (state, parts, unsettled), place in product(IN_DOUBT, places):
            messages.append(message(len(messages) + 1, state=state, parts=parts, **place))
            wanted += [messages[-1]] if unsettled else []
        async with opened(shelf) as (store, recovery):
            await accepted(store, *messages)
            recovery = await found(shelf.crashed())
            assert recovery.unsettled == wanted
            assert recovery.open_messages == sum(one.state is State.QUEUED for one in messages)
            for one in messages:
                store.save(message(one.no, state=State.DELIVERED))
            await committed(store)
            for one in messages:
                store.save(one)
        assert (await found(shelf)) == recovery

    async def test_a_settled_message_is_no_longer_found(self, shelf: Shelf) -> None:
        one = waiting(1, parts=[in_doubt(None)])
        async with opened(shelf) as (store, _):
            await accepted(store, one)
            assert (await found(shelf.crashed())).unsettled == [one]
            one.parts[0].attempts[0].outcome = OutcomeKind.ACCEPTED
            one.state, one.position = State.SUBMITTED, None
            store.save(one)
        recovery = await found(shelf)
        assert (recovery.unsettled, recovery.open_messages, recovery.lanes) == ([], 0, [])

    async def test_what_was_committed_survives_a_crash(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            one = waiting(1)
            await accepted(store, one, waiting(2), remembered=answer("k"))
            store.link("mtn", "id", one, NOW)
            store.append(event(1))
            store.park(receipt(1))
            store.move_cursor("hook", 1)
            store.keep(piece(1))
            await committed(store)
            crashed = shelf.crashed()
            store.append(event(2))
            await committed(store)
            async with opened(crashed) as (after, recovery):
                assert recovery.last_no == recovery.open_messages == 2
                assert (recovery.last_seqs, recovery.cursors) == ({"acme": 1}, {"hook": 1})
                assert recovery.parked == [receipt(1)]
                assert await after.find_linked([("mtn", "id")]) == {("mtn", "id"): [one]}
                assert await after.recall("acme", "k") == answer("k")
                assert await after.events("acme", 0, 9) == [event(1)]
                assert await after.pieces([piece(1).message]) == {piece(1).message: [piece(1)]}


def note(number: int, at: int = NOW, **fields: Any) -> AuditEntry:
    given = {"who": "admin", "action": "operator.pause", "subject": f"mtn-{number}", "outcome": "done", **fields}
    return AuditEntry(at, **given)


class Auditing(StoreContract):
    async def test_control_actions_are_numbered_in_order_and_read_by_cursor(self, shelf: Shelf) -> None:
        notes = [note(1), note(2, subject=None, outcome="invalid_config"), note(3, who="account:acme", at=NOW - 9)]
        async with opened(shelf) as (store, _):
            assert await store.audited(0, 9) == []
            for one in notes:
                store.audit(one)
            await committed(store)
        async with opened(shelf) as (store, _):
            store.audit(note(4))
            await committed(store)
            read = await store.audited(0, 9)
            assert [one.seq for one in read] == [1, 2, 3, 4]
            assert [msgspec.structs.replace(one, seq=0) for one in read] == [*notes, note(4)]
            assert await store.audited(0, 2) == read[:2]
            assert await store.audited(2, 9) == read[2:]
            assert await store.audited(4, 9) == []
            assert await store.last_audited(2**63 - 1, 2) == read[:-3:-1]
            assert await store.last_audited(read[1].seq, 9) == read[:1]

    async def test_a_name_that_is_no_unicode_is_recorded_all_the_same(self, store: Store) -> None:
        store.audit(note(1, subject="a\udcffb\0c"))
        await committed(store)
        (read,) = await store.audited(0, 9)
        assert read.subject == "a?b\0c"

    async def test_it_survives_a_crash_and_an_outage(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.audit(note(1))
            await committed(store)
            with shelf.outage():
                store.audit(note(2))
                await refused(store, message(1))
            await committed(store)
            crashed = shelf.crashed()
            async with opened(crashed) as (after, _):
                assert [one.subject for one in await after.audited(0, 9)] == ["mtn-1", "mtn-2"]

    async def test_numbers_grow_on_when_all_of_it_has_gone(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.audit(note(1, at=NOW))
            store.audit(note(2, at=NOW + 5))
            await committed(store)
            await purged(store, events=NOW + 5)
            assert [one.seq for one in await store.audited(0, 9)] == [2]
            await purged(store, events=NOW + 6)
            store.audit(note(3))
            await committed(store)
            assert [one.seq for one in await store.audited(0, 9)] == [3]

    async def test_a_cursor_is_put_back_and_goes_on_from_there(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.move_cursor("a", 9)
            store.rewind("a", 4)
            store.move_cursor("b", 9)
            await committed(store)
        assert (await found(shelf)).cursors == {"a": 4, "b": 9}
        async with opened(shelf) as (store, _):
            store.rewind("b", 2)
            store.move_cursor("b", 3)
            store.move_cursor("a", 5)
            store.rewind("c", 1)
        assert (await found(shelf)).cursors == {"a": 5, "b": 3, "c": 1}


class Joining(StoreContract):
    async def test_pieces_come_back_by_message_in_the_order_they_came(self, shelf: Shelf) -> None:
        other = piece(2, sender="caf\u00e9 '\"\x00")
        mine = [piece(1, 2), piece(3, 1), piece(4, 1)]
        alike = [piece(5, reference=8), piece(6, total=3), piece(7, wide=True), piece(8, sender="+237")]
        async with opened(shelf) as (store, _):
            for one in (mine[2], other, mine[0], *alike, mine[1]):
                store.keep(one)
            await committed(store)
            nobody = piece(9, reference=9).message
            assert await store.pieces([mine[0].message, nobody, other.message]) == {
                mine[0].message: mine,
                other.message: [other],
            }
            assert await store.pieces([]) == {}
        async with opened(shelf) as (store, _):
            for one in (other, *alike):
                assert await store.pieces([one.message]) == {one.message: [one]}

    async def test_what_is_dropped_is_gone_and_nothing_else(self, store: Store) -> None:
        first, second, third = piece(1), piece(2, 2), piece(3, reference=8)
        for one in (first, second, third):
            store.keep(one)
        await committed(store)
        store.drop([first])
        store.keep(piece(4))
        store.drop([third, piece(5)])
        await committed(store)
        assert await store.pieces([first.message, third.message]) == {first.message: [second, piece(4)]}
        store.drop([piece(4), second])
        await committed(store)
        assert await store.pieces([first.message]) == {}

    async def test_kept_and_dropped_at_once_is_gone(self, store: Store) -> None:
        store.keep(piece(1))
        store.drop([piece(1)])
        await committed(store)
        assert await store.pieces([piece(1).message]) == {}

    async def test_the_event_comes_with_the_drop(self, shelf: Shelf) -> None:
        """Also where the batch is full just there."""
        came = [piece(number, number, total=255) for number in range(1, 256)]
        async with opened(shelf) as (store, _):
            for one in came:
                store.keep(one)
            await committed(store)
            with shelf.outage():
                for seq in range(1, 5000):
                    store.append(event(seq, "other"))
                store.drop(came, event(1))
                await refused(store, message(1))
                assert await store.events("acme", 0, 9) == []
                assert await store.pieces([came[0].message]) == {came[0].message: came}
            await committed(store)
            assert await store.events("acme", 0, 9) == [event(1)]
            assert await store.pieces([came[0].message]) == {}
        assert (await found(shelf)).last_seqs == {"acme": 1, "other": 4999}

    async def test_who_has_waited_longest(self, store: Store) -> None:
        assert await store.oldest_piece() is None
        assert await store.overdue(2**62, 9) == []
        old, older, young = piece(1, at=NOW + 2), piece(2, reference=8, at=NOW + 1), piece(3, reference=9, at=NOW + 3)
        again = [piece(4, 2, reference=8, at=NOW + 9), piece(5, 1, reference=8, at=NOW + 1)]
        for one in (old, older, young, *again):
            store.keep(one)
        await committed(store)
        assert await store.oldest_piece() == NOW + 1
        assert await store.overdue(NOW, 9) == []
        assert await store.overdue(NOW + 1, 9) == [older.message]
        assert await store.overdue(NOW + 2, 9) == [older.message, old.message]
        assert await store.overdue(NOW + 99, 1) == [older.message]
        store.drop([older, *again])
        await committed(store)
        assert await store.oldest_piece() == NOW + 2
        assert await store.overdue(NOW + 99, 9) == [old.message, young.message]

    async def test_a_start_finds_what_may_be_whole(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, recovery):
            assert (recovery.joinable, recovery.oldest_piece, recovery.last_piece) == ([], None, None)
            for one in (piece(3, 1), piece(4, 2), piece(1, 1, reference=8, at=NOW - 1), piece(5, 1, reference=9)):
                store.keep(one)
            store.keep(piece(6, 1, reference=9))
            await committed(store)
            recovery = await found(shelf.crashed())
            assert recovery.joinable == [piece(1).message, piece(1, reference=9).message]
            assert recovery.oldest_piece == NOW - 1
            store.drop([piece(3, 1)])
        assert (await found(shelf)).joinable == [piece(1, reference=9).message]

    async def test_retention_leaves_pieces_alone(self, store: Store) -> None:
        store.keep(piece(1))
        await committed(store)
        await purged(store, *[2 * NOW] * 4)
        assert await store.pieces([piece(1).message]) == {piece(1).message: [piece(1)]}


class Guarding(StoreContract):
    async def test_what_was_spent_last_is_found_at_a_start(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, recovery):
            assert (recovery.spent, recovery.opted_out) == ([], {})
            store.spend(Spent("mtn", "2026-01-01", 1, Decimal("0.10")))
            store.spend(Spent("other", "2026-01-01", 7, Decimal(0)))
            store.spend(Spent("mtn", "2026-01-01", 2, Decimal("0.200000000000000000001")))
            await committed(store)
            store.spend(Spent("other", "2026-01-02", 1, Decimal("12345678901234567890.5")))
            await committed(store)
        found_again = sorted((await found(shelf)).spent, key=lambda spent: spent.operator)
        assert found_again == [
            Spent("mtn", "2026-01-01", 2, Decimal("0.200000000000000000001")),
            Spent("other", "2026-01-02", 1, Decimal("12345678901234567890.5")),
        ]

    async def test_what_is_spent_is_on_disk_with_the_claim(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            one = waiting(1)
            await accepted(store, one)
            with shelf.outage():
                one.position = None
                store.save(one)
                store.spend(Spent("mtn", "2026-01-01", 1, Decimal(1)))
                await refused(store, message(2))
                store.spend(Spent("mtn", "2026-01-01", 2, Decimal(2)))
            assert (await found(shelf.crashed())).spent == []
            await committed(store)
            assert (await found(shelf.crashed())).spent == [Spent("mtn", "2026-01-01", 2, Decimal(2))]

    async def test_the_lists_of_opted_out_numbers_are_found_sorted_by_account(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            for number in (237670000009, 1, 999999999999999, 237670000009):
                store.opt_out("acme", number, NOW)
            store.opt_out("other", 237670000001, NOW)
            store.opt_out("gone", 237670000001, NOW)
            await committed(store)
            store.opt_in("gone", 237670000001)
            store.opt_in("acme", 1)
            store.opt_in("acme", 2)
            store.opt_in("nobody", 1)
            await committed(store)
        recovery = await found(shelf)
        assert recovery.opted_out == {
            "acme": array("Q", [237670000009, 999999999999999]),
            "other": array("Q", [237670000001]),
        }

    async def test_the_last_word_counts(self, shelf: Shelf) -> None:
        """Also within one batch, and where the batch waits for the disk."""
        async with opened(shelf) as (store, _):
            store.opt_out("acme", 1, NOW)
            store.opt_in("acme", 1)
            store.opt_in("acme", 2)
            store.opt_out("acme", 2, NOW)
            await committed(store)
            assert (await found(shelf.crashed())).opted_out == {"acme": array("Q", [2])}
            with shelf.outage():
                store.opt_out("acme", 1, NOW)
                await refused(store, message(1))
                store.opt_in("acme", 2)
            await committed(store)
        assert (await found(shelf)).opted_out == {"acme": array("Q", [1])}

    async def test_retention_leaves_them_alone(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            store.opt_out("acme", 1, 0)
            store.spend(Spent("mtn", "1970-01-01", 1, Decimal(1)))
            await committed(store)
            await purged(store, *[2 * NOW] * 4)
        recovery = await found(shelf)
        assert (len(recovery.spent), recovery.opted_out) == (1, {"acme": array("Q", [1])})


class Failing(StoreContract):
    async def test_what_rides_with_no_message_is_written_too(self, store: Store) -> None:
        ridden: list[bool] = []
        assert await asyncio.wait_for(accepting(store, riders=[lambda _: ridden.append(True)]), 20) is None
        assert ridden == [True]

    async def test_an_acceptance_is_refused_and_nothing_of_it_is_kept(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            old = message(1)
            await accepted(store, old)
            with shelf.outage():
                new = message(2)
                outcome = accepting(store, new, message(3), remembered=answer("k"))
                new.state = State.SUBMITTED
                store.save(new)
                store.link("mtn", "new", new, NOW)
                store.link("mtn", "old", old, NOW)
                old.state = State.SUBMITTED
                store.save(old)
                assert isinstance(await outcome, StoreUnavailable)
                assert not store.healthy
                # What still comes for it later, in a batch of its own, finds nothing either.
                store.save(new)
                store.append(event(1))
            await committed(store)
            assert store.healthy
            assert await store.list_messages(MessageFilter("acme")) == [old]
            assert await store.find_linked([("mtn", "new"), ("mtn", "old")]) == {("mtn", "old"): [old]}
            assert await store.recall("acme", "k") is None
            assert await store.events("acme", 0, 9) == [event(1)]
            await accepted(store, message(4))
        assert (await found(shelf)).last_no == 4

    async def test_while_unhealthy_acceptances_are_refused_at_once_but_not_within_the_call(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            with shelf.outage():
                await refused(store, message(1))
                outcome = accepting(store, message(2))
                assert not outcome.done()
                await asyncio.sleep(0)
                assert isinstance(outcome.result(), StoreUnavailable)
            await committed(store)
            await accepted(store, message(3))
            assert await ids(store.list_messages(MessageFilter("acme"))) == [3]

    async def test_a_store_with_nothing_left_to_write_still_recovers(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            with shelf.outage():
                await refused(store, message(1))
            await committed(store)
            assert store.healthy

    async def test_callbacks_wait_until_it_is_on_disk_and_keep_their_order(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            told: list[int] = []
            with shelf.outage():
                store.append(event(1))
                store.after_commit(lambda: told.append(1))
                await refused(store, message(1))
                store.append(event(2))
                store.after_commit(lambda: told.append(2))
                await refused(store, message(2))
                assert told == []
            await committed(store)
            assert told == [1, 2]
            assert await store.events("acme", 0, 9) == [event(1), event(2)]

    async def test_the_writes_of_an_outage_end_in_the_right_order(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            one = waiting(1)
            await accepted(store, one)
            with shelf.outage():
                one.waiting_for = "first"
                store.save(one)
                store.park(receipt(1))
                store.unpark(receipt(2))
                store.move_cursor("hook", 2)
                await refused(store, message(2))
                one.waiting_for = "second"
                store.save(msgspec.structs.replace(one, waiting_for="third"))
                store.unpark(receipt(1))
                store.park(receipt(2))
                store.move_cursor("hook", 1)
            await committed(store)
            kept = await store.find("acme", one.id)
            assert kept is not None
            assert kept.waiting_for == "third"
        recovery = await found(shelf)
        assert (recovery.parked, recovery.cursors) == ([receipt(2)], {"hook": 2})

    async def test_done_may_write_and_accept_again_while_refused(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            again = asyncio.get_running_loop().create_future()

            def told(_: object) -> None:
                store.append(event(1))
                store.accept([message(2)], None, again.set_result)

            with shelf.outage():
                store.accept([message(1)], None, told)
                assert isinstance(await asyncio.wait_for(again, 20), StoreUnavailable)
            await committed(store)
            assert await store.events("acme", 0, 9) == [event(1)]

    async def test_closing_in_an_outage_says_so_and_loses_only_what_was_never_committed(self, shelf: Shelf) -> None:
        store = shelf.store()
        await store.open()
        await accepted(store, message(1))
        with shelf.outage():
            store.append(event(1))
            with pytest.raises(StoreUnavailable):
                await store.close()
        recovery = await found(shelf)
        assert (recovery.last_no, recovery.last_seqs) == (1, {})

    async def test_retention_waits_for_nobody_in_an_outage(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            await accepted(store, message(1, state=State.DELIVERED))
            with shelf.outage(), pytest.raises(StoreUnavailable):
                await store.purge(2 * NOW, 2 * NOW, 2 * NOW, 2 * NOW)
            await committed(store)
            assert await ids(store.list_messages(MessageFilter("acme"))) == [1]
            assert not await store.purge(2 * NOW, 2 * NOW, 2 * NOW, 2 * NOW)
            assert await ids(store.list_messages(MessageFilter("acme"))) == []


async def purged(store: Store, messages: int = 0, events: int = 0, text: int = 0, keys: int = 0) -> int:
    """Run retention to its end; how many steps it took."""
    steps = 1
    while await store.purge(messages, events, text, keys):
        steps += 1
        assert steps < 100
    return steps


class Forgetting(StoreContract):
    @pytest.mark.parametrize("state", list(State))
    async def test_only_final_messages_go(self, store: Store, state: State) -> None:
        await accepted(store, message(1, state=state, due_at=NOW), message(2, state=state, due_at=NOW))
        await purged(store, messages=NOW + 2)
        assert await ids(store.list_messages(MessageFilter("acme"))) == ([2] if state in FINAL else [2, 1])

    async def test_submitted_without_a_receipt_to_wait_for_is_the_end_too(self, store: Store) -> None:
        await accepted(store, message(1, state=State.SUBMITTED), message(2, state=State.SUBMITTED, due_at=NOW))
        await purged(store, messages=NOW + 9)
        assert await ids(store.list_messages(MessageFilter("acme"))) == [2]

    async def test_age_counts_from_when_it_was_to_be_sent(self, store: Store) -> None:
        await accepted(store, message(1, state=State.DELIVERED, send_at=NOW + 50), message(2, state=State.DELIVERED))
        await purged(store, messages=NOW + 50)
        assert await ids(store.list_messages(MessageFilter("acme"))) == [1]
        await purged(store, messages=NOW + 51)
        assert await ids(store.list_messages(MessageFilter("acme"))) == []

    async def test_links_go_with_their_message(self, store: Store) -> None:
        first, second = message(1, state=State.DELIVERED), message(2, state=State.DELIVERED)
        await accepted(store, first, second)
        for one in (first, second):
            store.link("mtn", "same", one, NOW)
            store.link("mtn", f"own{one.no}", one, NOW)
        await purged(store, messages=NOW + 2)
        keys = [("mtn", "same"), ("mtn", "own1"), ("mtn", "own2")]
        assert await store.find_linked(keys) == {("mtn", "same"): [second], ("mtn", "own2"): [second]}

    async def test_a_message_that_ends_late_goes_in_a_later_round(self, store: Store) -> None:
        late = message(1)
        await accepted(store, late, message(2, state=State.DELIVERED))
        await purged(store, messages=NOW + 9)
        assert await ids(store.list_messages(MessageFilter("acme"))) == [1]
        late.state = State.EXPIRED
        store.save(late)
        await purged(store, messages=NOW + 9)
        assert await ids(store.list_messages(MessageFilter("acme"))) == []

    async def test_texts_are_blanked_and_nothing_else(self, shelf: Shelf) -> None:
        texts = [
            message(1, state=State.DELIVERED, options={"subject": "gone too"}, sender="ACME"),
            message(2, state=State.DELIVERED, text=None, data=b"\x00", udh=b"\x00"),
            message(3, state=State.SUBMITTED, due_at=NOW),
            message(4, state=State.DELIVERED),
        ]
        async with opened(shelf) as (store, _):
            await accepted(store, *texts)
            await purged(store, text=NOW + 4)
            blank = [replace_text(one) for one in texts[:2]]
            assert await store.list_messages(MessageFilter("acme")) == [texts[3], texts[2], *reversed(blank)]
            # It ends after retention has come by: then its text goes as it is written.
            texts[2].state = State.DELIVERED
            store.save(texts[2])
            await committed(store)
            assert await store.find("acme", texts[2].id) == replace_text(texts[2])
            assert texts[2].text == "Hello"
        async with opened(shelf) as (store, _):
            await purged(store, text=NOW + 5)
            assert [one.text for one in await store.list_messages(MessageFilter("acme"))] == [None] * 4

    async def test_events_go_but_seq_grows_on(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            for seq in range(1, 5):
                store.append(event(seq, at=NOW + seq))
                store.append(event(seq, "other", at=NOW + 10 * seq))
                await committed(store)
            await purged(store, events=NOW + 3)
            assert [one.seq for one in await store.events("acme", 0, 9)] == [3, 4]
            assert [one.seq for one in await store.events("other", 0, 9)] == [1, 2, 3, 4]
            await purged(store, events=NOW + 100)
            assert await store.events("acme", 0, 9) == []
        assert (await found(shelf)).last_seqs == {"acme": 4, "other": 4}

    async def test_answers_and_parked_receipts_go(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            for at in (1, 2, 3):
                await accepted(store, remembered=answer(f"k{at}", at=at))
                store.park(receipt(at, at=at))
            await accepted(store, remembered=answer("k1", at=4))
            await purged(store, keys=3)
            kept = [key for key in ("k1", "k2", "k3") if await store.recall("acme", key)]
            assert kept == ["k1", "k3"]
        assert (await found(shelf)).parked == [receipt(3, at=3)]

    @pytest.mark.deep
    async def test_it_takes_small_steps_and_ends(self, store: Store) -> None:
        count = 2300
        messages = [message(no, state=State.DELIVERED if no % 2 else State.QUEUED) for no in range(1, count)]
        await accepted(store, *messages)
        for one in messages:
            store.link("mtn", str(one.no), one, NOW)
            store.append(event(one.no))
            store.park(receipt(one.no))
        await committed(store)
        assert await purged(store, *[NOW + count] * 4) > 2
        assert await ids(store.list_messages(MessageFilter("acme", limit=count))) == list(range(count - 2, 0, -2))
        assert await store.events("acme", 0, 9) == []
        await purged(store, *[NOW + count] * 4)

    async def test_nothing_is_forgotten_before_its_time(self, shelf: Shelf) -> None:
        async with opened(shelf) as (store, _):
            one = message(1, state=State.DELIVERED)
            await accepted(store, one, remembered=answer("k"))
            store.append(event(1))
            store.park(receipt(1))
            await committed(store)
            assert not await store.purge(NOW, NOW, NOW, NOW)
            assert await store.find("acme", one.id) == one
            assert await store.recall("acme", "k") == answer("k")
            assert await store.events("acme", 0, 9) == [event(1)]
        assert (await found(shelf)).parked == [receipt(1)]


def replace_text(one: Message) -> Message:
    return msgspec.structs.replace(one, text=None, data=None, udh=None, options=None)


def _money() -> Money:
    return msgspec.convert({"amount": "0.0150", "currency": "XAF"}, Money)


# --- random lives against a model ----------------------------------------------------------------------------


class Shadow:
    """What a store should hold, in plain dictionaries."""

    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self.links: dict[tuple[str, str], dict[int, int]] = {}
        self.events: dict[str, list[LoggedEvent]] = {}
        self.parked: set[Receipt] = set()
        self.pieces: dict[int, Piece] = {}
        self.cursors: dict[str, int] = {}
        self.answers: dict[tuple[str, str], Remembered] = {}
        self.entries: list[Entry] = []
        self.last_no = 0
        self.arrivals = 0

    def lane(self, lane: Lane) -> list[Message]:
        waiting = [
            one
            for one in self.messages.values()
            if one.position is not None
            and Lane(one.operator or "", CLASSES.index(one.traffic_class), one.account) == lane
        ]
        return sorted(waiting, key=lambda one: one.position or 0)


ACCOUNTS = ("acme", "other")
OPERATORS = ("mtn", "orange", None)
CLASSES = list(TrafficClass)
KEYS = ("a", "b", "\udcff")


def numbered(parts: list[Part]) -> list[Part]:
    return [msgspec.structs.replace(part, number=number) for number, part in enumerate(parts, 1)]


outcomes = st.sampled_from([None, *OutcomeKind])
parts = st.builds(
    Part,
    number=st.just(1),
    state=st.sampled_from(State),
    attempts=st.lists(st.builds(Attempt, operator=st.just("mtn"), at=st.just(NOW), outcome=outcomes), max_size=2),
)
mutable = st.fixed_dictionaries(
    {
        "state": st.sampled_from(State),
        "operator": st.sampled_from(OPERATORS),
        "position": st.none() | st.integers(1, 2**62),
        "due_at": st.none() | st.integers(0, 2**62),
        "parts": st.lists(parts, max_size=2).map(numbered),
        "waiting_for": st.none() | st.text(max_size=3),
    }
)
fresh = st.fixed_dictionaries({"account": st.sampled_from(ACCOUNTS), "traffic_class": st.sampled_from(TrafficClass)})
small = st.integers(1, 4)
step = st.one_of(
    st.tuples(st.just("accept"), st.lists(st.tuples(fresh, mutable), max_size=3), st.none() | st.sampled_from(KEYS)),
    st.tuples(st.just("save"), st.integers(0, 99), mutable),
    st.tuples(st.just("claim"), st.integers(0, 99)),
    st.tuples(st.just("link"), st.integers(0, 99), st.sampled_from(KEYS), small),
    st.tuples(st.just("append"), st.sampled_from(ACCOUNTS)),
    st.tuples(st.just("park"), small),
    st.tuples(st.just("unpark"), small),
    st.tuples(st.just("keep"), small, small),
    st.tuples(st.just("drop"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("cursor"), st.sampled_from(ACCOUNTS), st.integers(0, 9)),
    st.tuples(st.just("enter"), st.sampled_from(ACCOUNTS), st.integers(-9, 9), st.integers(-9, 99)),
    st.tuples(st.just("commit")),
    st.tuples(st.just("turn")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("reopen")),
)


class Remembering(StoreContract):
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=st.lists(step, max_size=30))
    @pytest.mark.deep
    def test_any_life_is_remembered(self, make_shelf: Callable[[Path], Shelf], steps: list[Any]) -> None:
        with TemporaryDirectory() as folder:
            asyncio.run(self._live(make_shelf(Path(folder)), steps))

    async def _live(self, shelf: Shelf, steps: list[Any]) -> None:
        shadow = Shadow()
        store = shelf.store()
        await store.open()
        for what, *given_ in steps:
            if what == "commit":
                await committed(store)
            elif what == "turn":
                await asyncio.sleep(0)
            elif what == "crash":
                await committed(store)
                await store_is(shelf.crashed(), shadow)
            elif what == "reopen":
                await store.close()
                await store_is(shelf, shadow)
                store = shelf.store()
                await store.open()
            else:
                ask(store, shadow, what, *given_)
        await store.close()
        await store_is(shelf, shadow)


def ask(store: Store, shadow: Shadow, what: str, *given_: Any) -> None:
    """Ask both for the same. The shadow keeps the very values: they are written as they stand."""
    if what == "accept":
        new = []
        for names, fields in given_[0]:
            shadow.last_no += 1
            new.append(message(shadow.last_no, **names, **deepcopy(fields)))
        kept = given_[1] and answer(given_[1], at=shadow.last_no)
        debit = Entry("acme", NOW, EntryKind.DEBIT, -len(new)) if new and kept else None
        store.accept(new, kept, lambda error: None, debit)
        if debit is not None:
            shadow.entries.append(debit)
        shadow.messages.update((one.no, one) for one in new)
        if kept:
            shadow.answers[kept.account, kept.key] = kept
    elif what in ("save", "link", "claim") and shadow.messages:
        one = shadow.messages[1 + given_[0] % len(shadow.messages)]
        if what == "claim":
            claim(store, one)
        elif what == "save":
            for name, value in deepcopy(given_[1]).items():
                setattr(one, name, value)
            store.save(one)
        else:
            store.link("mtn", given_[1], one, given_[2])
            shadow.links.setdefault(("mtn", given_[1]), {})[one.no] = given_[2]
    elif what == "append":
        log = shadow.events.setdefault(given_[0], [])
        log.append(event(len(log) + 1, given_[0]))
        store.append(log[-1])
    elif what == "park":
        store.park(receipt(given_[0]))
        shadow.parked.add(receipt(given_[0]))
    elif what == "unpark":
        store.unpark(receipt(given_[0]))
        shadow.parked.discard(receipt(given_[0]))
    elif what == "keep":
        arrival = shadow.arrivals = shadow.arrivals + 1
        shadow.pieces[arrival] = piece(arrival, number=1, reference=given_[0], at=NOW + given_[1])
        store.keep(shadow.pieces[arrival])
    elif what == "drop":
        gone = [shadow.pieces.pop(arrival) for arrival in list(shadow.pieces) if arrival % 10 >= given_[0]]
        log = shadow.events.setdefault("acme", [])
        if given_[1]:
            log.append(event(len(log) + 1, "acme"))
        store.drop(gone, log[-1] if given_[1] else None)
    elif what == "enter":
        account, amount, place = given_
        about = shadow.messages[1 + place % len(shadow.messages)] if shadow.messages and place >= 0 else None
        shadow.entries.append(Entry(account, NOW, EntryKind.CREDIT, amount, about and about.id))
        store.enter(shadow.entries[-1], about)
    elif what == "cursor":
        store.move_cursor(*given_)
        shadow.cursors[given_[0]] = max(shadow.cursors.get(given_[0], 0), given_[1])


def claim(store: Store, one: Message) -> None:
    """As a dispatcher does it: the first part that is to be sent and has no attempt under way."""
    idle = [part for part in one.parts if not part.attempts or part.attempts[-1].outcome is not None]
    if one.state is State.QUEUED and idle:
        store.claim(one)
        idle[0].attempts.append(Attempt("mtn", NOW))
        idle[0].state = State.QUEUED
        one.waiting_for = None


async def store_is(shelf: Shelf, shadow: Shadow) -> None:
    """Open what is there and compare all of it with the shadow."""
    everything = shadow.messages.values()
    lanes = {
        Lane(one.operator or "", CLASSES.index(one.traffic_class), one.account)
        for one in everything
        if one.position is not None
    }
    due = [one.due_at for one in everything if one.due_at is not None]
    async with opened(shelf) as (store, recovery):
        assert recovery.last_no == shadow.last_no
        assert recovery.last_position == max((one.position or 0 for one in everything), default=0)
        assert recovery.last_seqs == {account: len(log) for account, log in shadow.events.items() if log}
        assert recovery.open_messages == sum(one.state in (State.QUEUED, State.SCHEDULED) for one in everything)
        assert {one.lane: one.count for one in recovery.lanes} == {lane: len(shadow.lane(lane)) for lane in lanes}
        assert recovery.next_due == await store.next_due() == min(due, default=None)
        assert recovery.unsettled == [one for one in everything if unsettled(one)]
        assert set(recovery.parked) == shadow.parked
        assert len(recovery.parked) == len(shadow.parked)
        assert recovery.cursors == shadow.cursors
        ages = [one.inbound.received_at for one in shadow.pieces.values()]
        assert recovery.oldest_piece == await store.oldest_piece() == min(ages, default=None)
        of_message: dict[LongMessage, list[Piece]] = {}
        for one_piece in shadow.pieces.values():
            of_message.setdefault(one_piece.message, []).append(one_piece)
        assert await store.pieces([piece(1, reference=number).message for number in (1, 2, 3, 4)]) == of_message
        assert set(recovery.joinable) == {one for one, kept in of_message.items() if len(kept) >= one.total}
        for account in ACCOUNTS:
            own = [one for one in everything if one.account == account]
            assert await store.list_messages(MessageFilter(account, limit=999)) == own[::-1]
            assert await store.events(account, 0, 999) == shadow.events.get(account, [])
            entries = [one for one in shadow.entries if one.account == account]
            read = await store.entries(account, None, 999)
            assert [msgspec.structs.replace(one, no=0) for one in read] == entries[::-1]
            assert recovery.wallets.get(account, 0) == sum(one.amount for one in entries)
        for lane in lanes:
            loaded = await store.load_lane(lane, 0, 999)
            assert [one.position for one in loaded] == [one.position for one in shadow.lane(lane)]
            assert sorted(one.no for one in loaded) == sorted(one.no for one in shadow.lane(lane))
        assert [one.due_at for one in await store.load_due(2**62, 999)] == sorted(due)
        linked = await store.find_linked([("mtn", key) for key in KEYS])
        assert {key: [one.no for one in found_] for key, found_ in linked.items()} == {
            key: sorted(ats, key=lambda no: (ats[no], no), reverse=True) for key, ats in shadow.links.items()
        }
        for key in KEYS:
            assert await store.recall("acme", key) == shadow.answers.get(("acme", key))


def unsettled(one: Message) -> bool:
    return one.state not in FINAL and any(
        part.state in (State.QUEUED, State.SUBMITTED)
        and part.attempts
        and part.attempts[-1].outcome in (None, OutcomeKind.UNKNOWN)
        for part in one.parts
    )
