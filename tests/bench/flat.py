"""Whether a full history slows anything down: the bench on an empty database and on one with millions of messages.

    python -m tests.bench.flat [--history 10000000] [--messages 20000] [--rounds 2] [--folder DIR]

Ten million take 20 GB and a quarter of an hour to fill.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import structlog
from rich.progress import track

from adapters.store import open_store
from router.cli.bench import legs
from router.cli.bench.daemon import daemon
from router.cli.bench.options import Options, add_arguments, options
from router.cli.bench.world import Gateway, StartGateway
from router.event import EventType, LoggedEvent
from router.message import State
from router.outcome import OutcomeKind
from tests.bench.store import PAYLOAD, committed, new_message

_DAY = 86_400_000
_AT_ONCE = 1000


async def fill(file: Path, count: int) -> None:
    """Delivered messages of yesterday, with their links and events."""
    store = open_store(f"sqlite:///{file}", structlog.get_logger(), lambda seconds, size: None)
    await store.open()
    yesterday = time.time_ns() // 1_000_000 - _DAY
    for start in track(range(1, count + 1, _AT_ONCE), description="filling"):
        for no in range(start, min(start + _AT_ONCE, count + 1)):
            message = new_message(no, yesterday + no // 1000, True)
            message.position, message.state = None, State.DELIVERED
            message.parts[0].state = State.DELIVERED
            message.parts[0].attempts[0].outcome = OutcomeKind.ACCEPTED
            store.accept([message], None, lambda error: None)
            store.link("mtn-cm", f"{no:x}", message, message.created_at)
            for seq, type in ((2 * no - 1, EventType.SUBMITTED), (2 * no, EventType.DELIVERED)):
                store.append(LoggedEvent(message.account, seq, type, message.created_at, PAYLOAD))
        await committed(store)
    await store.close()


def daemon_on(folder: Path) -> StartGateway:
    """Starts a daemon whose data is in `folder`."""

    @asynccontextmanager
    async def start(given: Options, here: Path, smsc: int, events: int) -> AsyncIterator[Gateway]:
        (here / "data").symlink_to(folder)
        async with daemon(given, here, smsc, events) as gateway:
            yield gateway

    return start


async def compare(load: Options, history: int, rounds: int) -> None:
    cpu: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=load.folder) as name:
        folder = Path(name)
        await fill(folder / "router.db", history)
        for _ in range(rounds):
            for what, start in (("empty", daemon), (f"{history:,} messages", daemon_on(folder))):
                result = await legs.run(load, start, lambda _: None)
                if result.faults:
                    raise SystemExit(f"{what}: {result.faults}")
                figures = result.legs[0]
                spent = figures.cpu_us["daemon"]
                cpu.setdefault(what, []).append(spent)
                print(f"{what:24} {figures.end_to_end_per_second:7.0f}/s, {spent:4.0f} µs of CPU a message", flush=True)
    empty, full = (median(them) for them in cpu.values())
    print(f"with the history a message costs {full / empty:.2f} times what it costs without")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    add_arguments(parser)
    given = parser.parse_args()
    asyncio.run(compare(options(given), given.history, given.rounds))


if __name__ == "__main__":
    main()
