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
from router.inbound import WHOLE, Inbound, Place
from router.operator import Operator
from router.routing.msisdn import claimed
from router.text import received, udh

_ALPHABETS: Final = {
    CODING_ASCII: "ascii",
    CODING_LATIN1: "latin1",
    6: "cyrillic",
    7: "hebrew",
    CODING_UCS2: received.UCS2,
    10: "iso-2022-jp",
    14: "ks-c-5601",
}
"""What the data_coding values of SMPP itself mean (section 5.2.19); those missing are binary or never met."""

_TON_UNKNOWN: Final = 0
_TON_INTERNATIONAL: Final = 1


def read_inbound(pdu: ShortMessage | DataSm, operator: Operator, now_ms: int) -> Inbound:
    """What the handset sent: its octets, the alphabet they are said to be in, and its place in a long message.

    Never raises: what cannot be a header, a place or an alphabet is none. Where a header has no place for it, the
    SAR TLVs may have.
    """
    content = pdu.tlvs.get(TAG_MESSAGE_PAYLOAD, b"")
    if isinstance(pdu, ShortMessage) and pdu.short_message:
        content = pdu.short_message
    header = None
    place = None
    alphabet = _alphabet(pdu.data_coding, operator)
    if pdu.esm_class & ESM_UDHI:
        try:
            header, content = udh.split(content)
            place = udh.concatenation(header)
        except ValueError:
            pass  # no header after all, or one that says nothing
        if alphabet == "ascii" and header is not None and any(received.languages_of(header)):
            alphabet = received.GSM7  # only GSM 7-bit has shift tables, whatever data_coding says
    return Inbound(
        operator.name,
        _sender(pdu),
        pdu.destination_addr,
        now_ms,
        content,
        alphabet,
        header,
        _place(place) if place is not None else _place_by_sar(pdu.tlvs),
    )


def _sender(pdu: ShortMessage | DataSm) -> str:
    """In E.164 where the type of number (section 5.2.5), or failing that its looks, say that it is international."""
    ton = pdu.source_addr_ton
    if ton in (_TON_UNKNOWN, _TON_INTERNATIONAL):
        return claimed(pdu.source_addr, ton == _TON_INTERNATIONAL) or pdu.source_addr
    return pdu.source_addr


def _alphabet(data_coding: int, operator: Operator) -> str | None:
    """None for octets (section 5.2.19; the upper groups are those of 3GPP TS 23.038 section 4)."""
    text = operator.text
    if data_coding == 0:
        return text.alphabet
    if data_coding == text.ucs2:
        return received.UCS2
    if data_coding < 0x10:
        return _ALPHABETS.get(data_coding)
    group = data_coding & 0xF0
    if group < 0x80:  # general (00xx), marked for deletion (01xx): bit 5 is compression, bits 3-2 the alphabet
        if data_coding & 0x20:
            return None
        return {0x00: text.alphabet, 0x08: received.UCS2}.get(data_coding & 0x0C)
    if group == 0xF0:  # with a message class: bit 2 says octets
        return None if data_coding & 0x04 else text.alphabet
    if group in (0xC0, 0xD0):  # message waiting
        return text.alphabet
    return received.UCS2 if group == 0xE0 else None


def _place(piece: udh.Concatenation) -> Place:
    return Place(piece.reference, piece.total, piece.number, piece.wide) if piece.total > 1 else WHOLE


def _place_by_sar(tlvs: Tlvs) -> Place:
    """Sections 5.3.2.22 to 5.3.2.24; WHOLE unless all three TLVs agree on a place."""
    reference = tlvs.get(TAG_SAR_MSG_REF_NUM, b"")
    total = int.from_bytes(tlvs.get(TAG_SAR_TOTAL_SEGMENTS, b""))
    number = int.from_bytes(tlvs.get(TAG_SAR_SEGMENT_SEQNUM, b""))
    if len(reference) != 2 or not 1 < total <= 255 or not 0 < number <= total:
        return WHOLE
    return Place(int.from_bytes(reference), total, number, wide=True)
