"""The table of ported numbers as it is searched: one file of sorted 64-bit integers, mapped into memory."""

import mmap
import os
import struct
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from adapters.lookup.ported_csv import BITS

_MAGIC = 0x0001_5043_4F52_5444  # in the machine's own order: another machine's file is no file of ours
_HEAD = struct.Struct("=Q32sQQ")  # what it is, stamp of its source, rows, networks
_NETWORK = 8
_MASK = (1 << BITS) - 1
_DAY = 86_400.0


def stamp_of(source: Path) -> bytes:
    """Tells a file from another, and from itself before it was changed. Raises OSError."""
    found = source.stat()
    return sha256(f"{source}\0{found.st_size}\0{found.st_mtime_ns}".encode("utf-8", "surrogateescape")).digest()


def write(path: Path, stamp: bytes, pieces: Iterable["array[int]"], networks: list[tuple[str, str]]) -> int:
    """Put the file in its place whole, or leave what is there. Gives the number of rows. Raises OSError and what
    `pieces` raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{path.name}.*.tmp"):
        if left.stat().st_mtime < time.time() - _DAY:
            left.unlink(missing_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        rows = 0
        with unfinished.open("wb") as file:
            file.write(bytes(_HEAD.size))
            for piece in pieces:
                piece.tofile(file)
                rows += len(piece)
            for mcc, mnc in networks:
                file.write(f"{mcc},{mnc}".encode().ljust(_NETWORK, b"\0"))
            file.seek(0)
            file.write(_HEAD.pack(_MAGIC, stamp, rows, len(networks)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return rows


class Index:
    """An open file; `stamp` is its source's. A file that takes its place later does not change this one."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, and ValueError where it is no such file."""
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if len(data) < _HEAD.size:
            raise ValueError("is no table of ported numbers")
        self.stamp: bytes
        self.rows: int
        magic, self.stamp, self.rows, networks = _HEAD.unpack_from(data)
        end = _HEAD.size + 8 * self.rows
        if magic != _MAGIC or len(data) != end + _NETWORK * networks:
            raise ValueError("is no table of ported numbers")
        self._keys = data[_HEAD.size : end].cast("Q")
        names = bytes(data[end:])
        self._networks = [
            _codes(names[place : place + _NETWORK].rstrip(b"\0")) for place in range(0, len(names), _NETWORK)
        ]

    def find(self, number: int) -> tuple[str, str] | None:
        """MCC and MNC of a number (its digits, country code first)."""
        key = number << BITS
        place = bisect_left(self._keys, key)
        if place == self.rows:
            return None
        found = self._keys[place]
        return self._networks[found & _MASK] if found >> BITS == number else None


def _codes(name: bytes) -> tuple[str, str]:
    mcc, _, mnc = name.decode().partition(",")
    return mcc, mnc
