"""Bytes from and to PDUs (SMPP 3.4 sections 3.2 and 4), without IO: written strictly, read leniently."""

import re
from collections.abc import Callable
from struct import Struct, error

from adapters.smpp.constants import (
    BIND_RECEIVER,
    BIND_RECEIVER_RESP,
    BIND_TRANSCEIVER,
    BIND_TRANSCEIVER_RESP,
    BIND_TRANSMITTER,
    BIND_TRANSMITTER_RESP,
    CANCEL_SM_RESP,
    DATA_SM,
    DATA_SM_RESP,
    DELIVER_SM,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    ESME_RINVCMDID,
    ESME_RINVCMDLEN,
    ESME_RINVMSGLEN,
    ESME_RINVOPTPARSTREAM,
    GENERIC_NACK,
    QUERY_SM_RESP,
    REPLACE_SM_RESP,
    SUBMIT_MULTI_RESP,
    SUBMIT_SM,
    SUBMIT_SM_RESP,
    UNBIND,
    UNBIND_RESP,
)
from adapters.smpp.pdu import BadBody, Bind, BindResp, DataSm, MessageResp, Pdu, ShortMessage, Simple, Tlvs

Frame = tuple[int, Pdu | BadBody]
"""A sequence_number and what came under it."""

_HEADER = Struct(">IIII")
_LENGTH = Struct(">I")
_TLV = Struct(">HH")

# One match finds every NUL of a body; fixed fields between two strings come as one group of octets.
_BIND_BODY = re.compile(rb"([^\0]*)\0([^\0]*)\0([^\0]*)\0(...)([^\0]*)\0", re.DOTALL)
_SHORT_MESSAGE_BODY = re.compile(rb"([^\0]*)\0(..)([^\0]*)\0(..)([^\0]*)\0(...)([^\0]*)\0([^\0]*)\0(.....)", re.DOTALL)
_DATA_BODY = re.compile(rb"([^\0]*)\0(..)([^\0]*)\0(..)([^\0]*)\0(...)", re.DOTALL)


class LocalProtocolError(Exception):
    """We were about to send what the standard forbids: our bug, or a configuration that should have been refused."""


class RemoteProtocolError(Exception):
    """The peer broke the protocol."""


class FramingLost(RemoteProtocolError):
    """A command_length that cannot be: the stream is out of step and only closing helps.

    `frames` were complete before it and still count.
    """

    def __init__(self, reason: str, frames: list[Frame]) -> None:
        super().__init__(reason)
        self.frames = frames


# --- writing -------------------------------------------------------------------------------------------------


def encode(pdu: Pdu, sequence_number: int) -> bytes:
    """One PDU as bytes. An error response without id and TLVs is written without body (sections 4.1.2, 4.4.2).

    Raises LocalProtocolError for a field that is too long, holds a NUL, is not Latin-1 or is out of its range.
    """
    try:
        if isinstance(pdu, ShortMessage):
            body = _short_message_body(pdu)
            return _HEADER.pack(16 + len(body), pdu.command_id, 0, sequence_number) + body
        if isinstance(pdu, DataSm):
            body = _data_sm_body(pdu)
            return _HEADER.pack(16 + len(body), DATA_SM, 0, sequence_number) + body
        if isinstance(pdu, Bind):
            body = _bind_body(pdu)
            return _HEADER.pack(16 + len(body), pdu.command_id, 0, sequence_number) + body
        if isinstance(pdu, MessageResp):
            body = _message_resp_body(pdu)
        elif isinstance(pdu, BindResp):
            body = _bind_resp_body(pdu)
        else:
            body = b""
        return _HEADER.pack(16 + len(body), pdu.command_id, pdu.status, sequence_number) + body
    except (error, ValueError, OverflowError):
        # The cause may quote a password or a text: it stays out of the message.
        raise LocalProtocolError(f"a field of {type(pdu).__name__} is out of its range or not Latin-1") from None


def _short_message_body(pdu: ShortMessage) -> bytes:
    service_type = pdu.service_type
    source = pdu.source_addr
    destination = pdu.destination_addr
    schedule = pdu.schedule_delivery_time
    validity = pdu.validity_period
    short_message = pdu.short_message
    if (
        len(source) > 20
        or len(destination) > 20
        or len(short_message) > 254
        or len(service_type) > 5
        or len(schedule) > 16
        or len(validity) > 16
        or "\0" in source
        or "\0" in destination
        or "\0" in service_type
        or "\0" in schedule
        or "\0" in validity
    ):
        _refuse(
            service_type=(service_type, 5),
            source_addr=(source, 20),
            destination_addr=(destination, 20),
            schedule_delivery_time=(schedule, 16),
            validity_period=(validity, 16),
        )
        raise LocalProtocolError("short_message is longer than 254")
    # Latin-1 maps code points 0..255 to the same octets, so one string holds text and small integers alike.
    head = (
        f"{service_type}\0{chr(pdu.source_addr_ton)}{chr(pdu.source_addr_npi)}{source}\0"
        f"{chr(pdu.dest_addr_ton)}{chr(pdu.dest_addr_npi)}{destination}\0"
        f"{chr(pdu.esm_class)}{chr(pdu.protocol_id)}{chr(pdu.priority_flag)}{schedule}\0{validity}\0"
        f"{chr(pdu.registered_delivery)}{chr(pdu.replace_if_present_flag)}{chr(pdu.data_coding)}"
        f"{chr(pdu.sm_default_msg_id)}{chr(len(short_message))}"
    ).encode("latin-1")
    if pdu.tlvs:
        return head + short_message + _tlv_bytes(pdu.tlvs)
    return head + short_message


def _data_sm_body(pdu: DataSm) -> bytes:
    _refuse(
        service_type=(pdu.service_type, 5),
        source_addr=(pdu.source_addr, 64),
        destination_addr=(pdu.destination_addr, 64),
    )
    return (
        f"{pdu.service_type}\0{chr(pdu.source_addr_ton)}{chr(pdu.source_addr_npi)}{pdu.source_addr}\0"
        f"{chr(pdu.dest_addr_ton)}{chr(pdu.dest_addr_npi)}{pdu.destination_addr}\0"
        f"{chr(pdu.esm_class)}{chr(pdu.registered_delivery)}{chr(pdu.data_coding)}"
    ).encode("latin-1") + _tlv_bytes(pdu.tlvs)


def _bind_body(pdu: Bind) -> bytes:
    _refuse(
        system_id=(pdu.system_id, 15),
        password=(pdu.password, 8),
        system_type=(pdu.system_type, 12),
        address_range=(pdu.address_range, 40),
    )
    return (
        f"{pdu.system_id}\0{pdu.password}\0{pdu.system_type}\0"
        f"{chr(pdu.interface_version)}{chr(pdu.addr_ton)}{chr(pdu.addr_npi)}{pdu.address_range}\0"
    ).encode("latin-1")


def _bind_resp_body(pdu: BindResp) -> bytes:
    _refuse(system_id=(pdu.system_id, 15))
    if pdu.status and not pdu.system_id and not pdu.tlvs:
        return b""
    return pdu.system_id.encode("latin-1") + b"\0" + _tlv_bytes(pdu.tlvs)


def _message_resp_body(pdu: MessageResp) -> bytes:
    message_id = pdu.message_id
    if not message_id and not pdu.tlvs:
        # Only deliver_sm_resp always carries its (unused) message_id (section 4.6.2).
        return b"" if pdu.status and pdu.command_id != DELIVER_SM_RESP else b"\0"
    if len(message_id) > 64 or "\0" in message_id:
        _refuse(message_id=(message_id, 64))
    return message_id.encode("latin-1") + b"\0" + _tlv_bytes(pdu.tlvs)


def _tlv_bytes(tlvs: Tlvs) -> bytes:
    return b"".join([_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items()])


def _refuse(**fields: tuple[str, int]) -> None:
    for name, (value, limit) in fields.items():
        if len(value) > limit:
            raise LocalProtocolError(f"{name} is longer than {limit}")
        if "\0" in value:
            raise LocalProtocolError(f"{name} holds a NUL")


# --- reading -------------------------------------------------------------------------------------------------


class Decoder:
    """Bytes in any chunks to frames, in order; the incomplete rest is kept.

    `limit` is the largest command_length taken, in octets (message_payload alone may be 64 KiB).
    """

    def __init__(self, limit: int = 128 * 1024) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._need = 4
        self._lost: str | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes.

        Raises FramingLost for a command_length below 16 or above the limit, as soon as it is read; the exception
        carries the frames completed before it. From then on every call raises it again, without frames.
        """
        if self._lost is not None:
            raise FramingLost(self._lost, [])
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < self._need:
                return []
            data = bytes(rest)
            rest.clear()
        frames: list[Frame] = []
        start = 0
        size = len(data)
        while size - start >= 4:
            (length,) = _LENGTH.unpack_from(data, start)
            if not 16 <= length <= self._limit:
                self._lost = f"command_length 0x{length:08X} is not within 16..{self._limit}"
                raise FramingLost(self._lost, frames)
            stop = start + length
            if stop > size:
                self._need = length
                break
            _, command_id, status, sequence_number = _HEADER.unpack_from(data, start)
            read = _READERS.get(command_id)
            if read is None:
                pdu: Pdu | BadBody = BadBody(command_id, ESME_RINVCMDID, f"unknown command_id 0x{command_id:08X}")
            else:
                pdu = read(command_id, status, data, start + 16, stop)
            frames.append((sequence_number, pdu))
            start = stop
        else:
            self._need = 4
        if start < size:
            rest += data[start:]
        return frames


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


_READERS: dict[int, Callable[[int, int, bytes, int, int], Pdu | BadBody]] = {
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
    QUERY_SM_RESP: _read_simple,
    CANCEL_SM_RESP: _read_simple,
    REPLACE_SM_RESP: _read_simple,
    SUBMIT_MULTI_RESP: _read_simple,
}
