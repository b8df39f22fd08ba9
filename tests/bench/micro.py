"""What single steps cost: decisions, PDUs, receipts, a batch of the store. `make bench-micro`, never `make test`."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.message_pdu import SubmitForm
from adapters.smpp.pdu import MessageResp, Pdu
from adapters.smpp.receipts import read_receipt
from adapters.store import open_store
from router.account import Account
from router.delivery.correlate import written_keys
from router.delivery.lanes import OperatorQueue
from router.delivery.pacing import Pacer
from router.delivery.receipts import apply_receipt
from router.delivery.settle import settle
from router.engine.choosing import Chooser
from router.engine.desk import Desk
from router.engine.ids import Ids
from router.engine.running import Running
from router.engine.sharing import Sharing
from router.message import Attempt, EncodingWish, Message, Part
from router.operator import Operator, Rate, ReceiptRules, TextRules
from router.outcome import Outcome, OutcomeKind
from router.receipt import Receipt, ReceiptState
from router.routing.msisdn import normalise
from router.routing.plan import RoutePlan
from router.routing.quality import Statistics
from router.routing.route import RouteQuery, decide
from router.routing.terms import Ranker
from router.settings import Choice, Match, Plan, Rule, Settings
from router.text.segment import segment
from tests.bench.store import committed, new_message, whole_lives
from tests.routing.values import remembered
from tests.smpp.peer import receipt_pdu
from tests.smpp.values import operator as smpp_operator
from tests.smpp.values import submission

NOW = 1_767_225_600_000
NUMBER = "+237670000001"
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "1A2B3C4D", 0)
RECEIPT = Receipt("op0", ("1A2B3C4D",), ReceiptState.DELIVERED, NUMBER[1:], NOW)
GSM7 = "Your code is 493027. It is valid for ten minutes; do not pass it on to anyone, please. ACME"


def operator(index: int) -> Operator:
    rates = tuple(
        Rate(prefix, Decimal(f"0.0{index + 1}"), "XAF")
        for prefix in ("", "2", "237", "2376", "23767", "254", "33", "336")
    )
    return Operator(name=f"op{index}", channel="sms", protocol="smpp", link=None, currency="XAF", rates=rates)


def built(order: str = "cost") -> RoutePlan:
    operators = [operator(index) for index in range(5)]
    choices = tuple(Choice(one.name) for one in operators)
    return RoutePlan(
        Settings(
            store="",
            operators={one.name: one for one in operators},
            accounts={"acme": Account(name="acme", token=None, currency="XAF")},
            plans={"default": Plan("default", order, choices)},  # type: ignore[arg-type]
            rules=(Rule(1, Match("254"), sender="20880"), Rule(2, Match("23769", "otp"), operators=("op1",))),
            base_currency="XAF",
            currencies={"XAF": Decimal(1)},
        ),
        1,
    )


class Wall:
    """The Clock as it is, in the year of the plan."""

    def now(self) -> int:
        return NOW + time.monotonic_ns() // 1_000_000 % 60_000

    def monotonic(self) -> float:
        return time.monotonic()


def decisions() -> dict[str, Callable[[], object]]:
    plan = built()
    account = plan.accounts["acme"]
    ranker = Ranker(plan)
    query = RouteQuery(NUMBER, NOW)
    mtn, queue, pacer, ids = plan.operators["op0"], OperatorQueue(), Pacer(1000.0), Ids()
    line, rules, text_rules, clock = queue.line(1, "acme"), ReceiptRules(), TextRules(), count(NOW)
    waiting = Message(id="m", account="acme", to=NUMBER, created_at=NOW)

    def choosing(built_plan: RoutePlan) -> Callable[[], object]:
        desks = {name: Desk(one, None) for name, one in built_plan.operators.items()}
        statistics = Statistics()
        for number in range(900):
            for name in desks:
                statistics.accepted(name, "+237", "acme", NOW - number * 1000)
                statistics.ended(name, "+237", ReceiptState.DELIVERED, NOW - number * 1000, NOW)
        chooser = Chooser(Running(built_plan), desks, Sharing(desks, statistics, Wall()))
        message = Message(id="m", account="acme", to=NUMBER, created_at=NOW, text="x")
        return lambda: chooser.choose(message, chooser.rank(message, NOW), NOW)

    def life() -> None:
        attempt = Attempt("op0", NOW)
        part = Part(1, attempts=[attempt])
        message = Message(id="m", account="acme", to=NUMBER, created_at=NOW, parts=[part])
        settle(message, part, attempt, ACCEPTED, mtn, NOW, 0.5)
        apply_receipt(message, part, attempt, RECEIPT)

    def through() -> None:
        queue.push(line, waiting)
        queue.pop()

    def paced() -> None:
        now = next(clock) / 1000
        pacer.delay(now)
        pacer.take(now)

    return {
        "Ranker.rank, remembered": lambda: remembered(ranker, query, account.name),
        "rank + choose, by cost": choosing(plan),
        "rank + choose, weighted": choosing(built("weighted")),
        "rank + choose, by quality": choosing(built("quality")),
        "decide": lambda: decide(plan, account, query, lambda _: None, "MTN"),
        "message + settle + apply_receipt": life,
        "lanes: push + pop": through,
        "pacer: delay + take": paced,
        "written_keys": lambda: written_keys(RECEIPT, rules),
        "segment, 1 of GSM-7": lambda: segment(GSM7, EncodingWish.AUTO, text_rules),
        "segment, 3 of GSM-7": lambda: segment("x" * 400, EncodingWish.AUTO, text_rules),
        "segment, 2 of UCS-2": lambda: segment("Привет! " * 12, EncodingWish.AUTO, text_rules),
        "normalise, possible": lambda: normalise(NUMBER, "possible"),
        "normalise, valid": lambda: normalise(NUMBER, "valid"),
        "Ids.next": lambda: ids.next(NOW + 1),
    }


DECISIONS = decisions()
BATCH = 100
"""PDUs that come in one read."""


@pytest.mark.parametrize("name", DECISIONS)
def test_decision(name: str, benchmark: Any) -> None:
    benchmark(DECISIONS[name])


def pdus() -> dict[str, list[Pdu]]:
    form = SubmitForm(smpp_operator())
    return {
        "submit_sm": [form.fill(submission(f"+23767{place:07}", GSM7.encode()), 0) for place in range(BATCH)],
        "submit_sm_resp": [MessageResp(c.SUBMIT_SM_RESP, 0, f"{place:010}") for place in range(BATCH)],
        "deliver_sm": [receipt_pdu(f"{place:010}") for place in range(BATCH)],
        "deliver_sm_resp": [MessageResp(c.DELIVER_SM_RESP) for _ in range(BATCH)],
    }


@pytest.mark.parametrize("name", pdus())
def test_encode_a_hundred(name: str, benchmark: Any) -> None:
    batch = pdus()[name]
    octets = benchmark(lambda: b"".join([encode(pdu, place) for place, pdu in enumerate(batch, 1)]))
    assert len(Decoder().feed(octets)) == BATCH


@pytest.mark.parametrize("name", pdus())
def test_decode_a_hundred(name: str, benchmark: Any) -> None:
    octets = b"".join([encode(pdu, place) for place, pdu in enumerate(pdus()[name], 1)])
    assert len(benchmark(lambda: Decoder().feed(octets))) == BATCH


def test_read_a_receipt(benchmark: Any) -> None:
    pdu = receipt_pdu("1A2B3C4D")
    receipt = benchmark(lambda: read_receipt(pdu, "op0", NOW))
    assert receipt.state is ReceiptState.DELIVERED


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs what is made of an open store, on the disk that temporary folders are on."""
    with asyncio.Runner() as runner:
        store = open_store(f"sqlite:///{tmp_path}/router.db", structlog.get_logger(), lambda seconds, size: None)
        runner.run(store.open())
        yield lambda work: runner.run(work(store))
        runner.run(store.close())


def test_store_accepts_a_hundred(run: Any, benchmark: Any) -> None:
    """One group commit with its fsync."""
    numbers = count(1)

    async def accept(store: Any) -> None:
        store.accept([new_message(next(numbers), NOW, True) for _ in range(BATCH)], None, lambda error: None)
        await committed(store)

    benchmark(lambda: run(accept))


def test_store_whole_lives_of_a_hundred(run: Any, benchmark: Any) -> None:
    """Accepted, submitted, delivered and told: four commits."""
    firsts = count(1, BATCH)
    live = lambda: run(lambda store: whole_lives(store, BATCH, BATCH, NOW, next(firsts)))  # noqa: E731
    benchmark.pedantic(live, rounds=50, warmup_rounds=2)
