"""The whole path under load: daemon and simulator as processes, batches in, final events out.

    python -m tests.bench.path [--messages 20000] [--batch 100] [--connections 8]

Prints messages a second end to end and the daemon's CPU per message; fails unless every message has one final event.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout

from tests.processes import TOKEN, Processes, cpu_seconds, free_port, plain_number, write_config

TEXT = "Your code is 493027. It is valid for ten minutes; do not pass it on to anyone, please. ACME"


async def run(messages: int, batch: int, connections: int, window: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        smsc, http = free_port(), free_port()
        config = write_config(Path(folder), http, {"mtn": smsc}, window=window, binds=2)
        with Processes() as processes:
            processes.simulator(smsc, "--receipt-delay", "0.01")
            daemon = await processes.daemon(config, http)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with ClientSession(f"http://127.0.0.1:{http}", headers=headers, timeout=ClientTimeout(60)) as session:
                cpu, started = cpu_seconds(daemon.pid), time.perf_counter()
                reader = asyncio.create_task(finals(session, messages))
                numbers = iter(range(0, messages, batch))

                async def submit() -> None:
                    for first in numbers:
                        body = [
                            {"to": plain_number(first + index), "from": "ACME", "text": TEXT, "reference": f"r{first}"}
                            for index in range(min(batch, messages - first))
                        ]
                        if batch == 1:
                            async with session.post("/v1/messages", json=body[0]) as response:
                                assert response.status == 202, await response.text()
                        else:
                            async with session.post("/v1/batches", json={"messages": body}) as response:
                                assert (await response.json())["accepted"] == len(body), await response.text()

                await asyncio.gather(*(submit() for _ in range(connections)))
                accepted = time.perf_counter() - started
                seen = await reader
                took = time.perf_counter() - started
                spent = cpu_seconds(daemon.pid) - cpu
                metrics = await (await session.get("/metrics")).text()
            rss = int(Path(f"/proc/{daemon.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    assert len(seen) == messages, (len(seen), messages)
    print(
        json.dumps(
            {
                "messages": messages,
                "batch": batch,
                "accepted_per_second": round(messages / accepted),
                "end_to_end_per_second": round(messages / took),
                "daemon_cpu_us_per_message": round(spent / messages * 1e6, 1),
                "resident_mb": round(rss),
                "commits": round(value(metrics, "store_commit_seconds_count")),
                "commit_ms": round(
                    value(metrics, "store_commit_seconds_sum") / value(metrics, "store_commit_seconds_count") * 1000, 2
                ),
                "writes_per_commit": round(
                    value(metrics, "store_batch_size_sum") / value(metrics, "store_batch_size_count"), 1
                ),
            }
        )
    )


def value(metrics: str, name: str) -> float:
    """A metric without labels from the text of /metrics."""
    line = next(line for line in metrics.splitlines() if line.startswith(f"carrier_router_{name} "))
    return float(line.split()[1])


async def finals(session: ClientSession, count: int) -> set[str]:
    """The ids of all messages with a final event; more than one each is an error."""
    seen: set[str] = set()
    after = 0
    while len(seen) < count:
        async with session.get(f"/v1/events?after={after}&limit=1000&wait=30") as response:
            page = await response.json()
        if not page["events"]:
            break
        after = page["next"]
        for event in page["events"]:
            if event["type"] != "message.submitted":
                assert event["message_id"] not in seen
                seen.add(event["message_id"])
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--window", type=int, default=500)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.messages, arguments.batch, arguments.connections, arguments.window))


if __name__ == "__main__":
    sys.exit(main())
