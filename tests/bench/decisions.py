"""What one decision costs, in microseconds of one core.

python -m tests.bench.decisions [--seconds 0.3]
"""

import argparse
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count

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
from router.routing.route import Ranker, RouteQuery, decide
from router.settings import Choice, Match, Plan, Rule, Settings
from router.text.segment import segment

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
        "Ranker.rank, remembered": lambda: ranker.rank(account, query),
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


def cost(call: Callable[[], object], seconds: float) -> float:
    """Microseconds per call: the best of five rounds, which others on the machine disturbed least."""
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < seconds / 6:
        call()
        calls += 1
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, time.perf_counter() - began)
    return best / calls * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each decision")
    seconds = parser.parse_args().seconds
    for name, call in decisions().items():
        print(f"{name:34} {cost(call, seconds):7.2f} µs")


if __name__ == "__main__":
    sys.exit(main())
