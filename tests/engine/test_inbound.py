"""Messages from handsets through the engine and the real store: whose they are, joined, given up, taken up again."""

import asyncio
import base64
import random
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from router.account import Account, InboundRule
from router.engine import inbound as inbound_module
from router.inbound import WHOLE, Inbound, Piece, Place
from router.ports.store import StoreUnavailable
from router.settings import Limits, Settings
from tests.engine.rig import ManualClock, Rig, operator, settings

HANDSET = "+237670000001"
ACME = Account(name="acme", token=None, currency="XAF", inbound=(InboundRule("8080"), InboundRule("+2376*")))
STOP = Account(name="stop", token=None, currency="XAF", inbound=(InboundRule("8080", "STOP"),))
ALL_EVENT_FIELDS = {
    *("id", "seq", "type", "time", "account", "message_id", "reference", "to", "from", "channel", "operator"),
    *("network", "segments", "cost", "price", "state", "error", "possible_duplicate", "submitted_at", "done_at"),
}


def config(*accounts: Account, **changes: Any) -> Settings:
    return settings(operator("mtn"), operator("orange"), accounts=accounts or (ACME,), limits=Limits(**changes))


def came(
    content: str | bytes = "hello",
    number: int = 1,
    total: int = 1,
    reference: int = 7,
    sender: str = HANDSET,
    to: str = "8080",
    alphabet: str | None = "gsm7",
    udh: bytes | None = None,
    name: str = "mtn",
    wide: bool = False,
) -> Inbound:
    octets = content.encode() if isinstance(content, str) else content
    place = Place(reference, total, number, wide) if total > 1 else WHOLE
    return Inbound(name, sender, to, 0, octets, alphabet, udh, place)


def receive(rig: Rig, *messages: Inbound) -> None:
    """As the gateway would hand them over, at the clock's time; the token is the content."""
    for one in messages:
        rig.engine.inbound(one.operator, replace(one, received_at=rig.clock.ms), one.content)


async def texts(rig: Rig, count: int, account: str = "acme") -> list[tuple[str, bool]]:
    """Text and completeness of all events, once there are `count`."""
    await rig.until(lambda: rig.engine.feed.last_seq(account) >= count)
    return [(event["text"], event["complete"]) for event in await rig.events(account)]


async def nothing_more(rig: Rig, account: str = "acme") -> None:
    """Wait until all pieces so far were looked at."""
    inbox = rig.engine._inbox
    for _ in range(3):
        await rig.settle()
        await rig.until(lambda: not inbox._touched)
        # The look that is under way ends with a read.
        await rig.store.oldest_piece()


async def pieces_left(rig: Rig) -> int:
    await rig.engine.ledger.committed()
    connection = apsw.Connection(str(rig.path))
    count: int = connection.execute("SELECT count(*) FROM pieces").get
    connection.close()
    return count


def wake(rig: Rig, seconds: float) -> None:
    rig.clock.move(seconds)
    rig.engine._inbox._changed.set()


# --- what comes twice ----------------------------------------------------------------------------------------


async def test_a_message_that_is_handed_over_again_is_one_event(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        named = [replace(came(text), id=id) for text, id in (("yes", "1"), ("yes", "2"), ("yes", "1"), ("no", "1"))]
        receive(rig, *named, came("yes"), came("yes"), replace(came("yes", name="orange"), id="1"))
        await rig.until(lambda: len(rig.operators["mtn"].acknowledged) == 6)
        assert [event["text"] for event in await rig.events()] == ["yes", "yes", "no", "yes", "yes", "yes"]
        assert rig.metrics.counted["inbound", "mtn", "repeated"] == 1
        rig.clock.move(24 * 3600)
        receive(rig, named[1])
        assert len(await texts(rig, 7)) == 7


async def test_one_that_broke_here_is_told_when_it_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig(config(), tmp_path) as rig:
        hand = rig.operators["mtn"]
        one = replace(came("yes"), id="1")
        with monkeypatch.context() as broken:
            broken.setattr(rig.engine.feed, "tell_received", lambda *_: 1 / 0)
            receive(rig, one)
        assert [stored for _, stored in hand.acknowledged] == [False]
        receive(rig, one)
        assert await texts(rig, 1) == [("yes", True)]


async def test_one_that_comes_again_is_acknowledged_when_the_first_is_on_disk(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        hand = rig.operators["mtn"]
        with locked(rig.path):
            receive(rig, *[replace(came("yes"), id="1")] * 3)
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert not hand.acknowledged
        await rig.until(lambda: len(hand.acknowledged) == 3)
        assert await texts(rig, 1) == [("yes", True)]


# --- whose it is ---------------------------------------------------------------------------------------------


async def test_a_message_goes_to_the_first_account_that_names_it(tmp_path: Path) -> None:
    async with Rig(config(STOP, ACME), tmp_path) as rig:
        receive(
            rig,
            came("sToP please"),
            came("please STOP"),
            came("STOP", to="+8080"),
            came("hi", to="237612345678"),
            came("lost", to="9999"),
            came("", to="8080"),
            came("STOP", to="237612345678"),
        )
        await rig.until(lambda: len(rig.operators["mtn"].acknowledged) == 7)
        assert [event["text"] for event in await rig.events("stop")] == ["sToP please", "STOP"]
        assert [(event["to"], event["text"]) for event in await rig.events()] == [
            ("8080", "please STOP"),
            ("237612345678", "hi"),
            ("8080", ""),
            ("237612345678", "STOP"),
        ]
        assert rig.metrics.counted["inbound", "mtn", "received"] == 6
        assert rig.metrics.counted["inbound", "mtn", "no_account"] == 1


async def test_the_event(tmp_path: Path) -> None:
    viber = settings(operator("mtn"), accounts=(ACME,))
    async with Rig(viber, tmp_path) as rig:
        receive(
            rig, came("hé"[:1], sender="ACME"), came(b"\xff\x00", alphabet=None, udh=b"\x06\x05\x04\x0b\x84\x23\xf0")
        )
        await texts(rig, 2)
        text, data = await rig.events()
        assert set(text) == ALL_EVENT_FIELDS | {"text", "data", "udh", "complete"}
        assert text["id"] == text["message_id"]
        assert (text["seq"], text["type"], text["account"]) == (1, "message.received", "acme")
        assert (text["from"], text["to"], text["channel"], text["operator"]) == ("ACME", "8080", "sms", "mtn")
        assert (text["text"], text["data"], text["complete"], text["segments"]) == ("h", None, True, 1)
        assert (data["text"], base64.b64decode(data["data"])) == (None, b"\xff\x00")
        assert base64.b64decode(data["udh"]) == b"\x06\x05\x04\x0b\x84\x23\xf0"


async def test_what_is_nobodys_is_acknowledged_counted_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(config(STOP), tmp_path) as rig:
        lines: list[dict[str, Any]] = []
        rig.engine._inbox._log = Log(lines)
        receive(rig, came("secret words"), came("secret words"), came("secret ", 1, 2), came("words", 2, 2))
        await rig.until(lambda: len(rig.operators["mtn"].acknowledged) == 4)
        await rig.until(lambda: rig.metrics.counted["inbound", "mtn", "no_account"] == 3)
        assert await pieces_left(rig) == 0
        assert lines == [{"event": "inbound_without_account", "operator": "mtn", "destination": "8080"}]


class Log:
    def __init__(self, lines: list[dict[str, Any]]) -> None:
        self._lines = lines

    def warning(self, event: str, **fields: Any) -> None:
        self._lines.append({"event": event, **fields})


async def test_the_keyword_of_a_long_message_is_its_own_first_word(tmp_path: Path) -> None:
    async with Rig(config(STOP, ACME), tmp_path) as rig:
        receive(rig, came("OP now", 2, 2), came("ST", 1, 2))
        assert await texts(rig, 1, "stop") == [("STOP now", True)]
        # Whose first word never came, is for those who ask for none.
        receive(rig, came("stop is my last word", 2, 2))
        await rig.settle()
        wake(rig, 600)
        assert await texts(rig, 1) == [("stop is my last word", False)]


async def test_a_reload_gives_the_number_to_another(tmp_path: Path) -> None:
    async with Rig(config(ACME), tmp_path) as rig:
        receive(rig, came("one", 1, 2))
        await rig.settle()
        rig.next_config = config(Account(name="other", token=None, currency="XAF", inbound=(InboundRule("8080"),)))
        await rig.engine.control.reload()
        receive(rig, came("two", 2, 2))
        assert await texts(rig, 1, "other") == [("onetwo", True)]


# --- joined --------------------------------------------------------------------------------------------------


async def test_in_any_order_with_duplicates_from_several_handsets(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        other = "+237670000002"
        receive(rig, came("c", 3, 3), came("C", 3, 3, sender=other), came("a", 1, 3), came("a", 1, 3))
        receive(rig, came("1", 1, 2), came("x", 1, 3, reference=8), came("orange", 1, 2, name="orange"))
        receive(rig, came("B", 2, 3, sender=other), came("b", 2, 3), came("2", 2, 2))
        assert sorted(await texts(rig, 2)) == [("12", True), ("abc", True)]
        receive(rig, came("A", 1, 3, sender=other), came("w", 1, 2, wide=True), came("t", 1, 2, to="237612345678"))
        assert sorted(await texts(rig, 3)) == [("12", True), ("ABC", True), ("abc", True)]
        await nothing_more(rig)
        assert await pieces_left(rig) == 4
        assert {event["segments"] for event in await rig.events()} == {2, 3}
        assert len(rig.operators["mtn"].acknowledged) == 12


async def test_octets_are_joined_too(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        first = b"\x0b\x00\x03\x07\x02\x01\x05\x04\x0b\x84\x23\xf0"
        receive(rig, came(b"\x80", 2, 2, alphabet=None, udh=b"\x05\x00\x03\x07\x02\x02"))
        receive(rig, came(b"\x00\xff", 1, 2, alphabet=None, udh=first))
        await texts(rig, 1)
        (event,) = await rig.events()
        assert base64.b64decode(event["data"]) == b"\x00\xff\x80"
        assert base64.b64decode(event["udh"]) == b"\x06\x05\x04\x0b\x84\x23\xf0"
        assert (event["text"], event["complete"], event["segments"]) == (None, True, 2)


async def test_a_piece_is_answered_once_it_is_on_disk(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        with locked(rig.path):
            receive(rig, came("a", 1, 2), came("hello"))
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert rig.operators["mtn"].acknowledged == []
        await rig.until(lambda: rig.operators["mtn"].acknowledged == [(b"a", True), (b"hello", True)])
        receive(rig, came("b", 2, 2))
        assert await texts(rig, 2) == [("hello", True), ("ab", True)]


@contextmanager
def locked(path: Path) -> Any:
    """No commit succeeds meanwhile."""
    connection = apsw.Connection(str(path))
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def test_a_reference_used_again_starts_anew(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        receive(rig, came("a", 1, 2), came("b", 2, 2))
        assert await texts(rig, 1) == [("ab", True)]
        receive(rig, came("d", 2, 2), came("c", 1, 2))
        assert await texts(rig, 2) == [("ab", True), ("cd", True)]
        # All at once, too, and the very same message again.
        receive(rig, came("e", 1, 2), came("f", 2, 2), came("c", 1, 2), came("d", 2, 2))
        assert (await texts(rig, 4))[2:] == [("ef", True), ("cd", True)]
        receive(rig, came("x", 1, 2))
        await nothing_more(rig)
        receive(rig, came("y", 1, 2), came("z", 2, 2))
        assert (await texts(rig, 6))[4:] == [("x", False), ("yz", True)]
        assert await pieces_left(rig) == 0


async def test_a_piece_that_comes_again_after_the_whole_was_told_is_no_message(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        receive(rig, came("a", 1, 2), came("b", 2, 2))
        await texts(rig, 1)
        rig.clock.move(5)
        receive(rig, came("b", 2, 2))
        await nothing_more(rig)
        wake(rig, 600)
        await rig.until(lambda: rig.metrics.counted["inbound", "mtn", "repeated"] == 1)
        assert await pieces_left(rig) == 0
        # Much later it is what came of another message.
        receive(rig, came("b", 2, 2))
        await nothing_more(rig)
        wake(rig, 600)
        assert await texts(rig, 2) == [("ab", True), ("b", False)]


async def test_what_was_told_a_moment_ago_is_not_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece comes again while the whole is being told, and is on disk before that is."""
    async with Rig(config(), tmp_path) as rig:
        read = rig.store.pieces
        again = [came("b", 2, 2)]

        async def slowly(messages: Any) -> Any:
            found = await read(messages)
            if again and len(next(iter(found.values()))) == 2:
                receive(rig, again.pop())
                await rig.until(lambda: not rig.store._writer._waiting)  # it is being committed by itself
            return found

        monkeypatch.setattr(rig.store, "pieces", slowly)
        receive(rig, came("a", 1, 2), came("b", 2, 2))
        await rig.until(lambda: len(rig.operators["mtn"].acknowledged) == 3)
        await nothing_more(rig)
        assert await texts(rig, 1) == [("ab", True)]
        assert await pieces_left(rig) == 1


# --- given up ------------------------------------------------------------------------------------------------


async def test_what_came_is_told_after_mo_join_from_the_first_piece_on(tmp_path: Path) -> None:
    async with Rig(config(mo_join=60.0), tmp_path) as rig:
        receive(rig, came("d", 4, 4))
        await rig.settle()
        rig.clock.move(59)
        receive(rig, came("a", 1, 4), came("b", 2, 4), came("young", 1, 2, reference=8))
        await nothing_more(rig)
        wake(rig, 0.999)
        await nothing_more(rig)
        assert await rig.events() == []
        wake(rig, 0.001)
        assert await texts(rig, 1) == [("abd", False)]
        assert (await rig.events())[0]["segments"] == 3
        wake(rig, 59)
        assert await texts(rig, 2) == [("abd", False), ("young", False)]
        # What comes too late waits for nobody but itself.
        receive(rig, came("c", 3, 4))
        await nothing_more(rig)
        wake(rig, 60)
        assert (await texts(rig, 3))[2] == ("c", False)
        assert await pieces_left(rig) == 0
        assert rig.metrics.counted["inbound", "mtn", "incomplete"] == 3
        # Nothing is left to wake up for.
        await rig.until(lambda: rig.engine._inbox._oldest is None)


async def test_the_real_clock_wakes_by_itself(tmp_path: Path) -> None:
    async with Rig(config(mo_join=0.05), tmp_path, RealClock()) as rig:
        receive(rig, came("a", 1, 2))
        assert await texts(rig, 1) == [("a", False)]
        receive(rig, came("b", 1, 2))
        assert await texts(rig, 2) == [("a", False), ("b", False)]


class RealClock(ManualClock):
    def now(self) -> int:
        return self.ms + round(asyncio.get_running_loop().time() * 1000)


async def test_more_than_one_step_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound_module, "_CHUNK", 7)
    async with Rig(config(), tmp_path) as rig:
        for reference in range(50):
            receive(rig, came(f"{reference}", 1, 2, reference=reference), came("z", 3, 3, reference=reference))
        await nothing_more(rig)
        wake(rig, 600)
        assert Counter(await texts(rig, 100)) == Counter(
            [(f"{reference}", False) for reference in range(50)] + [("z", False)] * 50
        )
        assert await pieces_left(rig) == 0


class Watched(dict[Any, None]):
    largest = 0

    def __setitem__(self, key: Any, value: None) -> None:
        super().__setitem__(key, value)
        self.largest = max(self.largest, len(self))


async def test_a_flood_of_first_pieces_does_not_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound_module, "_MOST", 100)
    async with Rig(config(), tmp_path) as rig:
        inbox = rig.engine._inbox
        inbox._touched = touched = Watched()
        for number in range(900):
            receive(rig, came("a", 1, 2, sender=f"+23767{number:07}", to=f"2376{number:08}"))
        receive(rig, came("b", 2, 2, sender="+237670000000", to="237600000000"))
        await rig.until(lambda: len(rig.operators["mtn"].acknowledged) == 901)
        await nothing_more(rig)
        assert (touched.largest, len(touched)) == (100, 0)
        wake(rig, 600)
        # Of the one that was whole too: what memory had no room for is joined at the latest now.
        told = await texts(rig, 900)
        assert Counter(told) == {("ab", True): 1, ("a", False): 899}
        assert await pieces_left(rig) == 0
        assert max(len(inbox._told), len(inbox._nobodys)) <= 100


# --- taken up again ------------------------------------------------------------------------------------------


async def test_pieces_before_and_after_a_restart(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        receive(rig, came("a", 1, 3), came("c", 3, 3), came("old", 1, 2, reference=9))
        clock = rig.clock
    clock.move(300)
    async with Rig(config(), tmp_path, clock) as rig:
        receive(rig, came("c", 3, 3), came("b", 2, 3))
        assert await texts(rig, 1) == [("abc", True)]
        wake(rig, 299.999)
        await nothing_more(rig)
        assert len(await rig.events()) == 1
        wake(rig, 0.001)
        assert await texts(rig, 2) == [("abc", True), ("old", False)]


async def test_what_was_whole_before_a_crash_is_joined_at_the_start(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        for number in (2, 1):
            inbound = replace(came(f"{number}", number, 2), received_at=rig.clock.ms)
            rig.store.keep(Piece(rig.engine.feed._ids.next(rig.clock.ms), inbound))
        clock = rig.clock
    async with Rig(config(), tmp_path, clock) as rig:
        assert await texts(rig, 1) == [("12", True)]
        assert await pieces_left(rig) == 0


async def test_an_operator_that_is_gone_still_has_its_pieces_told(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        receive(rig, came("a", 1, 2, name="orange"))
        clock = rig.clock
    clock.move(600)
    async with Rig(settings(operator("mtn"), accounts=(ACME,)), tmp_path, clock) as rig:
        assert await texts(rig, 1) == [("a", False)]


async def test_a_store_that_cannot_be_read_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound_module, "_AGAIN", 0.01)
    async with Rig(config(), tmp_path) as rig:
        read = rig.store.pieces
        tries = 0

        async def unreadable(messages: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries <= 3:
                raise StoreUnavailable("not now")
            return await read(messages)

        monkeypatch.setattr(rig.store, "pieces", unreadable)
        receive(rig, came("a", 1, 2), came("b", 2, 2))
        assert await texts(rig, 1) == [("ab", True)]


CALLS = st.lists(
    st.tuples(
        st.sampled_from([HANDSET, "+237670000002"]), st.lists(st.text("ab€😀", max_size=4), min_size=1, max_size=4)
    ),
    max_size=6,
)


@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS, st.randoms(use_true_random=False), st.sampled_from([0, 1, 2]))
@pytest.mark.deep
def test_every_message_is_told_once(calls: list[tuple[str, list[str]]], chance: random.Random, restarts: int) -> None:
    """Split anywhere, mixed, in any order, some pieces twice while theirs is not whole, with restarts between."""
    sent = []
    for reference, (sender, parts) in enumerate(calls):
        octets = "".join(parts).encode("utf-16-be")
        ends = sorted(chance.randint(0, len(octets)) for _ in parts[1:])
        cut = [octets[start:end] for start, end in zip([0, *ends], [*ends, len(octets)], strict=True)]
        sent += [
            came(content, number, len(cut), reference, sender, alphabet="ucs2", wide=reference % 2 == 1)
            for number, content in enumerate(cut, 1)
        ]
    chance.shuffle(sent)
    arrivals: list[Inbound] = []
    for one in sent:
        arrivals.append(one)
        if one.place.total > 1 and chance.random() < 0.3:
            arrivals.append(one)
    stops = sorted(chance.randint(0, len(arrivals)) for _ in range(restarts))
    with TemporaryDirectory() as folder:
        asyncio.run(through(Path(folder), arrivals, [*stops, len(arrivals)], calls))


async def through(folder: Path, arrivals: list[Inbound], stops: list[int], calls: list[Any]) -> None:
    clock = ManualClock()
    start = 0
    for stop in stops:
        async with Rig(config(), folder, clock) as rig:
            receive(rig, *arrivals[start:stop])
            await rig.settle()
            assert len(rig.operators["mtn"].acknowledged) == stop - start
            start = stop
        # Ids of two runs within one millisecond have no order.
        clock.move(0.001)
    async with Rig(config(), folder, clock) as rig:
        await rig.until(lambda: rig.engine.feed.last_seq("acme") >= len(calls))
        await nothing_more(rig)
        wake(rig, 600)
        await nothing_more(rig)
        told = Counter((event["from"], event["text"]) for event in await rig.events() if event["complete"])
    assert told == Counter((sender, "".join(parts)) for sender, parts in calls)
