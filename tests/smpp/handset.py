"""What a phone makes of the submit_sm it gets: written for the tests alone, with tables of its own.

Strict where a phone would be lenient: half an escape or surrogate pair, a code without a character, lengths that do
not agree, parts of two messages, more than 140 octets on the air: all of it fails.
"""

from adapters.smpp.pdu import ShortMessage
from router.operator import TextRules
from tests.text.tables import ESC, LOCKING, SINGLE
from tests.text.test_gsm7 import BASIC, EXTENSION


def read(pdus: list[ShortMessage], rules: TextRules) -> str:
    """The text of one message from its short messages, in any order."""
    parts = [_part(pdu, rules) for pdu in pdus]
    assert len({(total, reference) for total, reference, _, _ in parts}) == 1
    assert parts[0][0] == len(parts)
    assert sorted(number for _, _, number, _ in parts) == list(range(1, len(parts) + 1))
    return "".join(text for _, _, _, text in sorted(parts, key=lambda part: part[2]))


def _part(pdu: ShortMessage, rules: TextRules) -> tuple[int, int, int, str]:
    total, reference, number = 1, 0, 1
    content = pdu.short_message
    if 0x0424 in pdu.tlvs:
        assert content == b""
        content = pdu.tlvs[0x0424]
    single = locking = 0
    header = b""
    if pdu.esm_class & 0x40:
        header, content = content[: content[0] + 1], content[content[0] + 1 :]
        at = 1
        seen = set()
        while at < len(header):
            element, size = header[at], header[at + 1]
            data = header[at + 2 : at + 2 + size]
            assert len(data) == size
            assert element not in seen
            seen.add(element)
            if element == 0x00:
                reference, total, number = data
            elif element == 0x08:
                reference, total, number = int.from_bytes(data[:2], "big"), *data[2:]
            elif element == 0x24:
                (single,) = data
            elif element == 0x25:
                (locking,) = data
            else:
                raise AssertionError(f"element {element:02X}")
            at += 2 + size
        assert at == len(header)
    sar = [pdu.tlvs.get(tag) for tag in (0x020C, 0x020E, 0x020F)]
    if any(sar):
        assert all(sar)
        assert not header  # SMPP 3.4, 5.2.12
        reference, total, number = (int.from_bytes(value or b"", "big") for value in sar)
    text, octets = _text(content, len(header), pdu.data_coding & 0x0F, single, locking, rules)
    if 0x0424 not in pdu.tlvs:
        assert (len(header) or 6 * any(sar)) + octets <= 140
    return total, reference, number, text


def _text(content: bytes, header: int, coding: int, single: int, locking: int, rules: TextRules) -> tuple[str, int]:
    """The text, and how many octets of user data it takes on the air."""
    if coding == 0x08:
        return content.decode("utf-16-be"), len(content)
    if rules.alphabet in ("latin1", "ascii"):
        text = content.decode("latin-1" if rules.alphabet == "latin1" else "ascii")
        septets = sum(2 if one in EXTENSION.values() else 1 for one in text)
        return text, (septets * 7 + 7) // 8
    if rules.alphabet == "gsm7-packed":
        row = "".join(format(octet, "08b")[::-1] for octet in bytes(header) + content)
        first = -(-8 * header // 7) * 7
        cells = [int(row[at : at + 7][::-1], 2) for at in range(first, len(row) - 6, 7)]
        if len(row) - first - 7 * len(cells) == 0 and cells[-1:] == [0x0D]:
            cells.pop()  # what fills seven spare bits (TS 23.038, 6.1.2.3.1)
    else:
        cells = list(content)
    basic = {code: one for code, one in enumerate(LOCKING[locking]) if one != ESC} if locking else BASIC
    behind = {code: one for code, one in enumerate(SINGLE[single]) if one not in (" ", ESC)} if single else EXTENSION
    text, at = "", 0
    while at < len(cells):
        if cells[at] == 0x1B:
            text += behind[cells[at + 1]]
            at += 2
        else:
            assert not locking or basic[cells[at]] != " " or cells[at] == 0x20
            text += basic[cells[at]]
            at += 1
    spare = -8 * header % 7
    return text, (spare + 7 * len(cells) + 7) // 8
