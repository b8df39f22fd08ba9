"""A wallet under everything at once: nothing is overdrawn, and what is on disk is right whenever one looks."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import apsw
import msgspec
import pytest
from aiohttp import ClientError

from router.account import ChargeRule
from router.delivery.charging import is_kept
from router.message import Message
from router.money import NANO
from tests.scenarios.world import ACCOUNT, ADMINISTRATOR, TEXT, World, body_of, until

pytestmark = pytest.mark.process

PRICES = '    prices: [{prefix: "", price: "1"}]\n'
LONG = "x" * 200
# Delivered; undelivered; rejected after it was taken; refused at once.
decode = msgspec.json.Decoder(Message).decode
ENDINGS = ("000", "901", "903", "911")


async def credit(world: World, amount: str) -> str:
    """The balance afterwards."""
    call = world.client.post("/v1/accounts/acme/credit", json={"amount": amount}, headers=ADMINISTRATOR)
    async with call as answer:
        return str((await body_of(answer, 200))["balance"]["amount"])


async def wallet(world: World) -> tuple[str, list[dict[str, Any]]]:
    """The balance, and all entries, newest first, page by page."""
    found: list[dict[str, Any]] = []
    query = "limit=100"
    while True:
        async with world.client.get(f"/v1/accounts/acme/wallet?{query}", headers=ADMINISTRATOR) as answer:
            page = await body_of(answer, 200)
        found += page["entries"]
        if page["next"] is None:
            return page["balance"]["amount"], found
        query = f"limit=100&before={page['next']}"


def on_disk(world: World) -> tuple[int, list[Message]]:
    """The balance, which has to be the sum of the entries, and the messages that are there."""
    connection = apsw.Connection(str(world.folder / "data" / "router.db"), apsw.SQLITE_OPEN_READONLY)
    try:
        balance, total = connection.execute(
            "SELECT balance, (SELECT sum(amount) FROM entries WHERE account = 'acme') FROM wallets"
        ).get
        assert balance == total
        return balance, [decode(body) for (body,) in connection.execute("SELECT body FROM messages")]
    finally:
        connection.close()


def paid(messages: list[Message]) -> int:
    return sum(one.charged - one.refunded for one in messages)


async def all_ended(world: World) -> bool:
    for state in ("queued", "submitted"):
        async with world.client.get(f"/v1/messages?state={state}&limit=1") as answer:
            if (await body_of(answer, 200))["messages"]:
                return False
    return True


async def test_a_hundred_at_once_of_which_the_wallet_pays_37(world: World) -> None:
    await world.operator()
    world.configure(account=f"{PRICES}    wallet: prepaid\n")
    await world.start()
    await world.bound()
    assert await credit(world, "37") == "37.00"

    async def submit() -> int:
        message = {"to": world.number(), "text": TEXT}
        async with world.client.post("/v1/messages", json=message, headers=ACCOUNT) as answer:
            body = await answer.json(content_type=None)
            assert answer.status == 202 or body["code"] == "insufficient_credit"
            return answer.status

    assert Counter(await asyncio.gather(*(submit() for _ in range(100)))) == {202: 37, 402: 63}
    await until(lambda: all_ended(world))
    balance, entries = await wallet(world)
    assert balance == "0.00"
    assert Counter((one["kind"], one["amount"]["amount"]) for one in entries) == {
        ("credit", "37.00"): 1, ("debit", "-1.00"): 37,
    }  # fmt: skip
    assert len(await world.messages()) == 37
    assert {one["reference"] for one in entries} == {None, *(one["id"] for one in await world.messages())}

    # And in batches, of messages of two parts.
    await credit(world, "37.5")

    async def batch() -> int:
        messages = [{"to": world.number(), "text": LONG} for _ in range(5)]
        async with world.client.post("/v1/batches", json={"messages": messages}) as answer:
            return int((await body_of(answer, 202))["accepted"])

    assert sum(await asyncio.gather(*(batch() for _ in range(10)))) == 18
    assert (await wallet(world))[0] == "1.50"
    assert (await world.metrics()).total("wallet_balance", account="acme") == 1.5
    assert await world.stop() == 0
    left, messages = on_disk(world)
    assert (left, paid(messages)) == (3 * NANO // 2, (37 + 36) * NANO)


@pytest.mark.parametrize("charge", ["submitted", "delivered"])
async def test_killed_again_and_again(world: World, charge: ChargeRule) -> None:
    smsc = await world.operator(receipt_delay=0.05)
    world.configure(account=f"{PRICES}    wallet: prepaid\n    charge: {charge}\n", operator="on_unanswered: resend")
    await world.start()
    told = 500
    await credit(world, "500")
    over = False
    answered: set[str] = set()

    async def submit(place: int) -> None:
        while not over:
            place += 1
            number = f"+237670{place:05d}"[:-3] + ENDINGS[place % len(ENDINGS)]
            try:
                async with world.client.post("/v1/messages", json={"to": number, "text": LONG}) as answer:
                    body = await answer.json(content_type=None)
            except (ClientError, OSError):
                await asyncio.sleep(0.02)
                continue
            if answer.status == 202:
                answered.add(body["id"])
            else:
                assert body["code"] in ("insufficient_credit", "store_unavailable")
                await asyncio.sleep(0.005)

    clients = [asyncio.create_task(submit(1000 * place)) for place in range(8)]
    for submits in (1, 60, 200):
        wanted = smsc.counts.submits + submits
        await until(lambda wanted=wanted: smsc.counts.submits >= wanted, what=lambda: smsc.counts)
        await world.kill()
        left, messages = on_disk(world)
        assert left >= 0
        assert left + paid(messages) == told * NANO
        assert answered <= {one.id for one in messages}
        await world.start()
        await credit(world, "100")
        told += 100
    over = True
    await asyncio.gather(*clients)
    await until(lambda: all_ended(world), 60)
    balance, entries = await wallet(world)
    assert await world.stop() == 0
    left, messages = on_disk(world)
    assert (f"{left / NANO:.2f}", left + paid(messages)) == (balance, told * NANO)
    assert sum(Decimal(one["amount"]["amount"]) for one in entries) == Decimal(balance)
    for one in messages:
        assert one.refunded == (0 if is_kept(charge, one) else one.charged), one
    assert len({one.state for one in messages}) == 3


async def test_a_top_up_with_a_key_is_paid_once_whatever_became_of_its_answer(world: World) -> None:
    await world.operator()
    world.configure(account=f"{PRICES}    wallet: prepaid\n")
    await world.start()

    async def pay(amount: str, status: int = 200, key: str = "top-up 7") -> tuple[Any, bool]:
        headers = {**ADMINISTRATOR, "Idempotency-Key": key}
        call = world.client.post("/v1/accounts/acme/credit", json={"amount": amount}, headers=headers)
        async with call as answer:
            return await body_of(answer, status), answer.headers.get("Idempotency-Replayed") == "true"

    first, replayed = await pay("100")
    assert (first["balance"]["amount"], replayed) == ("100.00", False)
    await world.kill()
    await world.start()
    assert await pay("100") == (first, True)
    refused, _ = await pay("200", 422)
    assert refused["code"] == "idempotency_mismatch"
    refused, _ = await pay("100", 422, key="a\u00e9")
    assert refused["code"] == "invalid_request"
    # The account's own keys are others.
    headers = {"Idempotency-Key": "top-up 7"}
    async with world.client.post("/v1/messages", json={"to": "+237670000001", "text": "a"}, headers=headers) as answer:
        assert answer.status == 202
    balance, entries = await wallet(world)
    assert (balance, [entry["kind"] for entry in entries]) == ("99.00", ["debit", "credit"])
