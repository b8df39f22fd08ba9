"""The clock's side: send times, tries, expiry, the end of waiting; also cancelled, late, with a store that fails."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from router.engine import wakeups
from router.message import Message, State
from router.outcome import Outcome, OutcomeKind
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from tests.engine.rig import ReceiptRules, Retry, Rig, operator, settings, wish

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "late")
FAILED = Outcome(OutcomeKind.FAILED, status=0x08)
NEXT = Outcome(OutcomeKind.REJECTED, status=0x0A)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN)


def in_seconds(rig: Rig, seconds: float) -> str:
    return datetime.fromtimestamp(rig.clock.ms / 1000 + seconds, UTC).isoformat()


def tick(rig: Rig, seconds: float) -> None:
    rig.clock.move(seconds)
    rig.engine._wakeups._changed.set()


# --- scheduled -----------------------------------------------------------------------------------------------


@pytest.mark.deep
async def test_many_scheduled_messages_go_each_at_its_time(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 1000
        submits = [
            wish(to=f"+2376700{index:05d}", text="Hi", send_at=in_seconds(rig, 1 + index // 300))
            for index in range(1200)
        ]
        await rig.submit_all(submits)
        assert rig.engine.ledger.open == 1200
        for second in range(1, 5):
            tick(rig, 1)
            await rig.until(lambda second=second: len(rig.operators["mtn"].history) == min(300 * second, 1000))
        await rig.settle()
        for submission in list(rig.operators["mtn"].written):
            rig.operators["mtn"].accept(submission)
        await rig.written("mtn", 200)
        assert len({one.message.id for one in rig.operators["mtn"].history}) == 1200


async def test_a_send_time_in_the_past_or_of_another_zone(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        past = await rig.submit(send_at=in_seconds(rig, -3600))
        assert past.state is State.QUEUED
        now = datetime.fromtimestamp(rig.clock.ms / 1000, timezone(timedelta(hours=5)))
        later = await rig.submit(send_at=(now + timedelta(seconds=10)).isoformat())
        assert later.send_at == rig.clock.ms + 10_000


async def test_a_scheduled_message_is_routed_by_the_plan_of_its_time(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02")), tmp_path) as rig:
        message = await rig.submit(send_at=in_seconds(rig, 60))
        assert message.operator == "a"
        rig.operators["a"].go_down()
        tick(rig, 60)
        await rig.written("b")
        assert message.operator == "b"


async def test_a_scheduled_message_that_nobody_takes_any_more_fails_with_an_event(tmp_path: Path) -> None:
    async with Rig(settings(operator("a"), operator("b", "0.02", "254")), tmp_path) as rig:
        message = await rig.submit(send_at=in_seconds(rig, 60))
        rig.next_config = settings(operator("b", "0.02", "254"))
        await rig.engine.control.reload()
        tick(rig, 60)
        await rig.until(lambda: message.state is State.FAILED)
        (event,) = await rig.events()
        assert event["error"]["code"] == "unroutable"


async def test_a_scheduled_message_can_be_cancelled_until_it_goes(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit(send_at=in_seconds(rig, 60))
        kept = await rig.submit(send_at=in_seconds(rig, 60))
        assert (await rig.engine.messages.cancel("acme", message.id)).state is State.CANCELLED
        assert rig.engine.ledger.open == 1
        tick(rig, 60)
        (submission,) = await rig.written("mtn")
        assert submission.message is kept
        with pytest.raises(Refusal, match="already") as refused:
            await rig.engine.messages.cancel("acme", message.id)
        assert refused.value.code == "too_late"
        assert await rig.types() == ["message.cancelled"]


async def test_schedules_and_cancels_survive_a_restart(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        messages = [await rig.submit(send_at=in_seconds(rig, 60)) for _ in range(4)]
        await rig.engine.messages.cancel("acme", messages[1].id)
        rig.clock.move(3600)
    async with Rig(config, tmp_path, rig.clock) as rig:
        assert rig.engine.ledger.open == 3
        await rig.written("mtn", 3)
        await rig.settle()
        sent = {one.message.id for one in rig.operators["mtn"].history}
        assert sent == {one.id for one in messages} - {messages[1].id}


# --- expiry --------------------------------------------------------------------------------------------------


async def test_expiry_counts_from_the_send_time(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].go_down()
        message = await rig.submit(send_at=in_seconds(rig, 60), expires_in=10)
        tick(rig, 69)
        await rig.until(lambda: message.state is State.QUEUED)
        tick(rig, 1)
        await rig.until(lambda: message.state is State.EXPIRED)


async def test_what_expired_while_the_daemon_was_off_is_not_sent(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    rig = Rig(config, tmp_path)
    rig.prepare_operator = lambda gateway: setattr(gateway, "window", 0)
    async with rig:
        for number in range(3):
            await rig.submit(to=f"+23767000000{number}", expires_in=60)
        last = await rig.submit(expires_in=600)
        rig.clock.move(60)
    async with Rig(config, tmp_path, rig.clock) as rig:
        (submission,) = await rig.written("mtn")
        assert submission.message.id == last.id
        await rig.until(lambda: rig.metrics.counted["final", "mtn", "expired"] == 3)
        assert await rig.types() == ["message.expired"] * 3
        assert len(rig.operators["mtn"].history) == 1


async def test_what_is_with_the_operator_does_not_expire_here(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit(expires_in=10)
        (submission,) = await rig.written("mtn")
        tick(rig, 11)
        await rig.settle()
        assert message.state is State.QUEUED
        rig.operators["mtn"].accept(submission)
        await rig.until(lambda: message.state is State.SUBMITTED)
        tick(rig, 100)
        await rig.settle()
        assert message.state is State.SUBMITTED


async def test_an_answer_after_expiry_that_refuses_ends_it_as_expired(tmp_path: Path) -> None:
    async with Rig(settings(operator("a"), operator("b")), tmp_path) as rig:
        message = await rig.submit(expires_in=10)
        (submission,) = await rig.written("a")
        tick(rig, 11)
        await rig.settle()
        rig.operators["a"].answer(submission, FAILED)
        await rig.settle()
        tick(rig, 0)
        await rig.until(lambda: message.state is State.EXPIRED)
        other = await rig.submit(expires_in=10)
        (submission,) = await rig.written("a")
        tick(rig, 11)
        rig.operators["a"].answer(submission, NEXT)
        await rig.until(lambda: other.state is State.EXPIRED)
        assert not rig.operators["b"].history


async def test_a_message_taken_back_by_a_late_refusal_expires_in_time(tmp_path: Path) -> None:
    config = settings(operator("a", on_unanswered="hold"), operator("b", "0.03"))
    async with Rig(config, tmp_path) as rig:
        rig.operators["b"].go_down()
        message = await rig.submit(expires_in=60)
        (submission,) = await rig.written("a")
        rig.operators["a"].answer(submission, UNKNOWN)
        await rig.until(lambda: message.state is State.SUBMITTED)
        assert rig.engine.ledger.open == 0
        rig.operators["a"].sink.answered_late(submission, NEXT)
        await rig.until(lambda: message.operator == "b")
        assert (message.state, rig.engine.ledger.open) == (State.QUEUED, 1)
        tick(rig, 60)
        await rig.until(lambda: message.state is State.EXPIRED)
        assert rig.engine.ledger.open == 0


@pytest.mark.parametrize("back", [True, False])
async def test_what_may_be_with_the_operator_is_not_sent_again_after_its_time(tmp_path: Path, back: bool) -> None:
    """Its end is that of any message which an operator may have: a receipt, or none."""
    config = settings(operator("mtn", receipts=ReceiptRules(timeout=60)))
    async with Rig(config, tmp_path) as rig:
        settled, never = await rig.submit(expires_in=10), await rig.submit(to="+237670000002", expires_in=10)
        await rig.written("mtn", 2)
        rig.operators["mtn"].go_down()
        await rig.until(lambda: settled.waiting_for == never.waiting_for == "unanswered")
        if back:
            # It is the queue that has to notice: the clock's side comes later.
            rig.clock.move(11)
            rig.operators["mtn"].come_up()
        else:
            tick(rig, 11)
        await rig.until(lambda: settled.state is never.state is State.SUBMITTED)
        rig.operators["mtn"].come_up()
        await rig.settle()
        assert len(rig.operators["mtn"].history) == 2
        assert rig.engine.ledger.open == 0
        rig.operators["mtn"].receipt(settled.to, "7")
        await rig.until(lambda: settled.state is State.DELIVERED)
        tick(rig, 61)
        await rig.until(lambda: never.state is State.UNKNOWN)
        assert not settled.possible_duplicate


async def test_the_rest_of_a_long_message_is_not_sent_after_its_time(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 1
        message = await rig.submit(text="x" * 400, expires_in=10)
        (first,) = await rig.written("mtn")
        rig.clock.move(11)
        rig.operators["mtn"].accept(first)
        await rig.until(lambda: message.state is State.EXPIRED)
        await rig.settle()
        assert len(rig.operators["mtn"].history) == 1
        assert [part.state for part in message.parts] == [State.SUBMITTED, State.EXPIRED, State.EXPIRED]
        assert message.error is not None
        assert message.error.code == "expired"
        assert (await rig.types()).count("message.expired") == 1
        assert rig.engine.ledger.open == 0


async def test_a_part_that_is_out_is_waited_for_before_the_rest_expires(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit(text="x" * 300, expires_in=10)
        (first,) = await rig.written("mtn")
        rig.operators["mtn"].accept(first)
        (second,) = await rig.written("mtn")
        tick(rig, 11)
        await rig.settle()
        assert message.state is State.QUEUED
        rig.operators["mtn"].accept(second)
        await rig.until(lambda: message.state is State.SUBMITTED)


async def test_the_end_of_waiting_for_receipts_survives_a_restart(tmp_path: Path) -> None:
    config = settings(operator("mtn", receipts=ReceiptRules(timeout=60)))
    async with Rig(config, tmp_path) as rig:
        await rig.submit()
        rig.operators["mtn"].accept((await rig.written("mtn"))[0])
        await rig.settle()
        rig.clock.move(61)
    async with Rig(config, tmp_path, rig.clock) as rig:
        await rig.until(lambda: rig.metrics.counted["final", "mtn", "unknown"] == 1)
        assert await rig.types() == ["message.submitted", "message.unknown"]


# --- cancel --------------------------------------------------------------------------------------------------


async def cancelled(rig: Rig, message: Message) -> str:
    try:
        return (await rig.engine.messages.cancel("acme", message.id)).state.value
    except Refusal as refused:
        return refused.code


async def test_cancel_in_every_stage(tmp_path: Path) -> None:
    one = operator("mtn", retry=Retry(initial=10))
    async with Rig(settings(one), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        pause = await rig.submit()
        mtn.answer((await rig.written("mtn"))[0], FAILED)
        await rig.settle()
        assert await cancelled(rig, pause) == "cancelled"
        doubt = await rig.submit()
        (submission,) = await rig.written("mtn")
        mtn.window = 0
        mtn.answer(submission, UNKNOWN)
        assert await cancelled(rig, doubt) == "too_late"
        mtn.sink.answered_late(submission, FAILED)
        await rig.settle()
        assert await cancelled(rig, doubt) == "cancelled", "the operator said that it has nothing"
        mtn.window = 10
        half = await rig.submit(text="x" * 400)
        mtn.accept((await rig.written("mtn"))[0])
        assert await cancelled(rig, half) == "too_late"
        for submission in await rig.written("mtn", 2):
            mtn.accept(submission)
        await rig.until(lambda: half.state is State.SUBMITTED)
        assert await cancelled(rig, half) == "too_late"
        tick(rig, 1000)
        await rig.settle()
        assert rig.engine.ledger.open == 0
        assert len(mtn.history) == 5


async def test_cancel_twice_at_once_is_one_event(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].go_down()
        message = await rig.submit()
        assert (
            sorted(await asyncio.gather(*(cancelled(rig, message) for _ in range(4))))
            == ["cancelled"] + ["too_late"] * 3
        )
        assert await rig.types() == ["message.cancelled"]
        assert rig.engine.ledger.open == 0


# --- a store that fails for a while --------------------------------------------------------------------------


async def test_a_store_that_does_not_commit_delays_the_clock_and_loses_nothing(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        scheduled = [await rig.submit(to=f"+23767000000{number}", send_at=in_seconds(rig, 10)) for number in range(3)]
        rig.operators["mtn"].window = 0
        expires = await rig.submit(expires_in=10)
        await rig.settle()
        with rig.outage():
            tick(rig, 10)
            rig.engine.ledger.store.save(expires)
            await rig.until(lambda: not rig.store.healthy)
            with pytest.raises(Refusal) as refused:
                await rig.submit()
            assert refused.value.code == "store_unavailable"
        rig.operators["mtn"].window = 10
        await rig.until(lambda: rig.store.healthy)
        await rig.written("mtn", 3)
        assert {one.message.id for one in rig.operators["mtn"].history} == {one.id for one in scheduled}
        await rig.until(lambda: expires.state is State.EXPIRED)
        assert (await rig.types()).count("message.expired") == 1


async def test_a_store_that_cannot_be_read_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_AGAIN", 0.01)
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        await rig.submit(send_at=in_seconds(rig, 10))
        load_due, failures = rig.store.load_due, 0

        async def failing(now: int, limit: int) -> list[Message]:
            nonlocal failures
            if failures < 3:
                failures += 1
                raise StoreUnavailable("a disk that is not there")
            return await load_due(now, limit)

        monkeypatch.setattr(rig.store, "load_due", failing)
        tick(rig, 10)
        await rig.written("mtn")
        assert failures == 3


# --- a clock that is set while the store is read -------------------------------------------------------------


def assert_each_once(rig: Rig, count: int) -> None:
    history = rig.operators["mtn"].history
    assert len({one.message.id for one in history}) == len(history) == count


def set_during_reads(rig: Rig, monkeypatch: pytest.MonkeyPatch, seconds: Iterator[float]) -> None:
    """Each read of what is due finds the clock set by the next of these seconds, before it and before its answer."""
    for name in ("load_due", "next_due"):
        read = getattr(rig.store, name)

        async def reading(*args: Any, read: Any = read) -> Any:
            rig.clock.ms += round(1000 * next(seconds, 0.0))
            found = await read(*args)
            rig.clock.ms += round(1000 * next(seconds, 0.0))
            return found

        monkeypatch.setattr(rig.store, name, reading)


@pytest.mark.parametrize("broken", [False, True])
async def test_a_clock_set_back_while_the_due_are_read_keeps_none_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    """More are due than one read gives, or it fails: what is due by the new time too is not put off by the old."""
    monkeypatch.setattr(wakeups, "_AGAIN", 0.01)
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 2000
        await rig.submit_all(
            [wish(to=f"+2376700{at:05d}", text="Hi", send_at=in_seconds(rig, 10)) for at in range(1200)]
        )
        set_during_reads(rig, monkeypatch, iter([-3600.0]))
        if broken:
            read, failures = rig.store.load_due, iter([StoreUnavailable("not now")])

            async def failing(now: int, limit: int) -> list[Message]:
                for error in failures:
                    rig.clock.ms -= 3_600_000
                    raise error
                return await read(now, limit)

            monkeypatch.setattr(rig.store, "load_due", failing)
        tick(rig, 3 * 3600)
        await rig.written("mtn", 1200)
        await rig.settle()
        assert (
            len({one.message.id for one in rig.operators["mtn"].history}) == 1200 == len(rig.operators["mtn"].history)
        )


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_clock_does_each_goes_once_and_none_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 1000
        submits = [
            wish(to=f"+2376700{at:05d}", text="Hi", send_at=in_seconds(rig, chance.uniform(1, 7200)))
            for at in range(600)
        ]
        await rig.submit_all(submits)
        set_during_reads(rig, monkeypatch, iter([chance.uniform(-3600, 3600) for _ in range(40)]))
        last = rig.clock.ms + 7_200_000
        for _ in range(20):
            rig.clock.ms += round(chance.uniform(-1_800_000, 1_800_000))
            tick(rig, 0)
            await rig.settle()
        rig.clock.ms = last + 48 * 3_600_000
        tick(rig, 0)
        await rig.written("mtn", 600)
        await rig.settle()
        assert_each_once(rig, 600)
