"""From a part to its submit_sm (SMPP 3.4 section 4.4.1), by one operator's rules."""

from typing import Any, Final

from adapters.smpp.constants import (
    CODING_BINARY,
    CODING_DEFAULT,
    CODING_FLASH,
    ESM_UDHI,
    RECEIPT_FINAL,
    RECEIPT_INTERMEDIATE,
    RECEIPT_NONE,
    SUBMIT_SM,
    TAG_MESSAGE_PAYLOAD,
    TAG_SAR_MSG_REF_NUM,
    TAG_SAR_SEGMENT_SEQNUM,
    TAG_SAR_TOTAL_SEGMENTS,
)
from adapters.smpp.pdu import CancelSm, QuerySm, ShortMessage, Tlvs
from router.message import Encoding, Message, ReceiptWish
from router.operator import Addressing, AddressKind, Operator
from router.ports.operators import Question, Submission
from router.sender import SenderKind, sender_kind
from router.text import udh

_CLASS_0: Final = {Encoding.GSM7: 0x00, Encoding.BINARY: 0x04, Encoding.UCS2: 0x08}
"""The alphabet bits of a data coding with message class (3GPP TS 23.038 section 4)."""

_ONE_SHORT_MESSAGE: Final = 140
"""Octets of content and header that one short message carries (3GPP TS 23.040 section 9.2.3.24)."""

_SENDERS: Final = 10_000

_SECOND: Final = 1000
_YEAR_DAYS: Final = 365
_MONTH_DAYS: Final = 30

Source = tuple[int, int, str]
"""Type of number, numbering plan and address."""


class SubmitForm:
    """What is the same in every submit_sm to one operator, worked out once."""

    def __init__(self, operator: Operator) -> None:
        text = operator.text
        self._long = text.long
        self._addressing = operator.addressing
        self._destination = operator.addressing.destination
        self._tlvs = tuple(operator.tlvs.items())
        self._coding = {
            Encoding.GSM7: CODING_DEFAULT,
            Encoding.UCS2: text.ucs2,
            Encoding.BINARY: CODING_BINARY,
        }
        asked = operator.receipts.request
        final = RECEIPT_NONE if asked == "none" else RECEIPT_FINAL
        every = RECEIPT_FINAL | RECEIPT_INTERMEDIATE if asked == "all" else final
        self._receipts = {ReceiptWish.NONE: RECEIPT_NONE, ReceiptWish.FINAL: final, ReceiptWish.ALL: every}
        septets = _ONE_SHORT_MESSAGE if text.alphabet == "gsm7-packed" else _ONE_SHORT_MESSAGE * 8 // 7
        self._room = {Encoding.GSM7: septets, Encoding.UCS2: _ONE_SHORT_MESSAGE, Encoding.BINARY: _ONE_SHORT_MESSAGE}
        self._sources: dict[str | None, Source] = {}

    def fill(self, submission: Submission, now_ms: int) -> ShortMessage:
        """The submit_sm for this part; `now_ms` is the wall clock in ms, for the validity that is left."""
        message = submission.message
        source = self._sources.get(submission.sender) or self._source(submission.sender)
        destination = self._destination
        to = message.to
        if not destination.plus and to[:1] == "+":
            to = to[1:]
        encoding = message.encoding
        content = submission.segment.payload
        esm_class = 0
        tlvs: Tlvs = {}
        shifts = submission.segment.shifts
        if len(message.parts) > 1 or message.udh or shifts:
            esm_class, content, tlvs = self._headed(message, submission.part.number, shifts, content)
        if self._long == "payload" and len(content) > self._room[encoding]:
            tlvs[TAG_MESSAGE_PAYLOAD] = content
            content = b""
        if self._tlvs and message.options:
            self._add_tlvs(tlvs, message.options)
        # By position, in the order of the PDU: half the cost of names.
        return ShortMessage(
            SUBMIT_SM,
            "",
            source[0],
            source[1],
            source[2],
            destination.ton,
            destination.npi,
            to,
            esm_class,
            0,
            0,
            "",
            validity_period(message.expires_at - now_ms) if message.expires_at is not None else "",
            self._receipts[message.receipts],
            0,
            CODING_FLASH | _CLASS_0[encoding] if message.flash else self._coding[encoding],
            0,
            content,
            tlvs,
        )

    def question(self, question: Question) -> QuerySm | CancelSm:
        """The query_sm or cancel_sm about a part, with the addresses of its submit_sm."""
        source = self._source(question.sender)
        smsc_message_id = question.attempt.smsc_message_id or ""
        if question.kind == "query":
            return QuerySm(smsc_message_id, *source)
        destination = self._destination
        to = question.message.to if destination.plus else question.message.to.removeprefix("+")
        return CancelSm("", smsc_message_id, *source, destination.ton, destination.npi, to)

    def _source(self, sender: str | None) -> Source:
        source = source_address(sender, self._addressing)
        if len(self._sources) >= _SENDERS:
            self._sources.clear()
        self._sources[sender] = source
        return source

    def _headed(self, message: Message, number: int, shifts: bytes, payload: bytes) -> tuple[int, bytes, Tlvs]:
        """esm_class, content and TLVs of a part that is one of several, or that has elements of a header anyway: the
        client's own, or those of language tables.

        They and a concatenation share one user data header; SAR TLVs must not stand beside one (5.2.12), and an SMSC
        that gets one with a long message_payload need not repeat it in each short message.
        """
        total = len(message.parts)
        reference = message.concat_reference
        own = message.udh[1:] if message.udh else shifts
        if total == 1:
            return ESM_UDHI, bytes((len(own),)) + own + payload, {}
        if self._long == "sar" and not own:
            return (
                0,
                payload,
                {
                    TAG_SAR_MSG_REF_NUM: (reference & 0xFFFF).to_bytes(2, "big"),
                    TAG_SAR_TOTAL_SEGMENTS: bytes((total,)),
                    TAG_SAR_SEGMENT_SEQNUM: bytes((number,)),
                },
            )
        if self._long == "udh16":
            header = udh.concat16(reference & 0xFFFF, total, number)
        else:
            header = udh.concat8(reference & 0xFF, total, number)
        if own:
            header = bytes((header[0] + len(own),)) + header[1:] + own
        return ESM_UDHI, header + payload, {}

    def _add_tlvs(self, tlvs: Tlvs, options: dict[str, Any]) -> None:
        for tag, name in self._tlvs:
            value = options.get(name)
            if value is not None:
                tlvs[tag] = value if isinstance(value, bytes) else str(value).encode()


def source_address(sender: str | None, addressing: Addressing) -> Source:
    """Who sends, by the kind of sender: 3 to 8 digits are a short code, other digits (a plus before them or not) an
    international number, the rest is alphanumeric. None leaves it to the SMSC (section 5.2.8: a single NUL)."""
    if not sender:
        return 0, 0, ""
    kind = sender_kind(sender)
    if kind is SenderKind.ALPHANUMERIC:
        return _as(addressing.alphanumeric, sender)
    if kind is SenderKind.SHORTCODE:
        return _as(addressing.shortcode, sender)
    digits = sender.removeprefix("+")
    return _as(addressing.international, "+" + digits if addressing.international.plus else digits)


def _as(kind: AddressKind, address: str) -> Source:
    return kind.ton, kind.npi, address


def validity_period(left_ms: int) -> str:
    """What is left of a message's life as a relative time `YYMMDDhhmmss000R` (section 7.1.1.2), at least a second.

    A month counts 30 days and a year 365 here; the SMSC's may be a little longer.
    """
    seconds = max(left_ms // _SECOND, 1)
    days, seconds = divmod(seconds, 86_400)
    years, days = divmod(days, _YEAR_DAYS)
    months, days = divmod(days, _MONTH_DAYS)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{min(years, 99):02}{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R"
