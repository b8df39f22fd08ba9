"""Errors of our own, injected wherever a message is on its way: nothing accepted is lost, doubled or denied by them."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from router.delivery.pacing import Pacer
from router.engine import dispatch, settle, trouble
from router.engine.choosing import Chooser
from router.engine.correlate import Correlator
from router.engine.desk import Desk
from router.engine.dispatch import Dispatcher
from router.engine.feed import Feed
from router.engine.ledger import Ledger
from router.engine.lines import Lines
from router.engine.trouble import keep_up
from router.engine.wakeups import Wakeups
from router.message import Message, State
from router.outcome import Outcome, OutcomeKind
from router.ports.operators import Submission
from router.receipt import Receipt, ReceiptState
from router.refusal import Refusal
from tests.engine.rig import HandOperator, Rig, operator, settings, wish
from tests.engine.test_clock import in_seconds, tick
from tests.engine.test_idempotency import ask

SECRET = "only for +237670000001"


class Log:
    """Keeps what is told as errors."""

    def __init__(self, rig: Rig) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        engine = rig.engine
        for part in (engine, engine._lines, engine._dispatcher, engine._correlator, engine._settler):
            part._log = self  # type: ignore[attr-defined]

    def error(self, event: str, **fields: Any) -> None:
        assert SECRET not in repr(fields)
        self.told.append((event, fields))

    def info(self, *_: Any, **__: Any) -> None: ...

    warning = info

    @property
    def events(self) -> set[str]:
        return {event for event, _ in self.told}


class Broken:
    """A method that raises while it `is_broken` for its arguments, and is itself again afterwards."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.broken = True
        self.times = 0
        self.only: Callable[..., bool] = lambda *_: True
        whole = getattr(owner, name)

        def method(*args: Any, **fields: Any) -> Any:
            if self.broken and self.only(*args):
                self.times += 1
                raise RuntimeError(SECRET)
            return whole(*args, **fields)

        patch.setattr(owner, name, method)


@pytest.fixture(autouse=True)
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_REST", 0.01)
    monkeypatch.setattr(trouble, "_REST", 0.01)


PLACES = [
    (Lines, "enqueue"),
    (Dispatcher, "_pump"),
    (Dispatcher, "_take"),
    (Dispatcher, "_segment"),
    (Dispatcher, "_claim"),
    (Desk, "wake_in"),
    (HandOperator, "reserve"),
    (HandOperator, "submit"),
]


@pytest.mark.parametrize(("owner", "name"), PLACES, ids=[f"{owner.__name__}.{name}" for owner, name in PLACES])
async def test_whatever_breaks_after_a_message_was_taken_the_answer_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    """202 and not 500: a client that was told otherwise would send it again."""
    async with Rig(settings(operator("mtn", tps=1000.0)), tmp_path) as rig:
        log = Log(rig)
        mtn = rig.operators["mtn"]
        fault = Broken(monkeypatch, owner, name)
        if name == "wake_in":
            # The pace lets nothing through, so an alarm has to be set.
            monkeypatch.setattr(Pacer, "delay", lambda self, now: 0.01 if fault.broken else 0.0)
        if name == "submit":
            # A second time, and the part would not be sent again.
            fault.only = lambda *_: not fault.times
        first = await ask(rig, "key")
        assert (first.status, first.replayed) == (202, False)
        await rig.until(lambda: fault.times)
        again = await ask(rig, "key")
        assert (again.body, again.replayed) == (first.body, True)
        assert rig.engine.ledger.open == 1
        fault.broken = False
        tick(rig, 11)
        (submission,) = await rig.written("mtn")
        await rig.settle()
        assert submission.message.id.encode() == first.body
        assert mtn.history == [submission]
        assert mtn.in_use == 1, "a slot was lost"
        mtn.receipt(submission.message.to, mtn.accept(submission))
        await rig.until(lambda: submission.message.state is State.DELIVERED)
        assert rig.engine.ledger.open == mtn.in_use == 0
        # What broke in the middle of writing may be there already.
        assert submission.message.possible_duplicate is (name == "submit")
        assert log.told


async def test_a_batch_is_taken_whole_though_one_of_it_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        Log(rig)
        fault = Broken(monkeypatch, rig.engine._lines, "enqueue")
        fault.only = lambda message: message.text == "poison"
        texts = ["one", "poison", "three"]
        taken = await rig.submit_all([wish(to=f"+23767000000{at}", text=text) for at, text in enumerate(texts)])
        assert all(isinstance(one, Message) for one in taken)
        assert {one.message.text for one in await rig.written("mtn", 2)} == {"one", "three"}
        tick(rig, 11)
        await rig.until(lambda: fault.times == 2)
        fault.broken = False
        tick(rig, 11)
        await rig.written("mtn", 3)
        assert rig.operators["mtn"].history[-1].message is taken[1]


async def test_one_that_breaks_when_the_bind_is_gone_takes_none_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        log = Log(rig)
        mtn = rig.operators["mtn"]
        monkeypatch.setattr(mtn, "submit", lambda _: False)
        fault = Broken(monkeypatch, rig.engine._lines, "front")
        fault.only = lambda desk, message: message.text == "poison"
        texts = ["one", "poison", "three"]
        await rig.submit_all([wish(to=f"+23767000000{at}", text=text) for at, text in enumerate(texts)])
        await rig.until(lambda: fault.times)
        monkeypatch.undo()
        assert {one.message.text for one in await rig.written("mtn", 2)} == {"one", "three"}
        assert "dispatch_broke" in log.events


async def test_one_operator_s_trouble_keeps_no_other_from_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(operator("a", prefix="23767"), operator("b", prefix="23769"), operator("c", prefix="23765"))
    async with Rig(config, tmp_path) as rig:
        log = Log(rig)
        fault = Broken(monkeypatch, rig.operators["b"], "reserve")
        numbers = ["+237670000001", "+237690000001", "+237650000001"]
        taken = await rig.submit_all([wish(to=to, text="Hello") for to in numbers])
        await rig.written("a")
        await rig.written("c")
        await rig.until(lambda: fault.times > 2)
        assert not rig.operators["b"].written
        assert {fields["operator"] for event, fields in log.told if event == "dispatch_broke"} == {"b"}
        fault.broken = False
        (submission,) = await rig.written("b")
        assert submission.message is taken[1]


async def test_an_operator_that_rests_is_told_of_once_a_rest_however_much_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_REST", 60.0)
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        log = Log(rig)
        Broken(monkeypatch, rig.operators["mtn"], "reserve")
        for at in range(50):
            await rig.submit(f"+2376700000{at:02d}")
        assert len(log.told) == 1


async def test_a_message_that_breaks_on_its_way_to_another_operator_takes_none_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds are moved in one go; the error over one in the middle must not drop those around it."""
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02")), tmp_path) as rig:
        Log(rig)
        rig.operators["a"].window = 0
        rig.operators["b"].window = 1000
        submits = [wish(to=f"+2376700{at:05d}", text="poison" if at % 100 == 50 else "Hi") for at in range(500)]
        await rig.submit_all(submits)
        fault = Broken(monkeypatch, Chooser, "move")
        fault.only = lambda _, message, *__: message.text == "poison"
        rig.operators["a"].go_down()
        await rig.written("b", 495)
        fault.broken = False
        tick(rig, 11)
        await rig.written("b", 500)
        await rig.settle()
        assert len({one.message.id for one in rig.operators["b"].history}) == 500 == len(rig.operators["b"].history)


async def test_a_message_that_breaks_when_it_is_due_is_tried_again_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        log = Log(rig)
        texts = ["one", "poison", "three"]
        for at, text in enumerate(texts):
            await rig.submit(f"+23767000000{at}", text, send_at=in_seconds(rig, 60))
        fault = Broken(monkeypatch, Wakeups, "_wake")
        fault.only = lambda _, __, message, *___: message.text == "poison"
        tick(rig, 60)
        await rig.written("mtn", 2)
        await rig.until(lambda: "message_put_off" in log.events)
        fault.broken = False
        tick(rig, 11)
        assert (await rig.written("mtn", 3))[-1].message.text == "poison"


def answer(rig: Rig, submissions: Sequence[Submission], outcome: Outcome | None = None) -> list[str]:
    """All in one call, as of one read: accepted by these ids, or that outcome for each."""
    mtn = rig.operators["mtn"]
    mtn.written.clear()
    ids = [f"{at}" for at, _ in enumerate(submissions, 70)]
    mtn.sink.settled(
        [(one, outcome or Outcome(OutcomeKind.ACCEPTED, id)) for one, id in zip(submissions, ids, strict=True)]
    )
    return ids


@pytest.mark.parametrize("outcome", [None, Outcome(OutcomeKind.UNKNOWN)])
async def test_an_answer_that_breaks_us_takes_no_other_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None
) -> None:
    """A gateway hands over many answers of one read: the one behind a broken one still counts."""
    async with Rig(settings(operator("mtn", on_unanswered="hold")), tmp_path) as rig:
        log = Log(rig)
        for at in range(3):
            await rig.submit(f"+23767000000{at}")
        fault = Broken(monkeypatch, settle, "settle")
        written = await rig.written("mtn", 3)
        fault.only = lambda message, *_: message is written[1].message
        answer(rig, written, outcome)
        await rig.until(lambda: written[0].message.state is written[2].message.state is State.SUBMITTED)
        assert log.events == {"answer_broke"}
        assert rig.operators["mtn"].in_use == 0
        fault.broken = False
    # Nobody knows what became of that one: it is in doubt, as after a kill.
    async with Rig(settings(operator("mtn")), tmp_path, rig.clock) as rig:
        (submission,) = await rig.written("mtn")
        assert submission.message.id == written[1].message.id
        assert submission.message.possible_duplicate


@pytest.mark.parametrize(
    ("owner", "name", "told"),
    [(Feed, "tell", ["message.submitted"] * 2), (Ledger, "await_receipt", ["message.submitted"] * 3)],
)
async def test_what_breaks_after_an_answer_takes_no_other_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, told: list[str]
) -> None:
    """What is written and awaited of the others is there, and their receipts are told."""
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        for at in range(3):
            await rig.submit(f"+23767000000{at}")
        written = await rig.written("mtn", 3)
        poison = written[1].message
        fault = Broken(monkeypatch, owner, name)
        fault.only = lambda *given: any(poison in (one, getattr(one, "message", None)) for one in given)
        # The engine holds the method itself.
        rig.engine._lines._tell = rig.engine.feed.tell
        log = Log(rig)
        ids = answer(rig, written)
        assert fault.times == 1
        assert log.events == {"answer_broke"}
        fault.broken = False
        for submission, id in zip(written, ids, strict=True):
            rig.operators["mtn"].receipt(submission.message.to, id, token=id)
        await rig.until(lambda: {written[at].message.state for at in (0, 2)} == {State.DELIVERED})
        await rig.settle()
        types = await rig.types()
        assert types[: len(told)] == told
        assert types.count("message.delivered") >= 2
        assert rig.engine.ledger.open == 0
        assert rig.metrics.counted["submitted", "mtn", "accepted"] == 3


@pytest.mark.parametrize("place", ["_at_hand", "_apply", "_place_surely", "_place"])
async def test_a_receipt_that_breaks_us_is_not_acknowledged_and_the_others_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        Log(rig)
        mtn = rig.operators["mtn"]
        messages = [await rig.submit(f"+23767000000{at}") for at in range(3)]
        ids = [mtn.accept(submission) for submission in await rig.written("mtn", 3)]
        await rig.settle()
        if place in ("_place_surely", "_place"):
            # Only the store knows them.
            rig.engine.ledger._awaiting.clear()
        spelling = "0" if place == "_place" else ""
        fault = Broken(monkeypatch, Correlator, place)
        fault.only = lambda *given: any(isinstance(one, Receipt) and one.to == messages[1].to[1:] for one in given)
        now = rig.clock.now()
        mtn.sink.received(
            "mtn",
            [
                (Receipt("mtn", (spelling + id,), ReceiptState.DELIVERED, message.to[1:], now), id)
                for message, id in zip(messages, ids, strict=True)
            ],
        )
        await rig.until(lambda: len(mtn.acknowledged) == 3)
        assert rig.metrics.counted["receipt", "mtn", "matched"] == 2
        assert sorted(mtn.acknowledged) == [(ids[0], True), (ids[1], False), (ids[2], True)]
        fault.broken = False
        mtn.receipt(messages[1].to, ids[1], token="again")
        await rig.until(lambda: mtn.acknowledged[-1] == ("again", True))
        assert await rig.types() == ["message.submitted"] * 3 + ["message.delivered"] * 3


async def test_a_counter_that_breaks_keeps_nobody_waiting_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        monkeypatch.setattr(rig.metrics, "accepted", None)
        async with asyncio.timeout(5):
            await rig.submit()
        await rig.written("mtn")


async def test_nothing_of_a_message_that_was_not_stored_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        Log(rig)
        fault = Broken(monkeypatch, Dispatcher, "_segment")
        with rig.outage(), pytest.raises(Refusal, match="not taken"):
            await rig.submit()
        fault.broken = False
        await rig.until(lambda: rig.store.healthy)
        tick(rig, 11)
        await rig.settle()
        assert not rig.operators["mtn"].history
        assert rig.engine.ledger.open == rig.operators["mtn"].in_use == 0


async def test_what_works_all_the_time_begins_anew_when_it_breaks() -> None:
    began: list[int] = []

    class Said:
        def error(self, event: str, **fields: Any) -> None:
            assert (event, fields["error"]) == ("work_broke", "ZeroDivisionError")

    async def work(done: asyncio.Event) -> None:
        began.append(1)
        if len(began) < 3:
            raise ZeroDivisionError
        done.set()
        await asyncio.Event().wait()

    done = asyncio.Event()
    task = asyncio.create_task(keep_up(partial(work, done), Said()))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(began) == 3


async def test_the_submission_a_broken_gateway_was_given_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been written before the error: what the operator is to be asked twice is flagged, or held."""
    config = settings(operator("mtn", on_unanswered="hold"))
    async with Rig(config, tmp_path) as rig:
        Log(rig)
        mtn = rig.operators["mtn"]
        fault = Broken(monkeypatch, mtn, "submit")
        message = await rig.submit()
        await rig.until(lambda: message.state is State.SUBMITTED)
        fault.broken = False
        await rig.settle()
        assert mtn.history == list[Submission]()
        assert mtn.in_use == 0
        mtn.receipt(message.to, "77")
        await rig.until(lambda: message.state is State.DELIVERED)
