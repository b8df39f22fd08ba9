"""The SMSC's own PDUs: receipts (SMPP 3.4 Appendix B) about what was submitted, in every `ReceiptForm`."""

import time
from functools import lru_cache

from msgspec import Struct

from adapters.simulator.damage import Damage
from adapters.simulator.ids import IdForm, written_id
from adapters.simulator.receipt_form import Place, ReceiptForm
from adapters.smpp.codec import encode
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
    STATE_SCHEDULED,
    STATE_SKIPPED,
    STATE_UNDELIVERABLE,
    STATE_UNKNOWN,
    TAG_MESSAGE_PAYLOAD,
    TAG_MESSAGE_STATE,
    TAG_NETWORK_ERROR_CODE,
    TAG_RECEIPTED_MESSAGE_ID,
    TAG_SAR_SEGMENT_SEQNUM,
)
from adapters.smpp.pdu import DataSm, ShortMessage, Tlvs

STATES = {
    "SCHEDLD": STATE_SCHEDULED,
    "ENROUTE": STATE_ENROUTE,
    "DELIVRD": STATE_DELIVERED,
    "EXPIRED": STATE_EXPIRED,
    "DELETED": STATE_DELETED,
    "UNDELIV": STATE_UNDELIVERABLE,
    "ACCEPTD": STATE_ACCEPTED,
    "UNKNOWN": STATE_UNKNOWN,
    "REJECTD": STATE_REJECTED,
    "SKIPPED": STATE_SKIPPED,
}

_INTERMEDIATE = {"ENROUTE", "SCHEDLD", "BUFFRED"}


class Delivery(Struct, gc=False):
    """A deliver_sm or data_sm to be sent, damaged where the operator does."""

    pdu: ShortMessage | DataSm
    damage: Damage | None = None

    def octets(self, sequence: int) -> bytes:
        """As it is written."""
        octets = encode(self.pdu, sequence)
        return octets if self.damage is None else self.damage(octets)


def receipts_for(submit: ShortMessage, number: int, form: ReceiptForm, id_form: IdForm, now: int) -> list[Delivery]:
    """The receipts that `submit` asks for by its registered_delivery; `now` is seconds since the epoch."""
    wish = submit.registered_delivery & RECEIPT_MASK
    if not wish:
        return []
    stats = form.stats
    if wish == RECEIPT_FAILURE and stats[-1:] == ("DELIVRD",):
        return []
    if form.first_part_only and _part_number(submit) > 1:
        return []
    receipts = []
    written = written_id(number, form.id or id_form).encode("latin-1")
    in_tlv = written if form.id_in_tlv is None else written_id(number, form.id_in_tlv).encode("latin-1")
    for stat in stats:
        pdu = _receipt(submit, form, stat, written, in_tlv, now)
        if form.damage is not None:
            receipts.append(Delivery(pdu, form.damage))
        if form.damage is None or form.then_whole:
            receipts += [Delivery(pdu)] * form.copies
    return receipts


def _receipt(
    submit: ShortMessage, form: ReceiptForm, stat: str, written: bytes, in_tlv: bytes, now: int
) -> ShortMessage | DataSm:
    tlvs: Tlvs = {}
    if form.tlvs:
        state = STATES[stat] if form.state is None else form.state
        tlvs = {TAG_RECEIPTED_MESSAGE_ID: in_tlv + b"\0", TAG_MESSAGE_STATE: bytes((state,))}
    if form.network_error:
        tlvs[TAG_NETWORK_ERROR_CODE] = form.network_error
    text = b""
    if form.text:
        done = _date(now, form.date)
        text = form.text % {
            b"id": written,
            b"dlvrd": 1 if stat == "DELIVRD" else 0,
            b"submit": done if form.submit_date is None else _date(now, form.submit_date),
            b"done": done,
            b"stat": stat.encode("ascii"),
            b"err": form.error.encode("ascii"),
            b"text": _beginning(submit),
        }
        if form.utf16:
            text = text.decode("latin-1").encode("utf-16-be")
    esm_class = form.esm_class
    if esm_class is None:
        esm_class = ESM_TYPE_INTERMEDIATE if stat in _INTERMEDIATE else ESM_TYPE_RECEIPT
    if text and (form.place is not Place.SHORT_MESSAGE or len(text) > 254):
        tlvs[TAG_MESSAGE_PAYLOAD] = text + b"\0"
        text = b""
    if form.place is Place.DATA_SM:
        return DataSm(
            source_addr_ton=submit.dest_addr_ton,
            source_addr_npi=submit.dest_addr_npi,
            source_addr=submit.destination_addr,
            dest_addr_ton=submit.source_addr_ton,
            dest_addr_npi=submit.source_addr_npi,
            destination_addr=submit.source_addr,
            esm_class=esm_class,
            data_coding=form.data_coding,
            tlvs=tlvs,
        )
    return ShortMessage(
        DELIVER_SM,
        source_addr_ton=submit.dest_addr_ton,
        source_addr_npi=submit.dest_addr_npi,
        source_addr=submit.destination_addr,
        dest_addr_ton=submit.source_addr_ton,
        dest_addr_npi=submit.source_addr_npi,
        destination_addr=submit.source_addr,
        esm_class=esm_class,
        data_coding=form.data_coding,
        short_message=text,
        tlvs=tlvs,
    )


def content(submit: ShortMessage) -> bytes:
    """What was to be sent, with its header where it has one."""
    return submit.short_message or submit.tlvs.get(TAG_MESSAGE_PAYLOAD, b"")


def _beginning(submit: ShortMessage) -> bytes:
    octets = content(submit)
    start = octets[0] + 1 if octets and submit.esm_class & ESM_UDHI else 0
    return octets[start : start + 20]


def _part_number(submit: ShortMessage) -> int:
    """The place in a long message: by SAR, or by the concatenation that headers begin with (3GPP TS 23.040)."""
    octets = content(submit)
    if submit.esm_class & ESM_UDHI and octets[1:3] in (b"\x00\x03", b"\x08\x04"):
        return int.from_bytes(octets[2 + octets[2] : 3 + octets[2]])
    return int.from_bytes(submit.tlvs.get(TAG_SAR_SEGMENT_SEQNUM, b"\1"))


@lru_cache(maxsize=64)
def _date(now: int, form: str) -> bytes:
    return time.strftime(form, time.gmtime(now)).encode("ascii")
