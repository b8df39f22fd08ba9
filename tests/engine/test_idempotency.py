"""One key, one body, one answer: however many ask at once, whatever happens to the first."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.account import Account
from router.engine import intake
from router.engine.intake import Answer, Prepared
from router.message import Message
from router.ports.store import MessageFilter
from router.refusal import Refusal
from tests.engine.rig import Rig, operator, settings, wish

DAY = 24 * 3600


@contextmanager
def held_back(rig: Rig) -> Iterator[None]:
    """The store takes writes but commits none."""
    release = threading.Event()
    rig.store._executor.submit(release.wait)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        release.set()


async def ask(
    rig: Rig, key: str | None = "key", body: str = "Hello", account: str = "acme", patience: float = intake._PATIENCE
) -> Answer:
    """One request; its answer is the message's id."""
    of = rig.config.accounts[account]

    async def make() -> Prepared:
        (made,) = rig.engine.intake.prepare(of, [wish(to="+237670000001", text=body)])
        if isinstance(made, Refusal):
            raise made
        return Prepared([made], 202, made.id.encode())

    return await rig.engine.intake.answer(of, key, body.encode(), make, patience)


async def stored(rig: Rig) -> list[Message]:
    return await rig.store.list_messages(MessageFilter("acme", limit=1000))


async def test_fifty_at_once_are_one_message_and_fifty_equal_answers(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        answers = await asyncio.gather(*(ask(rig) for _ in range(50)))
        assert len({(answer.status, answer.body) for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1
        assert len(await stored(rig)) == 1
        assert rig.engine.ledger.open == 1
        await rig.written("mtn")
        assert len(rig.operators["mtn"].history) == 1


async def test_another_body_is_a_mismatch_also_at_once(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        answers = await asyncio.gather(*(ask(rig, body=body) for body in ("a", "b", "a")), return_exceptions=True)
        first, other, same = answers
        assert isinstance(first, Answer)
        assert isinstance(other, Refusal)
        assert other.code == "idempotency_mismatch"
        assert same == Answer(first.status, first.body, True)
        with pytest.raises(Refusal) as refused:
            await ask(rig, body="c")
        assert refused.value.code == "idempotency_mismatch"
        assert len(await stored(rig)) == 1


async def test_keys_are_an_account_s_own_and_none_is_none(tmp_path: Path) -> None:
    accounts = tuple(Account(name=name, token=None, currency="XAF") for name in ("acme", "other"))
    async with Rig(settings(operator("mtn"), accounts=accounts), tmp_path) as rig:
        bodies = [
            (await ask(rig)).body,
            (await ask(rig, account="other", body="b")).body,
            (await ask(rig, key="Key")).body,
            (await ask(rig, key="")).body,
            (await ask(rig, key=None)).body,
            (await ask(rig, key=None)).body,
        ]
        assert len(set(bodies)) == 6


async def test_a_restart_remembers_and_a_day_later_it_is_forgotten(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        first = await ask(rig)
    async with Rig(config, tmp_path, rig.clock) as rig:
        rig.clock.move(DAY - 0.001)
        assert await ask(rig) == Answer(202, first.body, True)
        rig.clock.move(0.001)
        second = await ask(rig, body="another")
        assert not second.replayed
        assert second.body != first.body
        assert await ask(rig, body="another") == Answer(202, second.body, True)


async def test_when_the_first_is_refused_the_second_is_tried(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        answers = await asyncio.gather(
            *(ask(rig, body=body) for body in ("x" * 2000, "Hello", "Hello")), return_exceptions=True
        )
        refused, taken, replayed = answers
        assert isinstance(refused, Refusal)
        assert isinstance(taken, Answer)
        assert not taken.replayed
        assert replayed == Answer(taken.status, taken.body, True)


async def test_while_the_first_is_not_on_disk_the_second_waits_but_not_for_ever(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with held_back(rig):
            first = asyncio.ensure_future(ask(rig))
            await asyncio.sleep(0)
            with pytest.raises(Refusal) as refused:
                await ask(rig, patience=0.05)
            assert refused.value.code == "idempotency_in_progress"
            assert refused.value.retry_after
            assert not first.done()
            # Another key does not wait for this one.
            other = asyncio.ensure_future(ask(rig, key="other"))
        answer = await first
        assert not answer.replayed
        assert await ask(rig) == Answer(202, answer.body, True)
        assert not (await other).replayed


async def test_it_waits_ten_seconds() -> None:
    assert intake._PATIENCE == 10.0


async def test_a_store_that_fails_keeps_nothing_and_the_key_is_free_again(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with rig.outage():
            answers = await asyncio.gather(*(ask(rig) for _ in range(5)), return_exceptions=True)
            assert {isinstance(answer, Refusal) and answer.code for answer in answers} == {"store_unavailable"}
        await rig.until(lambda: rig.store.healthy)
        await rig.settle()
        assert rig.engine.ledger.open == 0
        assert not rig.engine.ledger.active
        assert await stored(rig) == []
        assert not (await ask(rig)).replayed
        (submission,) = await rig.written("mtn")
        assert [submission] == rig.operators["mtn"].history, "nothing of the refused ones was sent"
        assert rig.operators["mtn"].in_use == 1


async def test_a_request_that_is_given_up_while_the_store_fails_is_cleared_up(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with rig.outage():
            asked = asyncio.ensure_future(ask(rig, key=None))
            await rig.until(lambda: rig.engine.ledger.open == 1)
            asked.cancel()
            await rig.until(lambda: not rig.store.healthy)
            await rig.until(lambda: rig.engine.ledger.open == 0)
        await rig.until(lambda: rig.store.healthy)
        await rig.settle()
        assert not rig.operators["mtn"].history
        assert rig.operators["mtn"].in_use == 0


async def test_a_request_that_is_given_up_is_still_taken_whole(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with held_back(rig):
            asked = asyncio.ensure_future(ask(rig, key=None))
            await rig.until(lambda: rig.engine.ledger.open == 1)
            asked.cancel()
        await rig.written("mtn")
        assert rig.metrics.counted["accepted", "acme"] == 1


async def test_the_key_of_a_request_that_is_given_up_is_kept_until_its_message_is_on_disk(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with held_back(rig):
            first = asyncio.ensure_future(ask(rig))
            await rig.until(lambda: rig.engine.ledger.open == 1)
            first.cancel()
            again = asyncio.ensure_future(ask(rig))
            # As long as it would take, were the key free.
            for _ in range(5):
                await rig.store.recall("acme", "key")
            assert rig.engine.ledger.open == 1
        answer = await again
        (message,) = await stored(rig)
        assert (answer.replayed, answer.body) == (True, message.id.encode())


async def test_the_key_of_a_request_that_is_given_up_is_free_when_the_store_fails(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        with rig.outage():
            first = asyncio.ensure_future(ask(rig))
            await rig.until(lambda: rig.engine.ledger.open == 1)
            first.cancel()
            await rig.until(lambda: rig.engine.ledger.open == 0)
        await rig.until(lambda: rig.store.healthy)
        assert not (await ask(rig)).replayed
        assert len(await stored(rig)) == 1
