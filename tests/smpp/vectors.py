"""PDUs and their octets: one table drives writing, reading, reading byte by byte and reading with data behind.

The hex is written by hand after SMPP 3.4 section 4; blanks only help the eye.
"""

from adapters.smpp import constants as c
from adapters.smpp.pdu import (
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
)

RECEIPT_TEXT = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:DELIVRD err:000 text:Hi"
)

# name, sequence_number, PDU, hex
VECTORS: list[tuple[str, int, Pdu, str]] = [
    ("enquire_link", 1, Simple(c.ENQUIRE_LINK), "00000010 00000015 00000000 00000001"),
    ("enquire_link_resp", 1, Simple(c.ENQUIRE_LINK_RESP), "00000010 80000015 00000000 00000001"),
    ("unbind", 0x7FFFFFFF, Simple(c.UNBIND), "00000010 00000006 00000000 7fffffff"),
    ("unbind_resp", 2, Simple(c.UNBIND_RESP), "00000010 80000006 00000000 00000002"),
    ("generic_nack", 0, Simple(c.GENERIC_NACK, c.ESME_RINVCMDID), "00000010 80000000 00000003 00000000"),
    ("query_sm", 2, QuerySm("A1", 5, 0, "ACME"), "0000001a 00000003 00000000 00000002 413100 05 00 41434d4500"),
    ("query_sm_resp, error without a body", 2, QuerySmResp(0x67), "00000010 80000003 00000067 00000002"),
    (
        "query_sm_resp",
        2,
        QuerySmResp(0, "A1", "260102030405000+", 2, 7),
        "00000026 80000003 00000000 00000002 413100 323630313032303330343035303030 2b00 02 07",
    ),
    (
        "cancel_sm",
        3,
        CancelSm("", "A1", 5, 0, "ACME", 1, 1, "2376"),
        "00000022 00000008 00000000 00000003 00 413100 05 00 41434d4500 01 01 3233373600",
    ),
    ("cancel_sm_resp", 3, Simple(c.CANCEL_SM_RESP, 0x11), "00000010 80000008 00000011 00000003"),
    (
        "bind_transceiver",
        1,
        Bind(c.BIND_TRANSCEIVER, "acme", "secret", "VMA", 0x34, 1, 1, "^237"),
        "00000028 00000009 00000000 00000001 61636d6500 73656372657400 564d4100 34 01 01 5e32333700",
    ),
    (
        "bind_transmitter, everything empty",
        1,
        Bind(c.BIND_TRANSMITTER),
        "00000017 00000002 00000000 00000001 00 00 00 34 00 00 00",
    ),
    (
        "bind_receiver, every field full",
        1,
        Bind(c.BIND_RECEIVER, "s" * 15, "p" * 8, "t" * 12, 0x34, 0, 0, "r" * 40),
        "00000062 00000001 00000000 00000001"
        + "73" * 15 + "00" + "70" * 8 + "00" + "74" * 12 + "00 34 00 00" + "72" * 40 + "00",
    ),
    (
        "bind_transceiver_resp",
        1,
        BindResp(c.BIND_TRANSCEIVER_RESP, 0, "SMSC", {c.TAG_SC_INTERFACE_VERSION: b"\x34"}),
        "0000001a 80000009 00000000 00000001 534d534300 0210 0001 34",
    ),
    (
        "bind_transmitter_resp, an error has no body",
        1,
        BindResp(c.BIND_TRANSMITTER_RESP, c.ESME_RINVPASWD),
        "00000010 80000002 0000000e 00000001",
    ),
    (
        "bind_receiver_resp, an error with a body",
        1,
        BindResp(c.BIND_RECEIVER_RESP, c.ESME_RBINDFAIL, "SMSC"),
        "00000015 80000001 0000000d 00000001 534d534300",
    ),
    (
        "submit_sm",
        5,
        ShortMessage(
            c.SUBMIT_SM,
            source_addr_ton=5,
            source_addr="ACME",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="237670000001",
            registered_delivery=c.RECEIPT_FINAL,
            short_message=b"Hello",
        ),
        "00000036 00000004 00000000 00000005 00 05 00 41434d4500 01 01 32333736373030303030303100"
        "00 00 00 00 00 01 00 00 00 05 48656c6c6f",
    ),
    (
        "submit_sm, every field",
        6,
        ShortMessage(
            c.SUBMIT_SM, "WAP", 1, 2, "15551234", 3, 4, "20880", 0x40, 0x41, 3, "260102030405000+", "000001000000000R",
            0x11, 1, 8, 7, b"\x05\x00\x03\x2a\x02\x01\x04\x10", {0x1400: b"1101", 0x020B: b"\x0b\x84"},
        ),
        "00000067 00000004 00000000 00000006 57415000 01 02 313535353132333400 03 04 323038383000 40 41 03"
        "3236303130323033303430353030302b00 30303030303130303030303030303052 00 11 01 08 07 08"
        "0500032a02010410 1400 0004 31313031 020b 0002 0b84",
    ),
    (
        "submit_sm, message_payload",
        7,
        ShortMessage(c.SUBMIT_SM, destination_addr="1", tlvs={c.TAG_MESSAGE_PAYLOAD: b"long"}),
        "0000002a 00000004 00000000 00000007 00 00 00 00 00 00 3100 00 00 00 00 00 00 00 00 00 00 0424 0004 6c6f6e67",
    ),
    (
        "submit_sm, 254 octets, all values",
        8,
        ShortMessage(c.SUBMIT_SM, destination_addr="1", short_message=bytes(range(254))),
        "00000120 00000004 00000000 00000008 00 00 00 00 00 00 3100 00 00 00 00 00 00 00 00 00 fe"
        + bytes(range(254)).hex(),
    ),
    (
        "submit_sm_resp",
        5,
        MessageResp(c.SUBMIT_SM_RESP, 0, "812FC7470000001B"),
        "00000021 80000004 00000000 00000005 38313246433734373030303030303142 00",
    ),
    (
        "submit_sm_resp, an id of 64 characters",
        5,
        MessageResp(c.SUBMIT_SM_RESP, 0, "f" * 64),
        "00000051 80000004 00000000 00000005" + "66" * 64 + "00",
    ),
    (
        "submit_sm_resp, an error has no body",
        5,
        MessageResp(c.SUBMIT_SM_RESP, c.ESME_RTHROTTLED),
        "00000010 80000004 00000058 00000005",
    ),
    ("submit_sm_resp, no id", 5, MessageResp(c.SUBMIT_SM_RESP), "00000011 80000004 00000000 00000005 00"),
    (
        "submit_sm_resp, vendor status",
        0x80000000,
        MessageResp(c.SUBMIT_SM_RESP, 0x4A1),
        "00000010 80000004 000004a1 80000000",
    ),
    (
        "deliver_sm, a receipt",
        9,
        ShortMessage(
            c.DELIVER_SM,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="237670000001",
            destination_addr="ACME",
            esm_class=4,
            short_message=RECEIPT_TEXT,
            tlvs={c.TAG_RECEIPTED_MESSAGE_ID: b"0123456789\0", c.TAG_MESSAGE_STATE: b"\x02", 0x1501: b""},
        ),
        "000000b1 00000005 00000000 00000009 00 01 01 32333736373030303030303100 00 00 41434d4500"
        "04 00 00 00 00 00 00 00 00 68" + RECEIPT_TEXT.hex() +
        "001e 000b 3031323334353637383900 0427 0001 02 1501 0000",
    ),
    ("deliver_sm_resp", 9, MessageResp(c.DELIVER_SM_RESP), "00000011 80000005 00000000 00000009 00"),
    (
        "deliver_sm_resp, an error keeps its empty id",
        9,
        MessageResp(c.DELIVER_SM_RESP, c.ESME_RX_T_APPN),
        "00000011 80000005 00000064 00000009 00",
    ),
    (
        "data_sm, a receipt of TLVs only",
        3,
        DataSm("", 1, 1, "4915112345678", 0, 0, "ACME", 4, 0, 0, {c.TAG_MESSAGE_STATE: b"\x05"}),
        "00000030 00000103 00000000 00000003 00 01 01 3439313531313233343536373800 00 00 41434d4500 04 00 00"
        "0427 0001 05",
    ),
    (
        "data_sm_resp with a TLV",
        3,
        MessageResp(c.DATA_SM_RESP, c.ESME_RDELIVERYFAILURE, "a1", {0x001D: b"why\0"}),
        "0000001b 80000103 000000fe 00000003 613100 001d 0004 77687900",
    ),
]  # fmt: skip
