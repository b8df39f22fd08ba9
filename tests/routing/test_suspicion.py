"""Receipts that are too good to be true, and those that are only good."""

import random

import pytest

from router.receipt import ReceiptState
from router.routing.quality import Statistics
from router.routing.suspicion import suspicions

NOW = 1_767_225_600_000
NATURAL = [2.0 + (number * 7919 % 1000) / 100 for number in range(300)]

CASES: list[tuple[str, list[float], int, list[str]]] = [
    ("natural", NATURAL, 9, []),
    ("nothing", [], 0, []),
    ("natural, none failed, too few to say", NATURAL[:199], 0, []),
    ("none of 200 failed", NATURAL[:200], 0, ["all_delivered"]),
    ("one of 200 failed", NATURAL[:200], 1, []),
    ("fast", [0.05 + number % 40 / 100 for number in range(60)], 1, ["too_fast"]),
    ("half of them fast", [0.2 + number / 500 for number in range(25)] + NATURAL[:25], 1, []),
    ("fast, too few", [0.1 + number / 1000 for number in range(48)], 1, []),
    ("all at five seconds", [5.0 + number % 10 / 100 for number in range(60)], 1, ["constant_delay"]),
    ("nearly all", [5.0] * 97 + [8.0, 60.0, 1.0], 1, ["constant_delay"]),
    ("most", [5.0] * 80 + NATURAL[:20], 1, []),
    ("everything", [0.3] * 250, 0, ["too_fast", "constant_delay", "all_delivered"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "delays", "failed", "found"), CASES, ids=[case[0] for case in CASES])
def test_what_is_odd(name: str, delays: list[float], failed: int, found: list[str]) -> None:
    statistics = Statistics()
    ends = list(enumerate(delays))
    random.Random(7).shuffle(ends)
    for number, seconds in ends:
        at = NOW + number * 100
        statistics.accepted("op", "624-01", "acme", at)
        state = ReceiptState.UNDELIVERED if number < failed else ReceiptState.DELIVERED
        statistics.ended("op", "624-01", state, at, at + round(seconds * 1000))
    now = NOW + 60_000
    assert suspicions(statistics.sums("op", "624-01", now), statistics.delays("op", "624-01", now)) == found
