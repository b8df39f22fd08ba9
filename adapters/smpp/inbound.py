"""From a deliver_sm or data_sm that is no receipt to the message of a handset (SMPP 3.4 sections 4.6.1, 4.7.1)."""

from typing import Final

from adapters.smpp.constants import (
    CODING_ASCII,
    CODING_LATIN1,
    CODING_UCS2,
    ESM_UDHI,
    TAG_MESSAGE_PAYLOAD,
    TAG_SAR_MSG_REF_NUM,
    TAG_SAR_SEGMENT_SEQNUM,
    TAG_SAR_TOTAL_SEGMENTS,
)
from adapters.smpp.pdu import DataSm, ShortMessage, Tlvs
from router.operator import Alphabet, Operator
from router.receipt import Inbound
from router.text import gsm7, udh

_DEFAULT: Final[dict[Alphabet, str]] = {
    "gsm7": "gsm7",
    "gsm7-packed": "gsm7-packed",
    "latin1": "latin-1",
    "ascii": "ascii",
}
_CODECS: Final = {
    CODING_ASCII: "ascii",
    CODING_LATIN1: "latin-1",
    6: "iso8859-5",
    7: "iso8859-8",
    CODING_UCS2: "utf-16-be",
}
"""What the lower data_coding values mean (section 5.2.19); those missing are binary or never met."""


def read_inbound(pdu: ShortMessage | DataSm, operator: Operator, now_ms: int) -> Inbound:
    """What the handset sent, as far as it can be read: text, else its octets as data. Never raises.

    The user data header is split off into `udh`, its length octet included. SAR TLVs come as the header that says
    the same, so that parts are joined by one rule.
    """
    content = pdu.tlvs.get(TAG_MESSAGE_PAYLOAD, b"")
    if isinstance(pdu, ShortMessage) and pdu.short_message:
        content = pdu.short_message
    header = b""
    if pdu.esm_class & ESM_UDHI:
        try:
            header, content = udh.split(content)
        except ValueError:
            pass  # no header after all
    text = _decode(content, _codec(pdu.data_coding, operator), len(header))
    return Inbound(
        operator.name,
        pdu.source_addr,
        pdu.destination_addr,
        now_ms,
        text,
        content if text is None else None,
        header or _udh_of_sar(pdu.tlvs),
    )


def _codec(data_coding: int, operator: Operator) -> str | None:
    """The name of the alphabet, None for octets (section 5.2.19; 3GPP TS 23.038 section 4 for the upper groups)."""
    if data_coding == 0:
        return _DEFAULT[operator.text.alphabet]
    if data_coding == operator.text.ucs2:
        return _CODECS[CODING_UCS2]
    group = data_coding & 0xF0
    if group == 0x00:
        return _CODECS.get(data_coding)
    if group == 0xF0:  # data coding with a message class: bit 2 says octets
        return None if data_coding & 0x04 else _DEFAULT[operator.text.alphabet]
    if group in (0xC0, 0xD0):  # message waiting
        return _DEFAULT[operator.text.alphabet]
    if group == 0xE0:
        return _CODECS[CODING_UCS2]
    if group == 0x10:  # with a message class: bits 3-2 are the alphabet
        return {0x00: _DEFAULT[operator.text.alphabet], 0x08: _CODECS[CODING_UCS2]}.get(data_coding & 0x0C)
    return None


def _decode(content: bytes, codec: str | None, header: int) -> str | None:
    if codec is None:
        return None
    if codec == "gsm7":
        return gsm7.decode(content) if content.isascii() else None
    if codec == "gsm7-packed":
        return gsm7.decode(_unpack(content, header))
    try:
        return content.decode(codec)
    except ValueError:
        return None


def _unpack(content: bytes, header: int) -> bytes:
    """Septets behind a header of so many octets, from their septet boundary on (3GPP TS 23.040 section 9.2.3.24)."""
    fill_bits = -8 * header % 7
    bits = 8 * len(content) - fill_bits
    septets = gsm7.unpack(content, bits // 7, fill_bits)
    # A last septet of seven spare bits is padding: SMPP tells octets, not septets.
    return septets[:-1] if bits % 7 == 0 and septets[-1:] in (b"\0", b"\r") else septets


def _udh_of_sar(tlvs: Tlvs) -> bytes | None:
    """The concatenation header (3GPP TS 23.040 section 9.2.3.24.8) that says what the SAR TLVs say."""
    reference = tlvs.get(TAG_SAR_MSG_REF_NUM, b"")
    total = tlvs.get(TAG_SAR_TOTAL_SEGMENTS, b"")
    number = tlvs.get(TAG_SAR_SEGMENT_SEQNUM, b"")
    if len(reference) != 2 or len(total) != 1 or len(number) != 1:
        return None
    return udh.concat16(int.from_bytes(reference), total[0], number[0])
