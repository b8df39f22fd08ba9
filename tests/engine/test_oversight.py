"""What the administrator sees of any account's message: where it is, and all that happened to it."""

from pathlib import Path

import pytest

from router.account import Account
from router.engine.timeline import timeline
from router.message import FINAL, State
from router.outcome import Outcome, OutcomeKind
from router.ports.store import MessageSearch
from router.ports.watching import WebhookView
from router.refusal import Refusal
from tests.engine.rig import Retry, Rig, operator, settings

NEXT = Outcome(OutcomeKind.REJECTED, status=0x0A, detail="sender not allowed here")
ACCOUNTS = (Account(name="acme", token=None, currency="XAF"), Account(name="other", token=None, currency="XAF"))
ALL = frozenset({"message.submitted", "message.delivered"})


def told(moments) -> list[tuple[str, str | None]]:
    return [(one.kind, one.state) for one in moments]


async def test_the_whole_life_of_a_message_is_told_in_order(tmp_path: Path) -> None:
    config = settings(operator("mtn", "0.01"), operator("orange", "0.02"), accounts=ACCOUNTS)
    async with Rig(config, tmp_path) as rig:
        for _ in range(30):
            await rig.submit(account="other")
        message = await rig.submit(reference="r1")
        rig.clock.move(1.0)
        while not any(one.message is message for one in rig.operators["mtn"].written):
            for one in list(rig.operators["mtn"].written):
                rig.operators["mtn"].accept(one)
            await rig.settle()
        submission = next(one for one in rig.operators["mtn"].written if one.message is message)
        rig.clock.move(1.0)
        rig.operators["mtn"].answer(submission, NEXT)
        (submission,) = await rig.written("orange")
        rig.clock.move(1.0)
        smsc_id = rig.operators["orange"].accept(submission)
        rig.clock.move(1.0)
        rig.operators["orange"].receipt(message.to, smsc_id)
        await rig.until(lambda: message.state in FINAL)
        await rig.settle()

        oversight = rig.engine.oversight
        assert await oversight.find(message.id) is message
        events = await oversight.events_of(message)
        assert [event.type for event in events] == ["message.submitted", "message.delivered"]
        moments = timeline(message, events, WebhookView(events[0].seq, 1, False, ALL))
        assert told(moments) == [
            ("accepted", None), ("routed", None), ("attempt", None), ("answer", "rejected"), ("attempt", None),
            ("answer", "accepted"), ("event", None), ("receipt", "delivered"), ("ended", "delivered"), ("event", None),
            ("webhook", "sent"), ("webhook", "waits"),
        ]  # fmt: skip
        assert "given back by mtn" in moments[1].text
        assert "goes by orange at 0.02 XAF" in moments[1].text
        assert [one.operator for one in moments if one.kind == "answer"] == ["mtn", "orange"]
        times = [one.time for one in moments if one.time is not None]
        assert times == sorted(times)
        assert message.text is not None
        assert not [one for one in moments if message.text in one.text]
        (sent, of_no_interest) = told(timeline(message, events, WebhookView(9, 0, True, ALL - {"message.delivered"})))[
            -2:
        ]
        assert (sent, of_no_interest) == (("webhook", "sent"), ("webhook", "none"))
        assert told(timeline(message, events, None))[-1] == ("event", None)

        assert rig.metrics.spending["orange", "XAF"] == pytest.approx(0.02)
        found = await oversight.search(MessageSearch(reference="r1"))
        assert found.messages == [message]
        found = await oversight.search(MessageSearch(account="other", limit=40))
        assert len(found.messages) == 30
        assert await oversight.find("01900000-0000-7000-8000-ffffffffffff") is None


async def test_what_is_under_way_says_what_it_waits_for(tmp_path: Path) -> None:
    throttled = Outcome(OutcomeKind.FAILED, status=0x08, detail="system error")
    config = settings(operator("mtn", retry=Retry(5.0, 5.0, 3)))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, throttled)
        await rig.settle()
        moments = timeline(message, await rig.engine.oversight.events_of(message), None)
        assert message.state is State.QUEUED
        assert moments[-1].time is None
        assert moments[-1].kind == "waiting"
        assert ("answer", "failed") in told(moments)


async def test_a_store_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        await rig.written("mtn")
        await rig.store.close()
        with pytest.raises(Refusal) as refused:
            await rig.engine.oversight.search(MessageSearch())
        assert refused.value.code == "store_unavailable"
        assert await rig.engine.oversight.find(message.id) is message
