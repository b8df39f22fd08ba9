"""What a second daemon on the same machine gives: one bench alone, then two at once, in turns.

    python -m tests.bench.cores [--rounds 2] [--messages 20000] [--single]

Each daemon has its own simulated operator, load and sink, so that on two cores the two daemons do not have all of them.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any


async def bench(folder: Path, name: str, options: list[str]) -> dict[str, Any]:
    """One whole run of `carrier-router bench`, as it writes it."""
    written = folder / f"{name}.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "router", "bench", "--json", str(written), *options, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise SystemExit(f"the bench {name} failed")
    (leg,) = json.loads(written.read_text())["legs"]
    result: dict[str, Any] = leg
    return result


def said(what: str, legs: list[dict[str, Any]]) -> float:
    rate = sum(leg["end_to_end_per_second"] for leg in legs)
    cpu = median(leg["cpu_us"]["daemon"] for leg in legs)
    print(f"{what:12} {rate:8.0f}/s end to end, {cpu:5.0f} µs of CPU a message in each daemon", flush=True)
    return rate


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--single", action="store_true")
    given = parser.parse_args()
    options = ["--messages", str(given.messages), *(["--single"] if given.single else [])]
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(given.rounds):
            one = said("one daemon", [await bench(folder, "one", options)])
            both = await asyncio.gather(*(bench(folder, f"of-two-{place}", options) for place in range(2)))
            ratios.append(said("two daemons", list(both)) / one)
    print(f"two daemons do {median(ratios):.2f} times what one does")


if __name__ == "__main__":
    asyncio.run(main())
