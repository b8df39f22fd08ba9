"""Cancel at every stage of a message's life; a clock that jumps, and times on both sides of a change of the clocks."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.account import Account, RateLimit
from router.message import FINAL, Message, State
from router.outcome import Outcome, OutcomeKind
from router.receipt import ReceiptState
from router.refusal import Refusal
from tests.engine.rig import ReceiptRules, Retry, Rig, operator, settings

FAILED = Outcome(OutcomeKind.FAILED, status=0x08)
REJECTED = Outcome(OutcomeKind.REJECTED, status=0x0B)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN)

Stage = Callable[[Rig], Awaitable[Message]]


def in_seconds(rig: Rig, seconds: float) -> str:
    return datetime.fromtimestamp(rig.clock.ms / 1000 + seconds, UTC).isoformat()


def look(rig: Rig) -> None:
    """The minute is over after which a jump of the clock is noticed."""
    rig.engine._wakeups._changed.set()


def jump(rig: Rig, seconds: float) -> None:
    """Only the wall clock moves, as when someone sets it."""
    rig.clock.ms += round(seconds * 1000)
    look(rig)


# --- cancel --------------------------------------------------------------------------------------------------


async def scheduled(rig: Rig) -> Message:
    return await rig.submit(send_at=in_seconds(rig, 60))


async def queued_while_down(rig: Rig) -> Message:
    rig.operators["mtn"].go_down()
    return await rig.submit()


async def queued_for_its_window(rig: Rig) -> Message:
    rig.operators["mtn"].window = 0
    return await rig.submit()


async def queued_after_its_time_came(rig: Rig) -> Message:
    rig.operators["mtn"].window = 0
    message = await rig.submit(send_at=in_seconds(rig, 60))
    jump(rig, 60)
    await rig.until(lambda: message.state is State.QUEUED)
    return message


async def paused(rig: Rig) -> Message:
    rig.engine.control.pause("mtn")
    return await rig.submit()


async def between_two_tries(rig: Rig) -> Message:
    message = await rig.submit()
    rig.operators["mtn"].answer((await rig.written("mtn"))[0], FAILED)
    await rig.settle()
    return message


async def written(rig: Rig) -> Message:
    message = await rig.submit()
    await rig.written("mtn")
    return message


async def in_doubt(rig: Rig) -> Message:
    message = await rig.submit()
    (submission,) = await rig.written("mtn")
    rig.operators["mtn"].window = 0
    rig.operators["mtn"].answer(submission, UNKNOWN)
    return message


async def half_written(rig: Rig) -> Message:
    message = await rig.submit(text="x" * 400)
    rig.operators["mtn"].accept((await rig.written("mtn"))[0])
    return message


async def submitted(rig: Rig) -> Message:
    message = await rig.submit()
    rig.operators["mtn"].accept((await rig.written("mtn"))[0], "id")
    await rig.until(lambda: message.state is State.SUBMITTED)
    return message


async def received(rig: Rig, state: ReceiptState) -> Message:
    message = await submitted(rig)
    rig.operators["mtn"].receipt(message.to, "id", state)
    await rig.until(lambda: message.state in FINAL)
    return message


async def delivered(rig: Rig) -> Message:
    return await received(rig, ReceiptState.DELIVERED)


async def undelivered(rig: Rig) -> Message:
    return await received(rig, ReceiptState.UNDELIVERED)


async def rejected(rig: Rig) -> Message:
    message = await rig.submit()
    rig.operators["mtn"].answer((await rig.written("mtn"))[0], REJECTED)
    await rig.until(lambda: message.state in FINAL)
    return message


async def expired(rig: Rig) -> Message:
    rig.operators["mtn"].window = 0
    message = await rig.submit(expires_in=10)
    jump(rig, 10)
    await rig.until(lambda: message.state is State.EXPIRED)
    return message


async def cancelled(rig: Rig) -> Message:
    message = await scheduled(rig)
    await rig.engine.messages.cancel("acme", message.id)
    return message


async def unknown(rig: Rig) -> Message:
    message = await submitted(rig)
    jump(rig, 3600)
    await rig.until(lambda: message.state is State.UNKNOWN)
    return message


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        (scheduled, "done"),
        (queued_while_down, "done"),
        (queued_for_its_window, "done"),
        (queued_after_its_time_came, "done"),
        (paused, "done"),
        (between_two_tries, "done"),
        (written, "too_late"),
        (in_doubt, "too_late"),
        (half_written, "too_late"),
        (submitted, "too_late"),
        (delivered, "too_late"),
        (undelivered, "too_late"),
        (rejected, "too_late"),
        (expired, "too_late"),
        (cancelled, "too_late"),
        (unknown, "too_late"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_cancel_at_every_stage(tmp_path: Path, stage: Stage, outcome: str) -> None:
    config = settings(operator("mtn", retry=Retry(initial=10), receipts=ReceiptRules(timeout=600)))
    async with Rig(config, tmp_path) as rig:
        message = await stage(rig)
        before, sent = message.state, len(rig.operators["mtn"].history)
        noted = len(await rig.engine.audit.read(0, 100))
        events = await rig.types()
        try:
            assert await rig.engine.messages.cancel("acme", message.id) is message
            came = "done"
        except Refusal as refused:
            came = refused.code
        assert came == outcome
        assert message.state is (State.CANCELLED if outcome == "done" else before)
        await rig.settle()
        assert await rig.types() == events + ["message.cancelled"] * (outcome == "done")
        (entry,) = (await rig.engine.audit.read(0, 100))[noted:]
        assert (entry.who, entry.action, entry.subject) == ("account:acme", "message.cancel", message.id)
        assert (entry.outcome, entry.at) == (outcome, rig.clock.now())
        if outcome == "done":
            # Nothing of it ever goes, whatever opens again.
            rig.engine.control.resume("mtn")
            rig.operators["mtn"].window = 10
            rig.operators["mtn"].come_up()
            jump(rig, 3600)
            await rig.settle()
            assert len(rig.operators["mtn"].history) == sent
            assert rig.engine.ledger.open == 0
    async with Rig(config, tmp_path, rig.clock) as rig:
        found = await rig.engine.messages.find("acme", message.id)
        assert found is not None
        assert (found.state is State.CANCELLED) == (outcome == "done" or stage is cancelled)


async def test_a_cancel_of_nothing_and_of_another_s_is_no_action(tmp_path: Path) -> None:
    accounts = tuple(Account(name=name, token=None, currency="XAF") for name in ("acme", "other"))
    async with Rig(settings(operator("mtn"), accounts=accounts), tmp_path) as rig:
        message = await scheduled(rig)
        for account, id in (("other", message.id), ("acme", "01900000-0000-7000-8000-000000000000")):
            with pytest.raises(Refusal) as refused:
                await rig.engine.messages.cancel(account, id)
            assert refused.value.code == "not_found"
        assert await rig.engine.audit.read(0, 9) == []
        assert message.state is State.SCHEDULED


# --- the record while the store fails ------------------------------------------------------------------------


@pytest.mark.deep
async def test_a_sick_store_keeps_nobody_from_acting_and_the_record_is_made_up(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with rig.outage():
            rig.engine.control.pause("mtn")
            rig.engine.audit.note("admin", "operator.pause", "m" * 300)
            await rig.until(lambda: not rig.store.healthy)
            began = asyncio.get_running_loop().time()
            await rig.engine.audit.noted()
            assert asyncio.get_running_loop().time() - began < 5
            assert await rig.engine.audit.read(0, 9) == []
        await rig.until(lambda: rig.store.healthy)
        await rig.settle()
        (entry,) = await rig.engine.audit.read(0, 9)
        assert (entry.action, entry.subject, entry.seq) == ("operator.pause", "m" * 255, 1)


# --- the clock -----------------------------------------------------------------------------------------------


async def test_a_clock_that_jumps_forward_sends_and_expires_what_is_due_by_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        due = await rig.submit(send_at=in_seconds(rig, 3600))
        not_due = await rig.submit(send_at=in_seconds(rig, 3602))
        rig.operators["mtn"].window = 1
        jump(rig, 3601)
        (submission,) = await rig.written("mtn")
        assert submission.message is due
        waiting = await rig.submit(expires_in=3600)
        jump(rig, 3600)
        await rig.until(lambda: waiting.state is State.EXPIRED)
        await rig.until(lambda: not_due.state is State.QUEUED)
        rig.operators["mtn"].accept(submission)
        assert (await rig.written("mtn"))[0].message is not_due
        assert len(rig.operators["mtn"].history) == 2


async def test_a_clock_that_jumps_back_sends_nothing_twice_and_nothing_early(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        later = await rig.submit(send_at=in_seconds(rig, 60))
        sent = await rig.submit()
        (submission,) = await rig.written("mtn")
        jump(rig, -86_400)
        await rig.settle()
        assert later.state is State.SCHEDULED
        rig.operators["mtn"].accept(submission, "id")
        rig.operators["mtn"].receipt(sent.to, "id")
        await rig.until(lambda: sent.state is State.DELIVERED)
        # What comes now is older than what came before, and goes all the same.
        now = await rig.submit()
        (submission,) = await rig.written("mtn")
        assert submission.message is now
        assert now.id > sent.id
        rig.operators["mtn"].accept(submission)
        for seconds in (86_400, 59):
            jump(rig, seconds)
            await rig.settle()
            assert later.state is State.SCHEDULED
        jump(rig, 1)
        await rig.until(lambda: later.state is State.QUEUED)
        await rig.written("mtn")
        assert len(rig.operators["mtn"].history) == 3
        assert [event["seq"] for event in await rig.events()] == [1, 2, 3]


async def test_a_rate_does_not_follow_the_wall_clock(tmp_path: Path) -> None:
    account = Account(name="acme", token=None, currency="XAF", rate=RateLimit(2, 1.0))
    async with Rig(settings(operator("mtn"), accounts=(account,)), tmp_path) as rig:
        for seconds in (0, 86_400, -2 * 86_400):
            jump(rig, seconds)
            if not seconds:
                await rig.submit()
                await rig.submit()
            with pytest.raises(Refusal) as refused:
                await rig.submit()
            assert refused.value.code == "rate_limited"
            assert refused.value.retry_after == pytest.approx(1.0)
        rig.clock.move(1.0)
        await rig.submit()


@pytest.mark.parametrize(
    ("times", "apart"),
    [
        # Paris, spring: 02:00 is followed by 03:00 ...
        (("2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"), 1),
        (("2026-03-29T01:30:00+01:00", "2026-03-29T02:30:00+01:00"), 3600),
        # ... autumn: the hour after 02:00 comes twice.
        (("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"), 3600),
        (("2026-10-25T02:59:59.999+02:00", "2026-10-25T02:00:00+01:00"), 0.001),
        # New York and UTC mean one moment.
        (("2026-11-01T01:30:00-04:00", "2026-11-01T05:30:00Z"), 0),
        # The day without a leap second, and half an hour's zone.
        (("2026-12-31T23:59:59Z", "2027-01-01T05:30:00+05:30"), 1),
    ],
)
async def test_changes_of_the_clocks_do_not_move_a_send_time(
    tmp_path: Path, times: tuple[str, str], apart: float
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        first, second = [await rig.submit(send_at=time) for time in times]
        assert first.send_at is not None
        assert second.send_at is not None
        assert second.send_at - first.send_at == round(apart * 1000)
        rig.clock.ms = first.send_at - 1
        look(rig)
        await rig.settle()
        assert first.state is State.SCHEDULED
        jump(rig, 0.001)
        await rig.until(lambda: first.state is State.QUEUED)
        assert (second.state is State.SCHEDULED) == (apart > 0)
        rig.clock.ms = second.send_at
        look(rig)
        await rig.written("mtn", 2)
