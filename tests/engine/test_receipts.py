"""Every receipt counts: early, twice, on another spelling, for a part that was never answered, after a restart."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from router.message import FINAL, Message, State
from router.outcome import Outcome, OutcomeKind
from router.receipt import Receipt, ReceiptState
from tests.engine.rig import ReceiptRules, Rig, operator, settings

UNKNOWN = Outcome(OutcomeKind.UNKNOWN, detail="no answer in time")


async def test_a_receipt_before_the_response_waits_for_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].receipt(message.to, "77")
        await rig.until(lambda: rig.operators["mtn"].acknowledged)
        assert message.state is State.QUEUED
        rig.operators["mtn"].accept(submission, "77")
        await rig.until(lambda: message.state is State.DELIVERED)
        assert await rig.types() == ["message.submitted", "message.delivered"]
        assert rig.metrics.counted["receipt", "mtn", "early"] == 1


async def test_an_early_receipt_survives_a_restart_between(tmp_path: Path) -> None:
    config = settings(operator("mtn", on_unanswered="hold"))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        await rig.written("mtn")
        rig.operators["mtn"].receipt(message.to, "77")
        await rig.until(lambda: rig.operators["mtn"].acknowledged)
    async with Rig(config, tmp_path, rig.clock) as rig:
        # The one unanswered part for this number is what it was about.
        found = await rig.store.find("acme", message.id)
        await rig.settle()
        found = await rig.store.find("acme", message.id)
        assert found is not None
        assert found.state is State.DELIVERED
        assert (await rig.types())[-1] == "message.delivered"


async def test_a_receipt_twice_is_counted_and_told_once(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        smsc_id = rig.operators["mtn"].accept(submission)
        for _ in range(3):
            rig.operators["mtn"].receipt(message.to, smsc_id)
        rig.operators["mtn"].receipt(message.to, smsc_id, ReceiptState.UNDELIVERED)
        await rig.until(lambda: len(rig.operators["mtn"].acknowledged) == 4)
        assert message.state is State.DELIVERED
        assert await rig.types() == ["message.submitted", "message.delivered"]
        assert rig.metrics.counted["receipt", "mtn", "duplicate"] == 3


@pytest.mark.parametrize(
    ("in_response", "in_receipt", "forms"),
    [
        ("1A2B3C4D", "439041101", {}),
        ("1a2b3c4d", "0439041101", {}),
        ("439041101", "1A2B3C4D", {}),
        ("0000012345", "12345", {}),
        ("12345", "0000012345", {}),
        ("00B8BE19", "b8be19", {}),
        ("812FC7470000001B", "9308878062554710043", {}),
        ("10C8F40D", "281605133", {"id_in_response": "hex", "id_in_receipt": "decimal"}),
        ("0281605133", "10c8f40d", {"id_in_response": "decimal", "id_in_receipt": "hex"}),
        ("S2131124-1", "S2131124-1", {"id_in_response": "as-is", "id_in_receipt": "as-is"}),
        ("1479978899.393701000100", "1479978899.393701000100", {}),
    ],
)
async def test_ids_in_every_spelling(tmp_path: Path, in_response: str, in_receipt: str, forms: dict[str, str]) -> None:
    config = settings(operator("mtn", receipts=ReceiptRules(**forms)))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].accept(submission, in_response)
        await rig.settle()
        rig.operators["mtn"].receipt(message.to, in_receipt)
        await rig.until(lambda: message.state is State.DELIVERED)
    # The same, found in the store after a restart.
    async with Rig(config, tmp_path, rig.clock) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].accept(submission, in_response)
        await rig.settle()
    async with Rig(config, tmp_path, rig.clock) as rig:
        rig.operators["mtn"].receipt(message.to, in_receipt)
        await rig.until(lambda: rig.operators["mtn"].acknowledged)
        found = await rig.store.find("acme", message.id)
        assert found is not None
        assert found.state is State.DELIVERED


async def test_a_guessed_spelling_never_settles_another_number(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].accept(submission, "1A")
        await rig.settle()
        rig.operators["mtn"].receipt("+237699999999", "26")
        await rig.until(lambda: rig.operators["mtn"].acknowledged)
        assert message.state is State.SUBMITTED
        assert rig.metrics.counted["receipt", "mtn", "unmatched"] == 1


async def test_ids_of_two_operators_never_meet(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01", "23767"), operator("b", "0.01", "23769")), tmp_path) as rig:
        one = await rig.submit(to="+237670000001")
        other = await rig.submit(to="+237690000001")
        rig.operators["a"].accept((await rig.written("a"))[0], "5")
        rig.operators["b"].accept((await rig.written("b"))[0], "5")
        await rig.settle()
        rig.operators["b"].receipt(other.to, "5")
        await rig.until(lambda: other.state is State.DELIVERED)
        assert one.state is State.SUBMITTED


async def test_an_unanswered_part_is_sent_again_once_and_says_so(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn"), operator("other")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, UNKNOWN)
        (again,) = await rig.written("mtn")
        assert again.message is message
        smsc_id = rig.operators["mtn"].accept(again)
        rig.operators["mtn"].receipt(message.to, smsc_id)
        await rig.until(lambda: message.state is State.DELIVERED)
        assert (await rig.events())[-1]["possible_duplicate"] is True
        assert not rig.operators["other"].history, "never to a second operator while the first may hold it"


async def test_twice_unanswered_waits_for_a_receipt(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", receipts=ReceiptRules(timeout=60))), tmp_path) as rig:
        message = await rig.submit()
        for _ in range(2):
            (submission,) = await rig.written("mtn")
            rig.operators["mtn"].answer(submission, UNKNOWN)
        await rig.settle()
        assert len(rig.operators["mtn"].history) == 2
        assert message.state is State.SUBMITTED
        rig.clock.move(60)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: message.state is State.UNKNOWN)
        assert await rig.types() == ["message.submitted", "message.unknown"]


async def test_hold_sends_nothing_twice_and_a_receipt_by_number_settles_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", on_unanswered="hold")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, UNKNOWN)
        await rig.settle()
        rig.operators["mtn"].receipt(message.to, "never-seen")
        await rig.until(lambda: message.state is State.DELIVERED)
        assert len(rig.operators["mtn"].history) == 1
        assert (await rig.events())[-1]["possible_duplicate"] is False


async def test_a_receipt_by_number_needs_exactly_one_unanswered_part(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", on_unanswered="hold")), tmp_path) as rig:
        messages = [await rig.submit(), await rig.submit()]
        for submission in await rig.written("mtn", 2):
            rig.operators["mtn"].answer(submission, UNKNOWN)
        await rig.settle()
        rig.operators["mtn"].receipt(messages[0].to, "never-seen")
        await rig.until(lambda: rig.operators["mtn"].acknowledged)
        assert {message.state for message in messages} == {State.SUBMITTED}


async def test_a_late_answer_cancels_the_second_sending(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].window = 1
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].window = 0
        rig.operators["mtn"].answer(submission, UNKNOWN)
        await rig.settle()
        rig.operators["mtn"].sink.answered_late(submission, Outcome(OutcomeKind.ACCEPTED, "late"))
        rig.operators["mtn"].window = 1
        rig.operators["mtn"].come_up()
        await rig.settle()
        assert len(rig.operators["mtn"].history) == 1
        rig.operators["mtn"].receipt(message.to, "late")
        await rig.until(lambda: message.state is State.DELIVERED)
        assert (await rig.events())[-1]["possible_duplicate"] is False


async def test_the_late_answer_of_a_part_sent_again_still_correlates(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (first,) = await rig.written("mtn")
        rig.operators["mtn"].answer(first, UNKNOWN)
        await rig.written("mtn")
        rig.operators["mtn"].sink.answered_late(first, Outcome(OutcomeKind.ACCEPTED, "late"))
        await rig.settle()
        rig.operators["mtn"].receipt(message.to, "late")
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_intermediate_receipts_change_no_state(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        smsc_id = rig.operators["mtn"].accept(submission)
        for state in (ReceiptState.ENROUTE, ReceiptState.ACCEPTED):
            rig.operators["mtn"].receipt(message.to, smsc_id, state)
            await rig.settle()
            assert message.state is State.SUBMITTED
        rig.operators["mtn"].receipt(message.to, smsc_id)
        await rig.until(lambda: message.state is State.DELIVERED)
        rig.operators["mtn"].receipt(message.to, smsc_id, ReceiptState.ENROUTE)
        await rig.settle()
        assert message.state is State.DELIVERED


async def test_a_true_receipt_after_unknown_counts_once(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", receipts=ReceiptRules(timeout=60))), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        smsc_id = rig.operators["mtn"].accept(submission)
        await rig.settle()
        rig.clock.move(60)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: message.state is State.UNKNOWN)
        rig.operators["mtn"].receipt(message.to, smsc_id)
        await rig.until(lambda: message.state is State.DELIVERED)
        rig.operators["mtn"].receipt(message.to, smsc_id, ReceiptState.UNDELIVERED)
        await rig.settle()
        assert await rig.types() == ["message.submitted", "message.unknown", "message.delivered"]
        assert message.error is None


async def test_receipts_of_one_read_count_in_their_order(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        messages = [await rig.submit(f"+23767000000{at}") for at in range(2)]
        mtn = rig.operators["mtn"]
        ids = [mtn.accept(submission) for submission in await rig.written("mtn", 2)]
        told = [
            (0, ReceiptState.ENROUTE),
            (0, ReceiptState.UNKNOWN),
            (1, ReceiptState.UNDELIVERED),
            (0, ReceiptState.UNKNOWN),
            (0, ReceiptState.DELIVERED),
            (1, ReceiptState.DELIVERED),
        ]
        now = rig.clock.now()
        mtn.sink.received(
            "mtn",
            [
                (Receipt("mtn", (ids[at],), state, messages[at].to[1:], now), token)
                for token, (at, state) in enumerate(told)
            ],
        )
        await rig.until(lambda: len(mtn.acknowledged) == len(told))
        assert sorted(mtn.acknowledged) == [(token, True) for token, _ in enumerate(told)]
        assert [message.state for message in messages] == [State.DELIVERED, State.UNDELIVERED]
        events = [(event["to"][-1], event["type"].removeprefix("message.")) for event in await rig.events()]
        assert [what for to, what in events if to == "0"] == ["submitted", "unknown", "delivered"]
        assert [what for to, what in events if to == "1"] == ["submitted", "undelivered"]
        assert rig.metrics.counted["receipt", "mtn", "matched"] == 4
        assert rig.metrics.counted["receipt", "mtn", "duplicate"] == 2


@pytest.mark.parametrize("restart", [False, True])
async def test_an_operator_that_did_not_know_may_know_later(tmp_path: Path, restart: bool) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        smsc_id = rig.operators["mtn"].accept(submission)
        rig.operators["mtn"].receipt(message.to, smsc_id, ReceiptState.UNKNOWN)
        await rig.until(lambda: message.state is State.UNKNOWN)
        if not restart:
            rig.operators["mtn"].receipt(message.to, smsc_id)
            await rig.until(lambda: message.state is State.DELIVERED)
            assert await rig.types() == ["message.submitted", "message.unknown", "message.delivered"]
    if restart:
        async with Rig(config, tmp_path, rig.clock) as rig:
            rig.operators["mtn"].receipt(message.to, smsc_id)
            await rig.until(lambda: rig.operators["mtn"].acknowledged)
            assert await rig.types() == ["message.submitted", "message.unknown", "message.delivered"]


@pytest.mark.parametrize("restart", [False, True])
async def test_an_id_used_again_over_time_means_the_newest(tmp_path: Path, restart: bool) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        mtn = rig.operators["mtn"]
        old = await rig.submit()
        mtn.accept((await rig.written("mtn"))[0], "5")
        await rig.settle()
        rig.clock.move(86_400)
        new = await rig.submit()
        mtn.accept((await rig.written("mtn"))[0], "5")
        await rig.settle()
        if not restart:
            mtn.receipt(new.to, "5")
            await rig.until(lambda: new.state is State.DELIVERED)
            assert old.state is State.SUBMITTED
    if restart:
        async with Rig(config, tmp_path, rig.clock) as rig:
            rig.operators["mtn"].receipt(new.to, "5")
            await rig.until(lambda: rig.operators["mtn"].acknowledged)
            found = [await rig.store.find("acme", one.id) for one in (old, new)]
            assert [one.state for one in found if one] == [State.SUBMITTED, State.DELIVERED]


async def test_what_is_found_under_its_own_key_is_looked_for_under_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        messages = [await rig.submit(f"+23767000000{at}") for at in range(3)]
        for id, submission in zip(("000A1", "17", "C3"), await rig.written("mtn", 3), strict=True):
            mtn.accept(submission, id)
        await rig.settle()
        rig.engine.ledger._awaiting.clear()
        asked: list[set[tuple[str, str]]] = []
        find_linked = rig.store.find_linked

        async def noted(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Message]]:
            asked.append(set(keys))
            return await find_linked(keys)

        monkeypatch.setattr(rig.store, "find_linked", noted)
        now = rig.clock.now()
        ids = ("000A1", "0x17", "195")  # as written, not at all, in another base
        mtn.sink.received(
            "mtn",
            [
                (Receipt("mtn", (id,), ReceiptState.DELIVERED, one.to[1:], now), id)
                for id, one in zip(ids, messages, strict=True)
            ],
        )
        await rig.until(lambda: len(mtn.acknowledged) == 3)
        assert asked[0] == {("mtn", "a1"), ("mtn", "x17"), ("mtn", "195")}
        assert len(asked) == 2
        assert ("mtn", "c3") in asked[1]
        assert ("mtn", "a1") not in asked[1]
        assert [one.state for one in messages] == [State.DELIVERED, State.SUBMITTED, State.DELIVERED]


async def test_two_spellings_of_one_message_count_in_their_order(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        message = await rig.submit()
        mtn.accept((await rig.written("mtn"))[0], "C3")
        await rig.settle()
        rig.engine.ledger._awaiting.clear()
        told = (("195", ReceiptState.UNDELIVERED), ("C3", ReceiptState.DELIVERED))
        receipts = [(Receipt("mtn", (id,), state, message.to[1:], rig.clock.now()), id) for id, state in told]
        mtn.sink.received("mtn", receipts)
        await rig.until(lambda: len(mtn.acknowledged) == 2)
        assert message.state is State.UNDELIVERED


async def test_an_id_used_before_a_reload_may_be_the_one_still_open(tmp_path: Path) -> None:
    """The one under the id's key of now has ended: what waits under the key of then is asked too."""
    before, now = (
        settings(operator("mtn", receipts=rules)) for rules in (ReceiptRules(id_in_response="as-is"), ReceiptRules())
    )
    async with Rig(before, tmp_path) as rig:
        old = await rig.submit()
        rig.operators["mtn"].accept((await rig.written("mtn"))[0], "0A")
        await rig.settle()
    async with Rig(now, tmp_path, rig.clock) as rig:
        mtn = rig.operators["mtn"]
        new = await rig.submit()
        mtn.accept((await rig.written("mtn"))[0], "0A")
        await rig.settle()
        mtn.receipt(new.to, "0A", token="first")
        await rig.until(lambda: mtn.acknowledged == [("first", True)])
        assert new.state is State.DELIVERED
        mtn.receipt(old.to, "0A", token="second")
        await rig.until(lambda: mtn.acknowledged[1:] == [("second", True)])
        found = await rig.store.find("acme", old.id)
        assert found is not None
        assert found.state is State.DELIVERED


async def test_an_answer_without_id_is_settled_by_the_number(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, Outcome(OutcomeKind.ACCEPTED))
        await rig.settle()
        rig.operators["mtn"].receipt(message.to, "something")
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_a_receipt_for_nobody_is_answered_and_kept(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        rig.operators["mtn"].receipt("+237670000009", "none")
        await rig.until(lambda: rig.operators["mtn"].acknowledged)
        assert rig.operators["mtn"].acknowledged == [("token", True)]
        assert rig.metrics.counted["receipt", "mtn", "unmatched"] == 1
    async with Rig(settings(operator("mtn")), tmp_path, rig.clock) as rig:
        assert len(rig.engine._recovery.parked) == 1


async def test_a_message_in_flight_at_a_crash_is_in_doubt(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    rig = Rig(config, tmp_path)
    async with rig:
        sent = await rig.submit(to="+237670000001")
        rig.operators["mtn"].window = 1
        waiting = await rig.submit(to="+237670000002")
        await rig.written("mtn")
        # As after kill -9: nothing of the stop reaches the engine.
        rig.operators["mtn"].written.clear()
        rig.engine._dispatcher.stop()
    async with Rig(config, tmp_path, rig.clock) as rig:
        again, first = await rig.written("mtn", 2)
        assert {again.message.id, first.message.id} == {sent.id, waiting.id}
        for submission in (again, first):
            smsc_id = rig.operators["mtn"].accept(submission)
            rig.operators["mtn"].receipt(submission.message.to, smsc_id)
        await rig.until(lambda: again.message.state in FINAL and first.message.state in FINAL)
        told = {event["message_id"]: event["possible_duplicate"] for event in await rig.events()}
        assert told == {sent.id: True, waiting.id: False}


async def test_a_long_message_goes_on_when_a_late_answer_and_its_receipt_overtake_the_second_sending(
    tmp_path: Path,
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        mtn = rig.operators["mtn"]
        message = await rig.submit(text="x" * 400)
        (first,) = await rig.written("mtn")
        mtn.answer(first, UNKNOWN)
        (again,) = await rig.written("mtn")
        mtn.sink.answered_late(first, Outcome(OutcomeKind.ACCEPTED, "late"))
        await rig.settle()
        mtn.receipt(message.to, "late")
        await rig.settle()
        mtn.answer(again, Outcome(OutcomeKind.FAILED, status=0x08))
        second, third = await rig.written("mtn", 2)
        assert (second.part.number, third.part.number) == (2, 3)
        for submission in (second, third):
            mtn.receipt(message.to, mtn.accept(submission))
        await rig.until(lambda: message.state is State.DELIVERED)
        assert len(mtn.history) == 4
