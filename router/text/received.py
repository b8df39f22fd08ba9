"""From the octets a handset sent to the text they stand for (3GPP TS 23.038, TS 23.040 section 9.2.3.24)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from router.inbound import Inbound
from router.text import gsm7, udh
from router.text.languages import IDENTIFIERS, LOCKING_SHIFT, SINGLE_SHIFT, table

GSM7: Final = "gsm7"
GSM7_PACKED: Final = "gsm7-packed"
UCS2: Final = "ucs2"

_CODECS: Final = {
    "latin1": "latin-1",
    "ascii": "ascii",
    "cyrillic": "iso8859-5",
    "hebrew": "iso8859-8",
    "iso-2022-jp": "iso2022_jp",
    "ks-c-5601": "euc_kr",
}

ALPHABETS: Final = frozenset([GSM7, GSM7_PACKED, UCS2, *_CODECS])
"""What an Inbound may say its content is written in."""

_LANGUAGES: Final = frozenset(IDENTIFIERS.values())
_MAY_SHIFT: Final = re.compile(rb"[\x24\x25]")
_HALF: Final = "\ufffd"


class _Form(NamedTuple):
    """How a stretch of octets is read; languages by their identifier (TS 23.038, 6.2.1.2.4), 0 for the default."""

    alphabet: str | None
    locking: int = 0
    single: int = 0


class _Run:
    """Pieces of one form with none missing between them: a character may begin in one and end in the next.

    `cut_before` and `cut_behind` say that the pieces around it never came.
    """

    __slots__ = ("content", "cut_before", "cut_behind", "form")

    def __init__(self, form: _Form, cut_before: bool) -> None:
        self.form = form
        self.content = b""
        self.cut_before = cut_before
        self.cut_behind = False


def languages_of(header: bytes) -> tuple[int, int]:
    """The languages of the locking and of the single shift table that a header announces (TS 23.040, 9.2.3.24.15 and
    9.2.3.24.16), 0 for the default's; what is reserved, or cannot be read, is to be passed over."""
    if not _MAY_SHIFT.search(header):
        return 0, 0
    try:
        found = dict(udh.elements(header))
    except ValueError:
        return 0, 0
    locking, single = (int.from_bytes(found.get(name, b"")) for name in (LOCKING_SHIFT, SINGLE_SHIFT))
    return locking if locking in _LANGUAGES else 0, single if single in _LANGUAGES else 0


def read_text(pieces: Sequence[Inbound]) -> str | None:
    """The text of a message's pieces, given by number, some of them perhaps missing. None where one of them is no
    text. Half a character beside a missing piece reads as U+FFFD. Never raises."""
    texts = []
    for run in _runs(pieces):
        text = _decode(run)
        if text is None:
            return None
        texts.append(text)
    return "".join(texts)


def read_data(pieces: Sequence[Inbound]) -> tuple[bytes, bytes | None]:
    """The octets of a message's pieces as they came, and the first one's header but for its place, None where it
    says nothing else."""
    return b"".join([piece.content for piece in pieces]), udh.without_concatenation(pieces[0].udh or b"")


def _runs(pieces: Sequence[Inbound]) -> list[_Run]:
    runs: list[_Run] = []
    number = 0
    for piece in pieces:
        form, octets = _form(piece)
        missing = piece.place.number != number + 1
        number = piece.place.number
        if missing and runs:
            runs[-1].cut_behind = True
        if missing or not runs or runs[-1].form != form:
            runs.append(_Run(form, missing))
        runs[-1].content += octets
    runs[-1].cut_behind = number < pieces[-1].place.total
    return runs


def _form(piece: Inbound) -> tuple[_Form, bytes]:
    """How a piece is read, and its content as it is then; GSM 7-bit one septet to an octet."""
    alphabet, content = piece.alphabet, piece.content
    if alphabet not in (GSM7, GSM7_PACKED):
        return _Form(alphabet), content
    if alphabet == GSM7_PACKED:
        is_last = piece.place.number == piece.place.total
        content = _unpack(content, len(piece.udh or b""), is_last)
    if piece.udh is None:
        return _Form(GSM7), content
    return _Form(GSM7, *languages_of(piece.udh)), content


def _unpack(content: bytes, header: int, is_last: bool) -> bytes:
    """Septets behind a header of so many octets, from their septet boundary on (TS 23.040, 9.2.3.24)."""
    fill_bits = -8 * header % 7
    bits = 8 * len(content) - fill_bits
    septets = gsm7.unpack(content, bits // 7, fill_bits)
    # SMPP tells octets, not septets: a last septet of seven spare bits is padding. A 00 that fills the middle piece
    # of a long message is more likely to be an @.
    padding = (b"\0", b"\r") if is_last else (b"\r",)
    return septets[:-1] if bits % 7 == 0 and septets[-1:] in padding else septets


# --- decoding ------------------------------------------------------------------------------------------------


def _decode(run: _Run) -> str | None:
    alphabet, locking, single = run.form
    if alphabet == GSM7:
        return table(locking, single).decode(run.content) if run.content.isascii() else None
    if alphabet == UCS2:
        return _read_ucs2(run)
    codec = _CODECS.get(alphabet or "")
    try:
        return run.content.decode(codec) if codec is not None else None
    except ValueError:
        return None


def _read_ucs2(run: _Run) -> str | None:
    octets = run.content
    before = behind = ""
    if run.cut_before or run.cut_behind:
        # A unit, or a pair of them, may have lost its other half.
        if len(octets) % 2 and run.cut_before != run.cut_behind:
            if run.cut_behind:
                octets, behind = octets[:-1], _HALF
            else:
                octets, before = octets[1:], _HALF
        if run.cut_before and 0xDC <= (octets or b"\0")[0] <= 0xDF:
            octets, before = octets[2:], _HALF
        if run.cut_behind and 0xD8 <= (octets[-2:] or b"\0")[0] <= 0xDB:
            octets, behind = octets[:-2], _HALF
    # Some senders begin with a byte order mark, and U+FFFE is no character in the other order.
    is_marked = octets[:2] in (b"\xfe\xff", b"\xff\xfe")
    try:
        return before + octets.decode("utf-16" if is_marked else "utf-16-be") + behind
    except ValueError:
        return None
