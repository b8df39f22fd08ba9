"""One-time codes: nobody guesses them, none is good twice, and the store does not know them."""

import asyncio
import stat
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from adapters.gateways.domain.codes import CodeRules, Codes, Wanted
from adapters.gateways.domain.sending import Sending
from router.account import Account, Price
from router.engine.intake import Answer
from router.gateway.records import Code
from router.refusal import Refusal
from router.submit import Submit
from tests.gateways.rig import GatewayRig, account

NUMBER = "+237670000001"
RULES = CodeRules("fullsms", attempts=3, pause=30.0, most=2)


class Issuer:
    """Codes for one account, with what its messages said."""

    def __init__(self, rig: GatewayRig) -> None:
        self.rig = rig
        self.account = rig.engine_rig.config.accounts["acme"]
        clock = rig.engine_rig.clock
        self.codes = Codes(rig.book, Sending(rig.engine_rig.engine.intake, rig.book, clock), clock)
        self.said: list[str] = []

    async def make(self, rules: CodeRules = RULES, to: str = NUMBER) -> Code:
        made: list[Code] = []

        def submit(code: str) -> Submit:
            self.said.append(code)
            return Submit(to=to, sender="ACME", text=f"Your code is {code}")

        def answer(code: Code, message: object) -> bytes:
            made.append(code)
            return b""

        await self.codes.make(self.account, rules, Wanted("sms", to, "ACME"), submit, answer)
        return made[0]

    async def verify(self, code: Code, given: str) -> str:
        return (await self.codes.verify(self.account, code.face, code.no, given)).state

    def wrong(self) -> str:
        return "1" * 6 if self.said[-1] != "1" * 6 else "2" * 6


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    async with GatewayRig(tmp_path, account("acme", {}), account("other", {})) as rig:
        yield Issuer(rig)


async def refused(call: object) -> str:
    with pytest.raises(Refusal) as raised:
        await call  # type: ignore[misc]
    return raised.value.code


async def test_a_right_code_is_good_once(issuer: Issuer) -> None:
    code = await issuer.make()
    assert await issuer.verify(code, issuer.said[0]) == "verified"
    assert await refused(issuer.verify(code, issuer.said[0])) == "code_not_active"
    (tried,) = (await issuer.codes.find(issuer.account, "fullsms", code.no)).tries
    assert tried.right


async def test_as_many_tries_as_there_are_and_no_more_also_at_once(issuer: Issuer) -> None:
    code = await issuer.make()
    tries = [issuer.verify(code, issuer.wrong()) for _ in range(20)]
    states = await asyncio.gather(*tries, return_exceptions=True)
    assert states[:3] == ["pending", "pending", "failed"]
    assert {getattr(one, "code", one) for one in states[3:]} == {"code_failed"}
    assert await refused(issuer.verify(code, issuer.said[0])) == "code_failed"
    assert len((await issuer.codes.find(issuer.account, "fullsms", code.no)).tries) == 3


async def test_a_code_expires_and_is_called_off(issuer: Issuer) -> None:
    first, second = await issuer.make(), await issuer.make(to="+237670000002")
    await issuer.codes.cancel(issuer.account, "fullsms", second.no)
    assert await refused(issuer.verify(second, issuer.said[1])) == "code_not_active"
    assert await refused(issuer.codes.cancel(issuer.account, "fullsms", second.no)) == "code_not_active"
    issuer.rig.engine_rig.clock.move(600)
    assert await refused(issuer.verify(first, issuer.said[0])) == "code_not_active"
    assert await refused(issuer.codes.pending(issuer.account, "fullsms", "sms", NUMBER)) == "code_not_found"


async def test_a_second_code_within_the_pause_and_after_it(issuer: Issuer) -> None:
    first = await issuer.make()
    issuer.rig.engine_rig.clock.move(29)
    with pytest.raises(Refusal) as raised:
        await issuer.make()
    assert (raised.value.code, raised.value.retry_after) == ("code_too_soon", 1.0)
    issuer.rig.engine_rig.clock.move(1)
    second = await issuer.make()
    assert await refused(issuer.verify(first, issuer.said[0])) == "code_not_active"
    assert await issuer.verify(second, issuer.said[-1]) == "verified"


async def test_one_of_many_at_once(issuer: Issuer) -> None:
    made = await asyncio.gather(*(issuer.make() for _ in range(10)), return_exceptions=True)
    assert [getattr(one, "code", None) for one in made].count("code_too_soon") == 9
    to = [f"+23767000010{number}" for number in range(5)]
    made = await asyncio.gather(*(issuer.make(to=one) for one in to), return_exceptions=True)
    assert [getattr(one, "code", None) for one in made].count("too_many_codes") == 4


class Slow(Sending):
    """What goes to NUMBER is on its way until `go`."""

    def __init__(self, rig: GatewayRig) -> None:
        super().__init__(rig.engine_rig.engine.intake, rig.book, rig.engine_rig.clock)
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def send(self, account: Account, submits: Sequence[Submit], *rest: Any, **more: Any) -> Answer:
        if submits[0].to == NUMBER:
            self.begun.set()
            await self.go.wait()
        return await super().send(account, submits, *rest, **more)


async def test_one_that_is_refused_leaves_its_place_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the maximum, who comes meanwhile waits to see whether the one before gets its code."""
    poor = account("acme", {}, wallet="prepaid", prices=(Price("2376", Decimal(1)),))
    async with GatewayRig(tmp_path, poor) as rig:
        issuer, slow = Issuer(rig), Slow(rig)
        issuer.codes = Codes(rig.book, slow, rig.engine_rig.clock)
        rules = CodeRules("fullsms", pause=30.0, most=1)
        first = asyncio.create_task(issuer.make(rules))
        await slow.begun.wait()
        active, counted = rig.book.codes.active, 0

        async def count(*wanted: Any) -> tuple[int, int | None]:
            """The first is let go in the turn after the last of the others has decided by its count."""
            nonlocal counted
            answer = await active(*wanted)
            counted += 1
            if counted == 5:
                slow.go.set()
            return answer

        monkeypatch.setattr(rig.book.codes, "active", count)
        to = [f"+4477009001{place:02}" for place in range(5)]
        others = await asyncio.gather(*(issuer.make(rules, one) for one in to), return_exceptions=True)
        assert await refused(first) == "insufficient_credit"
        assert sorted(getattr(one, "code", "made") for one in others) == ["made"] + ["too_many_codes"] * 4


async def test_one_that_gets_its_code_while_it_is_left_out_of_a_count_has_its_place(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(issuer.rig)
    issuer.codes = Codes(issuer.rig.book, slow, issuer.rig.engine_rig.clock)
    rules = CodeRules("fullsms", pause=30.0, most=1)
    first = asyncio.create_task(issuer.make(rules))
    await slow.begun.wait()
    active = issuer.rig.book.codes.active

    async def count(*wanted: Any) -> tuple[int, int | None]:
        answer = await active(*wanted)
        slow.go.set()
        await first
        return answer

    monkeypatch.setattr(issuer.rig.book.codes, "active", count)
    assert await refused(issuer.make(rules, "+237670000002")) == "too_many_codes"


async def test_one_that_begins_and_ends_while_it_is_counted(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = CodeRules("fullsms", pause=30.0, most=1)
    active = issuer.rig.book.codes.active

    async def count(*wanted: Any) -> tuple[int, int | None]:
        answer = await active(*wanted)
        monkeypatch.setattr(issuer.rig.book.codes, "active", active)
        await issuer.make(rules, "+237670000002")
        return answer

    monkeypatch.setattr(issuer.rig.book.codes, "active", count)
    assert await refused(issuer.make(rules)) == "too_many_codes"


async def test_as_many_as_may_be_and_no_more(issuer: Issuer) -> None:
    """Made one behind the other and all at once, over and over: never fewer than the maximum, never one more."""
    rules = CodeRules("fullsms", pause=30.0, most=7)
    for turn in range(20):
        to = [f"+237670{turn:02}{place:04}" for place in range(10)]
        early = await asyncio.gather(*(issuer.make(rules, one) for one in to[: turn % 7]))
        late = await asyncio.gather(*(issuer.make(rules, one) for one in to[turn % 7 :]), return_exceptions=True)
        made = [*early, *(one for one in late if isinstance(one, Code))]
        assert len(made) == 7, late
        assert {getattr(one, "code", None) for one in late if not isinstance(one, Code)} == {"too_many_codes"}
        for one in made:
            await issuer.codes.cancel(issuer.account, "fullsms", one.no)


async def test_whom_it_belongs_to(issuer: Issuer) -> None:
    code = await issuer.make()
    other = issuer.rig.engine_rig.config.accounts["other"]
    assert await refused(issuer.codes.verify(other, "fullsms", code.no, issuer.said[0])) == "code_not_found"
    assert await refused(issuer.codes.verify(issuer.account, "textdigo", code.no, issuer.said[0])) == "code_not_found"


async def test_no_code_is_in_the_store_once_its_message_has_ended(issuer: Issuer) -> None:
    code = await issuer.make()
    await issuer.rig.deliver()
    found = await issuer.codes.find(issuer.account, "fullsms", code.no)
    assert issuer.said[0].encode() not in found.digest
    connection = apsw.Connection(str(issuer.rig.engine_rig.path), apsw.SQLITE_OPEN_READONLY)
    (body,) = (connection.execute("SELECT body FROM messages").get,)
    assert issuer.said[0].encode() not in body
    for table in ("codes", "events"):
        for row in connection.execute(f"SELECT * FROM {table}"):
            assert not any(issuer.said[0] in str(value) for value in row)
    connection.close()


async def test_the_key_is_the_daemons_own(issuer: Issuer) -> None:
    file = Path(f"{issuer.rig.engine_rig.path}.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == issuer.rig.book.secret


async def test_it_holds_over_a_restart(tmp_path: Path) -> None:
    async with GatewayRig(tmp_path, account("acme", {})) as rig:
        issuer = Issuer(rig)
        code = await issuer.make()
        said = issuer.said[0]
    async with GatewayRig(tmp_path, account("acme", {})) as rig:
        assert await Issuer(rig).verify(code, said) == "verified"
