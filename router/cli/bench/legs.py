"""One run: a warm-up, the legs that were asked for, and the check of everything that was sent."""

import asyncio
from collections.abc import Callable
from time import monotonic, monotonic_ns

import msgspec

from router.cli.bench.check import Fault, counted, faults
from router.cli.bench.load import Go, Times
from router.cli.bench.measure import Figures, Leg, Sample, Snapshot, figures
from router.cli.bench.messages import parts
from router.cli.bench.options import Options
from router.cli.bench.sink import Seen
from router.cli.bench.usage import cpu_seconds, resident_mb
from router.cli.bench.world import StartGateway, World, world
from router.cli.children import Failed

WARM_UP = 2000
"""Messages that are sent before anything is measured; fewer where fewer are measured, or for a shorter time."""

_LOOK = 0.1  # seconds between two looks


class Progress(msgspec.Struct, frozen=True):
    """How far a leg is: messages with their event, of `planned` (None where time is the limit)."""

    leg: str
    seconds: float
    planned: int | None
    accepted: int
    final: int


class Result(msgspec.Struct, frozen=True):
    """The legs that were measured, and what was wrong with all that was sent."""

    legs: list[Figures]
    faults: list[Fault]


Show = Callable[[Progress], None]


async def run(options: Options, start: StartGateway, show: Show) -> Result:
    """Raises Failed where a process does not do its part."""
    async with world(options, start) as here:
        driver = _Driver(here, options, show)
        await driver.leg("warm-up", min(WARM_UP, options.messages), 0.0, options.seconds)
        measured: list[Figures] = []
        if driver.complete:
            name = "offered" if options.rate else "most"
            measured.append(await driver.leg(name, options.messages, options.rate, options.seconds))
        if options.at and driver.complete:
            rate = measured[0].end_to_end_per_second * options.at
            measured.append(await driver.leg(f"at {options.at:.0%}", options.messages, rate, options.seconds))
        await here.stop()
        return Result(measured, await driver.check())


class _Driver:
    """Numbers the messages of one leg after the other; `complete` while each accepted one had its event."""

    def __init__(self, here: World, options: Options, show: Show) -> None:
        self.complete = True
        self._here = here
        self._options = options
        self._show = show
        self._accepted = bytearray()
        self._took = 0
        self._refused = 0
        self._refusal = ""

    async def leg(self, name: str, messages: int, rate: float, seconds: float) -> Figures:
        here, batch = self._here, self._here.gateway.dialect.batch
        first = len(self._accepted)
        file = here.folder / f"times-{first}"
        here.load.heard = None
        before = await self._snapshot()
        here.load.say(Go(first, messages, rate, seconds, str(file)))
        samples = await self._until_still(name, None if seconds else messages)
        after = await self._snapshot()
        told = here.load.last
        if not told.done:
            raise Failed(f"requests were not answered for {self._options.patience:.0f} s")
        self._took += told.accepted
        self._refused += told.refused
        self._refusal = self._refusal or told.refusal
        self.complete = here.sink.last.final >= self._took and not self._refused
        times = Times.read(file)
        for place, answered in enumerate(times.answered):
            size = min(batch, messages - place * batch)
            self._accepted += (b"\1" if answered >= 0 else b"\0") * size
        count = len(self._accepted) - first
        leg = Leg(name, first, count, batch, told.accepted, rate, times, before, after, samples)
        return figures(leg, await self._seen())

    async def check(self) -> list[Fault]:
        """Everything of all legs, once the world has stopped."""
        seen = await self._seen()
        size = parts(self._options.encoding, self._options.length)
        with self._here.submits.open() as lines:
            submits = counted(lines, len(self._accepted))
        found = faults(self._accepted, size, submits, seen, self._refused)
        if self._refusal:
            found.append(Fault(f"the first refusal was {self._refusal}", 1, []))
        return found

    async def _until_still(self, name: str, planned: int | None) -> list[Sample]:
        """Until all is answered and told, or nothing has moved for too long."""
        here = self._here
        began = moved = monotonic()
        samples: list[Sample] = []
        last = (-1, -1)
        while True:
            for one in here.gateway.processes.values():
                if one.returncode is not None:
                    raise Failed(f"a process under test ended with {one.returncode}")
            load = here.load.last if here.load.heard is not None else None
            final = here.sink.last.final - self._took
            accepted = load.accepted if load is not None else 0
            now = monotonic()
            pids = [one.pid for one in here.gateway.processes.values()]
            samples.append(Sample(now, sum(map(cpu_seconds, pids)), sum(map(resident_mb, pids))))
            self._show(Progress(name, now - began, planned, accepted, final))
            if load is not None and load.done and final >= accepted:
                return samples
            if (accepted, final) != last:
                last, moved = (accepted, final), now
            elif now - moved > self._options.patience:
                return samples
            await asyncio.sleep(_LOOK)

    async def _snapshot(self) -> Snapshot:
        pids = self._here.pids
        metrics = self._here.gateway.metrics
        counters = await metrics() if metrics is not None else {}
        return Snapshot(
            {name: cpu_seconds(pid) for name, pid in pids.items()},
            {name: resident_mb(pid) for name, pid in pids.items()},
            counters,
        )

    async def _seen(self) -> Seen:
        sink = self._here.sink
        file = self._here.folder / f"seen-{monotonic_ns()}"
        sink.say(str(file).encode())
        await sink.wait(lambda told: told.written == str(file))
        return Seen.read(file)
