"""What is kept of events for webhooks, and how long; and what a receiver that is down is spared."""

import json
from dataclasses import replace
from pathlib import Path

from adapters.gateways.events.teller import Patience
from router.account import Account
from router.gateway.records import InboundMessage, Notice
from router.settings import Settings
from tests.gateways.rig import GatewayRig
from tests.gateways.test_textdigo_webhooks import DOWN, LOCAL, SMS, hooked
from tests.gateways.textdigo import Client, digo
from tests.webhook.receiver import receiving

DAY = 24 * 3600 * 1000


def heard(rig: GatewayRig, event: str, at: int) -> InboundMessage:
    return InboundMessage(rig.book.next_no(), "acme", at, event, "sms", "8080", "+237670000001", "Hello")


def notice(about: str, at: int = 0) -> Notice:
    return Notice("acme", "sms", about, at, b"{}")


async def test_what_is_followed_twice_is_kept_once(tmp_path: Path) -> None:
    """TD-51: the cursor is on disk with what was kept, so a stop between two reads repeats nothing."""
    async with GatewayRig(tmp_path) as rig:
        notices, now = rig.book.notices, rig.engine_rig.clock.ms
        await notices.follow("gateways:acme", 5, [heard(rig, "a", now)], [notice("x"), notice("y")])
        await notices.follow("gateways:acme", 5, [heard(rig, "b", now)], [notice("z")])
        await notices.follow("gateways:acme", 6, [heard(rig, "a", now)], [])
        assert [one.about for one in await notices.waiting("acme", "sms", 0, 10)] == ["x", "y"]
        assert [one.event for one in (await rig.book.inbound.page("acme", 0, 10))[0]] == ["a"]
        first, second = await notices.waiting("acme", "sms", 0, 10)
        await notices.done([second.no])
        await notices.follow("gateways:acme", 7, [], [notice("later")])
        # A number is never used again: who has seen the last goes on behind it.
        (later,) = await notices.waiting("acme", "sms", second.no, 10)
        assert (first.about, later.about) == ("x", "later")
        assert await notices.waiting("acme", "email", 0, 10) == []


async def test_retention(tmp_path: Path) -> None:
    """Notices go after a day, what handsets wrote with the texts; numbers are not used again."""
    async with GatewayRig(tmp_path) as rig:
        store, now = rig.engine_rig.store, rig.engine_rig.clock.ms
        inbound = [heard(rig, "old", now - 8 * DAY), heard(rig, "new", now)]
        await rig.book.notices.follow("gateways:acme", 1, inbound, [notice("old", now - 2 * DAY), notice("new", now)])
        while await store.purge(now - 30 * DAY, now - 7 * DAY, now - 7 * DAY, now - DAY):
            pass
        assert [one.about for one in await rig.book.notices.waiting("acme", "sms", 0, 10)] == ["new"]
        assert [one.event for one in (await rig.book.inbound.page("acme", 0, 10))[0]] == ["new"]
        while await store.purge(now + DAY, now + DAY, now + DAY, now + DAY):
            pass
        assert (await rig.book.inbound.page("acme", 0, 10))[1] == 0
        last = rig.book.next_no()
    async with GatewayRig(tmp_path) as rig:
        assert rig.book.next_no() >= last


async def test_a_receiver_that_is_down_is_left_alone(tmp_path: Path) -> None:
    """TD-51: while it rests nothing is sent to it, however much there is to tell; what is a day old is given up."""
    async with receiving(*(DOWN for _ in range(1000))) as receiver:
        rig = GatewayRig(tmp_path, hooked(receiver.url), **LOCAL)
        rig.patience = Patience(initial=3600.0, largest=3600.0)
        async with rig:
            acme = Client(rig)
            await acme.post("/sms/message", **SMS)
            await rig.deliver()
            await receiver.has(1)
            for _ in range(5):
                numbers = [f"+2376700{number:05}" for number in range(10)]
                await acme.post("/api-campaign/send-sms", message="Hi", contacts=numbers)
                await rig.deliver(10)
            while len(await rig.book.notices.waiting("acme", "sms", 0, 200)) < 102:
                pass
            # What was under way together when it failed for the first time, and no more.
            assert len(receiver.requests) <= 8
            rig.engine_rig.clock.move(25 * 3600)
            await acme.post("/sms/message", **SMS)
            await rig.deliver()
            while len(await rig.book.notices.waiting("acme", "sms", 0, 200)) > 8 + 2:
                pass
            assert len(receiver.requests) <= 8


async def test_ten_refusals_in_a_row_are_the_receivers(tmp_path: Path) -> None:
    """TD-51: a webhook that answers 404 to everything is not asked about each message at once."""
    async with receiving() as receiver:
        receiver.refuses = lambda request: True
        rig = GatewayRig(tmp_path, hooked(receiver.url), **LOCAL)
        rig.patience = Patience(initial=3600.0, largest=3600.0)
        async with rig:
            numbers = [f"+2376700{number:05}" for number in range(100)]
            await Client(rig).post("/api-campaign/send-sms", message="Hi", contacts=numbers)
            for _ in range(10):
                await rig.deliver(10)
            while len(await rig.book.notices.waiting("acme", "sms", 0, 300)) < 200:
                pass
            await receiver.has(10)
            assert len(receiver.requests) < 40


async def test_an_account_that_leaves_and_comes_back(tmp_path: Path) -> None:
    """Only the accounts of the plan are followed, with the addresses of the plan."""
    async with receiving() as first, receiving() as second, GatewayRig(tmp_path, hooked(first.url), **LOCAL) as rig:
        acme, config = Client(rig), rig.engine_rig.config

        def plan(*accounts: Account) -> Settings:
            return replace(config, accounts={one.name: one for one in accounts})

        await acme.post("/sms/message", **SMS)
        await rig.deliver()
        await first.has(2)
        rig.followers.configure(plan(hooked(second.url)))
        await acme.post("/sms/message", **SMS)
        await rig.deliver()
        await second.has(2)
        rig.followers.configure(plan(digo()))
        rig.followers.configure(plan())
        rig.followers.configure(plan(hooked(second.url)))
        await acme.post("/sms/message", **SMS)
        await rig.deliver()
        await second.has(4)
        assert len(first.requests) == 2
        assert [json.loads(one.body)["status"] for one in second.requests] == ["SENT", "DELIVERED"] * 2
