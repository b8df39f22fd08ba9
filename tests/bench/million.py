"""A million messages while every operator is down: memory, acceptance, a restart, and the way out.

    python -m tests.bench.million [--messages 1000000] [--batch 500] [--connections 4]

Fails where the daemon takes more than 400 MB, where the last tenth is accepted more than 20 % slower than the first,
where a restart after kill -9 takes more than 10 s, or where a message does not end.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout

from adapters.simulator.smsc import Smsc, SmscOptions
from tests.processes import Processes, free_port, plain_number, write_config
from tests.scenarios.world import ACCOUNT, Samples

TEXT = "Your code is 493027. It is valid for ten minutes; do not pass it on to anyone, please. ACME"
MOST_MB, SLOWER, MOST_SECONDS = 400, 0.8, 10.0


def resident_mb(pid: int, key: str = "VmRSS") -> float:
    """Memory of a process now, or with VmHWM the most it ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{key}:")[2].split()[0]) / 1024


class Submitting:
    """Batches on several connections, tenth by tenth."""

    def __init__(self, session: ClientSession, batch: int, connections: int) -> None:
        self._session = session
        self._batch = batch
        self._connections = connections

    async def between(self, first: int, end: int) -> float:
        """Submit the messages of these numbers; gives how many were accepted in a second."""
        starts = iter(range(first, end, self._batch))
        began = time.perf_counter()
        await asyncio.gather(*(self._work(starts, end) for _ in range(self._connections)))
        return (end - first) / (time.perf_counter() - began)

    async def _work(self, starts: Iterator[int], end: int) -> None:
        for start in starts:
            numbers = range(start, min(start + self._batch, end))
            messages = [{"to": plain_number(number), "from": "ACME", "text": TEXT} for number in numbers]
            async with self._session.post("/v1/batches", json={"messages": messages}) as answer:
                assert answer.status == 202, await answer.text()
                assert (await answer.json())["accepted"] == len(numbers)


async def samples(session: ClientSession) -> Samples:
    async with session.get("/metrics") as answer:
        return Samples(await answer.text())


async def run(messages: int, batch: int, connections: int) -> list[str]:
    """Prints what it finds; gives what was not as it has to be."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        http, ports = free_port(), {"mtn": free_port(), "orange": free_port()}
        config = write_config(Path(folder), http, ports, window=500, binds=2, router="limits: {queued: 10000000}")
        daemon = await processes.daemon(config, http)
        async with ClientSession(f"http://127.0.0.1:{http}", headers=ACCOUNT, timeout=ClientTimeout(120)) as session:
            submitting = Submitting(session, batch, connections)
            rates = []
            for tenth in range(10):
                rates.append(await submitting.between(messages * tenth // 10, messages * (tenth + 1) // 10))
                size = resident_mb(daemon.pid)
                print(f"{messages * (tenth + 1) // 10:>9} accepted, {rates[-1]:6.0f}/s, {size:4.0f} MB", flush=True)
            most = resident_mb(daemon.pid, "VmHWM")
            daemon.kill()
            daemon.wait()
            began = time.perf_counter()
            daemon = await processes.daemon(config, http)
            ready = time.perf_counter() - began
            waiting = (await samples(session)).total("queue_messages")
            print(f"ready again in {ready:.2f} s with {waiting:.0f} waiting, {resident_mb(daemon.pid):.0f} MB")
            if waiting != messages:
                wrong.append(f"{waiting:.0f} wait after the restart")

            # Receipts may come long after the last submission: an SMSC that keeps them all, as real ones do.
            options = SmscOptions(system_id="acme", password="secret", receipt_delay=0.01, pending=messages, keep=False)
            smscs = [Smsc(options) for _ in ports]
            for smsc, port in zip(smscs, ports.values(), strict=True):
                await smsc.start(port=port)
            began, last, ended = time.perf_counter(), 0.0, 0.0
            moved = began
            while ended < messages and time.perf_counter() - moved < 60:
                await asyncio.sleep(1)
                now = await samples(session)
                ended = now.total("messages_final_total", state="delivered")
                if ended > last:
                    moved, last = time.perf_counter(), ended
            took = time.perf_counter() - began
            most = max(most, resident_mb(daemon.pid, "VmHWM"))
            accepted = now.total("parts_submitted_total", outcome="accepted")
            for smsc in smscs:
                await smsc.stop()
            print(f"all out in {took:.0f} s ({messages / took:.0f}/s), at most {most:.0f} MB")
            if (ended, accepted, now.total("queue_messages")) != (messages, messages, 0):
                wrong.append(f"{ended:.0f} delivered, {accepted:.0f} submitted")
            path = Path(folder, "data")
            on_disk = sum(file.stat().st_size for file in path.iterdir()) / messages
    if most >= MOST_MB:
        wrong.append(f"{most:.0f} MB of memory")
    if rates[-1] < rates[0] * SLOWER:
        wrong.append(f"acceptance went from {rates[0]:.0f}/s to {rates[-1]:.0f}/s")
    if ready >= MOST_SECONDS:
        wrong.append(f"a restart took {ready:.1f} s")
    figures = {
        "messages": messages,
        "accepted_per_second": {"first_tenth": round(rates[0]), "last_tenth": round(rates[-1])},
        "restart_seconds": round(ready, 2),
        "out_per_second": round(messages / took),
        "most_resident_mb": round(most),
        "bytes_on_disk_per_message": round(on_disk),
    }
    print(json.dumps(figures))
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--connections", type=int, default=4)
    arguments = parser.parse_args()
    wrong = asyncio.run(run(arguments.messages, arguments.batch, arguments.connections))
    for one in wrong:
        print(f"not as promised: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
