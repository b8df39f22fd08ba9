"""What open consoles cost: CPU of the daemon under steady traffic, with and without them, in turns.

python -m tests.bench.consoles [--consoles 10] [--rate 200] [--seconds 10] [--turns 3]
"""

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path
from statistics import median

from aiohttp import ClientSession, ClientTimeout

from tests.processes import ADMIN, TOKEN, Processes, free_port, plain_number, write_config

OPERATORS = 5


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def traffic(client: ClientSession, rate: int) -> None:
    number = 0
    while True:
        batch = [{"to": plain_number(number + one), "text": "Hello", "from": "ACME"} for one in range(rate // 10)]
        number += len(batch)
        async with client.post("/v1/batches", json={"messages": batch}, headers=bearer(TOKEN)) as answer:
            assert answer.status == 202, await answer.text()
        await asyncio.sleep(0.1)


async def watch(client: ClientSession) -> None:
    async with client.get("/console/live", headers=bearer(ADMIN)) as answer:
        assert answer.status == 200, await answer.text()
        async for _ in answer.content:
            pass


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def run(consoles: int, rate: int, seconds: float, turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        ports = {f"operator-{one}": free_port() for one in range(OPERATORS)}
        http = free_port()
        config = write_config(Path(folder), http, ports)
        for port in ports.values():
            processes.simulator(port)
        daemon = await processes.daemon(config, http)
        shares: dict[int, list[float]] = {0: [], consoles: []}
        async with ClientSession(f"http://127.0.0.1:{http}", timeout=ClientTimeout(total=None)) as client:
            sending = asyncio.create_task(traffic(client, rate))
            await asyncio.sleep(2)
            for _ in range(turns):
                for open_ones in shares:
                    viewers = [asyncio.create_task(watch(client)) for _ in range(open_ones)]
                    await asyncio.sleep(1)
                    began = cpu_of(daemon.pid)
                    await asyncio.sleep(seconds)
                    shares[open_ones].append((cpu_of(daemon.pid) - began) / seconds * 100)
                    for viewer in viewers:
                        viewer.cancel()
                    await asyncio.gather(*viewers, return_exceptions=True)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        without, with_them = median(shares[0]), median(shares[consoles])
        found = {
            "consoles": consoles,
            "messages_per_second": rate,
            "core_percent_without": round(without, 1),
            "core_percent_with": round(with_them, 1),
            "cost_percent": round(with_them - without, 1),
        }
        print(json.dumps(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consoles", type=int, default=10)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(run(given.consoles, given.rate, given.seconds, given.turns))
