"""What the store costs: CPU per message for its whole life, reads, and the time a start takes.

    python -m tests.bench.store [--messages 40000] [--batch 400] [--queued 0] [--folder DIR]

With --queued N it also fills a store with N waiting messages and opens it anew.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import structlog

from adapters.store import open_store
from router.event import EventType, LoggedEvent
from router.message import Attempt, Message, Network, Part, State
from router.money import Money
from router.outcome import OutcomeKind
from router.ports.store import Lane, Store

PAYLOAD = b'{"id": "0197c2d8-0000-7000-8000-000000000000", "type": "message.delivered"}' * 8


def new_message(no: int, at: int, claimed: bool) -> Message:
    hexed = f"{at:012x}7{no % 4096:03x}8{no:015x}"
    return Message(
        id=f"{hexed[:8]}-{hexed[8:12]}-{hexed[12:16]}-{hexed[16:20]}-{hexed[20:]}",
        account="acme",
        to=f"+2376{no:08d}",
        created_at=at,
        sender="ACME",
        text="Your code is 123456. Do not share it with anyone, we will never ask you for it.",
        operator="mtn-cm",
        network=Network("624", "01", "MTN Cameroon"),
        cost=Money(Decimal("0.0150"), "XAF"),
        parts=[Part(1, attempts=[Attempt("mtn-cm", at)] if claimed else [])],
        position=no,
        no=no,
    )


async def committed(store: Store) -> None:
    done = asyncio.get_running_loop().create_future()
    store.after_commit(lambda: done.set_result(None))
    await done


async def whole_lives(store: Store, count: int, batch: int, at: int, first: int = 1) -> float:
    """CPU seconds for `count` messages, numbered from `first` on: accepted, submitted, delivered, told."""
    cpu = 0.0
    seq = first - 1
    end = first + count
    for start in range(first, end, batch):
        messages = [new_message(no, at + no // 10, True) for no in range(start, min(start + batch, end))]
        began = time.process_time()
        for message in messages:
            store.accept([message], None, lambda error: None)
        await committed(store)
        for message in messages:
            attempt = message.parts[0].attempts[0]
            attempt.outcome = OutcomeKind.ACCEPTED
            attempt.smsc_message_id = f"{hash(message.id) & 0xFFFFFFFFFFFF:x}"
            attempt.answered_at = message.submitted_at = at
            message.parts[0].state = message.state = State.SUBMITTED
            message.position, message.due_at = None, at + 259_200_000
            store.save(message)
            store.link("mtn-cm", attempt.smsc_message_id, message, at)
        await committed(store)
        for message in messages:
            message.parts[0].state = message.state = State.DELIVERED
            message.due_at, message.done_at = None, at
            seq += 1
            store.save(message)
            store.append(LoggedEvent("acme", seq, EventType.DELIVERED, at, PAYLOAD))
        await committed(store)
        store.move_cursor("acme", seq)
        await committed(store)
        cpu += time.process_time() - began
    return cpu


async def fill(store: Store, first: int, count: int, at: int) -> None:
    for start in range(first, first + count, 1000):
        for no in range(start, start + 1000):
            message = new_message(no, at + no // 10, False)
            message.operator = f"operator-{no % 5}"
            store.accept([message], None, lambda error: None)
        await committed(store)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--batch", type=int, default=400)
    parser.add_argument("--queued", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    log = structlog.get_logger()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        url = f"sqlite:///{folder}/router.db"
        commits: list[tuple[float, int]] = []
        at = 1_750_000_000_000
        store = open_store(url, log, lambda seconds, size: commits.append((seconds, size)))
        await store.open()
        began = time.perf_counter()
        cpu = await whole_lives(store, options.messages, options.batch, at)
        took = time.perf_counter() - began
        print(f"whole life: {cpu / options.messages * 1e6:.1f} us CPU per message ({options.messages / took:.0f}/s)")
        print(f"commits: {len(commits)}, mean {sum(s for s, _ in commits) / len(commits) * 1e3:.1f} ms")
        print(f"on disk: {Path(folder, 'router.db').stat().st_size / options.messages:.0f} bytes per message")
        if options.queued:
            await fill(store, options.messages + 1, options.queued, at)
        await store.close()

        store = open_store(url, log, lambda seconds, size: None)
        began, cpu = time.perf_counter(), time.process_time()
        recovery = await store.open()
        print(
            f"start with {recovery.open_messages} queued, {options.messages} past: {time.perf_counter() - began:.2f} s"
            f" ({time.process_time() - cpu:.2f} s CPU), {len(recovery.unsettled)} unsettled"
        )
        if recovery.lanes:
            began, loaded, after = time.process_time(), 0, 0
            while loaded < 20_000 and (page := await store.load_lane(Lane("operator-0", 1, "acme"), after, 1000)):
                loaded, after = loaded + len(page), page[-1].position
            print(f"load_lane: {(time.process_time() - began) / loaded * 1e6:.1f} us CPU per message")
        print(f"largest size: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
