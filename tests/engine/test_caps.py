"""Operators' daily caps: counted, kept over a restart, over at midnight; meanwhile others carry what comes."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router.message import Message
from router.operator import Caps, Rate
from router.outcome import Fault, Outcome, OutcomeKind
from router.refusal import Refusal
from router.routing.route import RouteQuery
from router.settings import Settings
from tests.engine.rig import ReceiptRules, Rig, operator, settings, wish

REJECTED = Outcome(OutcomeKind.REJECTED, status=0x0B, fault=Fault.MESSAGE)
NOT_HERE = Outcome(OutcomeKind.REJECTED, status=0x0A)
THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN)
LONG = "x" * 400  # three parts
DAY = 86_400


def capped(caps: Caps | None, *others: str, price: str = "0.02", **changes: Any) -> Settings:
    first = operator("a", price, caps=caps, receipts=ReceiptRules(request="none"), **changes)
    return settings(first, *(operator(name, "0.05") for name in others))


def today(rig: Rig, name: str = "a") -> tuple[int, str] | None:
    view = next(view for view in rig.engine.control.operators() if view.operator == name).today
    return None if view is None else (view.parts, str(view.spend))


def state(rig: Rig, name: str = "a") -> str:
    return next(view for view in rig.engine.control.operators() if view.operator == name).state


async def submit(rig: Rig, count: int, **fields: Any) -> list[Message]:
    answers = await rig.submit_all([wish(to=f"+2376700{n:05}", text="x", **fields) for n in range(count)])
    return [one for one in answers if isinstance(one, Message)]


def midnight(rig: Rig) -> None:
    """The clock moves to the next day, and the alarm rings."""
    rig.clock.move(DAY)
    rig.engine._caps.check(rig.engine.desks["a"])


async def test_at_the_cap_messages_go_elsewhere(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=2), "b"), tmp_path) as rig:
        messages = await submit(rig, 5)
        await rig.written("b", 3)
        assert len(rig.operators["a"].history) == 2
        assert sorted(message.operator or "" for message in messages) == ["a", "a", "b", "b", "b"]
        assert (state(rig), today(rig)) == ("cap_reached", (2, "0.04"))
        assert today(rig, "b") is None
        assert (await rig.submit()).operator == "b"


async def test_without_others_they_wait_for_the_next_day(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=2)), tmp_path) as rig:
        await submit(rig, 5)
        await rig.written("a", 2)
        await rig.settle()
        assert len(rig.operators["a"].written) == 2
        query = RouteQuery("+237670000001", rig.clock.now())
        (candidate,) = rig.engine.preview.route(None, query).candidates
        assert (candidate.usable, candidate.reason) == (False, "cap_reached")
        midnight(rig)
        await rig.written("a", 4)
        await rig.settle()
        assert len(rig.operators["a"].history) == 4, "two a day"
        midnight(rig)
        await rig.written("a", 5)
        assert today(rig) == (1, "0.02")


@pytest.mark.parametrize(("spend", "taken"), [("0.01", 0), ("0.02", 1), ("0.05", 2), ("0.06", 3)])
async def test_money_is_never_exceeded(tmp_path: Path, spend: str, taken: int) -> None:
    async with Rig(capped(Caps(spend=Decimal(spend)), "b"), tmp_path) as rig:
        await submit(rig, 4)
        await rig.written("b", 4 - taken)
        assert len(rig.operators["a"].history) == taken


async def test_money_is_counted_in_the_operator_s_currency(tmp_path: Path) -> None:
    """Its caps are in euros, this rate is not."""
    rates = (Rate("", Decimal("655.957"), "XAF"),)
    config = settings(replace(operator("a", rates=rates, caps=Caps(spend=Decimal(2))), currency="EUR"))
    config = replace(config, plans={"default": replace(config.plans["default"], allow_loss=True)})
    async with Rig(config, tmp_path) as rig:
        await submit(rig, 3)
        await rig.written("a", 2)
        await rig.settle()
        assert len(rig.operators["a"].history) == 2
        assert today(rig) is not None
        assert Decimal((today(rig) or (0, ""))[1]) == 2


async def test_a_long_message_begins_only_where_all_of_it_fits_and_then_ends(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=4)), tmp_path) as rig:
        first = await rig.submit("+237670000001", LONG)
        second = await rig.submit("+237670000002", LONG)
        single = await rig.submit("+237670000003")
        (submission,) = await rig.written("a")
        assert state(rig) == "cap_reached", "the second would not fit"
        rig.operators["a"].accept(submission)
        for submission in await rig.written("a", 2):
            rig.operators["a"].accept(submission)
        await rig.until(lambda: first.submitted_at)
        await rig.settle()
        assert [len(message.parts[0].attempts) for message in (first, second, single)] == [1, 0, 0]
        assert today(rig) == (3, "0.06")
        midnight(rig)
        await rig.written("a", 2)
        assert today(rig) == (4, "0.08")


@pytest.mark.parametrize("outcome", [REJECTED, NOT_HERE])
async def test_what_the_operator_refuses_is_given_back(tmp_path: Path, outcome: Outcome) -> None:
    async with Rig(capped(Caps(parts=3)), tmp_path) as rig:
        await rig.submit(text=LONG)
        waiting = await rig.submit("+237670000002")
        (submission,) = await rig.written("a")
        assert (state(rig), today(rig)) == ("cap_reached", (3, "0.06"))
        rig.operators["a"].answer(submission, outcome)
        (submission,) = await rig.written("a")
        assert submission.message is waiting
        assert (state(rig), today(rig)) == ("up", (1, "0.02"))


async def test_what_was_throttled_is_counted_once(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=2)), tmp_path) as rig:
        message = await rig.submit()
        for _ in range(4):
            (submission,) = await rig.written("a")
            rig.operators["a"].answer(submission, THROTTLED)
            rig.clock.move(30)
            rig.engine.link_changed("a")
        (submission,) = await rig.written("a")
        assert submission.message is message
        assert today(rig) == (1, "0.02")


async def test_what_is_sent_again_for_want_of_an_answer_is_counted_again(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=1)), tmp_path) as rig:
        await rig.submit()
        (submission,) = await rig.written("a")
        rig.operators["a"].answer(submission, UNKNOWN)
        await rig.until(lambda: len(rig.operators["a"].history) == 2)
        assert today(rig) == (2, "0.04"), "it may have been taken twice, and goes over the cap"


async def test_a_bind_that_went_away_took_nothing(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=5)), tmp_path) as rig:
        rig.operators["a"].submit = lambda submission: False  # type: ignore[method-assign]
        message = await rig.submit()
        rig.operators["a"].window = 0
        await rig.settle()
        assert message.parts[0].attempts == []
        assert today(rig) == (0, "0")


async def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=3)), tmp_path) as rig:
        for submission in [await rig.submit(f"+23767000000{n}") for n in range(2)]:
            assert submission.operator == "a"
        for sent in await rig.written("a", 2):
            rig.operators["a"].accept(sent)
        await rig.settle()
    async with Rig(capped(Caps(parts=3), "b"), tmp_path, rig.clock) as rig:
        assert today(rig) == (2, "0.04")
        await submit(rig, 2)
        await rig.written("b")
        assert len(rig.operators["a"].history) == 1
    async with Rig(capped(Caps(parts=3)), tmp_path, rig.clock) as rig:
        assert (state(rig), today(rig)) == ("cap_reached", (3, "0.06"))
        rig.clock.move(DAY)
    async with Rig(capped(Caps(parts=3)), tmp_path, rig.clock) as rig:
        assert (state(rig), today(rig)) == ("up", (0, "0"))


async def test_a_reload_keeps_the_count_and_takes_the_new_cap(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=2)), tmp_path) as rig:
        await submit(rig, 6)
        await rig.written("a", 2)
        assert state(rig) == "cap_reached"
        rig.next_config = capped(Caps(parts=4))
        await rig.engine.control.reload()
        await rig.written("a", 4)
        assert (state(rig), today(rig)) == ("cap_reached", (4, "0.08"))
        rig.next_config = capped(None)
        await rig.engine.control.reload()
        await rig.written("a", 6)
        assert (state(rig), today(rig)) == ("up", None)
        rig.next_config = capped(Caps(parts=4))
        await rig.engine.control.reload()
        assert (state(rig), today(rig)) == ("cap_reached", (4, "0.08")), "only what went while there were caps"


async def test_the_gauges_of_the_day(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=9), "b"), tmp_path) as rig:
        await submit(rig, 3)
        await rig.written("a", 3)
        gauges = {(one.name, one.labels): one.value for one in rig.engine.gauges()}
        assert gauges["operator_parts_today", ("a",)] == 3
        assert gauges["operator_spend_today", ("a",)] == pytest.approx(0.06)
        assert ("operator_parts_today", ("b",)) not in gauges


async def test_one_that_is_paused_says_so(tmp_path: Path) -> None:
    async with Rig(capped(Caps(parts=1)), tmp_path) as rig:
        await submit(rig, 2)
        await rig.written("a")
        rig.engine.control.pause("a")
        assert state(rig) == "paused"
        midnight(rig)
        rig.engine.control.resume("a")
        await rig.written("a", 2)
        with pytest.raises(Refusal):
            rig.engine.control.pause("nobody")
