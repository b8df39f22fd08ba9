"""User data headers (3GPP TS 23.040, 9.2.3.24). A header is given whole, with its length octet in front."""

from collections.abc import Iterator
from struct import Struct as Layout

import msgspec

CONCAT8 = 0x00
CONCAT16 = 0x08

_CONCAT8 = Layout(">BBBBBB")
_CONCAT16 = Layout(">BBBHBB")


class Concatenation(msgspec.Struct, frozen=True, gc=False):
    """Which piece of which message this is; `number` counts from 1, `reference` is of 8 or 16 bits."""

    reference: int
    total: int
    number: int
    wide: bool = False


def concat8(reference: int, total: int, number: int) -> bytes:
    """The header of piece `number` of `total` with an 8-bit reference (9.2.3.24.1): 6 octets."""
    return _CONCAT8.pack(5, CONCAT8, 3, reference, total, number)


def concat16(reference: int, total: int, number: int) -> bytes:
    """The header of piece `number` of `total` with a 16-bit reference (9.2.3.24.8): 7 octets."""
    return _CONCAT16.pack(6, CONCAT16, 4, reference, total, number)


def split(user_data: bytes) -> tuple[bytes, bytes]:
    """User data that begins with a header, as (header, rest). Raises ValueError where the header is longer than it."""
    end = user_data[0] + 1 if user_data else 1
    if end > len(user_data):
        raise ValueError("the user data header is longer than the user data")
    return user_data[:end], user_data[end:]


def elements(header: bytes) -> list[tuple[int, bytes]]:
    """The information elements as (identifier, data), in order. Raises ValueError where lengths do not agree."""
    if not header or header[0] != len(header) - 1:
        raise ValueError("the first octet of a user data header must be the number of octets that follow it")
    return list(_elements(header))


def concatenation(header: bytes) -> Concatenation | None:
    """The piece that `header` speaks of, or None: no such element, or one to be ignored (a total of 0, or a number
    of 0 or over the total). Of several the last counts (9.2.3.24). Raises ValueError as `elements` does."""
    found = None
    for identifier, data in elements(header):
        if identifier == CONCAT8 and len(data) == 3:
            piece = Concatenation(data[0], data[1], data[2])
        elif identifier == CONCAT16 and len(data) == 4:
            piece = Concatenation(data[0] << 8 | data[1], data[2], data[3], wide=True)
        else:
            continue
        if 0 < piece.number <= piece.total:
            found = piece
    return found


def without_concatenation(header: bytes) -> bytes | None:
    """The header without what makes a piece of it, None where nothing is left; one that cannot be read as it is."""
    try:
        found = elements(header)
    except ValueError:
        return header or None
    rest = b"".join([bytes([name, len(data)]) + data for name, data in found if name not in (CONCAT8, CONCAT16)])
    return bytes([len(rest)]) + rest if rest else None


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    at = 1
    while at < len(header):
        end = at + 2 + header[at + 1] if at + 1 < len(header) else len(header) + 1
        if end > len(header):
            raise ValueError("an element of the user data header is longer than the header")
        yield header[at], header[at + 2 : end]
        at = end
