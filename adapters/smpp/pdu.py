"""The PDUs of SMPP 3.4 that a routing engine meets, as values.

Strings are what the wire carries in Latin-1, without the closing NUL. A sequence_number travels beside the PDU.
TLVs are a mapping from tag to the raw value; unknown tags are kept.
"""

from msgspec import Struct, field

Tlvs = dict[int, bytes]


class Bind(Struct, gc=False):
    """bind_transmitter, bind_receiver or bind_transceiver (section 4.1), told apart by `command_id`."""

    command_id: int
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class BindResp(Struct, gc=False):
    command_id: int
    status: int = 0
    system_id: str = ""
    tlvs: Tlvs = field(default_factory=dict)


class ShortMessage(Struct, gc=False):
    """submit_sm (section 4.4.1) and deliver_sm (4.6.1): the same body, told apart by `command_id`.

    `short_message` is at most 254 octets; longer content travels in the TLV message_payload.
    """

    command_id: int
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: Tlvs = field(default_factory=dict)


class DataSm(Struct, gc=False):
    """data_sm (section 4.7.1)."""

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    tlvs: Tlvs = field(default_factory=dict)


class MessageResp(Struct, gc=False):
    """submit_sm_resp, deliver_sm_resp or data_sm_resp; an error may come without a body, then `message_id` is ""."""

    command_id: int
    status: int = 0
    message_id: str = ""
    tlvs: Tlvs = field(default_factory=dict)


class QuerySm(Struct, gc=False):
    """query_sm (section 4.8.1): what became of a message; the source address is that of its submit_sm."""

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


class QuerySmResp(Struct, gc=False):
    """query_sm_resp (section 4.8.2); an error may come without a body."""

    status: int = 0
    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


class CancelSm(Struct, gc=False):
    """cancel_sm (section 4.9.1) for one message; the source address is that of its submit_sm."""

    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


class Simple(Struct, gc=False):
    """A PDU without a body: enquire_link, unbind, their responses, generic_nack; and any response we only note."""

    command_id: int
    status: int = 0


Pdu = Bind | BindResp | ShortMessage | DataSm | MessageResp | QuerySm | QuerySmResp | CancelSm | Simple


class BadBody(Struct, gc=False):
    """A frame whose body cannot be read, or whose command is unknown: framing is intact, only this PDU is lost.

    `status` is the command_status to answer with (ESME_RINVCMDID for an unknown command).
    """

    command_id: int
    status: int
    reason: str
