"""From a content to the segments that carry it (3GPP TS 23.038 alphabets, TS 23.040, 9.2.3.24 long messages)."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from zlib import crc32

from msgspec import Struct, structs

from router.message import Encoding, EncodingWish
from router.operator import Alphabet, LongForm, TextRules
from router.refusal import Refusal
from router.text import cutting, gsm7, languages, lookalikes, ucs2
from router.text.languages import Language
from router.text.udh import elements

MAX_PARTS = 255
"""What the one octet of a concatenation header can count (TS 23.040, 9.2.3.24.1)."""


# Looking a member up in its enumeration takes longer than comparing it.
_UCS2, _GSM7 = EncodingWish.UCS2, Encoding.GSM7


class Segment(Struct, frozen=True, gc=False):
    """What one short message carries, without any header of concatenation.

    `payload` is in the operator's alphabet (GSM septets one to an octet, or packed, Latin-1, ASCII, UTF-16BE, or
    the binary data); `text` is the piece of text it stands for, None for binary; `units` is septets, UTF-16 code
    units or octets. `shifts` are the elements of the user data header that name the language tables it is read with.
    """

    payload: bytes
    units: int
    text: str | None = None
    shifts: bytes = b""


class Segmentation(Struct, frozen=True, gc=False):
    """How a content is cut for one operator.

    `encoding` is what goes on the air, `reason` the characters that forced it, None where nothing did.
    `units` counts the whole content, `units_per_segment` the capacity of one segment of this many.
    `count` is the number of short messages on the air (what is paid for); `segments` is what we submit: the same
    number, but one for an operator that takes long content whole.
    `language` names the tables of a text that is not in the default alphabet. Where `transliterated`, the segments
    carry look-alikes of what was written.
    """

    encoding: Encoding
    reason: str | None
    units: int
    units_per_segment: int
    count: int
    segments: tuple[Segment, ...]
    language: Language | None = None
    transliterated: bool = False


def segment(
    text: str, wish: EncodingWish, rules: TextRules, max_parts: int = MAX_PARTS, transliterate: bool = False
) -> Segmentation:
    """Cut `text` as an operator with these rules takes it, into as few segments as can be.

    Of what loses nothing the cheapest is taken: GSM 7-bit, with a language's tables where only they can write the
    text or where they save a short message, else UCS-2. With an alphabet of Latin-1 or ASCII the text is still GSM
    7-bit on the air and counted in septets; what either lacks goes as UCS-2. With `transliterate`, typographic
    characters become GSM look-alikes where that saves a short message, or is what the wish for GSM 7-bit needs.

    Raises Refusal for the field `text`: `not_encodable` where the wish cannot be met, `too_long` for more than
    `max_parts` (or 255) short messages.
    """
    if rules.long == "whole":
        return _whole(text)
    if wish is not _UCS2 and rules.alphabet == "gsm7" and len(text) <= _SEPTETS.alone:
        # Nearly always: what comes to the same below, by a longer way.
        septets = gsm7.encode(text)
        if septets is not None and (units := len(septets)) <= _SEPTETS.alone:
            return Segmentation(_GSM7, None, units, _SEPTETS.alone, 1, (Segment(septets, units, text),))
    most = min(max_parts, MAX_PARTS)
    if len(text) > most * _SEPTETS.alone:
        # To encode and cut megabytes only to count what nobody takes would hold up everybody else.
        left = max(len(text) - lookalikes.invisible(text), len(text) // _MOSTLY) if transliterate else len(text)
        if left > most * _SEPTETS.alone:
            detail = f"{len(text)} characters do not fit into the {most} short messages allowed"
            raise Refusal("too_long", detail, "text")
    written = _cheapest(text, wish, rules, most)
    if transliterate and wish is not _UCS2 and (written is None or written.count > 1):
        like = lookalikes.replace(text)
        if like and like != text:
            cheaper = _cheapest(like, wish, rules, most)
            if cheaper is not None and (written is None or cheaper.count < written.count):
                return _transliterated(cheaper, lookalikes.replaced(text), rules, most)
    if written is None:
        raise _not_encodable(text, wish, rules)
    return _segmentation(written, rules, most)


def _whole(text: str) -> Segmentation:
    """What no short messages are counted for: one piece, whatever is in it."""
    encoding = Encoding.UCS2 if _outside(text, "gsm7", 1) else Encoding.GSM7
    return Segmentation(encoding, None, len(text), len(text), 1, (Segment(b"", len(text), text),))


def segment_binary(data: bytes, udh: bytes | None, rules: TextRules, max_parts: int = MAX_PARTS) -> Segmentation:
    """Cut `data`; behind a header of the client's own (with its length octet) it must fit one short message.

    Raises Refusal `too_long` for the field `data`, `invalid_request` for a `udh` whose lengths do not agree.
    """
    if rules.long == "whole" and udh is None:
        return Segmentation(Encoding.BINARY, None, len(data), len(data), 1, (Segment(data, len(data)),))
    if udh is None:
        most = min(max_parts, MAX_PARTS)
        return _segmentation(_written(_OCTETS, data, None, None, rules, most), rules, most)
    try:
        elements(udh)
    except ValueError as error:
        raise Refusal("invalid_request", f"The user data header cannot be read: {error}", "udh") from None
    room = _OCTETS.alone - len(udh)
    if len(data) > room:
        detail = f"Behind a header of {len(udh)} octets there is room for {max(room, 0)}, and these are {len(data)}"
        raise Refusal("too_long", detail, "data")
    return Segmentation(Encoding.BINARY, None, len(data), room, 1, (Segment(data, len(data)),))


def fingerprint(cut: Segmentation, rules: TextRules) -> int:
    """A number that differs, as a rule, where content is not cut in the same places, not written the same, or where
    the parts are not announced the same: parts of two such cuts would never make one message."""
    written = b"\0".join([part for segment in cut.segments for part in (segment.shifts, segment.payload)])
    return crc32(written, crc32(f"{cut.encoding} {rules.long}".encode())) or 1


# --- how content is counted ----------------------------------------------------------------------------------


class _Form(Struct, frozen=True):
    """How one encoding is counted: so many units in a message `alone` or in one `of_many`.

    With language tables `shifts` are their elements of the header. `table` is what septets are written with.
    """

    encoding: Encoding
    name: str
    units: cutting.Units
    alone: int
    of_many: dict[LongForm, int]
    table: gsm7.Table | None = None
    language: Language | None = None
    shifts: bytes = b""


_HEADERS: dict[LongForm, int] = {"udh8": 6, "udh16": 7, "sar": 6, "payload": 6, "whole": 6}
"""Octets of header in each short message on the air; where the SMSC writes it, the common one is assumed."""


def _septets(table: gsm7.Table, language: Language | None) -> _Form:
    shifts = languages.shifts(language) if language else b""
    return _Form(
        encoding=Encoding.GSM7,
        name="septets",
        units=cutting.Units(1, bytes([gsm7.ESCAPE])),
        alone=(140 - len(shifts) - bool(shifts)) * 8 // 7,
        of_many={form: (140 - header - len(shifts)) * 8 // 7 for form, header in _HEADERS.items()},
        table=table,
        language=language,
        shifts=shifts,
    )


_SEPTETS = _septets(gsm7.DEFAULT, None)
_CODE_UNITS = _Form(
    encoding=Encoding.UCS2,
    name="UTF-16 code units",
    units=cutting.Units(2, ucs2.HIGH_SURROGATES),
    alone=70,
    of_many={form: (140 - header) // 2 for form, header in _HEADERS.items()},
)
_OCTETS = _Form(
    encoding=Encoding.BINARY,
    name="octets",
    units=cutting.Units(1),
    alone=140,
    of_many={form: 140 - header for form, header in _HEADERS.items()},
)


@cache
def _language_forms(name: str) -> tuple[_Form, ...]:
    return tuple([_septets(languages.table_of(language), language) for language in languages.forms(name)])


# --- which encoding ------------------------------------------------------------------------------------------


class _Written(Struct, frozen=True, gc=False):
    """A content in one form, and how many short messages it takes, at least that where they are too many; `leading` as
    of `cutting.Units`, where it is cut."""

    form: _Form
    content: bytes
    text: str | None
    reason: str | None
    count: int = 1
    leading: bytes = b""


def _cheapest(text: str, wish: EncodingWish, rules: TextRules, most: int) -> _Written | None:
    """The fewest short messages that lose nothing, or None where the wish cannot be met. More than `most` are too many.

    UCS-2 never takes fewer than GSM 7-bit: two septets, the most a character takes, need less room than one code unit.
    """
    reason: str | None = "requested"
    if wish is not _UCS2:
        septets = gsm7.encode(text)
        if septets is not None and _writable(text, rules):
            plain = _written(_SEPTETS, septets, text, None, rules, most)
            if plain.count == 1 or len(septets) == len(text):
                return plain
            tabled = _with_tables(text, None, rules, most)
            return tabled if tabled is not None and tabled.count < plain.count else plain
        reason = _lacking(text, rules)
        tabled = _with_tables(text, reason, rules, most)
        if tabled is not None or wish is EncodingWish.GSM7:
            return tabled
    code_units = ucs2.encode(text)
    return None if code_units is None else _written(_CODE_UNITS, code_units, text, reason, rules, most)


def _with_tables(text: str, reason: str | None, rules: TextRules, most: int) -> _Written | None:
    """With the tables that make it the fewest short messages, then the fewest septets, then the shortest header."""
    best: _Written | None = None
    for name in rules.language_tables if rules.alphabet in _OF_SEPTETS else ():
        for form in _language_forms(name):
            assert form.table is not None
            septets = form.table.encode(text)
            if septets is not None:
                written = _written(form, septets, text, reason, rules, most)
                if best is None or _cost(written) < _cost(best):
                    best = written
    return best


def _cost(written: _Written) -> tuple[int, int, int]:
    return written.count, len(written.content), len(written.form.shifts)


def _written(
    form: _Form, content: bytes, text: str | None, reason: str | None, rules: TextRules, most: int
) -> _Written:
    if len(content) <= form.alone * form.units.width:
        return _Written(form, content, text, reason)
    least = -(-len(content) // (form.of_many[rules.long] * form.units.width))
    if least > most:
        return _Written(form, content, text, reason, least)
    leading = form.units.leading(content)
    count = len(cutting.ends(leading, form.of_many[rules.long]))
    return _Written(form, content, text, reason, count, leading)


def _transliterated(written: _Written, replaced: str, rules: TextRules, most: int) -> Segmentation:
    found = _segmentation(written, rules, most)
    reason = f"look-alikes for {_shown(replaced)}"
    return structs.replace(found, reason=f"{found.reason}; {reason}" if found.reason else reason, transliterated=True)


def _not_encodable(text: str, wish: EncodingWish, rules: TextRules) -> Refusal:
    if wish is EncodingWish.GSM7:
        detail = f"These characters cannot be sent in GSM 7-bit: {_lacking_tables(text, rules)}"
    else:
        detail = f"The text holds half of a surrogate pair: {_shown(filter(_is_surrogate, text))}"
    return Refusal("not_encodable", detail, "text")


# --- cutting -------------------------------------------------------------------------------------------------


def _segmentation(written: _Written, rules: TextRules, most: int) -> Segmentation:
    form, content, text, count = written.form, written.content, written.text, written.count
    units = len(content) // form.units.width
    if count > most:
        detail = f"{units} {form.name} need {count} short messages; at most {most} are allowed"
        raise Refusal("too_long", detail, "data" if text is None else "text")
    if count == 1:
        capacity = form.alone
        header = len(form.shifts) + bool(form.shifts)
        alone = Segment(_in_alphabet(form, content, text, rules, header), units, text, form.shifts)
        return Segmentation(form.encoding, written.reason, units, capacity, 1, (alone,), form.language)
    capacity = form.of_many[rules.long]
    if rules.long == "payload" and not form.shifts:
        segments: tuple[Segment, ...] = (Segment(_in_alphabet(form, content, text, rules, 0), units, text),)
    else:
        header = _HEADERS[rules.long] + len(form.shifts) if rules.long != "sar" or form.shifts else 0
        segments = tuple(
            [
                Segment(_in_alphabet(form, piece, said, rules, header), size, said, form.shifts)
                for size, piece, said in _pieces(written, capacity)
            ]
        )
    return Segmentation(form.encoding, written.reason, units, capacity, count, segments, form.language)


def _pieces(written: _Written, capacity: int) -> list[tuple[int, bytes, str | None]]:
    """Each piece's units, octets and text."""
    content, text, width = written.content, written.text, written.form.units.width
    pieces: list[tuple[int, bytes, str | None]] = []
    start = characters = 0
    if text is None:
        for end in cutting.ends(written.leading, capacity):
            pieces.append((end - start, content[start:end], None))
            start = end
        return pieces
    for cut in cutting.cuts(written.leading, capacity, text, written.count):
        piece = content[start * width : cut.units * width]
        pieces.append((cut.units - start, piece, text[characters : cut.characters]))
        start, characters = cut.units, cut.characters
    return pieces


# --- the operator's alphabet ---------------------------------------------------------------------------------

_OF_SEPTETS: tuple[Alphabet, ...] = ("gsm7", "gsm7-packed")
_CODECS = {"latin1": "latin-1", "ascii": "ascii"}
_SHOWN = 10
_MOSTLY = 8  # a text of which look-alikes leave less than one in so many is none
_WORDS = 32
_LAST: dict[Alphabet, str] = {"gsm7": "\uffff", "gsm7-packed": "\uffff", "latin1": "\xff", "ascii": "\x7f"}
_OUTSIDE: dict[Alphabet, Callable[[str, int, int], list[str]]] = {
    alphabet: re.compile("[^" + re.escape("".join(sorted(one for one in gsm7.CHARACTERS if one <= last))) + "]").findall
    for alphabet, last in _LAST.items()
}


def _in_alphabet(form: _Form, content: bytes, text: str | None, rules: TextRules, header: int) -> bytes:
    """What goes behind `header` octets of user data header in short_message."""
    if rules.alphabet == "gsm7" or form.encoding is not Encoding.GSM7:
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
    return _shown(_outside(text, rules.alphabet))


def _lacking_tables(text: str, rules: TextRules) -> str:
    """The same where language tables may be used: what none of them has, or, where no table has all, what needs one."""
    lacking = _outside(text, rules.alphabet, len(text))
    if rules.alphabet in _OF_SEPTETS:
        tables = [languages.table_of(form) for name in rules.language_tables for form in languages.forms(name)]
        nowhere = [character for character in lacking if not any(character in table.characters for table in tables)]
        lacking = nowhere or lacking
    return _shown(lacking)


def _outside(text: str, alphabet: Alphabet, most: int = _SHOWN) -> list[str]:
    """The first distinct characters that the alphabet has not, `most` or some more. A text in another script has so
    many in its first words; to look at all of it would take most of the time that it costs."""
    found: dict[str, None] = {}
    for at in range(0, len(text), _WORDS):
        found.update(dict.fromkeys(_OUTSIDE[alphabet](text, at, at + _WORDS)))
        if len(found) >= most:
            break
    return list(found)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _shown(characters: Iterable[str]) -> str:
    """The first characters; those that cannot be seen by their code point."""
    shown = " ".join(islice(characters, _SHOWN))
    if shown.isprintable():
        return shown
    return " ".join([one if one.isprintable() else f"U+{ord(one):04X}" for one in shown[::2]])
