"""Bytes from and to PDUs (SMPP 3.4 sections 3.2 and 4), without IO: written strictly, read leniently."""

from struct import Struct, error

from adapters.smpp.constants import CANCEL_SM, DATA_SM, DELIVER_SM_RESP, ESME_RINVCMDID, QUERY_SM, QUERY_SM_RESP
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
    Tlvs,
)
from adapters.smpp.reading import READERS

Frame = tuple[int, Pdu | BadBody]
"""A sequence_number and what came under it."""

_HEADER = Struct(">IIII")
_LENGTH = Struct(">I")
_TLV = Struct(">HH")


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
        if isinstance(pdu, QuerySm):
            body = _query_body(pdu)
            return _HEADER.pack(16 + len(body), QUERY_SM, 0, sequence_number) + body
        if isinstance(pdu, CancelSm):
            body = _cancel_body(pdu)
            return _HEADER.pack(16 + len(body), CANCEL_SM, 0, sequence_number) + body
        if isinstance(pdu, QuerySmResp):
            body = _query_resp_body(pdu)
            return _HEADER.pack(16 + len(body), QUERY_SM_RESP, pdu.status, sequence_number) + body
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


def _query_body(pdu: QuerySm) -> bytes:
    _refuse(message_id=(pdu.message_id, 64), source_addr=(pdu.source_addr, 20))
    return f"{pdu.message_id}\0{chr(pdu.source_addr_ton)}{chr(pdu.source_addr_npi)}{pdu.source_addr}\0".encode(
        "latin-1"
    )


def _query_resp_body(pdu: QuerySmResp) -> bytes:
    if pdu.status and not pdu.message_id:
        return b""
    _refuse(message_id=(pdu.message_id, 64), final_date=(pdu.final_date, 16))
    return f"{pdu.message_id}\0{pdu.final_date}\0{chr(pdu.message_state)}{chr(pdu.error_code)}".encode("latin-1")


def _cancel_body(pdu: CancelSm) -> bytes:
    _refuse(
        service_type=(pdu.service_type, 5),
        message_id=(pdu.message_id, 64),
        source_addr=(pdu.source_addr, 20),
        destination_addr=(pdu.destination_addr, 20),
    )
    return (
        f"{pdu.service_type}\0{pdu.message_id}\0"
        f"{chr(pdu.source_addr_ton)}{chr(pdu.source_addr_npi)}{pdu.source_addr}\0"
        f"{chr(pdu.dest_addr_ton)}{chr(pdu.dest_addr_npi)}{pdu.destination_addr}\0"
    ).encode("latin-1")


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
        while size - start >= 16:
            length, command_id, status, sequence_number = _HEADER.unpack_from(data, start)
            stop = start + length
            if stop > size or length < 16 or length > self._limit:
                break
            read = READERS.get(command_id)
            if read is None:
                pdu: Pdu | BadBody = BadBody(command_id, ESME_RINVCMDID, f"unknown command_id 0x{command_id:08X}")
            else:
                pdu = read(command_id, status, data, start + 16, stop)
            frames.append((sequence_number, pdu))
            start = stop
        self._need = 4
        if size - start >= 4:
            (length,) = _LENGTH.unpack_from(data, start)
            if not 16 <= length <= self._limit:
                self._lost = f"command_length 0x{length:08X} is not within 16..{self._limit}"
                raise FramingLost(self._lost, frames)
            self._need = length
        if start < size:
            rest += data[start:]
        return frames
