"""What is odd about receipts is found whatever the number of networks, and asking for it costs little."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.delivery.correlate import Match
from router.engine import observing
from router.engine.observing import Observer
from router.message import Attempt, Message, Network, Part
from router.money import Money
from router.receipt import Receipt, ReceiptState
from router.routing.quality import Statistics, Sums
from tests.engine.rig import Counts, ManualClock

COST = Money(Decimal("0.07"), "XAF")


class Counting(Statistics):
    """Counts what is worked out, by operator and network."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[tuple[str, str]] = Counter()

    def sums(self, operator: str, destination: str, now: int) -> Sums:
        self.asked[operator, destination] += 1
        return super().sums(operator, destination, now)


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.statistics = Counting()
        self.metrics = Counts()
        self.observer = Observer(self.statistics, self.metrics, self.clock)

    def receipts(self, operator: str, mnc: str, count: int, seconds: float, failed: int = 0) -> None:
        message = Message(id="m", account="acme", to="+237670000001", created_at=0, network=Network("624", mnc))
        attempt = Attempt(operator, self.clock.ms, answered_at=self.clock.ms)
        match = Match(message, Part(1, attempts=[attempt]), attempt)
        self.observer.accepted(operator, [match] * count, True, self.clock.ms)
        applied = []
        for number in range(count):
            state = ReceiptState.UNDELIVERED if number < failed else ReceiptState.DELIVERED
            delay = round(seconds * 1000 * (1 + number % 10))
            applied.append((match, Receipt(operator, ("1",), state, "1", self.clock.ms + delay)))
        self.observer.receipts(operator, "matched", applied)

    def odd(self, operator: str = "a") -> list[tuple[str, str]]:
        return [(network, check) for network, check in self.observer.suspicions(operator)]


def test_flags_come_and_go() -> None:
    world = World()
    world.receipts("a", "01", 60, 0.02, failed=1)
    world.receipts("b", "01", 60, 2.0, failed=1)
    assert (world.odd("a"), world.odd("b"), world.odd("c")) == ([("624-01", "too_fast")], [], [])
    world.clock.move(61)
    world.receipts("a", "01", 100, 2.0)
    assert world.odd() == []
    world.clock.move(61)
    world.receipts("a", "02", 200, 2.0)
    assert world.odd() == [("624-02", "all_delivered")]
    world.clock.move(14 * 60)
    assert world.odd() == [("624-02", "all_delivered")]
    world.clock.move(2 * 60)
    assert world.odd() == [], "what is a quarter of an hour old is forgotten"
    assert world.observer._unlooked == {}


def test_nothing_new_is_not_looked_at_again() -> None:
    world = World()
    world.receipts("a", "01", 60, 2.0, failed=1)
    for _ in range(100):
        world.odd("a")
        world.odd("b")
        world.clock.move(5)
    assert world.statistics.asked == {("a", "624-01"): 1}


def test_who_asks_all_the_time_gets_the_answer_of_the_last_second() -> None:
    world = World()
    world.receipts("a", "01", 60, 0.02, failed=1)
    for _ in range(100):
        assert world.odd() == [("624-01", "too_fast")]
    assert world.statistics.asked.total() == 1
    world.clock.move(-5)
    assert world.odd() == [("624-01", "too_fast")], "a clock that is set back is no reason to look no more"
    assert world.statistics.asked.total() == 2


def test_of_many_networks_some_are_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "_LOOKS", 10)
    world = World()
    for number in range(35):
        world.receipts("a", f"{number:02}", 60, 0.02 if number % 2 else 2.0, failed=1)
    flagged, looks = [], 0
    while len(flagged) < 17:
        flagged = world.odd()
        looks += 1
        assert world.statistics.asked.total() <= 10 * looks
        world.clock.move(1)
    assert looks <= 4
    # All those that are odd are looked at in turn, none is left out.
    world.statistics.asked.clear()
    for _ in range(4):
        world.clock.move(1)
        assert world.odd() == flagged
    assert len(world.statistics.asked) == 17


def test_what_waits_to_be_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "_MOST", 5)
    world = World()
    for number in range(50):
        world.receipts("a", f"{number:02}", 60, 0.02, failed=1)
    assert len(world.observer._unlooked) == 5
    assert len(world.odd()) == 5
    assert len(world.observer._unlooked) == 5


Seen = tuple[str, str, ReceiptState, int, bool]
answers = st.lists(
    st.tuples(
        st.sampled_from(["01", "02"]),
        st.sampled_from(["acme", "other"]),
        st.sampled_from([ReceiptState.DELIVERED, ReceiptState.EXPIRED, ReceiptState.UNKNOWN, ReceiptState.ENROUTE]),
        st.integers(0, 90_000),
        st.booleans(),
    ),
    min_size=1,
)


def observe(seen: list[Seen], whole: bool, together: bool) -> World:
    """One part and one receipt each (network, account, what it says, after how many ms, whether its answer came)."""
    world = World()
    # Of this account conversions are to be hoped for.
    world.statistics.converted("a", "624-01", "acme", 0, world.clock.ms)
    accepted, applied = [], []
    for mnc, account, state, delay, answered in seen:
        attempt = Attempt("a", world.clock.ms, answered_at=world.clock.ms if answered else None)
        part = Part(1, attempts=[attempt])
        message = Message("m", account, "+237670000001", 0, network=Network("624", mnc), cost=COST, parts=[part] * 2)
        accepted.append(Match(message, part, attempt))
        applied.append((accepted[-1], Receipt("a", ("1",), state, "1", world.clock.ms + delay)))
    step = len(seen) if together else 1
    for first in range(0, len(seen), step):
        world.observer.accepted("a", accepted[first : first + step], whole, world.clock.ms)
        world.observer.receipts("a", "matched", applied[first : first + step], duplicates=step)
    world.clock.move(300)
    return world


@given(answers, st.booleans())
def test_many_at_once_count_as_much_as_one_by_one(seen: list[Seen], whole: bool) -> None:
    together, singly = observe(seen, whole, True), observe(seen, whole, False)
    assert together.metrics.counted == singly.metrics.counted
    assert together.metrics.spending["a", "XAF"] == pytest.approx(singly.metrics.spending["a", "XAF"])
    assert together.metrics.spending["a", "XAF"] == pytest.approx(len(seen) * 0.035)
    now = together.clock.ms
    for network in ("624-01", "624-02"):
        assert together.statistics.sums("a", network, now) == singly.statistics.sums("a", network, now)
        assert together.statistics.delays("a", network, now) == singly.statistics.delays("a", network, now)
    assert together.observer._unlooked == singly.observer._unlooked
