"""From submit to the operator and back: outcomes, retries, failover, parts in order."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from adapters.store import transaction
from adapters.store.batch import Batch
from adapters.store.claims import Claims
from router.message import FINAL, State
from router.money import Money
from router.operator import TextRules
from router.outcome import Fault, Outcome, OutcomeKind
from router.receipt import ReceiptState
from router.refusal import Refusal
from router.settings import Choice, Limits, Match, Plan, Rule
from router.submit import Submit
from tests.engine.rig import ReceiptRules, Retry, Rig, operator, settings, wish

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "id-1")
THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)
FAILED = Outcome(OutcomeKind.FAILED, status=0x08, detail="system error")
NEXT = Outcome(OutcomeKind.REJECTED, status=0x0A, detail="sender not allowed here")
REJECTED = Outcome(OutcomeKind.REJECTED, status=0x0B, detail="no such number", fault=Fault.MESSAGE)
LONG = "x" * 400  # three segments


async def test_a_message_is_delivered_with_one_event_each(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", "0.02")), tmp_path) as rig:
        message = await rig.submit(reference="r1")
        (submission,) = await rig.written("mtn")
        assert submission.segment.payload == b"Hello"
        smsc_id = rig.operators["mtn"].accept(submission)
        rig.operators["mtn"].receipt(message.to, smsc_id)
        await rig.until(lambda: message.state in FINAL)
        events = await rig.events()
        assert [event["type"] for event in events] == ["message.submitted", "message.delivered"]
        assert [event["seq"] for event in events] == [1, 2]
        assert events[1]["reference"] == "r1"
        assert events[1]["cost"] == {"amount": "0.02", "currency": "XAF"}
        assert events[1]["price"] == {"amount": "1.00", "currency": "XAF"}
        assert rig.operators["mtn"].acknowledged == [("token", True)]
        assert rig.engine.ledger.open == 0
        stored = await rig.store.find("acme", message.id)
        assert stored is not None
        assert stored.state is State.DELIVERED


async def test_results_of_two_operators_may_come_together(tmp_path: Path) -> None:
    config = settings(operator("a", prefix="23767"), operator("b", prefix="23769"))
    async with Rig(config, tmp_path) as rig:
        messages = [await rig.submit(to) for to in ("+237670000001", "+237690000001", "+237670000002")]
        written = [*await rig.written("a", 2), *await rig.written("b")]
        for one in rig.operators.values():
            one.written.clear()
        rig.operators["a"].sink.settled([(one, Outcome(OutcomeKind.ACCEPTED, "7")) for one in written])
        assert {message.state for message in messages} == {State.SUBMITTED}
        for name, count in (("a", 2), ("b", 1)):
            assert rig.metrics.counted["submitted", name, "accepted"] == count
            assert rig.operators[name].in_use == 0
        rig.operators["b"].receipt(messages[1].to, "7")
        await rig.until(lambda: messages[1].state is State.DELIVERED)


async def test_nothing_is_written_before_the_claim_is_on_disk(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        pending = asyncio.ensure_future(rig.submit())
        while not rig.operators["mtn"].written:
            assert not rig.operators["mtn"].history
            await asyncio.sleep(0)
        message = await pending
        stored = await rig.store.find("acme", message.id)
        assert stored is not None
        assert stored.parts[0].attempts[0].outcome is None, "the intent was committed first"


async def test_the_claims_of_what_was_just_accepted_are_in_its_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[int]] = []
    write = transaction.write

    def noted(connection: apsw.Connection, batch: Batch, claims: Claims, texts_gone_to: int) -> None:
        written.append([len(message.parts[0].attempts) for message in batch.new.values()])
        write(connection, batch, claims, texts_gone_to)
        assert not batch.claimed

    monkeypatch.setattr(transaction, "write", noted)
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        await asyncio.gather(*(rig.submit(to=f"+2376700000{place:02}") for place in range(10)))
        assert [attempts for batch in written for attempts in batch] == [1] * 10


async def test_the_cheapest_operator_goes_first_and_the_next_when_it_refuses(tmp_path: Path) -> None:
    async with Rig(settings(operator("dear", "0.03"), operator("cheap", "0.01")), tmp_path) as rig:
        message = await rig.submit()
        (first,) = await rig.written("cheap")
        assert message.cost == Money(Decimal("0.01"), "XAF")
        rig.operators["cheap"].answer(first, NEXT)
        (second,) = await rig.written("dear")
        assert message.operator == "dear"
        assert message.cost == Money(Decimal("0.03"), "XAF")
        rig.operators["dear"].answer(second, NEXT)
        await rig.until(lambda: message.state is State.REJECTED)
        assert message.error is not None
        assert message.error.smsc_error == "0x0000000A"
        assert await rig.types() == ["message.rejected"]


async def test_a_refusal_for_good_asks_nobody_else(tmp_path: Path) -> None:
    async with Rig(settings(operator("a"), operator("b")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("a")
        rig.operators["a"].answer(submission, REJECTED)
        await rig.until(lambda: message.state is State.REJECTED)
        assert not rig.operators["b"].history


async def test_no_more_operators_are_asked_than_the_plan_allows(tmp_path: Path) -> None:
    plans = {"default": Plan("default", attempts=2)}
    async with Rig(settings(*(operator(name) for name in "abc"), plans=plans), tmp_path) as rig:
        message = await rig.submit()
        for name in "ab":
            (submission,) = await rig.written(name)
            rig.operators[name].answer(submission, NEXT)
        await rig.until(lambda: message.state is State.REJECTED)
        assert not rig.operators["c"].history


async def test_a_failure_is_tried_again_after_a_pause_and_ends_when_tries_are_spent(tmp_path: Path) -> None:
    one = operator("mtn", retry=Retry(initial=4, max=60, attempts=2))
    async with Rig(settings(one), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, FAILED)
        await rig.settle()
        assert message.waiting_for == "retry"
        assert message.due_at is not None
        assert 3000 <= message.due_at - rig.clock.ms <= 4000
        rig.clock.move(4)
        rig.engine._wakeups._changed.set()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, FAILED)
        await rig.until(lambda: message.state is State.FAILED)
        assert message.error is not None
        assert message.error.code == "retries_exhausted"
        assert len(message.parts[0].attempts) == 2


async def test_throttling_costs_no_attempt_keeps_the_place_and_slows_down(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 1
        first = await rig.submit()
        second = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, THROTTLED)
        await rig.settle()
        assert not rig.operators["mtn"].written, "nothing goes out for a moment"
        assert first.parts[0].attempts == []
        rig.clock.move(1)
        rig.engine._dispatcher.pump_soon(rig.engine.desks["mtn"])
        (submission,) = await rig.written("mtn")
        assert submission.message is first
        assert second.state is State.QUEUED
        assert rig.engine.desks["mtn"].pacer.factor(rig.clock.seconds) == 0.5


async def test_parts_after_the_first_wait_for_its_acceptance(tmp_path: Path) -> None:
    async with Rig(settings(operator("a"), operator("b")), tmp_path) as rig:
        message = await rig.submit(text=LONG)
        assert message.segments == 3
        (first,) = await rig.written("a")
        rig.operators["a"].answer(first, NEXT)
        (first,) = await rig.written("b")
        ids = [rig.operators["b"].accept(first)]
        rest = await rig.written("b", 2)
        assert [one.part.number for one in rest] == [2, 3]
        ids += [rig.operators["b"].accept(one) for one in rest]
        await rig.until(lambda: message.state is State.SUBMITTED)
        for number, smsc_id in enumerate(ids):
            assert message.state is State.SUBMITTED, number
            rig.operators["b"].receipt(message.to, smsc_id)
            await rig.settle()
        assert message.state is State.DELIVERED
        assert "".join(one.segment.text or "" for one in rig.operators["b"].history) == LONG


async def test_half_a_message_never_goes_to_another_operator(tmp_path: Path) -> None:
    async with Rig(settings(operator("a"), operator("b")), tmp_path) as rig:
        message = await rig.submit(text=LONG)
        (first,) = await rig.written("a")
        rig.operators["a"].accept(first)
        second, third = await rig.written("a", 2)
        rig.operators["a"].answer(second, NEXT)
        await rig.until(lambda: message.state is State.REJECTED)
        rig.operators["a"].accept(third)
        await rig.settle()
        assert not rig.operators["b"].history
        assert (await rig.types()) == ["message.rejected"]


async def test_an_operator_that_is_down_is_passed_over_and_its_queue_moves(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02")), tmp_path) as rig:
        rig.operators["a"].window = 0
        waiting = [await rig.submit() for _ in range(3)]
        assert {message.operator for message in waiting} == {"a"}
        rig.operators["a"].go_down()
        await rig.written("b", 3)
        assert {message.operator for message in waiting} == {"b"}
        assert (await rig.submit()).operator == "b"


async def test_a_short_loss_of_the_link_moves_nothing(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02")), tmp_path) as rig:
        rig.operators["a"].window = 0
        message = await rig.submit()
        rig.operators["a"].cut()
        await rig.settle()
        assert message.operator == "a"
        rig.operators["a"].window = 1
        rig.operators["a"].come_up()
        await rig.written("a")


async def test_with_everybody_down_messages_wait_and_go_when_the_first_returns(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02")), tmp_path) as rig:
        for gateway in rig.operators.values():
            gateway.go_down()
        messages = [await rig.submit() for _ in range(5)]
        assert {message.operator for message in messages} == {"a"}
        rig.operators["b"].come_up()
        await rig.written("b", 5)


async def test_what_does_not_fit_into_memory_waits_in_the_store_in_order(tmp_path: Path) -> None:
    config = settings(operator("mtn"), limits=Limits(in_memory=8))
    async with Rig(config, tmp_path) as rig:
        rig.operators["mtn"].go_down()
        numbers = [f"+2376700{index:05d}" for index in range(40)]
        for number in numbers:
            await rig.submit(to=number)
        assert len(rig.engine.ledger.active) <= 8
        assert rig.engine.ledger.open == 40
        rig.operators["mtn"].come_up()
        seen: list[str] = []
        while len(seen) < 40:
            for submission in await rig.written("mtn"):
                seen.append(submission.message.to)
                rig.operators["mtn"].accept(submission)
        assert seen == numbers
        await rig.settle()
        assert rig.engine.ledger.open == 0


async def test_the_classes_go_before_one_another_and_nobody_starves(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 0
        for traffic_class in ("marketing", "transactional", "otp"):
            for _ in range(30):
                await rig.submit(traffic_class=traffic_class)
        rig.operators["mtn"].window = 90
        rig.operators["mtn"].come_up()
        await rig.written("mtn", 90)
        order = [one.message.traffic_class for one in rig.operators["mtn"].history]
        assert order[:16] == ["otp"] * 16
        assert "marketing" in order[:21]
        assert order[-1] == "marketing"


async def test_accounts_take_turns(tmp_path: Path) -> None:
    from router.account import Account

    accounts = tuple(Account(name=name, token=None, currency="XAF") for name in ("big", "small"))
    async with Rig(settings(operator("mtn"), accounts=accounts), tmp_path) as rig:
        rig.operators["mtn"].window = 0
        for _ in range(50):
            await rig.submit(account="big")
        await rig.submit(account="small")
        rig.operators["mtn"].window = 2
        rig.operators["mtn"].come_up()
        first, second = await rig.written("mtn", 2)
        assert {first.message.account, second.message.account} == {"big", "small"}


async def test_tps_spreads_the_parts(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", tps=10.0)), tmp_path) as rig:
        for _ in range(5):
            await rig.submit()
        await rig.settle()
        sent = len(rig.operators["mtn"].history)
        assert sent == 1
        for _ in range(4):
            rig.clock.move(0.1)
            rig.engine._dispatcher.pump_soon(rig.engine.desks["mtn"])
            await rig.written("mtn", sent := sent + 1)
        assert sent == 5


async def test_receipts_none_ends_with_submitted(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit(receipts="none")
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].accept(submission)
        await rig.settle()
        assert message.state is State.SUBMITTED
        assert message.due_at is None
        assert await rig.types() == ["message.submitted"]


async def test_a_scheduled_message_goes_at_its_time(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        at = datetime.fromtimestamp((rig.clock.ms + 60_000) / 1000, UTC)
        message = await rig.submit(send_at=at)
        assert message.state is State.SCHEDULED
        rig.clock.move(59.999)
        rig.engine._wakeups._changed.set()
        await rig.settle()
        assert not rig.operators["mtn"].history
        rig.clock.move(0.001)
        rig.engine._wakeups._changed.set()
        await rig.written("mtn")


async def test_a_message_that_waited_too_long_expires(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].go_down()
        message = await rig.submit(expires_in=60)
        rig.clock.move(60)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: message.state is State.EXPIRED)
        assert await rig.types() == ["message.expired"]
        rig.operators["mtn"].come_up()
        await rig.settle()
        assert not rig.operators["mtn"].history


async def test_cancel_before_and_after(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 0
        waiting = await rig.submit()
        cancelled = await rig.engine.messages.cancel("acme", waiting.id)
        assert cancelled.state is State.CANCELLED
        with pytest.raises(Refusal, match="already") as refused:
            await rig.engine.messages.cancel("acme", waiting.id)
        assert refused.value.code == "too_late"
        with pytest.raises(Refusal) as refused:
            await rig.engine.messages.cancel("other", waiting.id)
        assert refused.value.code == "not_found"
        rig.operators["mtn"].window = 1
        sent = await rig.submit()
        (submission,) = await rig.written("mtn")
        assert submission.message is sent
        with pytest.raises(Refusal) as refused:
            await rig.engine.messages.cancel("acme", sent.id)
        assert refused.value.code == "too_late"
        assert await rig.types() == ["message.cancelled"]


async def test_rules_refuse_restrict_and_replace(tmp_path: Path) -> None:
    rules = (
        Rule(1, Match(prefix="254"), sender="20880"),
        Rule(2, Match(prefix="237", traffic_class="otp"), operators=("b",)),
        Rule(3, Match(sender="+1*"), refuse="sender_not_allowed"),
    )
    plans = {"default": Plan("default", operators=(Choice("a"), Choice("b")))}
    async with Rig(settings(operator("a"), operator("b"), rules=rules, plans=plans), tmp_path) as rig:
        await rig.submit(to="+254712345678", sender="ACME")
        (submission,) = await rig.written("a")
        assert submission.sender == "20880"
        assert submission.message.sender == "ACME"
        assert (await rig.submit(traffic_class="otp")).operator == "b"
        with pytest.raises(Refusal) as refused:
            await rig.submit(sender="+12025550123")
        assert refused.value.code == "sender_not_allowed"


@pytest.mark.parametrize(
    ("submit", "code"),
    [
        (Submit(to="+237670000001"), "invalid_request"),
        (Submit(to="+237670000001", text="x", data=b"x"), "invalid_request"),
        (Submit(to="+237670000001", text="x", udh=b"\x00"), "invalid_request"),
        (Submit(to="0670000001", text="x"), "invalid_number"),
        (Submit(to="+2376", text="x"), "invalid_number"),
        (Submit(to="+237670000001", text="x" * 1600), "too_long"),
        (wish(to="+237670000001", text="привет", encoding="gsm7"), "not_encodable"),
        (Submit(to="+33612345678", text="x"), "unroutable"),
        (Submit(to="+237670000001", text="x", sender="MoreThan11Characters"), "sender_not_allowed"),
        (Submit(to="+237670000001", text="x", plan="nope"), "invalid_request"),
        (Submit(to="+237670000001", text="x", max_price=Money(Decimal("0.001"), "XAF")), "price_too_high"),
        (Submit(to="+237670000001", text="x", max_price=Money(Decimal(1), "QQQ")), "invalid_request"),
    ],
)
async def test_refusals_have_their_code_and_keep_nothing(tmp_path: Path, submit: Submit, code: str) -> None:
    async with Rig(settings(operator("mtn", prefix="237")), tmp_path) as rig:
        (refused,) = await rig.submit_all([submit])
        assert isinstance(refused, Refusal)
        assert refused.code == code
        assert rig.engine.ledger.open == 0


async def test_over_the_queue_limit_is_an_answer(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn"), limits=Limits(queued=2)), tmp_path) as rig:
        rig.operators["mtn"].window = 0
        await rig.submit()
        with pytest.raises(Refusal) as refused:
            await rig.submit_all([Submit(to="+237670000001", text="x")] * 2)
        assert refused.value.code == "queue_full"
        assert refused.value.retry_after
        await rig.submit()


async def test_retry_then_expiry_does_not_lose_the_message(tmp_path: Path) -> None:
    one = operator("mtn", retry=Retry(initial=100, max=100), receipts=ReceiptRules(timeout=5))
    async with Rig(settings(one), tmp_path) as rig:
        message = await rig.submit(expires_in=10)
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, FAILED)
        await rig.settle()
        rig.clock.move(10)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: message.state is State.EXPIRED)


async def test_an_undelivered_receipt_says_why(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        smsc_id = rig.operators["mtn"].accept(submission)
        rig.operators["mtn"].receipt(message.to, smsc_id, ReceiptState.UNDELIVERED)
        await rig.until(lambda: message.state is State.UNDELIVERED)
        (_, event) = await rig.events()
        assert event["error"]["code"] == "receipt_undelivered"


async def test_text_rules_that_change_while_messages_wait(tmp_path: Path) -> None:
    """A reload makes the operator take ASCII only: what waits is cut anew, what cannot be written so ends."""
    one = operator("mtn")
    async with Rig(settings(one), tmp_path) as rig:
        rig.operators["mtn"].window = 0
        cut_anew = await rig.submit(text="é" * 160)
        refused = await rig.submit(text="é", encoding="gsm7")
        assert len(cut_anew.parts) == 1
        rig.next_config = settings(replace(one, text=TextRules(alphabet="ascii")))
        await rig.engine.control.reload()
        rig.operators["mtn"].window = 10
        rig.operators["mtn"].come_up()
        (first,) = await rig.written("mtn")
        assert first.message is cut_anew
        assert len(cut_anew.parts) == cut_anew.segments == 3
        assert cut_anew.cost == Money(Decimal("0.06"), "XAF")
        await rig.until(lambda: refused.state is State.FAILED)
        assert refused.error is not None
        assert refused.error.code == "text_rules_changed"
