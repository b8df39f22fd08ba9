"""Who wants nothing more gets nothing more: words from handsets, the administrator, and what is refused since."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace as changed

from router.account import Account, Guards, InboundRule, OptOut
from router.engine.opt_outs import OptedOut
from router.inbound import WHOLE, Inbound
from router.message import Message, State, TrafficClass
from router.refusal import Refusal
from router.routing.opt_out import plain, wants_out
from router.routing.route import RouteQuery
from router.settings import Settings
from tests.engine.rig import Rig, operator, settings

HANDSET = "+237670000001"
TO_ALL = (InboundRule("8080"),)


def config(opt_out: OptOut | None = OptOut(), *others: Account) -> Settings:  # noqa: B008
    acme = Account(name="acme", token=None, currency="XAF", inbound=TO_ALL, guards=Guards(opt_out=opt_out))
    return settings(operator("a"), accounts=(acme, *others))


def hear(rig: Rig, text: str, sender: str = HANDSET, to: str = "8080") -> None:
    rig.engine.inbound("a", Inbound("a", sender, to, rig.clock.ms, text.encode("utf-16-be"), "ucs2", None, WHOLE), "t")


async def outcome(rig: Rig, to: str = HANDSET, account: str = "acme", **fields: Any) -> str:
    try:
        message = await rig.submit(to, account=account, **fields)
    except Refusal as refusal:
        return refusal.code
    return message.state.value


# --- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("STOP", True),
        ("stop", True),
        (" Stop.\r\n", True),
        ("«STOP!»", True),
        ("ARRÊT", True),
        ("arre\u0302t", True),
        ("ＳＴＯＰ", True),
        ("StopAll", True),
        ("start", False),
        ("UNSTOP", False),
        ("stop it please", None),
        ("The end", None),
        ("st op", None),
        ("", None),
        ("?", None),
    ],
)
def test_words(text: str, said: bool | None) -> None:
    assert wants_out(OptOut(), text) is said


def test_what_is_configured_is_compared_plain() -> None:
    assert all(word == plain(word) for word in OptOut().words | OptOut().back)


# --- from handsets -------------------------------------------------------------------------------------------


async def test_a_word_stops_and_another_starts_again(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        assert await outcome(rig) == "queued"
        hear(rig, "Stop")
        assert await outcome(rig) == "opted_out"
        assert await outcome(rig, traffic_class="marketing") == "opted_out"
        assert await outcome(rig, traffic_class="otp") == "queued", "a code was asked for"
        assert await outcome(rig, "+237670000002") == "queued"
        await rig.settle()
        assert (await rig.types()).count("message.received") == 1, "the account is told all the same"
        assert rig.operators["a"].acknowledged == [("t", True)]
        hear(rig, "START")
        assert await outcome(rig) == "queued"


async def test_the_refusal_says_why(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        hear(rig, "STOP")
        with pytest.raises(Refusal) as refused:
            await rig.submit(HANDSET)
        assert (refused.value.code, refused.value.field) == ("opted_out", "to")


@pytest.mark.parametrize("opt_out", [None, OptOut(words=frozenset({"halt"}))])
async def test_other_words_stop_nothing(tmp_path: Path, opt_out: OptOut | None) -> None:
    async with Rig(config(opt_out), tmp_path) as rig:
        hear(rig, "STOP")
        assert await outcome(rig) == "queued"


async def test_classes_are_as_configured(tmp_path: Path) -> None:
    async with Rig(config(OptOut(classes=frozenset({"marketing"}))), tmp_path) as rig:
        hear(rig, "STOP")
        assert await outcome(rig) == "queued"
        assert await outcome(rig, traffic_class="marketing") == "opted_out"


async def test_each_account_has_its_own_list(tmp_path: Path) -> None:
    other = Account(name="other", token=None, currency="XAF", inbound=(InboundRule("9090"),))
    async with Rig(config(OptOut(), other), tmp_path) as rig:
        hear(rig, "STOP", to="9090")
        hear(rig, "STOP", to="7070")
        assert await outcome(rig) == await outcome(rig, account="other") == "queued"
        hear(rig, "STOP")
        assert [await outcome(rig), await outcome(rig, account="other")] == ["opted_out", "queued"]


@pytest.mark.parametrize("sender", ["ACME", "8080", "+ACME", "+1234567890123456789012", "", "+", "+٢٣٧"])
async def test_a_sender_that_is_no_number_is_on_no_list(tmp_path: Path, sender: str) -> None:
    async with Rig(config(), tmp_path) as rig:
        hear(rig, "STOP", sender)
        await rig.settle()
        assert not rig.engine.opt_outs
        assert rig.operators["a"].acknowledged == [("t", True)]


async def test_the_list_survives_a_restart(tmp_path: Path) -> None:
    numbers = [f"+23767000000{number}" for number in range(9)]
    async with Rig(config(), tmp_path) as rig:
        for number in reversed(numbers):
            hear(rig, "STOP", number)
            hear(rig, "STOP", number)
        hear(rig, "START", numbers[4])
    async with Rig(config(), tmp_path) as rig:
        told = [await outcome(rig, number) for number in numbers]
        assert told == ["opted_out"] * 4 + ["queued"] + ["opted_out"] * 4
        hear(rig, "START", numbers[0])
        hear(rig, "STOP", numbers[4])
    async with Rig(config(), tmp_path) as rig:
        assert [await outcome(rig, number) for number in numbers] == ["queued"] + ["opted_out"] * 8


# --- by the administrator ------------------------------------------------------------------------------------


async def test_the_administrator_keeps_the_same_list(tmp_path: Path) -> None:
    """Also of an account that keeps none by words."""
    async with Rig(config(None), tmp_path) as rig:
        lists = rig.engine.opt_outs
        told = await lists.unsubscribe("acme", "+237 670-000-001")
        assert (told.account, told.number, told.subscribed) == ("acme", HANDSET, False)
        assert await outcome(rig) == "opted_out"
        assert await lists.unsubscribe("acme", HANDSET) == told
    async with Rig(config(None), tmp_path) as rig:
        assert await outcome(rig) == "opted_out"
        assert await rig.engine.opt_outs.subscribe("acme", HANDSET) == changed(told, subscribed=True)
        assert await rig.engine.opt_outs.subscribe("acme", HANDSET) == changed(told, subscribed=True)
        assert await outcome(rig) == "queued"


async def test_the_explanation_says_so(tmp_path: Path) -> None:
    """As the intake does: for this account and these classes, not for others."""
    other = Account(name="other", token=None, currency="XAF")
    async with Rig(config(OptOut(), other), tmp_path) as rig:
        await rig.engine.opt_outs.unsubscribe("acme", HANDSET)
        for name in ("acme", "other"):
            for traffic_class in TrafficClass:
                for to in (HANDSET, "+237670000002"):
                    query = RouteQuery(to, rig.clock.now(), traffic_class=traffic_class)
                    decision = rig.engine.preview.route(rig.config.accounts[name], query)
                    refused = await outcome(rig, to, name, traffic_class=traffic_class.value) == "opted_out"
                    assert (decision.refusal, decision.operator) == (("opted_out", None) if refused else (UNSET, "a"))
                    assert decision.candidates[0].usable
        assert rig.engine.preview.route(None, RouteQuery(HANDSET, 0)).refusal is UNSET


async def test_the_list_is_shown_page_by_page(tmp_path: Path) -> None:
    numbers = [f"+23767000000{number}" for number in range(5)]
    async with Rig(config(), tmp_path) as rig:
        lists = rig.engine.opt_outs
        assert lists.page("acme", None, 2) == OptedOut("acme", 0, [], None)
        for number in reversed(numbers):
            await lists.unsubscribe("acme", number)
        seen, after, pages = [], None, 0
        while pages == 0 or after is not None:
            page = lists.page("acme", after, 2)
            assert page.count == 5
            seen += page.numbers
            after, pages = page.next, pages + 1
        assert (seen, pages) == (numbers, 3)
        assert lists.page("acme", "+2376700000005", 2).numbers == [], "digits are compared as numbers"
        assert lists.page("acme", "+236", 5) == lists.page("acme", None, 5) == OptedOut("acme", 5, numbers, None)
        for account, after, code in (("nobody", None, "not_found"), ("acme", "670000001", "invalid_request")):
            with pytest.raises(Refusal) as refused:
                lists.page(account, after, 2)
            assert refused.value.code == code


@pytest.mark.parametrize(
    ("account", "number", "code", "field"),
    [("nobody", HANDSET, "not_found", None), ("acme", "670000001", "invalid_number", "number")],
)
async def test_what_the_administrator_cannot_do(
    tmp_path: Path, account: str, number: str, code: str, field: str | None
) -> None:
    async with Rig(config(), tmp_path) as rig:
        for call in (rig.engine.opt_outs.unsubscribe, rig.engine.opt_outs.subscribe):
            with pytest.raises(Refusal) as refused:
                await call(account, number)
            assert (refused.value.code, refused.value.field) == (code, field)


async def test_nothing_is_promised_while_the_store_is_sick(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        with rig.outage():
            with pytest.raises(Refusal):
                await rig.submit()
            with pytest.raises(Refusal) as refused:
                await rig.engine.opt_outs.unsubscribe("acme", HANDSET)
            assert refused.value.code == "store_unavailable"
        await rig.settle()
        assert not rig.engine.opt_outs


# --- what was accepted before --------------------------------------------------------------------------------


def later(rig: Rig, seconds: int) -> str:
    return (datetime.fromtimestamp(rig.clock.ms / 1000, UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize("said", ["STOP", "hello"])
async def test_a_scheduled_message_is_not_sent_to_who_opted_out_since(tmp_path: Path, said: str) -> None:
    async with Rig(config(), tmp_path) as rig:
        message: Message = await rig.submit(HANDSET, send_at=later(rig, 600))
        hear(rig, said)
        await rig.settle()
        rig.clock.move(601)
        rig.engine._wakeups._changed.set()
        if said == "hello":
            await rig.written("a")
            return
        await rig.until(lambda: message.done_at)
        assert message.error is not None
        assert (message.state, message.error.code, rig.operators["a"].history) == (State.REJECTED, "opted_out", [])
        assert (await rig.types())[-1] == "message.rejected"
