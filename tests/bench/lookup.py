"""A table of ported numbers: what it takes to load, to hold and to ask.

python -m tests.bench.lookup [--rows 10000000]
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import structlog

from adapters.lookup.build import ensure_built
from adapters.lookup.table import PortedTable
from router.settings import TableLookup

NETWORKS = [f"{mcc},{mnc:02d}" for mcc in (624, 620, 639, 404) for mnc in range(1, 21)]


def number_at(index: int) -> int:
    return 237_000_000_000 + index * 618_033_989 % 1_000_000_000


def generate(path: Path, rows: int) -> None:
    """Numbers in no order, as an operator's dump may have them."""
    networks = cycle(NETWORKS)
    with path.open("w") as file:
        file.write("number,mcc,mnc\n")
        for index in range(rows):
            file.write(f"{number_at(index)},{next(networks)}\n")


def resident() -> float:
    """MB of this process that are in memory, mapped files included."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cost(table: PortedTable, numbers: list[str]) -> float:
    """Microseconds for each."""
    began = time.perf_counter()
    for number in numbers:
        table.known(number)
    return (time.perf_counter() - began) / len(numbers) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        table = TableLookup(Path(folder) / "ported.csv", Path(folder) / "ported.csv.table")
        generate(table.file, rows)
        began = time.perf_counter()
        ensure_built(table, structlog.get_logger())
        took = time.perf_counter() - began
        child = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"load {rows:,} rows: {took:.1f} s, CPU {child.ru_utime + child.ru_stime:.1f} s", end=", ")
        print(f"peak of the loader {child.ru_maxrss / 1024:.0f} MB")
        began = time.perf_counter()
        ensure_built(table, structlog.get_logger())
        print(f"start with it loaded: {(time.perf_counter() - began) * 1e3:.1f} ms")
        print(f"CSV {table.file.stat().st_size / 1e6:.0f} MB, table {table.index.stat().st_size / 1e6:.0f} MB")
        chance = random.Random(7)
        known = [f"+{number_at(chance.randrange(rows))}" for _ in range(200_000)]
        others = [f"+2346{chance.randrange(10**8):08d}" for _ in range(100_000)]
        before = resident()
        opened = PortedTable(table.index)
        print(f"first 1,000 numbers: {cost(opened, known[:1000]):.2f} µs each")
        print(f"200,000 that are in it: {cost(opened, known):.2f} µs each")
        print(f"the same again: {cost(opened, known):.2f} µs each")
        print(f"100,000 of another country: {cost(opened, others):.2f} µs each")
        print(f"resident: {resident() - before:+.0f} MB of mapped file, shared and given back under pressure")


if __name__ == "__main__":
    sys.exit(main())
