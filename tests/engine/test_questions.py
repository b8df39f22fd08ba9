"""Asking operators: what became of a message, and to deliver it no more."""

import asyncio
from pathlib import Path

import pytest

from router.message import Message, State
from router.operator import ReceiptRules
from router.outcome import Outcome, OutcomeKind
from router.ports.operators import Question, Reply
from router.receipt import Receipt, ReceiptState
from router.refusal import Refusal
from tests.engine.rig import Rig, operator, settings

LONG = "a" * 200


async def submitted(rig: Rig, text: str = "Hello") -> Message:
    message = await rig.submit(text=text)
    for part in message.parts:
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].accept(submission, f"id{part.number}")
    await rig.until(lambda: message.state is State.SUBMITTED)
    await rig.settle()
    return message


def said(question: Question, state: ReceiptState) -> Reply:
    id = question.attempt.smsc_message_id or ""
    return Reply(True, Receipt("mtn", (id,), state, question.message.to[1:], 0))


async def let_pass(rig: Rig, seconds: float) -> None:
    rig.clock.move(seconds)
    rig.engine._wakeups._changed.set()


ASKS = operator("mtn", receipts=ReceiptRules(timeout=60, query=True))


@pytest.mark.parametrize(
    ("state", "ends", "events"),
    [
        (ReceiptState.DELIVERED, State.DELIVERED, ["message.submitted", "message.delivered"]),
        (ReceiptState.UNDELIVERED, State.UNDELIVERED, ["message.submitted", "message.undelivered"]),
        (ReceiptState.ENROUTE, State.UNKNOWN, ["message.submitted", "message.unknown"]),
    ],
)
async def test_the_operator_is_asked_before_a_receipt_is_given_up(
    tmp_path: Path, state: ReceiptState, ends: State, events: list[str]
) -> None:
    async with Rig(settings(ASKS), tmp_path) as rig:
        message = await submitted(rig)
        await let_pass(rig, 60)
        await rig.until(lambda: rig.operators["mtn"].asked)
        (question,) = rig.operators["mtn"].asked
        assert (question.kind, question.attempt.smsc_message_id) == ("query", "id1")
        assert message.state is State.SUBMITTED
        question.answered(said(question, state))
        await rig.settle()
        await let_pass(rig, 3600)
        await rig.until(lambda: message.state is ends)
        assert await rig.types() == events
        assert len(rig.operators["mtn"].asked) == 1


@pytest.mark.parametrize("reply", [None, Reply(False)])
async def test_no_answer_leaves_it_unknown_and_is_asked_once(tmp_path: Path, reply: Reply | None) -> None:
    async with Rig(settings(ASKS), tmp_path) as rig:
        message = await submitted(rig)
        await let_pass(rig, 60)
        await rig.until(lambda: rig.operators["mtn"].asked)
        rig.operators["mtn"].asked[0].answered(reply)
        await rig.settle()
        assert message.state is State.SUBMITTED
        await let_pass(rig, 61)
        await rig.until(lambda: message.state is State.UNKNOWN)
        # A late receipt is still the truth.
        rig.operators["mtn"].receipt(message.to, "id1")
        await rig.until(lambda: message.state is State.DELIVERED)
        assert len(rig.operators["mtn"].asked) == 1


async def test_only_the_parts_without_a_receipt_are_asked_for(tmp_path: Path) -> None:
    async with Rig(settings(ASKS), tmp_path) as rig:
        message = await submitted(rig, LONG)
        rig.operators["mtn"].receipt(message.to, "id1")
        await rig.settle()
        await let_pass(rig, 60)
        await rig.until(lambda: rig.operators["mtn"].asked)
        (question,) = rig.operators["mtn"].asked
        assert question.attempt.smsc_message_id == "id2"
        question.answered(said(question, ReceiptState.DELIVERED))
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_an_operator_that_cannot_be_asked_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with Rig(settings(ASKS), tmp_path) as rig:
        message = await submitted(rig)
        rig.operators["mtn"].cut()
        await let_pass(rig, 60)
        await rig.until(lambda: message.state is State.UNKNOWN)


async def test_a_restart_while_the_answer_is_due_asks_no_more(tmp_path: Path) -> None:
    async with Rig(settings(ASKS), tmp_path) as rig:
        message = await submitted(rig)
        await let_pass(rig, 60)
        await rig.until(lambda: rig.operators["mtn"].asked)
        await rig.settle()
    async with Rig(settings(ASKS), tmp_path, rig.clock) as rig:
        await let_pass(rig, 61)

        async def state() -> State:
            found = await rig.engine.messages.find("acme", message.id)
            assert found is not None
            return found.state

        while await state() is not State.UNKNOWN:
            await asyncio.sleep(0)
        assert not rig.operators["mtn"].asked


# --- cancelling ----------------------------------------------------------------------------------------------

LETS_GO = operator("mtn", cancel=True)


async def test_what_was_submitted_is_cancelled_where_the_operator_lets_go(tmp_path: Path) -> None:
    async with Rig(settings(LETS_GO), tmp_path) as rig:
        message = await submitted(rig, LONG)
        cancelling = asyncio.create_task(rig.engine.messages.cancel("acme", message.id))
        await rig.until(lambda: len(rig.operators["mtn"].asked) == 2)
        assert [question.kind for question in rig.operators["mtn"].asked] == ["cancel", "cancel"]
        for question in rig.operators["mtn"].asked:
            question.answered(Reply(True))
        assert (await cancelling).state is State.CANCELLED
        # What its SMSC says of it then is nothing new.
        rig.operators["mtn"].receipt(message.to, "id1", ReceiptState.DELETED)
        await rig.settle()
        assert await rig.types() == ["message.submitted", "message.cancelled"]


@pytest.mark.parametrize("reply", [None, Reply(False)])
async def test_what_the_operator_keeps_is_too_late(tmp_path: Path, reply: Reply | None) -> None:
    async with Rig(settings(LETS_GO), tmp_path) as rig:
        message = await submitted(rig)
        cancelling = asyncio.create_task(rig.engine.messages.cancel("acme", message.id))
        await rig.until(lambda: rig.operators["mtn"].asked)
        rig.operators["mtn"].asked[0].answered(reply)
        with pytest.raises(Refusal) as refused:
            await cancelling
        assert refused.value.code == "too_late"
        assert message.state is State.SUBMITTED
        rig.operators["mtn"].receipt(message.to, "id1")
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_delivered_while_the_question_was_on_its_way(tmp_path: Path) -> None:
    async with Rig(settings(LETS_GO), tmp_path) as rig:
        message = await submitted(rig)
        cancelling = asyncio.create_task(rig.engine.messages.cancel("acme", message.id))
        await rig.until(lambda: rig.operators["mtn"].asked)
        rig.operators["mtn"].receipt(message.to, "id1")
        rig.operators["mtn"].asked[0].answered(Reply(True))
        with pytest.raises(Refusal) as refused:
            await cancelling
        assert refused.value.code == "too_late"
        assert message.state is State.DELIVERED


async def test_an_operator_that_does_not_allow_it_is_not_asked(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await submitted(rig)
        with pytest.raises(Refusal) as refused:
            await rig.engine.messages.cancel("acme", message.id)
        assert refused.value.code == "too_late"
        assert not rig.operators["mtn"].asked


async def test_a_part_without_an_id_cannot_be_cancelled(tmp_path: Path) -> None:
    async with Rig(settings(LETS_GO), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, Outcome(OutcomeKind.ACCEPTED))
        await rig.settle()
        with pytest.raises(Refusal):
            await rig.engine.messages.cancel("acme", message.id)
        assert not rig.operators["mtn"].asked
