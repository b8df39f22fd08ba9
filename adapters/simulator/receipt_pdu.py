"""The SMSC's own PDUs: message ids in their forms, and receipts (SMPP 3.4 Appendix B) about what was submitted."""

import time
from functools import lru_cache

from adapters.simulator.behaviour import Behaviour, IdForm
from adapters.smpp.constants import (
    DELIVER_SM,
    ESM_TYPE_INTERMEDIATE,
    ESM_TYPE_RECEIPT,
    ESM_UDHI,
    RECEIPT_FAILURE,
    RECEIPT_MASK,
    STATE_ACCEPTED,
    STATE_DELETED,
    STATE_DELIVERED,
    STATE_ENROUTE,
    STATE_EXPIRED,
    STATE_REJECTED,
    STATE_UNDELIVERABLE,
    STATE_UNKNOWN,
    TAG_MESSAGE_PAYLOAD,
    TAG_MESSAGE_STATE,
    TAG_RECEIPTED_MESSAGE_ID,
)
from adapters.smpp.pdu import ShortMessage, Tlvs

_STATES = {
    "ENROUTE": STATE_ENROUTE,
    "DELIVRD": STATE_DELIVERED,
    "EXPIRED": STATE_EXPIRED,
    "DELETED": STATE_DELETED,
    "UNDELIV": STATE_UNDELIVERABLE,
    "ACCEPTD": STATE_ACCEPTED,
    "UNKNOWN": STATE_UNKNOWN,
    "REJECTD": STATE_REJECTED,
}


def written_id(number: int, form: IdForm) -> str:
    """The id `number` as the operator would write it."""
    if form is IdForm.DECIMAL:
        return f"{number:010d}"
    if form is IdForm.HEX:
        return f"{number:08X}"
    if form is IdForm.PADDED:
        return f"{number:020d}"
    if form is IdForm.STRIPPED:
        return str(number)
    if form is IdForm.NONE:
        return ""
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def receipts_for(submit: ShortMessage, number: int, behaviour: Behaviour, form: IdForm, now: int) -> list[ShortMessage]:
    """The receipts that `submit` asks for by its registered_delivery; `now` is seconds since the epoch."""
    wish = submit.registered_delivery & RECEIPT_MASK
    if not wish:
        return []
    stats = behaviour.stats
    if wish == RECEIPT_FAILURE and stats[-1:] == ("DELIVRD",):
        return []
    receipts = []
    smsc_message_id = written_id(number, behaviour.id_in_receipt or form).encode("latin-1")
    for stat in stats:
        tlvs: Tlvs = {}
        if behaviour.tlvs:
            tlvs = {TAG_RECEIPTED_MESSAGE_ID: smsc_message_id + b"\0", TAG_MESSAGE_STATE: bytes((_STATES[stat],))}
        date = _date(now)
        text = b""
        if behaviour.text:
            delivered = 1 if stat == "DELIVRD" else 0
            text = b"id:%b sub:001 dlvrd:%03d submit date:%b done date:%b stat:%b err:%b text:%b" % (
                smsc_message_id,
                delivered,
                date,
                date,
                stat.encode("ascii"),
                behaviour.error.encode("ascii"),
                _beginning(submit),
            )
        receipt = ShortMessage(
            DELIVER_SM,
            source_addr_ton=submit.dest_addr_ton,
            source_addr_npi=submit.dest_addr_npi,
            source_addr=submit.destination_addr,
            dest_addr_ton=submit.source_addr_ton,
            dest_addr_npi=submit.source_addr_npi,
            destination_addr=submit.source_addr,
            esm_class=ESM_TYPE_INTERMEDIATE if stat == "ENROUTE" else ESM_TYPE_RECEIPT,
            short_message=text,
            tlvs=tlvs,
        )
        receipts += [receipt] * behaviour.copies
    return receipts


def content(submit: ShortMessage) -> bytes:
    """What was to be sent, with its header where it has one."""
    return submit.short_message or submit.tlvs.get(TAG_MESSAGE_PAYLOAD, b"")


def _beginning(submit: ShortMessage) -> bytes:
    octets = content(submit)
    start = octets[0] + 1 if octets and submit.esm_class & ESM_UDHI else 0
    return octets[start : start + 20]


@lru_cache(maxsize=16)
def _date(now: int) -> bytes:
    return time.strftime("%y%m%d%H%M", time.gmtime(now)).encode("ascii")
