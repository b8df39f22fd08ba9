"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1 and 6.2.1.1).

Septets are handled one to an octet; a character of the extension table is the two septets 1B xx. `pack` and
`unpack` turn them into the packed form of TS 23.038, 6.1.2.1, and back.
"""

import codecs
import re
from collections.abc import Mapping

ESCAPE = 0x1B

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

# No septet: a character that takes two, or none.
_NOT_ALONE = 0xFF

UNASSIGNED = "\ufffe"
"""Stands in a table for a code without a character."""


class Table:
    """An alphabet of 128 septets and the one behind its escape.

    `basic` is 128 characters in the order of their codes, `extension` characters by their code.
    """

    def __init__(self, basic: str, extension: Mapping[int, str]) -> None:
        self.basic = basic
        self.extension = extension
        # Where a table has a character twice the shorter way to write it counts, then the lower code.
        escaped = {character: code for code, character in sorted(extension.items(), reverse=True)}
        escaped = {character: code for character, code in escaped.items() if character not in basic}
        self.characters = frozenset(basic) - {"\x1b", UNASSIGNED} | escaped.keys()
        self._encode = codecs.charmap_build(_encoding_table(basic, escaped))
        alone = {ord(character): basic.index(character) for character in self.characters - escaped.keys()}
        self._from_ascii = bytes(alone.get(code, _NOT_ALONE) for code in range(256))
        behind = [extension.get(code, character) for code, character in enumerate(basic)]
        behind[ESCAPE] = " "
        self._decode = (basic + "".join(behind)).replace(UNASSIGNED, "\ufffd")
        self._decode_plain = self._decode[:128] + "\ufffd" * 128

    def encode(self, text: str) -> bytes | None:
        """The septets of `text`, one to an octet, or None when a character is in neither table."""
        if text.isascii():  # nearly always, and then mostly by the shortest way
            septets = text.encode("ascii").translate(self._from_ascii)
            if septets.isascii():
                return septets
        try:
            septets = codecs.charmap_encode(text, "strict", self._encode)[0]
        except UnicodeEncodeError:
            return None
        if 0 in septets:
            return None  # U+0000 itself; code 00 is not 00 yet
        if septets.isascii():
            return septets
        septets = septets.replace(_ZERO, b"\x00")
        if septets.isascii():
            return septets
        for code in set(septets.translate(None, _PLAIN)):
            septets = septets.replace(_CODES[code], _PAIRS[code])
        return septets

    def decode(self, septets: bytes) -> str:
        """The text of septets given one to an octet. Never raises.

        A code behind an escape that the extension lacks reads as the same code of the basic table, an escape behind an
        escape or at the end as a space (TS 23.038, 6.2.1 notes and 6.2.1.1); an unassigned code and an octet over 7F
        as U+FFFD.
        """
        if b"\x1b" not in septets:
            return codecs.charmap_decode(septets, "strict", self._decode_plain)[0]
        if not septets.isascii():
            return "\ufffd".join([self.decode(run) for run in _NO_SEPTET.split(septets)])
        return codecs.charmap_decode(_ESCAPED.sub(_single, septets), "strict", self._decode)[0]


def _encoding_table(basic: str, escaped: Mapping[str, int]) -> str:
    """An octet per character, so that C code does the look-ups: what is behind the escape is 80 + xx, and the character
    with code 00 has the place of the escape there.

    CPython has a fast form of such a map only when octet 00 stands for NUL.
    """
    table = [UNASSIGNED] * 256
    table[:128] = basic
    table[0x00], table[0x80 | ESCAPE] = "\x00", basic[0]
    table[ESCAPE] = UNASSIGNED
    for character, code in escaped.items():
        table[0x80 | code] = character
    return "".join(table)


_ZERO = bytes([0x80 | ESCAPE])
_PLAIN = bytes(range(128))
_CODES = {0x80 | code: bytes([0x80 | code]) for code in range(128)}
_PAIRS = {0x80 | code: bytes([ESCAPE, code]) for code in range(128)}
_ESCAPED = re.compile(rb"\x1b[\x00-\x7f]?")
_SINGLES = {pair: _CODES[code] for code, pair in _PAIRS.items()} | {bytes([ESCAPE]): _ZERO}
_NO_SEPTET = re.compile(rb"\x1b?[\x80-\xff]")


def _single(match: re.Match[bytes]) -> bytes:
    return _SINGLES[match[0]]


DEFAULT = Table(_BASIC, _EXTENSION)

CHARACTERS = DEFAULT.characters
"""Every character that can be written."""

encode = DEFAULT.encode
decode = DEFAULT.decode


def missing(text: str) -> str:
    """The distinct characters of `text` that cannot be written, in the order they come."""
    return "".join([character for character in dict.fromkeys(text) if character not in CHARACTERS])


def septets(text: str) -> int:
    """How many septets `text` takes; all of it must be encodable."""
    return len(text) + sum(map(text.count, _EXTENSION.values()))


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Septets packed into octets, the first in the lowest bits, behind `fill_bits` zero bits.

    Behind a user data header the fill bits bring the first septet to a septet boundary (TS 23.040, 9.2.3.24).
    """
    octets = bytearray()
    bits, width = 0, fill_bits
    for septet in septets:
        bits |= septet << width
        width += 7
        if width >= 8:
            octets.append(bits & 0xFF)
            bits >>= 8
            width -= 8
    if width:
        octets.append(bits)
    return bytes(octets)


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """The first `count` septets of packed `octets` behind `fill_bits` bits, or as many as there are."""
    there = max(0, (8 * len(octets) - fill_bits) // 7)
    padded = octets + b"\x00"
    starts = range(fill_bits, fill_bits + 7 * min(count, there), 7)
    return bytes([(padded[at >> 3] | padded[(at >> 3) + 1] << 8) >> (at & 7) & 0x7F for at in starts])
