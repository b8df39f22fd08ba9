"""What a long history costs: status and lists, acceptance, the steps of retention.

    python -m tests.bench.history [--messages 1000000] [--folder DIR]

Fills a store with delivered messages (each with its link and event, one in a hundred undelivered), then reads, accepts
and forgets, and prints the slowest of each. Fails where status or a list takes 20 ms, where to accept one takes half as
long again as in an empty store, or where a step of retention holds up what is accepted for half a second.
"""

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from msgspec import Struct

from adapters.store import open_store
from router.event import EventType, LoggedEvent
from router.message import Message, State
from router.outcome import OutcomeKind
from router.ports.store import MessageFilter, Store
from tests.bench.store import PAYLOAD, committed, new_message

AT = 1_750_000_000_000
_EVERY = 10  # messages per millisecond
MOST_SECONDS, SLOWER, LONGEST_SECONDS = 0.02, 1.5, 0.5


class Took(Struct):
    """Seconds, of several tries."""

    every: list[float]

    def __str__(self) -> str:
        return f"median {self.median * 1e3:.2f} ms, longest {max(self.every) * 1e3:.2f} ms"

    @property
    def median(self) -> float:
        return sorted(self.every)[len(self.every) // 2]


async def timed(ask: Callable[[], Awaitable[object]], times: int = 20) -> Took:
    every = []
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        every.append(time.perf_counter() - began)
    return Took(every)


def past(no: int) -> Message:
    """A message that has ended."""
    message = new_message(no, AT + no // _EVERY, True)
    message.reference = f"order-{no}"
    message.position = None
    message.parts[0].attempts[0].outcome = OutcomeKind.ACCEPTED
    message.parts[0].state = message.state = State.UNDELIVERED if no % 100 == 0 else State.DELIVERED
    return message


async def fill(store: Store, count: int) -> list[float]:
    """Seconds for each hundredth of `count`."""
    keys = random.Random(1)
    took = []
    step = max(1, count // 100)
    for first in range(1, count + 1, step):
        began = time.perf_counter()
        for start in range(first, min(first + step, count + 1), 1000):
            for no in range(start, min(start + 1000, first + step, count + 1)):
                message = past(no)
                store.accept([message], None, lambda error: None)
                store.link("mtn-cm", f"{keys.getrandbits(64):x}", message, message.created_at)
                store.append(LoggedEvent("acme", no, EventType.DELIVERED, message.created_at, PAYLOAD))
            await committed(store)
        took.append(time.perf_counter() - began)
    return took


async def read(store: Store, count: int) -> list[str]:
    """What took too long."""
    some = random.Random(2)

    def at_random() -> Message:
        return past(some.randrange(1, count))

    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "status": lambda: store.find("acme", at_random().id),
        "list": lambda: store.list_messages(MessageFilter("acme")),
        "list from the middle": lambda: store.list_messages(MessageFilter("acme", cursor=past(count // 2).id)),
        "list by to": lambda: store.list_messages(MessageFilter("acme", to=at_random().to)),
        "list by to, none": lambda: store.list_messages(MessageFilter("acme", to="+4470000000")),
        "list by reference": lambda: store.list_messages(MessageFilter("acme", reference=at_random().reference)),
        "list by sender": lambda: store.list_messages(MessageFilter("acme", sender="ACME")),
        "list by sender, none": lambda: store.list_messages(MessageFilter("acme", sender="OTHER")),
        "list by state": lambda: store.list_messages(MessageFilter("acme", state=State.UNDELIVERED)),
        "list by state, none": lambda: store.list_messages(MessageFilter("acme", state=State.QUEUED)),
        "events": lambda: store.events("acme", some.randrange(count), 100),
    }
    wrong = []
    for name, ask in questions.items():
        took = await timed(ask)
        print(f"{name + ':':24} {took}")
        if took.median >= MOST_SECONDS:
            wrong.append(f"{name} took {took.median * 1e3:.0f} ms")
    return wrong


def accepting(store: Store, first: int) -> Callable[[], Awaitable[object]]:
    """Single messages with numbers from `first` on, each waited for."""
    numbers = itertools.count(first)

    async def one() -> None:
        done = asyncio.get_running_loop().create_future()
        store.accept([past(next(numbers))], None, done.set_result)
        assert await done is None

    return one


async def forget(store: Store, first: int, one: Callable[[], Awaitable[object]]) -> list[str]:
    """What is accepted while retention works beside it; what was too slow."""
    taken: list[float] = []
    stop = False

    async def traffic() -> None:
        while not stop:
            began = time.perf_counter()
            await one()
            taken.append(time.perf_counter() - began)

    beside = asyncio.create_task(traffic())
    steps: list[float] = []
    more, began = True, time.perf_counter()
    until = AT + first // _EVERY // 2
    while more:
        start = time.perf_counter()
        more = await store.purge(until, until, AT + first // _EVERY * 3 // 4, until)
        steps.append(time.perf_counter() - start)
    took = time.perf_counter() - began
    stop = True
    await beside
    print(f"{'retention:':24} {len(steps)} steps in {took:.1f} s, {Took(steps)}")
    print(f"{'accept one meanwhile:':24} {Took(taken)}")
    print(f"{'forgotten:':24} {first / 2 / len(steps):.0f} messages a step")
    return ["retention held up what was accepted"] if max(taken) >= LONGEST_SECONDS else []


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        store = open_store(f"sqlite:///{folder}/router.db", structlog.get_logger(), lambda seconds, size: None)
        await store.open()
        one = accepting(store, options.messages + 1)
        empty = await timed(one, 200)
        took = await fill(store, options.messages)
        tenth = len(took) // 10
        print(f"filled in {sum(took):.0f} s; first tenth {sum(took[:tenth]):.1f} s, last {sum(took[-tenth:]):.1f} s")
        print(f"on disk: {Path(folder, 'router.db').stat().st_size / options.messages:.0f} bytes per message")
        wrong = await read(store, options.messages)
        full = await timed(one, 200)
        print(f"{'accept one:':24} {full}; in an empty store {empty}")
        if full.median > empty.median * SLOWER:
            wrong.append("what is accepted slows down as the history grows")
        wrong += await forget(store, options.messages + 1, one)
        await store.close()
    for one in wrong:
        print(f"not as promised: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
