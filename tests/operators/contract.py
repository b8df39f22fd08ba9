"""What every operator adapter does, whatever it speaks: run by a `test_*.py` that says which `side` there is.

`GatewayContract` asks the port OperatorGateway itself; `PathContract` is the engine over a real store with the real
gateway, so that what an account hears of is the same by every protocol.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from router.account import Account
from router.message import Attempt, Message, Part, State
from router.operator import Operator, ReceiptRules
from router.outcome import Fault, OutcomeKind
from router.ports.operators import OperatorGateway, OperatorSink, Submission
from router.receipt import ReceiptState
from router.text.segment import segment
from tests.engine.rig import LOG, Rig, settings
from tests.operators.sides import Side
from tests.smpp.peer import Log, Sink, WallClock
from tests.turns import until

Fixtured = tuple[OperatorGateway, Sink]


def submission(side: Side, word: str, number: int = 0, slot: Any = None) -> Submission:
    to = side.to(word, number)
    id = f"0190f2b3-4c5d-7e6f-8a9b-{number:012x}"
    message = Message(id, "acme", to, 0, side.sender, channel=side.channel, text="Hello", parts=[Part(1)])
    part = message.parts[0]
    part.attempts.append(Attempt("one", 0))
    (cut,) = segment("Hello", message.encoding_wish, side.operator().text).segments
    return Submission(message, part, part.attempts[0], cut, slot, side.sender)


def send(side: Side, gateway: OperatorGateway, word: str, number: int = 0) -> Submission:
    one = submission(side, word, number, gateway.reserve())
    assert one.slot is not None
    assert gateway.submit(one)
    return one


class GatewayContract:
    @pytest.fixture
    async def gateway(self, side: Side) -> AsyncIterator[OperatorGateway]:
        self.sink = Sink()
        self.log = Log()
        await side.start()
        gateway = self.sink.gateway = side.make(side.operator(), self.sink, WallClock(), self.log)
        await gateway.start()
        await until(lambda: gateway.room() == side.window)
        yield gateway
        await gateway.stop(0)

    def results(self) -> list[tuple[OutcomeKind, Fault]]:
        return [(outcome.kind, outcome.fault) for _, outcome in self.sink.results]

    async def test_accepted(self, side: Side, gateway: OperatorGateway) -> None:
        assert gateway.link().up
        assert gateway.link().settled
        before = time.monotonic()
        one = send(side, gateway, "never")
        assert before <= one.written_at <= time.monotonic()
        await until(lambda: self.sink.results)
        ((settled, outcome),) = self.sink.results
        assert settled is one
        assert outcome.kind is OutcomeKind.ACCEPTED
        assert outcome.smsc_message_id
        assert side.taken() == {one.message.to: 1}

    @pytest.mark.parametrize(
        ("word", "kind", "faults"),
        [
            ("throttled", OutcomeKind.THROTTLED, {Fault.RATE}),
            ("refused", OutcomeKind.REJECTED, {Fault.MESSAGE}),
            ("elsewhere", OutcomeKind.REJECTED, {Fault.OPERATOR, Fault.UNCLEAR}),
            ("failing", OutcomeKind.FAILED, {Fault.OPERATOR}),
            ("lost", OutcomeKind.UNKNOWN, set(Fault)),
            ("unheard", OutcomeKind.UNKNOWN, set(Fault)),
        ],
    )
    async def test_what_else_may_come_of_it(
        self, side: Side, gateway: OperatorGateway, word: str, kind: OutcomeKind, faults: set[Fault]
    ) -> None:
        send(side, gateway, word)
        await until(lambda: self.sink.results)
        ((_, outcome),) = self.sink.results
        assert outcome.kind is kind
        assert outcome.fault in faults
        assert outcome.detail
        # It is still of use.
        await until(lambda: gateway.room() == side.window)
        send(side, gateway, "never", 1)
        await until(lambda: len(self.sink.results) == 2)
        assert self.sink.kinds()[1] == "accepted"
        assert side.taken()[side.to("never", 1)] == 1

    @pytest.mark.parametrize(
        ("word", "states"),
        [
            ("delivered", [ReceiptState.DELIVERED]),
            ("undelivered", [ReceiptState.UNDELIVERED]),
            ("twice", [ReceiptState.DELIVERED, ReceiptState.DELIVERED]),
            ("early", [ReceiptState.DELIVERED]),
        ],
    )
    async def test_receipts(self, side: Side, gateway: OperatorGateway, word: str, states: list[ReceiptState]) -> None:
        before = WallClock().now()
        one = send(side, gateway, word)
        await until(lambda: self.sink.results and len(self.sink.receipts) == len(states))
        ((_, outcome),) = self.sink.results
        assert outcome.kind is OutcomeKind.ACCEPTED
        for (receipt, _), state in zip(self.sink.receipts, states, strict=True):
            assert receipt.operator == "one"
            assert outcome.smsc_message_id in receipt.smsc_message_ids
            assert receipt.to == one.message.to.removeprefix("+")
            assert receipt.state is state
            assert (receipt.error is not None) or state is ReceiptState.DELIVERED
            assert before <= receipt.received_at <= WallClock().now()

    async def test_what_was_not_stored_comes_again(self, side: Side, gateway: OperatorGateway) -> None:
        self.sink.acknowledges = False
        send(side, gateway, "delivered")
        await until(lambda: self.sink.receipts)
        self.sink.acknowledges = True
        await until(lambda: len(self.sink.receipts) >= 2)

    async def test_the_window(self, side: Side, gateway: OperatorGateway) -> None:
        side.slow(0.1)
        self.sink.holds_slots = True
        slots = [gateway.reserve() for _ in range(side.window)]
        assert None not in slots
        assert gateway.room() == 0
        assert gateway.reserve() is None
        assert sum(view.in_use for view in gateway.views()) == side.window
        assert sum(view.window for view in gateway.views()) == side.window
        for number, slot in enumerate(slots):
            assert gateway.submit(submission(side, "never", number, slot))
        await until(lambda: len(self.sink.results) == side.window)
        assert set(self.sink.kinds()) == {"accepted"}
        # A slot is free when the engine says so, and not before.
        assert gateway.room() == 0
        for number, slot in enumerate(slots, 1):
            gateway.release(slot)
            assert gateway.room() == number
        assert sum(side.taken().values()) == side.window

    async def test_a_slot_that_was_not_used(self, side: Side, gateway: OperatorGateway) -> None:
        slot = gateway.reserve()
        assert gateway.room() == side.window - 1
        gateway.release(slot)
        assert gateway.room() == side.window

    async def test_the_same_place_again(self, side: Side, gateway: OperatorGateway) -> None:
        first = gateway.reserve()
        again = gateway.reserve(first)
        for slot in (first, again):
            if slot is not None:
                gateway.release(slot)
        assert gateway.room() == side.window

    async def test_the_link_goes_and_comes(self, side: Side, gateway: OperatorGateway) -> None:
        changes = self.sink.changes
        slot = gateway.reserve()
        await side.stop()
        # Whoever connects only when there is something to send finds out by that.
        given = submission(side, "never", 1, gateway.reserve())
        if given.slot is not None and gateway.submit(given):
            await until(lambda: self.sink.results)
            assert self.sink.kinds() != ["accepted"]
        await until(lambda: not gateway.link().up and gateway.link().settled)
        assert self.sink.changes > changes
        assert (gateway.room(), gateway.reserve()) == (0, None)
        assert not gateway.submit(submission(side, "never", 2, slot))
        gateway.release(slot)
        await side.start()
        await until(lambda: gateway.link().up and gateway.room() == side.window)
        send(side, gateway, "never", 3)
        await until(lambda: self.sink.kinds()[-1:] == ["accepted"])

    async def test_everything_is_settled_once(self, side: Side, gateway: OperatorGateway) -> None:
        words = ["delivered", "refused", "elsewhere", "failing", "lost", "unheard", "never", "twice"]
        sent: list[Submission] = []
        while len(sent) < 60:
            slot = gateway.reserve()
            if slot is None:
                await asyncio.sleep(0.001)
                continue
            one = submission(side, words[len(sent) % len(words)], len(sent) + 1, slot)
            if gateway.submit(one):
                sent.append(one)
            else:
                gateway.release(slot)
        await until(lambda: len(self.sink.results) >= len(sent), seconds=20)
        settled = Counter(id(one) for one, _ in self.sink.results)
        assert settled == dict.fromkeys(map(id, sent), 1)
        await until(lambda: gateway.room() == side.window)

    async def test_stop_waits_for_answers(self, side: Side, gateway: OperatorGateway) -> None:
        side.slow(0.1)
        sent = [send(side, gateway, "never", number) for number in range(2)]
        stopping = asyncio.create_task(gateway.stop(5))
        await asyncio.sleep(0)
        assert gateway.reserve() is None
        assert gateway.room() == 0
        await stopping
        assert {id(one) for one, _ in self.sink.results} == {id(one) for one in sent}
        assert self.sink.kinds() == ["accepted", "accepted"]

    async def test_stop_leaves_nothing_open(self, side: Side, gateway: OperatorGateway) -> None:
        side.slow(30)
        sent = [send(side, gateway, "never", number) for number in range(2)]
        async with asyncio.timeout(20):
            await gateway.stop(0.05)
        assert {id(one) for one, _ in self.sink.results} == {id(one) for one in sent}
        assert len(self.sink.results) == len(sent)
        assert not {"accepted", "rejected"} & set(self.sink.kinds())
        assert not gateway.submit(submission(side, "never", 9, sent[0].slot))

    async def test_new_settings_of_the_same_link(self, side: Side, gateway: OperatorGateway) -> None:
        changed = side.operator(on_unanswered="hold", receipts=ReceiptRules(timeout=5.0))
        assert changed.same_binds(gateway.operator)
        gateway.reconfigure(changed)
        assert gateway.operator is changed
        assert gateway.room() == side.window
        send(side, gateway, "never")
        await until(lambda: self.sink.results)
        assert self.sink.kinds() == ["accepted"]

    async def test_it_stops_without_having_connected(self, side: Side) -> None:
        sink = Sink()
        gateway = sink.gateway = side.make(side.operator(), sink, WallClock(), Log())
        await gateway.start()
        assert gateway.reserve() is None
        await until(lambda: gateway.link().settled)
        assert not gateway.link().up
        await gateway.stop(1)


ENDS = [
    ("delivered", State.DELIVERED, False, 1),
    ("undelivered", State.UNDELIVERED, False, 1),
    ("refused", State.REJECTED, False, 0),
    ("elsewhere", State.REJECTED, False, 0),
    ("throttled", State.DELIVERED, False, 1),
    ("failing", State.DELIVERED, False, 1),
    ("lost", State.DELIVERED, True, 1),
    ("early", State.DELIVERED, False, 1),
    ("twice", State.DELIVERED, False, 1),
    ("never", State.UNKNOWN, False, 1),
]


@pytest.mark.end_to_end
class PathContract:
    @pytest.fixture
    async def open_rig(self, side: Side, tmp_path: Path) -> AsyncIterator[Any]:
        rigs: list[Rig] = []
        folder = tmp_path / "store"
        folder.mkdir()

        async def open(**changes: Any) -> Rig:
            operator = side.operator(**changes)
            config = settings(operator, accounts=(Account("acme", None, "XAF"),))
            rig = Rig(config, folder, WallClock())  # type: ignore[arg-type]

            def make(one: Operator, sink: OperatorSink) -> Any:
                return side.make(one, sink, rig.clock, LOG)

            rig.make_operator = make
            await rig.__aenter__()
            rigs.append(rig)
            return rig

        yield open
        for rig in rigs:
            await rig.__aexit__()

    async def submit(self, side: Side, rig: Rig, word: str, number: int = 0) -> Message:
        return await rig.submit(side.to(word, number), channel=side.channel, sender=side.sender)

    @pytest.mark.parametrize(("word", "state", "twice", "times"), ENDS)
    async def test_how_it_ends(
        self, side: Side, open_rig: Any, word: str, state: State, twice: bool, times: int
    ) -> None:
        await side.start()
        receipts = ReceiptRules(timeout=0.5 if word == "never" else 60.0)
        rig = await open_rig(receipts=receipts)
        message = await self.submit(side, rig, word)
        await until(lambda: message.state is state, seconds=15)
        assert message.possible_duplicate is twice
        await rig.settle()
        kinds = await rig.types()
        assert kinds[-1] == f"message.{state.value}"
        assert [kind for kind in kinds if kind != "message.submitted"] == [kinds[-1]]
        assert kinds.count("message.submitted") <= 1
        assert side.taken()[message.to] == times

    async def test_unanswered_and_held_until_its_receipt(self, side: Side, open_rig: Any) -> None:
        await side.start()
        rig = await open_rig(on_unanswered="hold", receipts=ReceiptRules(timeout=60.0))
        message = await self.submit(side, rig, "unheard")
        await until(lambda: message.state is State.DELIVERED, seconds=15)
        assert not message.possible_duplicate
        assert side.taken()[message.to] == 1

    async def test_accepted_before_there_is_a_link(self, side: Side, open_rig: Any) -> None:
        rig = await open_rig()
        message = await self.submit(side, rig, "delivered")
        await until(lambda: rig.engine.desks["one"].unusable == "down")
        assert message.state is State.QUEUED
        await side.start()
        await until(lambda: message.state is State.DELIVERED, seconds=15)
        assert side.taken() == {message.to: 1}

    async def test_many_at_once(self, side: Side, open_rig: Any) -> None:
        await side.start()
        rig = await open_rig()
        sent = [await self.submit(side, rig, "delivered", number) for number in range(1, 60)]
        await until(lambda: all(message.state is State.DELIVERED for message in sent), seconds=20)
        assert side.taken() == Counter(message.to for message in sent)
