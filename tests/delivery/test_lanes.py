"""The queue of one operator against a plain model of it."""

import random
from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.delivery.lanes import RANKS, Line, OperatorQueue
from router.message import Message, TrafficClass
from tests.delivery.values import NOW, message

OTP, TRANSACTIONAL, MARKETING = TrafficClass


def numbered(number: int, traffic_class: TrafficClass = TRANSACTIONAL, account: str = "acme") -> Message:
    return message(id=f"m{number}", account=account, traffic_class=traffic_class, created_at=NOW + number)


def push(queue: OperatorQueue, *messages: Message) -> None:
    for one in messages:
        queue.push(queue.line(RANKS[one.traffic_class], one.account), one)


def drained(queue: OperatorQueue) -> list[Message]:
    taken = []
    while (popped := queue.pop()) is not None:
        taken.append(popped[0])
    return taken


def test_an_empty_queue_holds_nothing() -> None:
    queue = OperatorQueue()
    assert len(queue) == 0
    assert queue.pop() is None
    assert queue.oldest() is None
    assert queue.withdraw(queue.line(0, "a"), 0, 10, lambda _: True) == 0
    queue.withdraw_urgent(lambda _: True)
    assert queue.pop() is None


def test_the_urgent_go_first_in_the_order_they_came_back_and_once() -> None:
    queue = OperatorQueue()
    waiting, *back = [numbered(number, OTP) for number in range(4)]
    push(queue, waiting)
    for one in (*back, back[1], back[0]):
        queue.push_urgent(one)
    assert len(queue) == 4
    assert [(one.id, line) for one, line in (queue.pop(), queue.pop(), queue.pop()) if one] == [
        ("m1", None),
        ("m2", None),
        ("m3", None),
    ]
    popped = queue.pop()
    assert popped is not None
    assert popped[0] is waiting
    assert popped[1] is queue.line(RANKS[OTP], "acme")


def test_an_urgent_message_that_comes_back_each_time_lets_the_others_through() -> None:
    queue = OperatorQueue()
    for number in range(3):
        queue.push_urgent(numbered(number))
    seen = set()
    for _ in range(6):
        popped = queue.pop()
        assert popped is not None
        seen.add(popped[0].id)
        queue.push_urgent(popped[0])
    assert seen == {"m0", "m1", "m2"}


@pytest.mark.parametrize(
    ("classes", "shares"),
    [
        ((OTP, TRANSACTIONAL, MARKETING), {OTP: 16, TRANSACTIONAL: 4, MARKETING: 1}),
        ((OTP, TRANSACTIONAL), {OTP: 16, TRANSACTIONAL: 4}),
        ((OTP, MARKETING), {OTP: 16, MARKETING: 1}),
        ((TRANSACTIONAL, MARKETING), {TRANSACTIONAL: 4, MARKETING: 1}),
        ((MARKETING,), {MARKETING: 1}),
    ],
)
def test_shares_are_exact_while_all_wait(classes: tuple[TrafficClass, ...], shares: dict[TrafficClass, int]) -> None:
    queue = OperatorQueue()
    for traffic_class in reversed(classes):
        push(queue, *(numbered(number, traffic_class) for number in range(400)))
    turn = sum(shares.values())
    for _ in range(20):
        popped = [queue.pop() for _ in range(turn)]
        assert Counter(one[0].traffic_class for one in popped if one) == shares


@hypothesis_settings(max_examples=50)
@given(st.lists(st.sets(st.sampled_from((OTP, TRANSACTIONAL))), min_size=1, max_size=300))
def test_nobody_starves_whatever_else_comes(arrivals: list[set[TrafficClass]]) -> None:
    queue, since = OperatorQueue(), 0
    push(queue, *(numbered(number, MARKETING) for number in range(400)))
    for arrival in arrivals:
        push(queue, *(numbered(0, traffic_class) for traffic_class in sorted(arrival)))
        popped = queue.pop()
        assert popped is not None
        since = 0 if popped[0].traffic_class is MARKETING else since + 1
        assert since <= 40


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_accounts_take_turns(sizes: list[int]) -> None:
    queue = OperatorQueue()
    for account, size in enumerate(sizes):
        push(queue, *(numbered(number, account=str(account)) for number in range(size)))
    left = Counter({str(account): size for account, size in enumerate(sizes)})
    while +left:
        round_ = [queue.pop() for _ in range(len(+left))]
        assert {one[0].account for one in round_ if one} == set(+left), "one each, of all that wait"
        left.subtract(one[0].account for one in round_ if one)
    assert queue.pop() is None


def test_withdrawing_by_slices_keeps_the_order_of_who_stays_and_who_comes_meanwhile() -> None:
    queue = OperatorQueue()
    push(queue, *(numbered(number) for number in range(10)))
    line = queue.line(RANKS[TRANSACTIONAL], "acme")
    first = queue.withdraw(line, 0, 4, lambda one: one.id in {"m1", "m2"})
    assert first == 2
    push(queue, numbered(10))
    assert queue.withdraw(line, first, 6, lambda one: one.id == "m9") == 5
    assert [one.id for one in drained(queue)] == ["m0", "m3", "m4", "m5", "m6", "m7", "m8", "m10"]


def test_a_line_that_was_emptied_stands_in_turn_again() -> None:
    queue = OperatorQueue()
    line = queue.line(RANKS[OTP], "acme")
    for _ in range(3):
        push(queue, numbered(1, OTP), numbered(2, OTP))
        assert queue.withdraw(line, 0, 5, lambda _: True) == 0
        assert queue.pop() is None
        push(queue, numbered(3, OTP))
        assert [one.id for one in drained(queue)] == ["m3"]


class Model:
    """Lists and a dictionary; `check` compares all that can be asked."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.queue = OperatorQueue()
        self.lines: dict[tuple[TrafficClass, str], deque[Message]] = {}
        self.urgent: dict[str, Message] = {}
        self.out: list[Message] = []
        self.number = 0

    def step(self) -> None:
        act = self.chance.choices(
            (self.push, self.push_urgent, self.pop, self.withdraw, self.withdraw_urgent, self.store), (8, 3, 8, 1, 1, 1)
        )[0]
        act()
        self.check()

    def line(self) -> tuple[tuple[TrafficClass, str], Line]:
        key = (self.chance.choice(list(TrafficClass)), self.chance.choice("abc"))
        return key, self.queue.line(RANKS[key[0]], key[1])

    def push(self) -> None:
        (traffic_class, account), line = self.line()
        one = numbered(self.number, traffic_class, account)
        self.number += 1
        self.queue.push(line, one)
        self.lines.setdefault((traffic_class, account), deque()).append(one)

    def push_urgent(self) -> None:
        """Only what was taken out comes back."""
        if self.out:
            one = self.out.pop(self.chance.randrange(len(self.out)))
            for _ in range(self.chance.choice((1, 2))):
                self.queue.push_urgent(one)
            self.urgent[one.id] = one

    def pop(self) -> None:
        popped = self.queue.pop()
        if self.urgent:
            first = next(iter(self.urgent))
            assert popped == (self.urgent.pop(first), None)
        elif not any(self.lines.values()):
            assert popped is None
            return
        else:
            assert popped is not None
            one, line = popped
            assert line is not None
            assert one is self.lines[TrafficClass(list(TrafficClass)[line.rank]), line.account].popleft()
        assert popped is not None
        self.out.append(popped[0])

    def withdraw(self) -> None:
        key, line = self.line()
        kept = self.lines.get(key, deque())
        first, count = self.chance.randrange(5), self.chance.randrange(8)
        asked = list(kept)[first : first + count]
        gone = {one.id for one in asked if self.chance.random() < 0.5}
        assert self.queue.withdraw(line, first, count, lambda one: one.id in gone) == len(asked) - len(gone)
        self.lines[key] = deque(one for one in kept if one.id not in gone)

    def withdraw_urgent(self) -> None:
        gone = {identity for identity in self.urgent if self.chance.random() < 0.5}
        self.queue.withdraw_urgent(lambda one: one.id in gone)
        self.urgent = {identity: one for identity, one in self.urgent.items() if identity not in gone}

    def store(self) -> None:
        self.line()[1].stored += 1

    def check(self) -> None:
        queue = self.queue
        everyone = [one for line in self.lines.values() for one in line] + list(self.urgent.values())
        assert len(queue) == len(everyone)
        assert queue.oldest() == min((one.created_at for one in everyone), default=None)
        for rank, traffic_class in enumerate(TrafficClass):
            stored = sum(line.stored for line in queue.lines.values() if line.rank == rank)
            assert queue.count(rank) == stored + sum(one.traffic_class is traffic_class for one in everyone)


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_doubled_or_out_of_order(seed: int) -> None:
    model = Model(seed)
    for _ in range(200):
        model.step()
    rest = drained(model.queue)
    assert Counter(one.id for one in rest) == Counter(
        one.id for waiting in (*model.lines.values(), model.urgent.values()) for one in waiting
    )
