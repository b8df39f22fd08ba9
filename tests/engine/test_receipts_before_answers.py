"""Receipts that are there before the answer to their submit, or in its place."""

from pathlib import Path

import pytest

from router.message import State
from router.outcome import Outcome, OutcomeKind
from router.receipt import ReceiptState
from tests.engine.rig import ReceiptRules, Rig, operator, settings

UNANSWERED = Outcome(OutcomeKind.UNKNOWN, detail="no answer in time")
LONG = "long " * 50


@pytest.mark.parametrize("on_unanswered", ["resend", "hold"])
async def test_it_stands_for_an_answer_that_never_comes(tmp_path: Path, on_unanswered: str) -> None:
    async with Rig(settings(operator("mtn", on_unanswered=on_unanswered)), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        mtn.receipt(message.to, "77")
        await rig.until(lambda: mtn.acknowledged)
        mtn.answer(submission, UNANSWERED)
        await rig.until(lambda: message.state is State.DELIVERED)
        assert len(mtn.history) == 1, "sent again although it had arrived"
        assert [event["possible_duplicate"] for event in await rig.events()] == [False, False]
        assert await rig.types() == ["message.submitted", "message.delivered"]
        # It is used up, also for the next run.
        assert not rig.engine.ledger.parked.about("mtn", message.to[1:])
    async with Rig(settings(operator("mtn")), tmp_path, rig.clock) as rig:
        assert not rig.engine._recovery.parked


async def test_an_intermediate_one_also_shows_that_it_was_taken(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        mtn.receipt(message.to, "77", ReceiptState.ENROUTE)
        await rig.until(lambda: mtn.acknowledged)
        mtn.answer(submission, UNANSWERED)
        await rig.until(lambda: message.state is State.SUBMITTED)
        mtn.receipt(message.to, "77")
        await rig.until(lambda: message.state is State.DELIVERED)
        assert len(mtn.history) == 1
        assert not message.possible_duplicate


async def test_an_accepted_part_without_id_finds_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        mtn.receipt(message.to, "77")
        await rig.until(lambda: mtn.acknowledged)
        mtn.answer(submission, Outcome(OutcomeKind.ACCEPTED))
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_one_from_before_the_sending_is_about_another_message(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", on_unanswered="hold")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        mtn.receipt("+237670000001", "of yesterday")
        await rig.until(lambda: mtn.acknowledged)
        rig.clock.move(5)
        message = await rig.submit(to="+237670000001")
        (submission,) = await rig.written("mtn")
        mtn.answer(submission, UNANSWERED)
        await rig.settle()
        assert message.state is State.SUBMITTED
    async with Rig(rig.config, tmp_path, rig.clock) as rig:
        await rig.settle()
        found = await rig.store.find("acme", message.id)
        assert found is not None
        assert found.state is State.SUBMITTED


async def test_two_of_one_part_are_both_read(tmp_path: Path) -> None:
    """The later one used to take the place of the earlier: here the earlier is the one that counts."""
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        mtn.receipt(message.to, "77", ReceiptState.DELIVERED)
        mtn.receipt(message.to, "77", ReceiptState.ENROUTE)
        await rig.until(lambda: len(mtn.acknowledged) == 2)
        mtn.accept(submission, "77")
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_an_id_that_only_looks_like_it_leaves_it_alone(tmp_path: Path) -> None:
    """26 is 1A in hexadecimal, but of another number."""
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        one, other = await rig.submit(to="+237670000001"), await rig.submit(to="+237670000002")
        to_one, to_other = await rig.written("mtn", 2)
        mtn.receipt(one.to, "26")
        await rig.until(lambda: mtn.acknowledged)
        mtn.accept(to_other, "1A")
        mtn.accept(to_one, "26")
        await rig.until(lambda: one.state is State.DELIVERED)
        assert other.state is State.SUBMITTED


async def test_the_rest_of_a_long_message_goes_on(tmp_path: Path) -> None:
    config = settings(operator("mtn", receipts=ReceiptRules(timeout=60)))
    async with Rig(config, tmp_path) as rig:
        mtn = rig.operators["mtn"]
        mtn.window = 1
        message = await rig.submit(text=LONG)
        (first,) = await rig.written("mtn")
        mtn.accept(first, "1")
        (second,) = await rig.written("mtn")
        assert second.part.number == 2
        mtn.window = 0
        mtn.answer(second, UNANSWERED)
        await rig.settle()
        # The second part is not sent again: the receipt shows that it was taken.
        mtn.receipt(message.to, "2")
        await rig.until(lambda: mtn.acknowledged)
        assert message.state is State.SUBMITTED
        mtn.window = 10
        mtn.come_up()
        await rig.settle()
        assert len(mtn.history) == 2
        # The first part's receipt never comes; that has an end as well.
        rig.clock.move(60)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: message.state is State.UNKNOWN)
        assert await rig.types() == ["message.submitted", "message.unknown"]
