"""Delivery receipts as operators really write them (SMPP 3.4 Appendix B and section 5.2.12), as values."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from adapters.smpp.constants import (
    CODING_UCS2,
    ESM_TYPE_INTERMEDIATE,
    ESM_TYPE_MASK,
    ESM_TYPE_RECEIPT,
    STATE_ACCEPTED,
    STATE_DELETED,
    STATE_DELIVERED,
    STATE_ENROUTE,
    STATE_EXPIRED,
    STATE_REJECTED,
    STATE_SCHEDULED,
    STATE_SKIPPED,
    STATE_UNDELIVERABLE,
    STATE_UNKNOWN,
    TAG_MESSAGE_PAYLOAD,
    TAG_MESSAGE_STATE,
    TAG_NETWORK_ERROR_CODE,
    TAG_RECEIPTED_MESSAGE_ID,
)
from adapters.smpp.pdu import DataSm, QuerySmResp, ShortMessage
from router.operator import ReceiptRules
from router.receipt import Receipt, ReceiptState

WORDS: Final[dict[bytes, ReceiptState]] = {
    b"DELIVRD": ReceiptState.DELIVERED,
    b"DELIVERED": ReceiptState.DELIVERED,
    b"0": ReceiptState.DELIVERED,
    b"EXPIRED": ReceiptState.EXPIRED,
    b"DELETED": ReceiptState.DELETED,
    b"UNDELIV": ReceiptState.UNDELIVERED,
    b"UNDELIVERED": ReceiptState.UNDELIVERED,
    b"UNDELIVERABLE": ReceiptState.UNDELIVERED,
    b"FAILED": ReceiptState.UNDELIVERED,
    b"SKIPPED": ReceiptState.UNDELIVERED,
    b"REJECTD": ReceiptState.REJECTED,
    b"REJECTED": ReceiptState.REJECTED,
    b"DND_REJECTED": ReceiptState.REJECTED,
    b"ACCEPTD": ReceiptState.ACCEPTED,
    b"ACCEPTED": ReceiptState.ACCEPTED,
    b"ACKED": ReceiptState.ACCEPTED,
    b"ENROUTE": ReceiptState.ENROUTE,
    b"SCHEDLD": ReceiptState.ENROUTE,
    b"BUFFRED": ReceiptState.ENROUTE,
    b"BUFFERD": ReceiptState.ENROUTE,
    b"UNKNOWN": ReceiptState.UNKNOWN,
}
"""The words of `stat`; any other is UNKNOWN."""

STATES: Final[dict[int, ReceiptState]] = {
    STATE_SCHEDULED: ReceiptState.ENROUTE,
    STATE_ENROUTE: ReceiptState.ENROUTE,
    STATE_DELIVERED: ReceiptState.DELIVERED,
    STATE_EXPIRED: ReceiptState.EXPIRED,
    STATE_DELETED: ReceiptState.DELETED,
    STATE_UNDELIVERABLE: ReceiptState.UNDELIVERED,
    STATE_ACCEPTED: ReceiptState.ACCEPTED,
    STATE_UNKNOWN: ReceiptState.UNKNOWN,
    STATE_REJECTED: ReceiptState.REJECTED,
    STATE_SKIPPED: ReceiptState.UNDELIVERED,
}
"""The values of the TLV message_state (section 5.2.28; 0 and 9 are SMPP 5.0)."""

_USUAL = re.compile(
    rb"id:(?P<id>[^\s\0]+) (?:sub:\S* )?(?:dlvrd:\S* )?submit date:\S* done date:(?P<done>\d*) "
    rb"stat:(?P<stat>[^\s\0]+) err:(?P<err>[^\s\0]+)(?: [Tt]ext:|\0?\Z)"
)
_TEXT = re.compile(rb"(?<![a-z])text:", re.IGNORECASE)
_LABEL = rb"(?<![a-z])(?:id|sub|dlvrd|submit[ _]date|done[ _]date|stat|err|text)\s*:"
# A value may be missing: then the next word is a label, and not the value.
_FIELD = re.compile(rb"(?<![a-z])(id|done[ _]date|stat|err)\s*:(?:\s*(?!" + _LABEL + rb")([^\s\0]+))?", re.IGNORECASE)
_COMMAS = re.compile(rb"\s*(\d{1,2}),(\d*),\d*,([^,\s]*),[^,]*,[^,]*,([^,\s\0]+)[\s\0]*\Z")

_USUAL_RULES = ReceiptRules()

_Fields = tuple[bytes, bytes, bytes, bytes]
"""id, done date, stat, err as written; b"" where missing."""


def read_receipt(
    pdu: ShortMessage | DataSm, operator: str, now_ms: int, rules: ReceiptRules = _USUAL_RULES
) -> Receipt | None:
    """The receipt that a deliver_sm or data_sm carries, or None when it carries something else.

    It is one by its esm_class, or by a receipted_message_id where the esm_class says nothing; by its text, which any
    handset can write, only where `rules.text_only`. One that cannot be read is still a receipt, then without ids.
    `now_ms` (milliseconds since the epoch, UTC) becomes `received_at`; the operator's dates are taken as UTC.
    """
    kind = pdu.esm_class & ESM_TYPE_MASK
    tlvs = pdu.tlvs
    tlv_id = tlvs[TAG_RECEIPTED_MESSAGE_ID].partition(b"\0")[0] if TAG_RECEIPTED_MESSAGE_ID in tlvs else b""
    said = kind in (ESM_TYPE_RECEIPT, ESM_TYPE_INTERMEDIATE) or (tlv_id and not kind)
    if not said and (kind or not rules.text_only or not _reads_as_receipt(_text(pdu))):
        return None

    state = _state_of(tlvs[TAG_MESSAGE_STATE]) if TAG_MESSAGE_STATE in tlvs else None
    text = _text(pdu)
    usual = _USUAL.match(text)
    if usual is not None:
        text_id, done, stat, err = usual.groups()
    else:
        text_id, done, stat, err = _fields(text, tlv_id, state)

    if state is None:
        if stat:
            state = _meaning(stat, rules.words)
        else:
            state = ReceiptState.ENROUTE if kind == ESM_TYPE_INTERMEDIATE else ReceiptState.UNKNOWN
    ids: tuple[str, ...]
    if not tlv_id or tlv_id == text_id:
        ids = (text_id.decode("latin-1"),) if text_id else ()
    elif text_id:
        ids = (tlv_id.decode("latin-1"), text_id.decode("latin-1"))
    else:
        ids = (tlv_id.decode("latin-1"),)
    to = pdu.source_addr
    return Receipt(
        operator,
        ids,
        state,
        to if to.isdecimal() else "".join(filter(str.isdecimal, to)),
        now_ms,
        stat.decode("latin-1"),
        _error(err, tlvs.get(TAG_NETWORK_ERROR_CODE)),
        _milliseconds(done) if done else None,
    )


def read_query(pdu: QuerySmResp, operator: str, to: str, now_ms: int) -> Receipt | None:
    """What a query_sm_resp says about a message to `to` (digits), as a receipt; None for an error."""
    if pdu.status:
        return None
    state = STATES.get(pdu.message_state, ReceiptState.UNKNOWN)
    error = str(pdu.error_code) if pdu.error_code else None
    done = _milliseconds(pdu.final_date[:12].encode("latin-1", "replace"))
    return Receipt(operator, (pdu.message_id,), state, to, now_ms, error=error, done_at=done)


def _meaning(stat: bytes, own: dict[str, ReceiptState]) -> ReceiptState:
    if own and (word := own.get(stat.decode("latin-1").upper())):
        return word
    return WORDS.get(stat) or WORDS.get(stat.upper(), ReceiptState.UNKNOWN)


def _reads_as_receipt(text: bytes) -> bool:
    if _USUAL.match(text) or _COMMAS.match(text):
        return True
    cut = _TEXT.search(text)
    return {b"id", b"stat"} <= _labelled(text[: cut.start()] if cut else text).keys()


def _text(pdu: ShortMessage | DataSm) -> bytes:
    text = pdu.short_message if isinstance(pdu, ShortMessage) else b""
    if not text:
        text = pdu.tlvs.get(TAG_MESSAGE_PAYLOAD, b"")
    # Some copy the data_coding of the message onto a receipt in ASCII; real UCS-2 begins with 0x00.
    if pdu.data_coding == CODING_UCS2 and text[:1] == b"\0":
        # An odd octet at the end is a NUL that closes message_payload.
        return text[: len(text) & -2].decode("utf-16-be", "replace").encode("latin-1", "replace")
    return text


def _state_of(value: bytes) -> ReceiptState | None:
    return STATES.get(int.from_bytes(value)) if value else None


def _fields(text: bytes, tlv_id: bytes, state: ReceiptState | None) -> _Fields:
    """Whatever can be found, in any order and layout."""
    commas = _COMMAS.match(text)
    if commas is not None:
        code, done, err, smsc_message_id = commas.groups()
        return smsc_message_id, done, code, err
    cut = _TEXT.search(text)
    if cut is None:
        head, tail = text, b""
    else:
        head, tail = text[: cut.start()], text[cut.end() :]
    found = _labelled(head)
    if b"stat" not in found:
        # Some leave the label out, not the word.
        word = next((word for word in head.split() if word.isalpha() and word.upper() in WORDS), None)
        if word is not None:
            found[b"stat"] = word
    if tail:
        # What stands behind `text:` may be the user's: only for what is found nowhere else.
        behind = _labelled(tail)
        if tlv_id:
            behind.pop(b"id", None)
        if state is not None:
            behind.pop(b"stat", None)
        found = behind | found
    return found.get(b"id", b""), found.get(b"done", b""), found.get(b"stat", b""), found.get(b"err", b"")


def _labelled(text: bytes) -> dict[bytes, bytes]:
    """Labels in lower case (`done` for `done date`) and their values; the first of each counts."""
    found: dict[bytes, bytes] = {}
    for label, value in _FIELD.findall(text):
        if value:
            found.setdefault(label.lower()[:4], value)
    return found


def _error(err: bytes, value: bytes | None) -> str | None:
    """`err` as written; where it is missing or nothing but zeros, the error that network_error_code names, if any."""
    written = err.decode("latin-1") if err else None
    if value is None or err.strip(b"0"):
        return written
    code = _network_error(value)
    return code if written is None or (code and code.strip("0")) else written


def _network_error(value: bytes | None) -> str | None:
    """network_error_code (section 5.3.2.31) is a network type and two octets of code; some write three digits."""
    if not value:
        return None
    if value.isdigit():
        return value.decode("ascii")
    return str(int.from_bytes(value[1:])) if len(value) == 3 else value.hex()


# Receipts come in bursts of the same minute, so nearly every date has been read before.
@lru_cache(maxsize=4096)
def _milliseconds(date: bytes) -> int | None:
    """YYMMDDhhmm, YYMMDDhhmmss, YYYYMMDDhhmm or YYYYMMDDhhmmss as milliseconds since the epoch; None if impossible."""
    if not date.isdigit():
        return None
    digits = date.decode("ascii")
    match len(digits):
        case 10:
            layouts = ["20" + digits + "00"]
        case 12:
            # A four-digit year from 2013 on has no month when read the first way, so the order is safe.
            layouts = ["20" + digits, digits + "00"]
        case 14:
            layouts = [digits]
        case _:
            return None
    for layout in layouts:
        try:
            moment = datetime(
                int(layout[:4]),
                int(layout[4:6]),
                int(layout[6:8]),
                int(layout[8:10]),
                int(layout[10:12]),
                int(layout[12:]),
                tzinfo=UTC,
            )
        except ValueError:
            continue
        return int(moment.timestamp()) * 1000
    return None
