"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1 and 6.2.1.1).

Septets are handled one to an octet; a character of the extension table is the two septets 1B xx. `pack` and
`unpack` turn them into the packed form of TS 23.038, 6.1.2.1, and back.
"""

import codecs
import re

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

CHARACTERS = frozenset(_BASIC) - {"\x1b"} | frozenset(_EXTENSION.values())
"""Every character that can be written."""


def _encoding_table() -> str:
    """An octet per character, so that C code does the look-ups: extension characters are 80 + xx, and so is @.

    CPython has a fast form of such a map only when octet 00 stands for NUL; hence the place of @.
    """
    table = ["\ufffe"] * 256
    table[:128] = _BASIC
    table[0x00], table[0x80] = "\x00", "@"
    table[ESCAPE] = "\ufffe"
    for code, character in _EXTENSION.items():
        table[0x80 | code] = character
    return "".join(table)


_ENCODE = codecs.charmap_build(_encoding_table())
_EXPAND = re.compile(rb"[\x81-\xff]")
_PAIRS = {bytes([0x80 | code]): bytes([ESCAPE, code]) for code in _EXTENSION}

_DECODE = _BASIC + "\ufffd" * 128
_ESCAPED = re.compile("\x1b(.?)", re.DOTALL)
# By the character of the default table that has the same code; escape and nothing stand for a space.
_MEANINGS = {_BASIC[code]: character for code, character in _EXTENSION.items()} | {"\x1b": " ", "": " "}


def encode(text: str) -> bytes | None:
    """The septets of `text`, one to an octet, or None when a character is in neither table."""
    try:
        septets = codecs.charmap_encode(text, "strict", _ENCODE)[0]
    except UnicodeEncodeError:
        return None
    if 0 in septets:
        return None  # U+0000 itself; @ is not 00 yet
    if septets.isascii():
        return septets
    septets = septets.replace(b"\x80", b"\x00")
    if septets.isascii():
        return septets
    return _EXPAND.sub(lambda match: _PAIRS[match[0]], septets)


def missing(text: str) -> str:
    """The distinct characters of `text` that cannot be written, in the order they come."""
    return "".join([character for character in dict.fromkeys(text) if character not in CHARACTERS])


def septets(text: str) -> int:
    """How many septets `text` takes; all of it must be encodable."""
    return len(text) + sum(map(text.count, _EXTENSION.values()))


def decode(septets: bytes) -> str:
    """The text of septets given one to an octet. Never raises.

    An unknown code behind an escape reads as the default table's character, an escape behind an escape or at the
    end as a space (TS 23.038, 6.2.1 notes and 6.2.1.1); an octet over 7F as U+FFFD.
    """
    text = codecs.charmap_decode(septets, "strict", _DECODE)[0]
    if "\x1b" not in text:
        return text
    return _ESCAPED.sub(lambda match: _MEANINGS.get(match[1], match[1]), text)


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
