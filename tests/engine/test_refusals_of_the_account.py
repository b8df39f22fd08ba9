"""An operator that refuses all that we have, or one recipient: nobody else pays for it."""

from pathlib import Path

import pytest

from router.message import State
from router.outcome import Fault, Outcome, OutcomeKind
from tests.engine.rig import Rig, operator, settings

NO_CREDIT = Outcome(OutcomeKind.REJECTED, status=0x401, detail="out of credit", fault=Fault.ACCOUNT)
VENDOR = Outcome(OutcomeKind.REJECTED, status=0x400, detail="its own", fault=Fault.UNCLEAR)
FULL = Outcome(OutcomeKind.THROTTLED, status=0x14, fault=Fault.QUEUE)
NOT_BOUND = Outcome(OutcomeKind.FAILED, status=0x04, fault=Fault.BIND)


def number(one: int) -> str:
    return f"+2376700000{one:02}"


async def test_out_of_credit_loses_nothing_and_one_part_tries_again(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        mtn.window = 2
        messages = [await rig.submit(to=number(one)) for one in range(5)]
        for submission in await rig.written("mtn", 2):
            mtn.answer(submission, NO_CREDIT)
        await rig.settle()
        (view,) = rig.engine.control.operators()
        assert (view.state, view.refusal) == ("circuit_open", "out of credit")
        assert {message.state for message in messages} == {State.QUEUED}
        assert not mtn.written
        rig.clock.move(30)
        rig.engine.link_changed("mtn")
        (probe,) = await rig.written("mtn")
        await rig.settle()
        assert len(mtn.written) == 1
        mtn.answer(probe, NO_CREDIT)
        await rig.settle()
        assert not mtn.written
        rig.clock.move(60)
        rig.engine.link_changed("mtn")
        (probe,) = await rig.written("mtn")
        mtn.accept(probe)
        await rig.settle()
        while mtn.in_use or mtn.written:
            for submission in list(mtn.written):
                mtn.accept(submission)
            await rig.settle()
        assert {message.state for message in messages} == {State.SUBMITTED}
        assert all(len(message.parts[0].attempts) == 1 for message in messages)


async def test_meanwhile_another_operator_has_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", "0.01"), operator("orange", "0.02")), tmp_path) as rig:
        message = await rig.submit()
        rig.operators["mtn"].answer((await rig.written("mtn"))[0], NO_CREDIT)
        await rig.written("orange")
        assert message.operator == "orange"
        assert (await rig.submit(to=number(2))).operator == "orange"
        # Somebody has paid.
        assert rig.engine.control.resume("mtn").state == "up"
        await rig.settle()
        assert (await rig.submit(to=number(3))).operator == "mtn"


@pytest.mark.parametrize(("accepted_at", "state"), [(None, "circuit_open"), (3, "circuit_open"), (4, "up"), (8, "up")])
async def test_answers_of_one_read_count_in_their_order(tmp_path: Path, accepted_at: int | None, state: str) -> None:
    """One that is accepted ends the row of unclear refusals before it, and the circuit that they opened."""
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        for one in range(9):
            await rig.submit(to=number(one))
        mtn = rig.operators["mtn"]
        written = await rig.written("mtn", 9)
        mtn.written.clear()
        taken = Outcome(OutcomeKind.ACCEPTED, "1")
        mtn.sink.settled([(one, taken if at == accepted_at else VENDOR) for at, one in enumerate(written)])
        (view,) = rig.engine.control.operators()
        assert view.state == state
        refused = 9 if accepted_at is None else 8
        assert rig.metrics.counted["submitted", "mtn", "rejected"] == refused
        assert rig.metrics.counted["submitted", "mtn", "accepted"] == 9 - refused
        assert mtn.in_use == 0


async def test_one_unclear_refusal_after_the_other_is_one_of_the_account(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        messages = [await rig.submit(to=number(one)) for one in range(9)]
        mtn = rig.operators["mtn"]
        for submission in await rig.written("mtn", 9):
            mtn.answer(submission, VENDOR)
        await rig.settle()
        assert next(iter(rig.engine.control.operators())).state == "circuit_open"
        assert sum(message.state is State.REJECTED for message in messages) == 9
        kept = await rig.submit(to=number(10))
        await rig.settle()
        assert kept.state is State.QUEUED
        assert not mtn.written


async def test_a_full_queue_of_one_recipient_holds_up_nobody_else(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        full = await rig.submit(to=number(1))
        await rig.submit(to=number(2))
        first, other = await rig.written("mtn", 2)
        rig.clock.move(0.1)
        first.written_at = other.written_at = 1000.05
        mtn.accept(other)
        mtn.answer(first, FULL)
        await rig.settle()
        (view,) = rig.engine.control.operators()
        assert view.throttle_factor == 1.0
        assert (full.state, full.waiting_for, full.parts[0].attempts) == (State.QUEUED, "recipient", [])
        # The next one to the same number waits as well, others do not.
        second = await rig.submit(to=number(1))
        await rig.submit(to=number(3))
        (third,) = await rig.written("mtn")
        assert third.message.to == number(3)
        assert second.waiting_for == "recipient"
        rig.clock.move(5)
        rig.engine._wakeups._changed.set()
        again = await rig.written("mtn", 3)
        assert {submission.message.id for submission in again} == {full.id, second.id, third.message.id}


async def test_a_full_queue_without_a_sign_of_life_is_the_operators(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        rig.operators["mtn"].answer((await rig.written("mtn"))[0], FULL)
        await rig.settle()
        (view,) = rig.engine.control.operators()
        assert view.throttle_factor == 0.5
        assert (message.waiting_for, message.parts[0].attempts) == ("throttled", [])


async def test_a_bind_that_the_operator_forgot_costs_the_part_nothing(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        for _ in range(30):
            (submission,) = await rig.written("mtn")
            rig.operators["mtn"].answer(submission, NOT_BOUND)
            await rig.settle()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].accept(submission)
        await rig.until(lambda: message.state is State.SUBMITTED)
        assert len(message.parts[0].attempts) == 1
