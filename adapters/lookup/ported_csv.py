"""The table of ported numbers as people write it: CSV, `number,mcc,mnc`, tens of millions of rows.

A row becomes one integer, number and network together, so that rows are sorted and searched as integers.
"""

import csv
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

BITS = 14
"""Of a row for its network: 15 digits of a number and 16,384 networks fill 64 bits."""

_HEADER = "number,mcc,mnc"
_BLOCK = 4 * 1024 * 1024
_PIECE = 1_000_000
_SAMPLE = 1_000
_MOST_FAULTS = 20

_NUMBER = re.compile(rb"\+?([1-9][0-9]{6,14})")
_ROWS = re.compile(rb"^\+?([1-9][0-9]{6,14}),([0-9]{3},[0-9]{2,3})\r?$", re.MULTILINE)
_MCC = re.compile(rb"[0-9]{3}")
_MNC = re.compile(rb"[0-9]{2,3}")


class Fault(NamedTuple):
    line: int
    reason: str


class Faults(Exception):
    """What is wrong in the file, the first of it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class _Networks(dict[bytes, int]):
    """A number for each network, "mcc,mnc", in the order in which they come."""

    def __missing__(self, network: bytes) -> int:
        self[network] = number = len(self)
        return number


class Rows:
    """All rows of one file, sorted in runs. 8 octets for each are held in memory."""

    def __init__(self, path: Path, progress: Callable[[int, float], None] = lambda rows, share: None) -> None:
        """Reads the file; `progress` is told of rows read and the share of the file. Raises OSError, Faults."""
        self._path = path
        self._ids = _Networks()
        self._faults: list[Fault] = []
        self._runs: list[array[int]] = []
        with path.open("rb") as file:
            self._read(file, path.stat().st_size or 1, progress)
        if self._faults:
            raise Faults(self._faults)

    @property
    def networks(self) -> list[tuple[str, str]]:
        """MCC and MNC by the number that stands in the rows."""
        return [(mcc, mnc) for mcc, _, mnc in (network.decode().partition(",") for network in self._ids)]

    def pieces(self) -> Iterator["array[int]"]:
        """The rows in order, each number once. Raises Faults where a number has two networks."""
        runs = self._runs
        places = [0] * len(runs)
        sample = sorted(key >> BITS for run in runs for key in run[::_SAMPLE])
        # A number lies in one piece with all its rows.
        bounds = [number << BITS for number in sample[:: _PIECE // _SAMPLE][1:]]
        for bound in [*bounds, 1 << 64]:
            piece: list[int] = []
            for index, run in enumerate(runs):
                end = bisect_left(run, bound, places[index])
                piece += run[places[index] : end]
                places[index] = end
            piece.sort()
            numbers = [key >> BITS for key in piece]
            if len(set(numbers)) < len(numbers):
                piece = sorted(set(piece))
                self._check_once(piece)
            yield array("Q", piece)

    def _read(self, file: BinaryIO, size: int, progress: Callable[[int, float], None]) -> None:
        header = file.readline(1024).removeprefix(b"\xef\xbb\xbf").replace(b'"', b"").replace(b" ", b"").rstrip(b"\r\n")
        if header.decode("latin-1") != _HEADER:
            raise Faults([Fault(1, f"the first line must be {_HEADER}")])
        rows, line = 0, 2
        while block := file.read(_BLOCK):
            block += file.readline()
            if not block.endswith(b"\n"):
                block += b"\n"
            lines = block.count(b"\n")
            found = _ROWS.findall(block)
            keys = (
                [int(number) << BITS | self._ids[network] for number, network in found]
                if len(found) == lines
                else list(self._one_by_one(block, line))
            )
            keys.sort()
            self._runs.append(array("Q", keys))
            if len(self._ids) > 1 << BITS:
                self._faults.append(Fault(line, f"has more than {1 << BITS} networks"))
            if len(self._faults) >= _MOST_FAULTS:
                del self._faults[_MOST_FAULTS:]
                return
            rows += len(keys)
            line += lines
            progress(rows, file.tell() / size)

    def _one_by_one(self, block: bytes, line: int) -> Iterator[int]:
        """The rows of a block in which something is written otherwise, or wrong."""
        for number, text in enumerate(block.split(b"\n")[:-1], line):
            if not text.strip():
                continue
            if len(self._faults) >= _MOST_FAULTS:
                return
            key = self._row(text.rstrip(b"\r"), number)
            if key is not None:
                yield key

    def _row(self, text: bytes, line: int) -> int | None:
        fields = _fields(text)
        if len(fields) != 3:
            self._faults.append(Fault(line, f"has {len(fields)} fields, not 3 ({_HEADER})"))
            return None
        number, mcc, mnc = fields
        found = _NUMBER.fullmatch(number)
        # A number is nobody's business in a log: the line says which.
        if found is None:
            self._faults.append(Fault(line, "number: must be 7 to 15 digits, country code first"))
        elif not _MCC.fullmatch(mcc):
            self._faults.append(Fault(line, "mcc: must be three digits"))
        elif not _MNC.fullmatch(mnc):
            self._faults.append(Fault(line, "mnc: must be two or three digits, with its zeros"))
        else:
            return int(found[1]) << BITS | self._ids[mcc + b"," + mnc]
        return None

    def _check_once(self, piece: list[int]) -> None:
        """Raise Faults where two rows (sorted, different) have one number."""
        twice = {two >> BITS for one, two in pairwise(piece) if one >> BITS == two >> BITS}
        if not twice:
            return
        first: dict[int, int] = {}
        faults: list[Fault] = []
        with self._path.open("rb") as file:
            for line, text in enumerate(file, 1):
                found = _NUMBER.fullmatch(_fields(text)[0]) if line > 1 and text.strip() else None
                number = int(found[1]) if found else 0
                if number in twice and first.setdefault(number, line) != line:
                    faults.append(Fault(line, f"this number has another network in line {first[number]}"))
                    if len(faults) == _MOST_FAULTS:
                        break
        raise Faults(faults)


def _fields(text: bytes) -> list[bytes]:
    try:
        fields = next(csv.reader([text.decode("latin-1").strip("\r\n")], strict=True), [])
    except csv.Error:
        return []
    return [field.strip().encode("latin-1") for field in fields] or [b""]
