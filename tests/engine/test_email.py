"""Messages of channel email through the engine: who may send, to whom, at what price, and what becomes of them."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router.account import Account, Guards, OptOut, Price, RateLimit, Velocity
from router.engine.opt_outs import OptedOut
from router.engine.preview import TextQuery
from router.message import Encoding, State
from router.money import Money
from router.operator import Operator, Rate, ReceiptRules, SmtpLink, TextRules
from router.outcome import Fault, Outcome, OutcomeKind
from router.receipt import Receipt, ReceiptState
from router.refusal import Refusal
from router.routing.route import RouteQuery
from router.settings import Limits, Match, QuietHours, Rule
from tests.engine.rig import Rig, operator, settings, wish

FROM = "news@acme.example"
TO = "ann@shop.example"


def mail(name: str = "mail", price: str = "0.001", **changes: Any) -> Operator:
    given: dict[str, Any] = {"link": SmtpLink("127.0.0.1", 25), "text": TextRules(long="whole")}
    rates = (Rate("", Decimal(price), "XAF"),)
    given |= {"name": name, "channel": "email", "protocol": "smtp", "currency": "XAF", "rates": rates}
    return Operator(**(given | changes))


def account(**changes: Any) -> Account:
    prices = (Price("", Decimal("1.00"), channel="sms"), Price("", Decimal("0.005"), channel="email"))
    return Account(**({"name": "acme", "token": None, "currency": "XAF", "prices": prices} | changes))


async def email(rig: Rig, to: str = TO, text: str = "Hello", **fields: Any):
    return await rig.submit(to, text, channel="email", **({"sender": FROM} | fields))


async def refused(rig: Rig, *given: Any, **fields: Any) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        await email(rig, *given, **fields)
    return caught.value.code, caught.value.field


@pytest.mark.deep
async def test_few_mails_are_in_memory_and_all_of_them_go_in_order(tmp_path: Path) -> None:
    """`in_memory` counts short messages: one mail may be as large as a hundred of them."""
    config = settings(mail(), accounts=(account(),), limits=Limits(in_memory=1000))
    async with Rig(config, tmp_path) as rig:
        rig.operators["mail"].go_down()
        rig.operators["mail"].window = 1
        addresses = [f"guest{number}@shop.example" for number in range(60)]
        for place, address in enumerate(addresses):
            # Of two lines, for neither may have a half of its own.
            await email(rig, address, traffic_class="otp" if place < 30 else "marketing")
        assert len(rig.engine.ledger.active) <= 2
        assert rig.engine.ledger.open == 60
        rig.operators["mail"].come_up()
        seen: list[str] = []
        while len(seen) < 60:
            for submission in await rig.written("mail"):
                seen.append(submission.message.to)
                rig.operators["mail"].accept(submission)
        assert sorted(seen) == sorted(addresses)
        assert [one for one in seen if int(one[5:7].strip("@")) < 30] == addresses[:30]
        await rig.settle()
        rig.operators["mail"].history.clear()
        del submission
        await rig.until(lambda: len(rig.engine.ledger._held) <= 1000 // 2 // 128)
        # Also what is not in memory any more gets its receipt.
        rig.operators["mail"].receipt(addresses[0], "mail1")
        await rig.until(lambda: rig.metrics.counted["final", "mail", "delivered"] == 1)


async def test_one_message_whatever_its_length(tmp_path: Path) -> None:
    async with Rig(settings(operator("sms"), mail(), accounts=(account(),)), tmp_path) as rig:
        message = await email(rig, "Ann@SHOP.example", "Ж" * 20_000, options={"subject": "Hi", "html": "<p>"})
        assert (message.to, message.sender) == ("Ann@shop.example", FROM)
        assert (message.segments, len(message.parts), message.encoding) == (1, 1, Encoding.UCS2)
        assert (message.operator, message.network, message.looked_up) == ("mail", None, None)
        assert message.cost == Money(Decimal("0.001"), "XAF")
        assert message.price == Money(Decimal("0.005"), "XAF")
        (written,) = await rig.written("mail")
        assert written.segment.text == "Ж" * 20_000
        assert rig.operators["sms"].written == []


async def test_numbers_and_addresses_do_not_mix(tmp_path: Path) -> None:
    async with Rig(settings(operator("sms"), mail(), accounts=(account(),)), tmp_path) as rig:
        assert await refused(rig, "+237670000001") == ("invalid_address", "to")
        with pytest.raises(Refusal) as caught:
            await rig.submit(TO)
        assert caught.value.code == "invalid_number"
        message = await rig.submit("+237670000001")
        assert message.operator == "sms"


async def test_nobody_carries_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("sms", prefix="")), tmp_path) as rig:
        assert await refused(rig) == ("unroutable", "to")
        # An address is no number, whatever it begins with.
        assert await refused(rig, "+237670000001@shop.example") == ("unroutable", "to")


async def test_a_prefix_of_numbers_is_none_of_addresses(tmp_path: Path) -> None:
    rules = (
        Rule(number=1, match=Match(prefix="237"), refuse="no_cameroon"),
        Rule(number=2, match=Match(traffic_class="otp"), sender="20880"),
    )
    accounts = (account(guards=Guards(countries=frozenset({"CM"}), loop_guard=True)),)
    async with Rig(settings(mail(), rules=rules, accounts=accounts), tmp_path) as rig:
        message = await email(rig, "+237670000001@shop.example")
        assert message.state is State.QUEUED
        assert (await email(rig, traffic_class="otp")).state is State.QUEUED


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"options": {"subject": "a\r\nBcc: x@y.example"}}, ("invalid_request", "options.subject")),
        ({"options": {"html": 5}}, ("invalid_request", "options.html")),
        ({"options": {"reply_to": "who"}}, ("invalid_request", "options.reply_to")),
        ({"text": "x" * 300_000}, ("too_long", "text")),
        ({"sender": "ACME"}, ("sender_not_allowed", "from")),
        ({"sender": "a@b"}, ("sender_not_allowed", "from")),
        ({"sender": "a@b.example\r\nX: y"}, ("sender_not_allowed", "from")),
    ],
)
async def test_refusals(tmp_path: Path, fields: dict[str, Any], answer: tuple[str, str]) -> None:
    async with Rig(settings(mail(), accounts=(account(),)), tmp_path) as rig:
        assert await refused(rig, **fields) == answer


async def test_binary_is_no_email(tmp_path: Path) -> None:
    async with Rig(settings(mail(), accounts=(account(),)), tmp_path) as rig:
        (answer,) = await rig.submit_all([wish(to=TO, sender=FROM, data="AAE=", channel="email")])
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.field) == ("invalid_request", "data")


@pytest.mark.parametrize(
    ("changes", "wanted", "sender"),
    [
        ({}, None, None),
        ({"default_sender": "ACME"}, None, None),
        ({"default_sender": "News@ACME.example"}, None, "News@acme.example"),
        ({"senders": ("ACME", FROM)}, FROM, FROM),
        ({"senders": ("ACME", FROM)}, "news@ACME.EXAMPLE", FROM),
        ({"senders": ("ACME",)}, FROM, None),
    ],
)
async def test_senders(tmp_path: Path, changes: dict[str, Any], wanted: str | None, sender: str | None) -> None:
    async with Rig(settings(mail(), accounts=(account(**changes),)), tmp_path) as rig:
        fields = {"sender": wanted} if wanted is not None else {}
        if sender is None:
            with pytest.raises(Refusal) as caught:
                await rig.submit(TO, channel="email", **fields)
            assert (caught.value.code, caught.value.field) == ("sender_not_allowed", "from")
        else:
            assert (await rig.submit(TO, channel="email", **fields)).sender == sender


async def test_opt_outs_by_address(tmp_path: Path) -> None:
    config = settings(operator("sms"), mail(), accounts=(account(guards=Guards(opt_out=OptOut())),))
    async with Rig(config, tmp_path) as rig:
        taken = await rig.engine.opt_outs.unsubscribe("acme", "Ann@SHOP.example")
        assert (taken.number, taken.subscribed) == ("Ann@shop.example", False)
        await rig.engine.opt_outs.unsubscribe("acme", "+237670000001")
        assert await refused(rig) == ("opted_out", "to")
        assert await refused(rig, "ANN@shop.example") == ("opted_out", "to")
        assert (await email(rig, "bob@shop.example")).state is State.QUEUED
        assert (await email(rig, traffic_class="otp")).state is State.QUEUED
    async with Rig(config, tmp_path) as rig:
        # The list is as it was, also after a restart; numbers are on the same one.
        assert await refused(rig) == ("opted_out", "to")
        with pytest.raises(Refusal):
            await rig.submit("+237670000001")
        await rig.engine.opt_outs.subscribe("acme", "ann@shop.EXAMPLE")
        assert (await email(rig)).state is State.QUEUED
        with pytest.raises(Refusal) as caught:
            await rig.engine.opt_outs.unsubscribe("acme", "ann@shop")
        assert (caught.value.code, caught.value.field) == ("invalid_address", "number")


async def test_a_list_shows_numbers_and_counts_addresses(tmp_path: Path) -> None:
    async with Rig(settings(mail(), accounts=(account(),)), tmp_path) as rig:
        lists = rig.engine.opt_outs
        for to in ("+237670000002", "ann@shop.example", "+237670000001", "bob@shop.example"):
            await lists.unsubscribe("acme", to)
        assert lists.page("acme", None, 1) == OptedOut("acme", 2, ["+237670000001"], "+237670000001", 2)
        assert lists.page("acme", "+237670000001", 5) == OptedOut("acme", 2, ["+237670000002"], None, 2)
        with pytest.raises(Refusal):
            lists.page("acme", "ann@shop.example", 5)


async def test_guards_that_look_back(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(prefix=RateLimit(1, 60)), duplicates=60)
    async with Rig(settings(mail(), accounts=(account(guards=guards),)), tmp_path) as rig:
        await email(rig, "annabel1@shop.example")
        await email(rig, "annabel2@shop.example")
        assert (await refused(rig, "annabel1@shop.example", "Other"))[0] == "rate_limited"
    async with Rig(settings(mail(), accounts=(account(guards=Guards(duplicates=60)),)), tmp_path) as rig:
        await email(rig, options={"subject": "One"})
        await email(rig, options={"subject": "Two"})
        assert (await refused(rig, options={"subject": "One"}))[0] == "duplicate_message"


async def test_quiet_hours_are_of_countries(tmp_path: Path) -> None:
    hours = QuietHours("CM", 0, 1439, "UTC")
    config = replace(settings(mail(), accounts=(account(),)), quiet_hours=(hours,))
    async with Rig(config, tmp_path) as rig:
        message = await email(rig, "+237670000001@shop.example", traffic_class="marketing")
        assert message.state is State.QUEUED


async def test_from_submit_to_delivered(tmp_path: Path) -> None:
    async with Rig(settings(mail(), accounts=(account(),)), tmp_path) as rig:
        message = await email(rig)
        (written,) = await rig.written("mail")
        id = rig.operators["mail"].accept(written, f"{message.id}@acme.example")
        await rig.settle()
        rig.operators["mail"].receipt(TO, id, ReceiptState.DELIVERED)
        await rig.until(lambda: message.state is State.DELIVERED)
        events = await rig.events()
        assert [event["type"] for event in events] == ["message.submitted", "message.delivered"]
        assert {event["to"] for event in events} == {TO}
        assert {event["channel"] for event in events} == {"email"}
        assert {event["network"] for event in events} == {None}


async def test_a_receipt_for_another_address_of_the_same_person(tmp_path: Path) -> None:
    """A server that sends mail on may name the address that it went to."""
    async with Rig(settings(mail(), accounts=(account(),)), tmp_path) as rig:
        message = await email(rig)
        (written,) = await rig.written("mail")
        id = rig.operators["mail"].accept(written, f"{message.id}@acme.example")
        await rig.settle()
        rig.operators["mail"].receipt("ann.b@elsewhere.example", id, ReceiptState.UNDELIVERED)
        await rig.until(lambda: message.state is State.UNDELIVERED)


@pytest.mark.parametrize("to", [TO, "+237670000001@shop.example"])
async def test_a_receipt_settles_the_only_unanswered_mail_to_an_address(tmp_path: Path, to: str) -> None:
    config = settings(mail(on_unanswered="hold"), accounts=(account(),))
    async with Rig(config, tmp_path) as rig:
        message = await email(rig, to)
        (written,) = await rig.written("mail")
        rig.operators["mail"].answer(written, Outcome(OutcomeKind.UNKNOWN))
        await rig.settle()
        assert message.state is State.SUBMITTED
        told = Receipt("mail", (f"{message.id}@acme.example",), ReceiptState.DELIVERED, to, rig.clock.now())
        rig.operators["mail"].sink.received("mail", [(told, "token")])
        await rig.until(lambda: message.state is State.DELIVERED)


async def test_the_reply_is_kept_in_the_error(tmp_path: Path) -> None:
    async with Rig(settings(mail(), accounts=(account(),)), tmp_path) as rig:
        message = await email(rig)
        (written,) = await rig.written("mail")
        no = Outcome(OutcomeKind.REJECTED, None, 550, "RCPT was answered with 550 5.1.1 no", Fault.MESSAGE, "550 5.1.1")
        rig.operators["mail"].answer(written, no)
        await rig.until(lambda: message.state is State.REJECTED)
        assert message.error is not None
        assert message.error.smsc_error == "550 5.1.1"


@pytest.mark.parametrize("request_", ["none", "final"])
async def test_a_server_that_tells_nothing(tmp_path: Path, request_: Any) -> None:
    """With `receipts: {request: none}` the last state is submitted; else something is waited for, as of anybody."""
    async with Rig(settings(mail(receipts=ReceiptRules(request=request_)), accounts=(account(),)), tmp_path) as rig:
        message = await email(rig)
        (written,) = await rig.written("mail")
        rig.operators["mail"].accept(written, f"{message.id}@acme.example")
        await rig.until(lambda: message.state is State.SUBMITTED)
        assert (message.due_at is None) == (request_ == "none")


async def test_previews(tmp_path: Path) -> None:
    async with Rig(settings(operator("sms"), mail(), accounts=(account(),)), tmp_path) as rig:
        acme = rig.config.accounts["acme"]
        query = RouteQuery("Ann@SHOP.example", rig.clock.now())
        query = await rig.engine.preview.look_up(acme, query)
        decision = rig.engine.preview.route(acme, query)
        assert (decision.operator, decision.network) == ("mail", None)
        view = rig.engine.preview.segment(acme, TextQuery("Ж" * 500, route=query))
        assert (view.segments, view.operator, view.price) == (1, "mail", Money(Decimal("0.005"), "XAF"))
        with pytest.raises(Refusal) as caught:
            rig.engine.preview.route(acme, RouteQuery("ann@shop", rig.clock.now()))
        assert caught.value.code == "invalid_address"
