"""Make the file that is searched from the CSV that people give, in a process of its own.

Tens of millions of rows take a minute of one core and a gigabyte: the daemon has better things to do with both. The
child says on stdout, one JSON document a line, how far it is and then what it came to.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from adapters.lookup.index import Index, stamp_of, write
from adapters.lookup.ported_csv import Fault, Faults, Rows
from router.refusal import InvalidConfig
from router.settings import TableLookup

_EVERY = 5.0  # seconds between two words of progress


def up_to_date(table: TableLookup) -> bool:
    """Whether the file that is searched was made from the CSV as it is now. Raises OSError for the CSV."""
    stamp = stamp_of(table.file)
    try:
        return Index(table.index).stamp == stamp
    except (OSError, ValueError):
        return False


def ensure_built(table: TableLookup, log: Any) -> None:
    """Make the file that is searched, if it is not up to date. Raises InvalidConfig; then what was there stays."""
    try:
        if up_to_date(table):
            return
    except OSError as error:
        raise _invalid(table, [Fault(1, f"cannot be read: {error.strerror}")]) from None
    log.info("ported_numbers_loading", file=str(table.file))
    began = time.monotonic()
    # From the folder that holds this package, wherever the daemon was started.
    child = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(table.file), str(table.index)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    said: dict[str, Any] = {}
    with child:
        assert child.stdout is not None
        for line in child.stdout:
            said = json.loads(line)
            if "share" in said:
                log.info("ported_numbers_loading", rows=said["rows"], percent=round(100 * said["share"]))
    if "faults" in said:
        raise _invalid(table, [Fault(*fault) for fault in said["faults"]])
    if child.returncode or "networks" not in said:
        raise _invalid(table, [Fault(1, f"could not be loaded: the loader ended with {child.returncode}")])
    log.info(
        "ported_numbers_loaded",
        rows=said["rows"],
        networks=said["networks"],
        seconds=round(time.monotonic() - began, 1),
    )


def check(table: TableLookup) -> None:
    """Read the CSV if it is not loaded yet, and write nothing. Raises InvalidConfig."""
    try:
        if not up_to_date(table):
            for _ in Rows(table.file).pieces():
                pass
    except Faults as found:
        raise _invalid(table, found.faults) from None
    except OSError as error:
        raise _invalid(table, [Fault(1, f"cannot be read: {error.strerror}")]) from None


def build(source: Path, index: Path) -> dict[str, Any]:
    """Make the file; what it came to. A source that changes meanwhile is a fault."""
    told = time.monotonic()

    def progress(rows: int, share: float) -> None:
        nonlocal told
        if time.monotonic() - told > _EVERY:
            told = time.monotonic()
            print(json.dumps({"rows": rows, "share": min(share, 1.0)}), flush=True)

    try:
        stamp = stamp_of(source)
        rows = Rows(source, progress)
        if stamp_of(source) != stamp:
            return {"faults": [Fault(1, "was changed while it was read; load again")]}
        networks = rows.networks
        return {"rows": write(index, stamp, rows.pieces(), networks), "networks": len(networks)}
    except Faults as found:
        return {"faults": found.faults}
    except OSError as error:
        return {"faults": [Fault(1, f"cannot be loaded: {error.strerror}")]}


def _invalid(table: TableLookup, faults: list[Fault]) -> InvalidConfig:
    file = str(table.file)
    below = os.path.join(os.getcwd(), "")
    return InvalidConfig([(file.removeprefix(below), line, reason) for line, reason in faults])


if __name__ == "__main__":
    os.nice(10)
    print(json.dumps(build(Path(sys.argv[1]), Path(sys.argv[2]))))
