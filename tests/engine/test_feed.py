"""An account's log of events: from memory, from the store, across the edge between them, and by waiting."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from router.engine import feed as feed_module
from router.engine.feed import Feed, at
from router.event import EventType
from router.inbound import Received
from router.message import Message
from tests.engine.rig import Rig, operator, settings


@pytest.fixture
def short_tail(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(feed_module, "_RECENT", 10)
    return 10


async def opened(rig: Rig, count: int, account: str = "acme") -> Feed:
    feed = rig.engine.feed
    tell(rig, count, account)
    await rig.engine.ledger.committed()
    return feed


def tell(rig: Rig, count: int, account: str = "acme") -> None:
    for number in range(count):
        one = Message(id=f"m{number}", account=account, to="+237670000001", created_at=rig.clock.ms)
        rig.engine.feed.tell(EventType.SUBMITTED, one, rig.clock.ms)


async def seqs(feed: Feed, after: int, limit: int = 1000, wait: float = 0, account: str = "acme") -> list[int]:
    return [event.seq for event in await feed.read(account, after, limit, wait)]


async def test_every_page_is_right_on_both_sides_of_the_tail_s_edge(tmp_path: Path, short_tail: int) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = await opened(rig, 35)
        assert feed.last_seq("acme") == 35
        for after in range(-1, 40):
            for limit in (1, 3, short_tail, 1000):
                expected = list(range(max(after, 0) + 1, 36))[:limit]
                assert await seqs(feed, after, limit) == expected, (after, limit)


async def test_the_tails_are_bounded_together(tmp_path: Path, short_tail: int) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = await opened(rig, 35)
        assert len(feed._tails["acme"]) == short_tail
        for account, count in (("other", 4), ("acme", 3), ("third", 3)):
            await opened(rig, count, account)
        assert {account: len(tail) for account, tail in feed._tails.items()} == {"other": 4, "acme": 3, "third": 3}
        await opened(rig, 5, "third")
        assert {account: len(tail) for account, tail in feed._tails.items()} == {"acme": 2, "third": 8}
        for account, last in (("acme", 38), ("other", 4), ("third", 8)):
            for after in range(last + 1):
                assert await seqs(feed, after, account=account) == list(range(after + 1, last + 1))


async def test_readers_each_have_their_own_place(tmp_path: Path, short_tail: int) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = await opened(rig, 25)

        async def follow(page: int) -> list[int]:
            seen: list[int] = []
            while len(seen) < 40:
                seen += await seqs(feed, seen[-1] if seen else 0, page, wait=5)
            return seen

        readers = [asyncio.ensure_future(follow(page)) for page in (1, 7, 1000)]
        for _ in range(15):
            await asyncio.sleep(0)
            tell(rig, 1)
        for reader in readers:
            assert await asyncio.wait_for(reader, 10) == list(range(1, 41))


async def test_an_event_is_readable_only_once_it_is_on_disk(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = rig.engine.feed
        tell(rig, 3)
        assert feed.last_seq("acme") == 0
        assert await seqs(feed, 0) == []
        await rig.engine.ledger.committed()
        assert await seqs(feed, 0) == [1, 2, 3]


async def test_waiting_ends_when_something_comes_for_this_account(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = rig.engine.feed
        waiting = [asyncio.ensure_future(seqs(feed, 0, wait=10)) for _ in range(3)]
        other = asyncio.ensure_future(seqs(feed, 0, wait=0.05, account="other"))
        await asyncio.sleep(0)
        tell(rig, 2)
        for one in waiting:
            read = await asyncio.wait_for(one, 5)
            assert read[0] == 1
        assert await other == []
        assert not feed._waiting["acme"]
        assert not feed._waiting["other"]


async def test_waiting_for_nothing_ends_in_time(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = await opened(rig, 2)
        waiting = asyncio.ensure_future(seqs(feed, 2, wait=0.05))
        await asyncio.sleep(0)
        assert feed._waiting["acme"]
        assert await asyncio.wait_for(waiting, 10) == []
        assert await seqs(feed, 2, wait=0) == []
        assert await seqs(feed, 99, wait=0.01) == []


async def test_where_retention_took_all_there_was_a_reader_waits_for_what_comes(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        await opened(rig, 3)
    async with Rig(config, tmp_path, rig.clock) as rig:
        feed = rig.engine.feed
        while await rig.store.purge(0, rig.clock.ms + 1, 0, 0):
            pass
        assert await seqs(feed, 0) == []
        waiting = asyncio.ensure_future(seqs(feed, 0, wait=30))
        await rig.until(lambda: feed._waiting["acme"] or waiting.done())
        assert not waiting.done()
        tell(rig, 1)
        assert await asyncio.wait_for(waiting, 5) == [4]
        assert await seqs(feed, 1, wait=30) == [4]


async def test_a_reader_that_goes_away_leaves_nothing_behind(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        feed = rig.engine.feed
        waiting = asyncio.ensure_future(seqs(feed, 0, wait=10))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not feed._waiting["acme"]
        assert await seqs(await opened(rig, 1), 0) == [1]


async def test_the_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        await opened(rig, 3)
        await opened(rig, 1, "other")
    async with Rig(config, tmp_path, rig.clock) as rig:
        feed = rig.engine.feed
        assert (feed.last_seq("acme"), feed.last_seq("other"), feed.last_seq("new")) == (3, 1, 0)
        assert await seqs(feed, 1) == [2, 3]
        await opened(rig, 2)
        # Nothing of before the start is in memory, and the page still has no gap.
        assert await seqs(feed, 0) == [1, 2, 3, 4, 5]
        assert await seqs(feed, 3) == [4, 5]
        assert await seqs(feed, 0, account="other") == [1]


async def test_a_received_message_is_an_event_like_the_others(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        received = Received("mtn", "+237670000001", "8080", "STOP é", None, None, 1, True)
        rig.engine.feed.tell_received("acme", received, "sms", (), rig.clock.ms)
        feed = await opened(rig, 1)
        first, second = await feed.read("acme", 0, 10, 0)
        assert (first.type, second.type) == (EventType.RECEIVED, EventType.SUBMITTED)
        told = msgspec.json.decode(first.payload)
        assert (told["seq"], told["text"], told["from"], told["to"]) == (1, "STOP é", "+237670000001", "8080")
        assert told["id"] == told["message_id"]
        assert told["time"] == "2026-01-01T00:00:00Z"


def test_times_are_utc_to_the_millisecond() -> None:
    assert at(1_767_225_600_123) == datetime(2026, 1, 1, 0, 0, 0, 123_000, UTC)
