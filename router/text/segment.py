"""From a content to the segments that carry it (3GPP TS 23.038 alphabets, TS 23.040, 9.2.3.24 long messages)."""

from collections.abc import Callable, Iterable
from itertools import islice

from msgspec import Struct

from router.message import Encoding, EncodingWish
from router.operator import Alphabet, LongForm, TextRules
from router.refusal import Refusal
from router.text import gsm7, ucs2
from router.text.udh import elements

MAX_PARTS = 255
"""What the one octet of a concatenation header can count (TS 23.040, 9.2.3.24.1)."""


class Segment(Struct, frozen=True, gc=False):
    """What one short message carries, without any header.

    `payload` is in the operator's alphabet (GSM septets one to an octet, or packed, Latin-1, ASCII, UTF-16BE, or
    the binary data); `text` is the piece of text it stands for, None for binary; `units` is septets, UTF-16 code
    units or octets.
    """

    payload: bytes
    units: int
    text: str | None = None


class Segmentation(Struct, frozen=True, gc=False):
    """How a content is cut for one operator.

    `encoding` is what goes on the air, `reason` the characters that forced it, None where nothing did.
    `units` counts the whole content, `units_per_segment` the capacity of one segment of this many.
    `count` is the number of short messages on the air (what is paid for); `segments` is what we submit: the same
    number, but one for an operator that takes long content whole.
    """

    encoding: Encoding
    reason: str | None
    units: int
    units_per_segment: int
    count: int
    segments: tuple[Segment, ...]


def segment(text: str, wish: EncodingWish, rules: TextRules, max_parts: int = MAX_PARTS) -> Segmentation:
    """Cut `text` as an operator with these rules takes it, into as few segments as can be.

    With an alphabet of Latin-1 or ASCII the text is still GSM 7-bit on the air and counted in septets; what either
    lacks goes as UCS-2. Raises Refusal for the field `text`: `not_encodable` where the wish cannot be met,
    `too_long` for more than `max_parts` (or 255) short messages.
    """
    if wish is not EncodingWish.UCS2:
        septets = gsm7.encode(text)
        if septets is not None and _writable(text, rules):
            return _segmentation(_SEPTETS, septets, text, None, rules, max_parts)
        if wish is EncodingWish.GSM7:
            detail = f"These characters cannot be sent in GSM 7-bit: {_lacking(text, rules)}"
            raise Refusal("not_encodable", detail, "text")
    units = ucs2.encode(text)
    if units is None:
        detail = f"The text holds half of a surrogate pair: {_shown(filter(_is_surrogate, text))}"
        raise Refusal("not_encodable", detail, "text")
    reason = "requested" if wish is EncodingWish.UCS2 else _lacking(text, rules)
    return _segmentation(_CODE_UNITS, units, text, reason, rules, max_parts)


def segment_binary(data: bytes, udh: bytes | None, rules: TextRules, max_parts: int = MAX_PARTS) -> Segmentation:
    """Cut `data`; behind a header of the client's own (with its length octet) it must fit one short message.

    Raises Refusal `too_long` for the field `data`, `invalid_request` for a `udh` whose lengths do not agree.
    """
    if udh is None:
        return _segmentation(_OCTETS, data, None, None, rules, max_parts)
    try:
        elements(udh)
    except ValueError as error:
        raise Refusal("invalid_request", f"The user data header cannot be read: {error}", "udh") from None
    room = _OCTETS.alone - len(udh)
    if len(data) > room:
        detail = f"Behind a header of {len(udh)} octets there is room for {max(room, 0)}, and these are {len(data)}"
        raise Refusal("too_long", detail, "data")
    return Segmentation(Encoding.BINARY, None, len(data), room, 1, (Segment(data, len(data)),))


# --- cutting -------------------------------------------------------------------------------------------------


class _Form(Struct, frozen=True):
    """How one encoding is counted: units of `width` octets, so many in a message `alone` or in one `of_many`.

    A unit whose first octet is one of `leads` is never parted from the unit behind it.
    """

    encoding: Encoding
    unit: str
    width: int
    alone: int
    of_many: dict[LongForm, int]
    leads: bytes = b""
    decode: Callable[[bytes], str] | None = None


_HEADERS: dict[LongForm, int] = {"udh8": 6, "udh16": 7, "sar": 6, "payload": 6}
"""Octets of header in each short message on the air; where the SMSC writes it, the common one is assumed."""

_SEPTETS = _Form(
    encoding=Encoding.GSM7,
    unit="septets",
    width=1,
    alone=160,
    of_many={form: (140 - header) * 8 // 7 for form, header in _HEADERS.items()},
    leads=bytes([gsm7.ESCAPE]),
    decode=gsm7.decode,
)
_CODE_UNITS = _Form(
    encoding=Encoding.UCS2,
    unit="UTF-16 code units",
    width=2,
    alone=70,
    of_many={form: (140 - header) // 2 for form, header in _HEADERS.items()},
    leads=ucs2.HIGH_SURROGATES,
    decode=ucs2.decode,
)
_OCTETS = _Form(
    encoding=Encoding.BINARY,
    unit="octets",
    width=1,
    alone=140,
    of_many={form: 140 - header for form, header in _HEADERS.items()},
)


def _segmentation(
    form: _Form, content: bytes, text: str | None, reason: str | None, rules: TextRules, max_parts: int
) -> Segmentation:
    units = len(content) // form.width
    if units <= form.alone:
        whole = Segment(_written(form, content, text, rules, 0), units, text)
        return Segmentation(form.encoding, reason, units, form.alone, 1, (whole,))

    capacity = form.of_many[rules.long]
    ends = _cut(content, form.width, capacity, form.leads)
    most = min(max_parts, MAX_PARTS)
    if len(ends) > most:
        detail = f"{units} {form.unit} need {len(ends)} short messages; at most {most} are allowed"
        raise Refusal("too_long", detail, "data" if text is None else "text")
    if rules.long == "payload":
        segments: tuple[Segment, ...] = (Segment(_written(form, content, text, rules, 0), units, text),)
    else:
        header = _HEADERS[rules.long] if rules.long != "sar" else 0
        pieces = [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        segments = tuple([_piece(form, piece, rules, header) for piece in pieces])
    return Segmentation(form.encoding, reason, units, capacity, len(ends), segments)


def _cut(content: bytes, width: int, capacity: int, leads: bytes) -> list[int]:
    """Where each piece ends, in octets: every piece as full as it can be, which makes them as few as can be."""
    ends = []
    end = 0
    while end < len(content):
        end += capacity * width
        if end < len(content) and content[end - width] in leads:
            end -= width
        ends.append(min(end, len(content)))
    return ends


def _piece(form: _Form, content: bytes, rules: TextRules, header: int) -> Segment:
    text = form.decode(content) if form.decode else None
    return Segment(_written(form, content, text, rules, header), len(content) // form.width, text)


# --- the operator's alphabet ---------------------------------------------------------------------------------

_CODECS = {"latin1": "latin-1", "ascii": "ascii"}
_CHARACTERS: dict[Alphabet, frozenset[str]] = {
    "gsm7": gsm7.CHARACTERS,
    "gsm7-packed": gsm7.CHARACTERS,
    "latin1": frozenset([character for character in gsm7.CHARACTERS if character <= "\xff"]),
    "ascii": frozenset([character for character in gsm7.CHARACTERS if character <= "\x7f"]),
}


def _written(form: _Form, content: bytes, text: str | None, rules: TextRules, header: int) -> bytes:
    """What goes behind `header` octets of user data header in short_message."""
    if rules.alphabet == "gsm7" or form is not _SEPTETS:
        return content
    if rules.alphabet == "gsm7-packed":
        fill_bits = -8 * header % 7
        # Who knows only octets sees one more septet in seven spare bits: a CR there is harmless, a 00 would be an @
        # (as TS 23.038, 6.1.2.3.1 does where no count of septets travels along).
        spare = -(fill_bits + 7 * len(content)) % 8
        return gsm7.pack(content + b"\r" if spare == 7 else content, fill_bits)
    assert text is not None
    return text.encode(_CODECS[rules.alphabet])


def _writable(text: str, rules: TextRules) -> bool:
    """Whether the operator's alphabet has all of a text that is in the GSM alphabet."""
    codec = _CODECS.get(rules.alphabet)
    if codec is None:
        return True
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _lacking(text: str, rules: TextRules) -> str:
    """The characters that keep `text` from GSM 7-bit at this operator, for a person to read."""
    characters = _CHARACTERS[rules.alphabet]
    return _shown(character for character in dict.fromkeys(text) if character not in characters)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _shown(characters: Iterable[str]) -> str:
    """At most ten characters; those that cannot be seen by their code point."""
    return " ".join(
        [character if character.isprintable() else f"U+{ord(character):04X}" for character in islice(characters, 10)]
    )
