"""How each public API writes the ids of things: one number inside, one form of it per API, the same both ways.

Numbers follow each other; their forms do not look it, so that nobody reads from an id how many there are. That is all:
what an account may see is decided by the account, never by an id that cannot be guessed.
"""

from typing import Final

LARGEST: Final = (1 << 52) - 1
"""The largest number that has a form in every API."""


class Form:
    """A one-to-one picture of 0..2**bits-1: the number times an odd factor, plus an offset."""

    def __init__(self, bits: int, factor: int, offset: int) -> None:
        self._size = 1 << bits
        self._factor = factor
        self._offset = offset
        self._inverse = pow(factor, -1, self._size)

    def hide(self, no: int) -> int:
        return (no * self._factor + self._offset) % self._size

    def find(self, hidden: int) -> int | None:
        """The number, None where no thing can have it."""
        no = (hidden - self._offset) * self._inverse % self._size
        return no if 0 < no <= LARGEST else None


class HexForm:
    """Lower-case hex digits."""

    def __init__(self, digits: int, factor: int, offset: int) -> None:
        self._digits = digits
        self._form = Form(4 * digits, factor, offset)

    def write(self, no: int) -> str:
        return f"{self._form.hide(no):0{self._digits}x}"

    def read(self, text: str) -> int | None:
        """The number of an id, None for what is no id of ours."""
        if len(text) != self._digits or not _HEX.issuperset(text):
            return None
        return self._form.find(int(text, 16))


class UuidForm:
    """A UUID of version 4 (RFC 9562 section 5.4) in its usual writing."""

    def __init__(self, factor: int, offset: int) -> None:
        self._form = Form(122, factor, offset)

    def write(self, no: int) -> str:
        hidden = self._form.hide(no)
        high, middle, low = hidden >> 74, hidden >> 62 & 0xFFF, hidden & (1 << 62) - 1
        digits = f"{high << 80 | 4 << 76 | middle << 64 | 2 << 62 | low:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def read(self, text: str) -> int | None:
        """The number of an id, None for what is no id of ours."""
        pieces = text.lower().split("-")
        if [len(piece) for piece in pieces] != [8, 4, 4, 4, 12] or not all(map(_HEX.issuperset, pieces)):
            return None
        value = int("".join(pieces), 16)
        if value >> 76 & 0xF != 4 or value >> 62 & 3 != 2:
            return None
        return self._form.find(value >> 80 << 74 | (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1)


_HEX = frozenset("0123456789abcdef")

HEX24 = HexForm(24, 0x9E3779B97F4A7C15F39CC061, 0x60D5EC49F1B2C8B5F8C5E8A1)
"""Texify's."""

HEX13 = HexForm(13, 0xB97F4A7C15F39, 0x6065ECDC9184A)
"""TextioPro's."""

UUID = UuidForm(0x27D4EB2F165667C59E3779B97F4A7C5, 0x3F84D5B5B5470917D0D1F2C9E6F0B4A)
"""TextDigo's, smsapi's and FullSMS's."""
