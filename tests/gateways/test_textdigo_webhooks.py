"""What TextDigo's webhooks are told (TD-48 to TD-51), by real sockets."""

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth

from router.account import InboundRule
from router.inbound import Inbound, Media
from router.outcome import Fault, Outcome, OutcomeKind
from router.receipt import ReceiptState
from tests.engine.rig import operator
from tests.gateways.rig import GatewayRig
from tests.gateways.textdigo import Client, chat, digo, mail
from tests.webhook.receiver import Receiver, Request, answer, receiving

pytestmark = pytest.mark.end_to_end

TO = "+237670000001"
SMS = {"phoneNumber": TO, "message": "Hello", "externalId": "order-1"}
SECRET = b"the secret of the hook"
LOCAL = {"webhook_networks": (ip_network("127.0.0.0/8"),)}
DOWN = answer(503)


def hooked(url: str, name: str = "acme", **fields: Any) -> Any:
    """An account whose webhooks for all channels are at one address."""
    settings = {"webhook_secret": SECRET, "webhooks": dict.fromkeys(("sms", "email", "whatsapp"), url)}
    return digo(name, settings=settings | fields.pop("settings", {}), **fields)


@asynccontextmanager
async def told(folder: Path, *answers: bytes | None, **fields: Any) -> AsyncIterator[tuple[GatewayRig, Receiver]]:
    async with receiving(*answers) as receiver:
        inbound = (InboundRule("8080"), InboundRule("15550001"))
        account = hooked(receiver.url, inbound=inbound, **fields)
        async with GatewayRig(folder, account, more=(mail(), chat()), **LOCAL) as rig:
            yield rig, receiver


def bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(request.body) for request in receiver.requests]


def signed(request: Request, secret: bytes = SECRET) -> bool:
    return request.headers["x-textdigo-signature"] == f"sha256={hmac.new(secret, request.body, 'sha256').hexdigest()}"


async def test_a_report_for_sent_and_one_for_the_end(tmp_path: Path) -> None:
    """TD-48, TD-49, TD-51: exactly these fields, signed, in order."""
    async with told(tmp_path) as (rig, receiver):
        id = (await Client(rig).post("/sms/message", **SMS))["msgId"]
        await rig.deliver()
        await receiver.has(2)
        wanted = {
            "msgId": id,
            "from": "ACME",
            "status": "SENT",
            "partCount": 1,
            "amount": 0.02,
            "operator": "mtn",
            "externalId": "order-1",
            "currency": "XAF",
            "subject": "dlr",
            "type": "sms",
        }
        first, second = receiver.requests
        assert json.loads(first.body) == wanted
        assert json.loads(second.body) == wanted | {"status": "DELIVERED"}
        for request in (first, second):
            assert signed(request)
            assert (request.method, request.path) == ("POST", "/hook?key=hidden")
            assert request.headers["content-type"] == "application/json"


async def test_other_ends_and_channels(tmp_path: Path) -> None:
    """TD-49, section 7.1: FAILED without SENT where no operator took it; externalId null where there is none."""
    async with told(tmp_path) as (rig, receiver):
        acme = Client(rig)
        await acme.post("/sms/message", phoneNumber=TO, message="Hello")
        await rig.refuse()
        await receiver.has(1)
        (report,) = bodies(receiver)
        assert (report["status"], report["externalId"]) == ("FAILED", None)
        await acme.post("/email/message", email="a@b.example", subject="Hi", textMessage="Hello")
        operator = rig.engine_rig.operators["mail"]
        (submission,) = await rig.engine_rig.written("mail")
        operator.receipt("a@b.example", operator.accept(submission), ReceiptState.UNDELIVERED)
        await receiver.has(3)
        assert [(one["type"], one["status"]) for one in bodies(receiver)[1:]] == [
            ("email", "SENT"),
            ("email", "UNDELIVERED"),
        ]


@pytest.mark.parametrize("restart", [False, True])
async def test_refused_late_and_sent_again(tmp_path: Path, restart: bool) -> None:
    """TD-51: SENT is told once, though the operator that seemed to have it refused it and another took it."""
    first = operator("first", "0.001", on_unanswered="hold")
    async with receiving() as receiver:
        account = hooked(receiver.url)
        async with GatewayRig(tmp_path, account, more=(first,), **LOCAL) as rig:
            id = (await Client(rig).post("/sms/message", **SMS))["msgId"]
            (submission,) = await rig.engine_rig.written("first")
            rig.engine_rig.operators["first"].answer(submission, Outcome(OutcomeKind.UNKNOWN))
            await receiver.has(1)
            sink = rig.engine_rig.operators["first"].sink
            sink.answered_late(submission, Outcome(OutcomeKind.REJECTED, status=0x0A, fault=Fault.OPERATOR))
            await rig.engine_rig.settle()
            if not restart:
                await rig.deliver()
                await receiver.has(2)
        if restart:
            async with GatewayRig(tmp_path, account, more=(first,), **LOCAL) as rig:
                await rig.deliver()
                await receiver.has(2)
        wanted = [(id, "SENT", "first"), (id, "DELIVERED", "mtn")]
        assert [(one["msgId"], one["status"], one["operator"]) for one in bodies(receiver)] == wanted


async def test_messages_of_other_ways_in_are_not_reported(tmp_path: Path) -> None:
    """TD-49: reports are for what came by this API."""
    async with told(tmp_path) as (rig, receiver):
        await rig.engine_rig.submit(text="by the internal API")
        id = (await Client(rig).post("/sms/message", **SMS))["msgId"]
        await rig.deliver(2)
        await receiver.has(2)
        assert {one["msgId"] for one in bodies(receiver)} == {id}


async def test_what_handsets_write(tmp_path: Path) -> None:
    """TD-50: the line is a channel of TD-31; a chat is one line and one number."""
    async with told(tmp_path) as (rig, receiver):
        engine = rig.engine_rig.engine
        at = rig.engine_rig.clock.ms
        media = Media(url="https://cdn.example/a.png", type="image/png")
        for number, one in enumerate(
            (
                Inbound("mtn", TO, "8080", at, b"Hello", "gsm7"),
                Inbound("mtn", TO, "8080", at, b"again", "gsm7"),
                Inbound("mtn", "+237670000002", "8080", at, b"me", "gsm7"),
                Inbound("chat", TO, "15550001", at, b"", "gsm7", media=media),
            ),
            1,
        ):
            engine.inbound(one.operator, one, number)
            await receiver.has(number)
        first, second, third, fourth = bodies(receiver)
        assert all(map(signed, receiver.requests))
        assert first == {
            "event": "inbound-message",
            "type": "sms",
            "lineId": "line-1",
            "phoneNumber": TO,
            "chatId": first["chatId"],
            "message": "Hello",
            "medias": [],
        }
        assert second["chatId"] == first["chatId"]
        assert len({one["chatId"] for one in (first, third, fourth)}) == 3
        assert (fourth["type"], fourth["lineId"]) == ("whatsapp", "1555")
        assert fourth["medias"] == [{"url": "https://cdn.example/a.png", "mimeType": "image/png"}]
        kept, total = await rig.book.inbound.page("acme", 0, 2)
        assert ([(one.channel, one.text) for one in kept], total) == ([("whatsapp", ""), ("sms", "me")], 4)
        assert await rig.book.inbound.find("acme", kept[1].no) == kept[1]
        assert await rig.book.inbound.find("other", kept[1].no) is None


@pytest.mark.parametrize("bad", [DOWN, answer(404), answer(302, b"", "Location: http://127.0.0.1:1/"), None, b"junk"])
async def test_what_was_not_acknowledged_is_told_again(tmp_path: Path, bad: bytes | None) -> None:
    """TD-51: success is any 2xx; redirects are not followed; reports of a message stay in order."""
    async with told(tmp_path, bad, bad, answer(204)) as (rig, receiver):
        await Client(rig).post("/sms/message", **SMS)
        await rig.deliver()
        await receiver.has(4)
        assert [one["status"] for one in bodies(receiver)] == ["SENT", "SENT", "SENT", "DELIVERED"]
        assert len({request.body for request in receiver.requests[:3]}) == 1


async def test_one_that_the_receiver_refuses_keeps_nothing_else_back(tmp_path: Path) -> None:
    """TD-51: a message whose reports get a 4xx for ever, between others."""
    async with told(tmp_path) as (rig, receiver):
        acme = Client(rig)
        poison = (await acme.post("/sms/message", **SMS | {"externalId": "poison"}))["msgId"]
        receiver.refuses = lambda request: b"poison" in request.body
        others = [(await acme.post("/sms/message", **SMS))["msgId"] for _ in range(20)]
        done = 0
        while done < 21:
            done += len(await rig.engine_rig.written("mtn"))
            await rig.deliver()
        await receiver.until(lambda: set(delivered(receiver)) == set(others))
        assert {one["status"] for one in bodies(receiver) if one["msgId"] == poison} == {"SENT"}
        receiver.refuses = lambda request: False
        await receiver.until(lambda: poison in delivered(receiver))


def delivered(receiver: Receiver) -> list[str]:
    """The messages of which the receiver has acknowledged that they were delivered."""
    told = [json.loads(request.body) for request in receiver.acknowledged]
    return [one["msgId"] for one in told if one["status"] == "DELIVERED"]


async def test_a_dead_address_holds_up_nobody_else(tmp_path: Path) -> None:
    """TD-51: neither another channel of the account nor another account."""
    async with receiving() as alive:
        dead = {"webhooks": {"sms": "http://127.0.0.1:9/", "email": alive.url}}
        accounts = (hooked(alive.url, settings=dead), hooked(alive.url, "other", login="other", key="other"))
        async with GatewayRig(tmp_path, *accounts, more=(mail(),), **LOCAL) as rig:
            await Client(rig).post("/sms/message", **SMS)
            await rig.deliver()
            await Client(rig).post("/email/message", email="a@b.example", subject="Hi", textMessage="Hello")
            operator = rig.engine_rig.operators["mail"]
            operator.accept((await rig.engine_rig.written("mail"))[0])
            await alive.has(1)
            await Client(rig, encode_basic_auth("other", "other")).post("/sms/message", **SMS)
            await rig.deliver()
            await alive.has(3)
            assert sorted((one["type"], one["status"]) for one in bodies(alive)) == [
                ("email", "SENT"),
                ("sms", "DELIVERED"),
                ("sms", "SENT"),
            ]
            assert len(await rig.book.notices.waiting("acme", "sms", 0, 10)) == 2


async def test_after_a_day_it_is_given_up(tmp_path: Path) -> None:
    """TD-51: 24 hours, then the webhook goes on with what is new."""
    async with told(tmp_path) as (rig, receiver):
        receiver.refuses = lambda request: True
        await Client(rig).post("/sms/message", **SMS)
        await rig.deliver()
        await receiver.has(3)
        assert len(await rig.book.notices.waiting("acme", "sms", 0, 10)) == 2
        rig.engine_rig.clock.move(24 * 3600)
        await until_empty(rig)
        receiver.refuses = lambda request: False
        fresh = (await Client(rig).post("/sms/message", **SMS))["msgId"]
        await rig.deliver()
        await receiver.until(lambda: delivered(receiver))
        assert delivered(receiver) == [fresh]


async def until_empty(rig: GatewayRig) -> None:
    while await rig.book.notices.waiting("acme", "sms", 0, 10):
        pass


async def test_a_restart_loses_nothing_and_tells_nothing_old(tmp_path: Path) -> None:
    """TD-51: at least once, and an account that gets a webhook is not told what was before."""
    async with receiving() as receiver:
        plain, hook = digo(), hooked(receiver.url)
        async with GatewayRig(tmp_path, plain, **LOCAL) as rig:
            await Client(rig).post("/sms/message", **SMS)
            await rig.deliver()
        async with GatewayRig(tmp_path, hook, **LOCAL) as rig:
            receiver.refuses = lambda request: True
            second = (await Client(rig).post("/sms/message", **SMS))["msgId"]
            await rig.deliver()
            await receiver.has(1)
            await rig.engine_rig.until(lambda: rig.engine_rig.store.healthy)
        receiver.refuses = lambda request: False
        async with GatewayRig(tmp_path, hook, **LOCAL) as rig:
            await receiver.until(lambda: delivered(receiver))
        assert {one["msgId"] for one in bodies(receiver)} == {second}


async def test_private_addresses_are_not_reached(tmp_path: Path) -> None:
    """TD-51: only where `webhooks.allow` says so."""
    async with receiving() as receiver, GatewayRig(tmp_path, hooked(receiver.url)) as rig:
        await Client(rig).post("/sms/message", **SMS)
        await rig.deliver()
        while len(await rig.book.notices.waiting("acme", "sms", 0, 10)) < 2:
            pass
        assert receiver.connections == 0


async def test_many_reports_are_in_order_for_each_message(tmp_path: Path) -> None:
    """TD-51: hundreds at once, over several connections."""
    async with told(tmp_path) as (rig, receiver):
        numbers = [f"+2376700{number:05}" for number in range(300)]
        sent = await Client(rig).post("/api-campaign/send-sms", message="Hi", contacts=numbers)
        for _ in range(30):
            await rig.deliver(10)
        await receiver.has(600)
        of: dict[str, list[str]] = {}
        for one in bodies(receiver):
            of.setdefault(one["msgId"], []).append(one["status"])
        assert of == {one["msgId"]: ["SENT", "DELIVERED"] for one in sent["messages"]}
        assert 1 < receiver.connections <= 8


async def test_signed_with_the_key_where_there_is_no_secret(tmp_path: Path) -> None:
    """TD-48: every call is signed."""
    async with receiving() as receiver:
        account = digo(settings={"webhooks": {"sms": receiver.url}})
        async with GatewayRig(tmp_path, account, **LOCAL) as rig:
            await Client(rig).post("/sms/message", **SMS)
            await rig.deliver()
            await receiver.has(2)
            assert all(signed(request, b"key-of-acme") for request in receiver.requests)


async def test_a_subscribe_word(tmp_path: Path) -> None:
    """A handset that writes a list's word comes into the list; twice is once."""
    async with GatewayRig(tmp_path, digo(inbound=(InboundRule("8080"),))) as rig:
        made = await rig.directory.make_list("acme", "News", word="JOIN")
        for text in (b"join", b"JOIN", b"other"):
            one = Inbound("mtn", TO, "8080", rig.engine_rig.clock.ms, text, "gsm7")
            rig.engine_rig.engine.inbound("mtn", one, text)
        while (await rig.book.inbound.page("acme", 0, 1))[1] < 3:
            pass
        assert await rig.book.groups.counts([made.no]) == {made.no: 1}
