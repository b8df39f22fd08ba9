"""The bodies of PDUs (SMPP 3.4 section 4), read leniently: what cannot be read costs its own PDU only."""

import re
from collections.abc import Callable
from struct import Struct

from adapters.smpp.constants import (
    BIND_RECEIVER,
    BIND_RECEIVER_RESP,
    BIND_TRANSCEIVER,
    BIND_TRANSCEIVER_RESP,
    BIND_TRANSMITTER,
    BIND_TRANSMITTER_RESP,
    CANCEL_SM,
    CANCEL_SM_RESP,
    DATA_SM,
    DATA_SM_RESP,
    DELIVER_SM,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    ESME_RINVCMDLEN,
    ESME_RINVMSGLEN,
    ESME_RINVOPTPARSTREAM,
    GENERIC_NACK,
    QUERY_SM,
    QUERY_SM_RESP,
    REPLACE_SM_RESP,
    SUBMIT_MULTI_RESP,
    SUBMIT_SM,
    SUBMIT_SM_RESP,
    UNBIND,
    UNBIND_RESP,
)
from adapters.smpp.pdu import (
    BadBody,
    Bind,
    BindResp,
    CancelSm,
    DataSm,
    MessageResp,
    Pdu,
    QuerySm,
    QuerySmResp,
    ShortMessage,
    Simple,
    Tlvs,
)

_TLV = Struct(">HH")

# One match finds every NUL of a body; fixed fields between two strings come as one group of octets.
_BIND_BODY = re.compile(rb"([^\0]*)\0([^\0]*)\0([^\0]*)\0(...)([^\0]*)\0", re.DOTALL)
_SHORT_MESSAGE_BODY = re.compile(rb"([^\0]*)\0(..)([^\0]*)\0(..)([^\0]*)\0(...)([^\0]*)\0([^\0]*)\0(.....)", re.DOTALL)
_DATA_BODY = re.compile(rb"([^\0]*)\0(..)([^\0]*)\0(..)([^\0]*)\0(...)", re.DOTALL)
_QUERY_BODY = re.compile(rb"([^\0]*)\0(..)([^\0]*)\0", re.DOTALL)
_QUERY_RESP_BODY = re.compile(rb"([^\0]*)\0([^\0]*)\0(..)", re.DOTALL)
_CANCEL_BODY = re.compile(rb"([^\0]*)\0([^\0]*)\0(..)([^\0]*)\0(..)([^\0]*)\0", re.DOTALL)


class _CutTlv(Exception):
    """A TLV that runs past the end of its PDU."""


def _read_short_message(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    match = _SHORT_MESSAGE_BODY.match(data, start, stop)
    if match is None:
        return BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL, or the body ends before sm_length")
    service_type, source_kind, source, dest_kind, destination, classes, schedule, validity, flags = match.groups()
    registered, replace, coding, default_id, length = flags
    text = match.end()
    end = text + length
    if end > stop:
        return BadBody(command_id, ESME_RINVMSGLEN, f"sm_length {length} runs past the end of the PDU")
    try:
        tlvs = _read_tlvs(data, end, stop) if end < stop else {}
    except _CutTlv:
        return BadBody(command_id, ESME_RINVOPTPARSTREAM, "a TLV runs past the end of the PDU")
    return ShortMessage(
        command_id,
        service_type.decode("latin-1") if service_type else "",
        source_kind[0],
        source_kind[1],
        source.decode("latin-1"),
        dest_kind[0],
        dest_kind[1],
        destination.decode("latin-1"),
        classes[0],
        classes[1],
        classes[2],
        schedule.decode("latin-1") if schedule else "",
        validity.decode("latin-1") if validity else "",
        registered,
        replace,
        coding,
        default_id,
        data[text:end],
        tlvs,
    )


def _read_data_sm(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    match = _DATA_BODY.match(data, start, stop)
    if match is None:
        return BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL, or the body ends before data_coding")
    service_type, source_kind, source, dest_kind, destination, classes = match.groups()
    try:
        tlvs = _read_tlvs(data, match.end(), stop)
    except _CutTlv:
        return BadBody(command_id, ESME_RINVOPTPARSTREAM, "a TLV runs past the end of the PDU")
    return DataSm(
        service_type.decode("latin-1"),
        source_kind[0],
        source_kind[1],
        source.decode("latin-1"),
        dest_kind[0],
        dest_kind[1],
        destination.decode("latin-1"),
        classes[0],
        classes[1],
        classes[2],
        tlvs,
    )


def _read_bind(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    match = _BIND_BODY.match(data, start, stop)
    if match is None:
        return BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL")
    system_id, password, system_type, numbers, address_range = match.groups()
    return Bind(
        command_id,
        system_id.decode("latin-1"),
        password.decode("latin-1"),
        system_type.decode("latin-1"),
        numbers[0],
        numbers[1],
        numbers[2],
        address_range.decode("latin-1"),
    )


def _read_bind_resp(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    read = _read_resp_body(command_id, status, data, start, stop)
    return read if isinstance(read, BadBody) else BindResp(command_id, status, *read)


def _read_message_resp(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    end = data.find(0, start, stop)
    if end + 1 == stop:
        return MessageResp(command_id, status, data[start:end].decode("latin-1"), {})
    if end < 0 and not status:
        # Some forget the NUL; an id that is not read would let an accepted message be sent twice.
        return MessageResp(command_id, status, data[start:stop].decode("latin-1"), {})
    read = _read_resp_body(command_id, status, data, start, stop)
    return read if isinstance(read, BadBody) else MessageResp(command_id, status, *read)


def _read_resp_body(command_id: int, status: int, data: bytes, start: int, stop: int) -> tuple[str, Tlvs] | BadBody:
    """The one string of a response and its TLVs; a body may be missing, and that of an error may be anything."""
    if start == stop:
        return "", {}
    end = data.find(0, start, stop)
    if end < 0:
        return ("", {}) if status else BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL")
    try:
        return data[start:end].decode("latin-1"), _read_tlvs(data, end + 1, stop)
    except _CutTlv:
        if status:
            return "", {}
        return BadBody(command_id, ESME_RINVOPTPARSTREAM, "a TLV runs past the end of the PDU")


def _read_simple(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    return Simple(command_id, status)


def _read_tlvs(data: bytes, start: int, stop: int) -> Tlvs:
    """All TLVs, unknown and empty ones too; one stray NUL before or behind them is met in the field. Raises _CutTlv."""
    tlvs: Tlvs = {}
    position = start
    while position + 4 <= stop:
        tag, length = _TLV.unpack_from(data, position)
        position += 4 + length
        if position > stop:
            break
        tlvs[tag] = data[position - length : position]
    if position == stop or (position + 1 == stop and data[position] == 0):
        return tlvs
    if data[start] == 0 and _tlvs_fit(data, start + 1, stop):
        return _read_tlvs(data, start + 1, stop)
    raise _CutTlv


def _tlvs_fit(data: bytes, start: int, stop: int) -> bool:
    while start + 4 <= stop:
        start += 4 + _TLV.unpack_from(data, start)[1]
    return start == stop


def _read_query(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    match = _QUERY_BODY.match(data, start, stop)
    if match is None:
        return BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL")
    message_id, source_kind, source = match.groups()
    return QuerySm(message_id.decode("latin-1"), source_kind[0], source_kind[1], source.decode("latin-1"))


def _read_query_resp(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    match = _QUERY_RESP_BODY.match(data, start, stop)
    if match is None:
        if status:
            return QuerySmResp(status)
        return BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL, or the body ends before error_code")
    message_id, final_date, codes = match.groups()
    return QuerySmResp(status, message_id.decode("latin-1"), final_date.decode("latin-1"), codes[0], codes[1])


def _read_cancel(command_id: int, status: int, data: bytes, start: int, stop: int) -> Pdu | BadBody:
    match = _CANCEL_BODY.match(data, start, stop)
    if match is None:
        return BadBody(command_id, ESME_RINVCMDLEN, "a string has no NUL")
    service_type, message_id, source_kind, source, dest_kind, destination = match.groups()
    return CancelSm(
        service_type.decode("latin-1"),
        message_id.decode("latin-1"),
        source_kind[0],
        source_kind[1],
        source.decode("latin-1"),
        dest_kind[0],
        dest_kind[1],
        destination.decode("latin-1"),
    )


READERS: dict[int, Callable[[int, int, bytes, int, int], Pdu | BadBody]] = {
    SUBMIT_SM_RESP: _read_message_resp,
    DELIVER_SM: _read_short_message,
    SUBMIT_SM: _read_short_message,
    DELIVER_SM_RESP: _read_message_resp,
    DATA_SM: _read_data_sm,
    DATA_SM_RESP: _read_message_resp,
    BIND_RECEIVER: _read_bind,
    BIND_TRANSMITTER: _read_bind,
    BIND_TRANSCEIVER: _read_bind,
    BIND_RECEIVER_RESP: _read_bind_resp,
    BIND_TRANSMITTER_RESP: _read_bind_resp,
    BIND_TRANSCEIVER_RESP: _read_bind_resp,
    ENQUIRE_LINK: _read_simple,
    ENQUIRE_LINK_RESP: _read_simple,
    UNBIND: _read_simple,
    UNBIND_RESP: _read_simple,
    GENERIC_NACK: _read_simple,
    QUERY_SM: _read_query,
    QUERY_SM_RESP: _read_query_resp,
    CANCEL_SM: _read_cancel,
    CANCEL_SM_RESP: _read_simple,
    REPLACE_SM_RESP: _read_simple,
    SUBMIT_MULTI_RESP: _read_simple,
}
