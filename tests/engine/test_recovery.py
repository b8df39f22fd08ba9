"""What a start finds, and what a new configuration does to what is under way."""

import asyncio
import gc
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from router.account import Account
from router.message import FINAL, State
from router.operator import IdForm, SmppLink
from router.outcome import Outcome, OutcomeKind
from router.receipt import ReceiptState
from router.settings import Limits, Settings
from tests.engine.rig import HandOperator, ReceiptRules, Retry, Rig, operator, settings, wish

FAILED = Outcome(OutcomeKind.FAILED, status=0x08)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN)
LONG = "x" * 400  # three segments


def closed(gateway: HandOperator) -> None:
    gateway.window = 0


def crash(rig: Rig) -> None:
    """As kill -9: nothing of the stop reaches the engine."""
    rig.engine._dispatcher.stop()
    for gateway in rig.operators.values():
        gateway.written.clear()


async def numbers_sent(rig: Rig, name: str, count: int) -> list[str]:
    """Accept all that an operator gets until it has `count`."""
    gateway = rig.operators[name]
    async with asyncio.timeout(20):
        while len(gateway.history) < count or gateway.written:
            for submission in list(gateway.written):
                gateway.accept(submission)
            await rig.settle()
    return [one.message.to for one in gateway.history]


@pytest.mark.parametrize("in_memory", [100_000, 50])
@pytest.mark.deep
async def test_a_thousand_waiting_messages_are_sent_once_and_in_order_after_a_restart(
    tmp_path: Path, in_memory: int
) -> None:
    accounts = tuple(Account(name=name, token=None, currency="XAF") for name in ("one", "two"))
    config = settings(operator("mtn"), accounts=accounts, limits=Limits(in_memory=in_memory))
    rig = Rig(config, tmp_path)
    rig.prepare_operator = closed
    expected: dict[tuple[str, str], list[str]] = defaultdict(list)
    async with rig:
        for batch in range(20):
            account, traffic_class = accounts[batch % 2].name, ("otp", "marketing")[batch // 2 % 2]
            numbers = [f"+23767{batch:02d}{index:05d}" for index in range(50)]
            submits = [wish(to=to, text="Hi", traffic_class=traffic_class) for to in numbers]
            messages = await rig.submit_all(submits, account)
            for message in messages[::10]:
                await rig.engine.messages.cancel(account, message.id)  # type: ignore[union-attr]
            expected[account, traffic_class] += [to for index, to in enumerate(numbers) if index % 10]
    async with Rig(config, tmp_path, rig.clock) as rig:
        assert rig.engine.ledger.open == 900
        await numbers_sent(rig, "mtn", 900)
        sent: dict[tuple[str, str], list[str]] = defaultdict(list)
        for submission in rig.operators["mtn"].history:
            sent[submission.message.account, submission.message.traffic_class.value].append(submission.message.to)
        assert sent == expected
        assert rig.engine.ledger.open == 0
        assert len(rig.engine.ledger.active) == 0
        found = await rig.store.find("one", messages[0].id)  # type: ignore[union-attr]
        assert found is None
        found = await rig.store.find("two", messages[0].id)  # type: ignore[union-attr]
        assert found is not None
        assert found.state is State.CANCELLED


@pytest.mark.deep
@pytest.mark.parametrize("restart", [False, True])
async def test_however_many_accounts_wait_memory_holds_what_it_may(tmp_path: Path, restart: bool) -> None:
    """Lines of many accounts and classes at an operator that is down, and receipts of all that went by another."""
    accounts = tuple(Account(name=f"account {number}", token=None, currency="XAF") for number in range(20))
    config = settings(
        operator("down", prefix="23767"),
        operator("up", prefix="23769"),
        accounts=accounts,
        limits=Limits(in_memory=2000),
    )
    rig = Rig(config, tmp_path)
    rig.prepare_operator = lambda one: closed(one) if one.operator.name == "down" else None
    expected: dict[tuple[str, str], list[str]] = defaultdict(list)
    async with rig:
        up = rig.operators["up"]
        up.window = 10_000
        for place, account in enumerate(accounts):
            for rank, traffic_class in enumerate(("otp", "transactional", "marketing")):
                numbers = [f"+23767{place:02d}{rank}{at:04d}" for at in range(60)]
                others = [f"+23769{place:02d}{rank}{at:04d}" for at in range(20)]
                await rig.submit_all(
                    [wish(to=to, text="Hi", traffic_class=traffic_class) for to in numbers + others],
                    account.name,
                )
                expected[account.name, traffic_class] = numbers
            await rig.until(lambda count=60 * (place + 1): len(up.history) == count)
            for submission in list(up.written):
                up.accept(submission)
        up.history.clear()
        await rig.settle()
        gc.collect()
        assert len(rig.engine.ledger._awaiting) == 1000
        assert len(rig.engine.ledger.active) <= 1000 + 60 * 10
        # The store holds what it committed during a read for a moment longer.
        await rig.until(lambda: len(rig.engine.ledger._held) <= 2000 + 60 * 10 + 60)
        if not restart:
            rig.operators["down"].window = 200
            rig.operators["down"].come_up()
            await numbers_sent(rig, "down", 3600)
            assert_in_order(rig, expected)
            return
    async with Rig(config, tmp_path, rig.clock) as rig:
        closed(rig.operators["down"])
        await rig.until(lambda: rig.engine.ledger.active)
        await rig.settle()
        assert len(rig.engine.ledger.active) <= 1000
        rig.operators["down"].window = 200
        rig.operators["down"].come_up()
        await numbers_sent(rig, "down", 3600)
        assert_in_order(rig, expected)


def assert_in_order(rig: Rig, expected: dict[tuple[str, str], list[str]]) -> None:
    sent: dict[tuple[str, str], list[str]] = defaultdict(list)
    for submission in rig.operators["down"].history:
        sent[submission.message.account, submission.message.traffic_class.value].append(submission.message.to)
    assert sent == expected


async def test_what_is_accepted_while_the_store_s_part_loads_is_not_forgotten(tmp_path: Path) -> None:
    """It joins the line's tail on disk at the very moment that the count of the tail is taken."""
    async with Rig(settings(operator("mtn"), limits=Limits(in_memory=8)), tmp_path) as rig:
        rig.operators["mtn"].go_down()
        numbers = [f"+2376700{index:05d}" for index in range(6)]
        for number in numbers[:5]:
            await rig.submit(to=number)
        late: list[asyncio.Future[Any]] = []
        desk = rig.engine.desks["mtn"]
        rig.engine._lines.fetch(desk)
        rig.store.after_commit(lambda: late.append(asyncio.ensure_future(rig.submit(to=numbers[5]))))
        await rig.until(lambda: late and late[0].done())
        rig.operators["mtn"].come_up()
        assert await numbers_sent(rig, "mtn", 6) == numbers


# --- an operator leaves --------------------------------------------------------------------------------------


async def test_what_waited_for_an_operator_that_left_goes_elsewhere(tmp_path: Path) -> None:
    rig = Rig(settings(operator("gone", "0.01"), operator("stays", "0.02")), tmp_path)
    rig.prepare_operator = closed
    async with rig:
        messages = await rig.submit_all([wish(to=f"+2376700{index:05d}", text="Hi") for index in range(50)])
        assert {one.operator for one in messages} == {"gone"}  # type: ignore[union-attr]
    async with Rig(settings(operator("stays", "0.02")), tmp_path, rig.clock) as rig:
        sent = await numbers_sent(rig, "stays", 50)
        assert sorted(sent) == [one.to for one in messages]  # type: ignore[union-attr]
        assert {str(one.message.cost) for one in rig.operators["stays"].history} == {"0.02 XAF"}
        assert rig.engine.ledger.open == 0


async def test_a_reload_moves_them_as_well(tmp_path: Path) -> None:
    rig = Rig(settings(operator("gone", "0.01"), operator("stays", "0.02")), tmp_path)
    rig.prepare_operator = closed
    async with rig:
        messages = [await rig.submit() for _ in range(5)]
        rig.operators["stays"].window = 10
        rig.next_config = settings(operator("stays", "0.02"))
        await rig.engine.control.reload()
        await rig.written("stays", 5)
        assert {one.operator for one in messages} == {"stays"}


async def test_with_nobody_to_take_them_they_wait_for_the_next_plan(tmp_path: Path) -> None:
    other = operator("other", "0.02", "254")
    rig = Rig(settings(operator("gone", "0.01"), other), tmp_path)
    rig.prepare_operator = closed
    async with rig:
        message = await rig.submit()
    async with Rig(settings(other), tmp_path, rig.clock) as rig:
        await rig.settle()
        assert rig.engine.ledger.open == 1
        rig.next_config = settings(operator("other", "0.02"))
        await rig.engine.control.reload()
        (submission,) = await rig.written("other")
        assert submission.message.id == message.id


@pytest.mark.parametrize("restart", [True, False])
async def test_what_it_may_have_waits_for_a_receipt_and_then_ends(tmp_path: Path, restart: bool) -> None:
    gone, other = operator("gone", "0.01", receipts=ReceiptRules(timeout=60)), operator("other", "0.02")
    rig = Rig(settings(gone, other), tmp_path)
    async with rig:
        message = await rig.submit()
        await rig.written("gone")
        rig.next_config = settings(other)
        if not restart:
            await rig.engine.control.reload()
            await rig.until(lambda: message.state is State.SUBMITTED)
            await rig.engine.control.stop()
        else:
            crash(rig)
    async with Rig(settings(other), tmp_path, rig.clock) as rig:
        await rig.settle()
        assert not rig.operators["other"].history
        rig.clock.move(3 * 86_400)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: rig.metrics.counted["final", "gone", "unknown"] == 1)
        events = await rig.events()
        assert [event["type"] for event in events] == ["message.submitted", "message.unknown"]
        assert not events[-1]["possible_duplicate"], "it was sent once"


async def test_half_a_message_ends_when_its_operator_leaves(tmp_path: Path) -> None:
    other = operator("other", "0.02")
    rig = Rig(settings(operator("gone", "0.01"), other), tmp_path)
    async with rig:
        rig.operators["gone"].window = 1
        message = await rig.submit(text=LONG)
        first = (await rig.written("gone"))[0]
        rig.operators["gone"].window = 0
        rig.operators["gone"].accept(first)
        await rig.settle()
        rig.next_config = settings(other)
        await rig.engine.control.reload()
        await rig.until(lambda: message.state is State.FAILED)
        assert message.error is not None
        assert message.error.code == "unroutable"
        assert not rig.operators["other"].history
        assert rig.engine.ledger.open == 0


async def test_half_a_message_in_a_pause_ends_when_its_operator_left_between_two_runs(tmp_path: Path) -> None:
    other = operator("other", "0.02")
    rig = Rig(settings(operator("gone", "0.01", retry=Retry(initial=10)), other), tmp_path)
    async with rig:
        half = await rig.submit(text=LONG)
        rig.operators["gone"].accept((await rig.written("gone"))[0])
        for submission in await rig.written("gone", 2):
            rig.operators["gone"].answer(submission, FAILED)
        await rig.settle()
        assert half.waiting_for == "retry"
    async with Rig(settings(other), tmp_path, rig.clock) as rig:
        whole = await rig.submit(send_at=_in(rig, 20))
        rig.clock.move(10)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: rig.metrics.counted["final", "gone", "failed"] == 1)
        # And the clock still works for everybody else.
        rig.clock.move(10)
        rig.engine._wakeups._changed.set()
        (submission,) = await rig.written("other")
        assert submission.message is whole


def _in(rig: Rig, seconds: float) -> str:
    return datetime.fromtimestamp(rig.clock.ms / 1000 + seconds, UTC).isoformat()


# --- a link is replaced --------------------------------------------------------------------------------------


def with_port(config: Settings, name: str, port: int) -> Settings:
    one = config.operators[name]
    assert isinstance(one.link, SmppLink)
    return replace(config, operators={**config.operators, name: replace(one, link=replace(one.link, port=port))})


async def test_a_changed_link_takes_over_what_the_old_one_leaves(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        old = rig.operators["mtn"]
        old.window = 2
        messages = [await rig.submit(to=f"+23767000000{index}") for index in range(4)]
        in_flight = await rig.written("mtn", 2)
        rig.next_config = with_port(config, "mtn", 2776)
        await rig.engine.control.reload()
        new = rig.operators["mtn"]
        assert new is not old
        await rig.until(lambda: len(new.written) == 4)
        assert {one.message.id for one in new.written} == {one.id for one in messages}
        assert (old.in_use, new.in_use) == (0, 4)
        for submission in list(new.written):
            new.receipt(submission.message.to, new.accept(submission))
        await rig.until(lambda: all(one.state in FINAL for one in messages))
        doubtful = {event["message_id"] for event in await rig.events() if event["possible_duplicate"]}
        assert doubtful == {one.message.id for one in in_flight}


async def test_a_receipt_on_the_old_link_s_goodbye_still_counts(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        old = rig.operators["mtn"]
        message = await rig.submit()
        smsc_id = old.accept((await rig.written("mtn"))[0])
        await rig.settle()
        rig.next_config = with_port(config, "mtn", 2776)
        await rig.engine.control.reload()
        old.receipt(message.to, smsc_id, ReceiptState.DELIVERED)
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_another_pace_and_window_leave_the_binds_alone(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        before = rig.operators["mtn"]
        one = config.operators["mtn"]
        assert isinstance(one.link, SmppLink)
        rig.next_config = replace(
            config, operators={"mtn": replace(one, link=replace(one.link, tps=7.0, window=99, enquire_link=30.0))}
        )
        await rig.engine.control.reload()
        assert rig.operators["mtn"] is before
        (view,) = rig.engine.control.operators()
        assert view.tps == 7.0


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("before", "after"), list(pairwise(("auto", "hex", "as-is", "decimal", "auto"))))
async def test_an_id_kept_by_another_form_is_still_found(
    tmp_path: Path, before: IdForm, after: IdForm, restart: bool
) -> None:
    config = settings(operator("mtn", receipts=ReceiptRules(id_in_response=before)))
    changed = settings(operator("mtn", receipts=ReceiptRules(id_in_response=after)))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        rig.operators["mtn"].accept((await rig.written("mtn"))[0], "00B8BE19")
        await rig.settle()
        if not restart:
            rig.next_config = changed
            await rig.engine.control.reload()
            rig.operators["mtn"].receipt(message.to, "00B8BE19")
            await rig.until(lambda: message.state is State.DELIVERED)
            return
    async with Rig(changed, tmp_path, rig.clock) as rig:
        rig.operators["mtn"].receipt(message.to, "00B8BE19")
        await rig.until(lambda: rig.metrics.counted["receipt", "mtn", "matched"])


async def test_an_unchanged_link_stays_and_takes_the_new_settings(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        before = rig.operators["mtn"]
        rig.next_config = settings(operator("mtn", "0.5", on_unanswered="hold"))
        await rig.engine.control.reload()
        assert rig.operators["mtn"] is before
        assert before.operator.on_unanswered == "hold"
        message: Any = await rig.submit()
        assert str(message.cost) == "0.5 XAF"
        before.answer((await rig.written("mtn"))[0], UNKNOWN)
        await rig.settle()
        assert message.state is State.SUBMITTED
