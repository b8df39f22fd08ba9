"""smpplib as the independent peer: what one side writes, the other reads the same."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.pdu import Bind, BindResp, DataSm, MessageResp, Pdu, QuerySm, QuerySmResp, ShortMessage, Simple
from adapters.smpp.reading import READERS
from tests.smpp.vectors import VECTORS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from smpplib import consts, exceptions, ptypes, smpp

TAG_NAMES = {tag: name for name, tag in consts.OPTIONAL_PARAMS.items()}

# smpplib knows no cancel_sm, and no query_sm_resp without a body
UNKNOWN = ("cancel_sm", "cancel_sm_resp", "query_sm_resp, error without a body")
READABLE = [(name, sequence, pdu) for name, sequence, pdu, _ in VECTORS if name not in UNKNOWN]


def text(value) -> str:
    if value is None:
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def ours(theirs) -> Pdu:
    """A PDU that smpplib read, as one of our values."""
    command_id = next(code for code, name in c.COMMAND_NAMES.items() if name == theirs.command)

    def fields(*names: str) -> list:
        return [getattr(theirs, name) for name in names]

    if command_id in (c.SUBMIT_SM, c.DELIVER_SM):
        mandatory = [name for name in ShortMessage.__struct_fields__ if name not in ("command_id", "tlvs")]
        values = {name: getattr(theirs, name) for name in mandatory}
        message = values.pop("short_message") or b""
        values = {name: text(value) if isinstance(value, bytes) else value for name, value in values.items()}
        return ShortMessage(command_id, **values, short_message=message)
    if command_id == c.DATA_SM:
        names = [name for name in DataSm.__struct_fields__ if name != "tlvs"]
        return DataSm(*[text(v) if isinstance(v, bytes) else v for v in fields(*names)])
    if command_id in (c.BIND_RECEIVER, c.BIND_TRANSMITTER, c.BIND_TRANSCEIVER):
        names = [name for name in Bind.__struct_fields__ if name != "command_id"]
        return Bind(command_id, *[text(v) if isinstance(v, bytes) else v for v in fields(*names)])
    if command_id in (c.BIND_RECEIVER_RESP, c.BIND_TRANSMITTER_RESP, c.BIND_TRANSCEIVER_RESP):
        return BindResp(command_id, theirs.status, text(theirs.system_id))
    if command_id in (c.SUBMIT_SM_RESP, c.DELIVER_SM_RESP, c.DATA_SM_RESP):
        return MessageResp(command_id, theirs.status, text(theirs.message_id))
    if command_id == c.QUERY_SM:
        return QuerySm(*[text(v) if isinstance(v, bytes) else v for v in fields(*QuerySm.__struct_fields__)])
    if command_id == c.QUERY_SM_RESP:
        return QuerySmResp(*[text(v) if isinstance(v, bytes) else v for v in fields(*QuerySmResp.__struct_fields__)])
    return Simple(command_id, theirs.status)


def known_tlvs(pdu, theirs) -> dict[int, object]:
    """Our TLVs that smpplib knows for this command, in the type smpplib gives them."""
    found: dict[int, object] = {}
    for tag, value in getattr(pdu, "tlvs", {}).items():
        param = theirs.params.get(TAG_NAMES.get(tag, ""))
        if param is None:
            continue
        found[tag] = int.from_bytes(value) if param.type is int else value.removesuffix(b"\0")
    return found


def without_tlvs(pdu: Pdu) -> Pdu:
    if "tlvs" not in pdu.__struct_fields__:
        return pdu
    return type(pdu)(**{name: getattr(pdu, name) for name in pdu.__struct_fields__ if name != "tlvs"})


class Sequence:
    """What smpplib takes its sequence numbers from."""

    sequence = 77

    def next_sequence(self) -> int:
        return self.sequence


def parse(data: bytes):
    return smpp.parse_pdu(data, client=Sequence(), allow_unknown_opt_params=True)


@pytest.mark.parametrize(("name", "sequence", "pdu"), READABLE, ids=[row[0] for row in READABLE])
def test_smpplib_reads_what_we_write(name, sequence, pdu) -> None:
    theirs = parse(encode(pdu, sequence))
    for tag, value in known_tlvs(pdu, theirs).items():
        assert getattr(theirs, TAG_NAMES[tag]) == value
    assert theirs.sequence == sequence
    assert ours(theirs) == without_tlvs(pdu)


COMMON = {
    "service_type": "CMT",
    "source_addr_ton": 5,
    "source_addr_npi": 0,
    "source_addr": "ACME",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "237670000001",
    "esm_class": 0x40,
    "registered_delivery": 1,
    "data_coding": 8,
}
SHORT = COMMON | {
    "protocol_id": 1,
    "priority_flag": 2,
    "schedule_delivery_time": "260102030405000+",
    "validity_period": "000001000000000R",
    "replace_if_present_flag": 1,
    "sm_default_msg_id": 9,
    "short_message": b"\x05\x00\x03\x01\x02\x01\x00H\x00i",
}
BIND = {"system_id": "acme", "password": "secret", "system_type": "VMA", "addr_ton": 1, "addr_npi": 1}

# command, what smpplib is given, what we must read
THEIR_PDUS = [
    ("bind_transmitter", BIND, Bind(c.BIND_TRANSMITTER, **BIND)),
    ("bind_receiver", BIND, Bind(c.BIND_RECEIVER, **BIND)),
    ("bind_transceiver", BIND | {"address_range": "^2"}, Bind(c.BIND_TRANSCEIVER, **BIND, address_range="^2")),
    ("bind_transceiver", {}, Bind(c.BIND_TRANSCEIVER)),
    (
        "bind_transceiver_resp",
        {"system_id": "SMSC", "sc_interface_version": 0x34},
        BindResp(c.BIND_TRANSCEIVER_RESP, 0, "SMSC", {c.TAG_SC_INTERFACE_VERSION: b"\x34"}),
    ),
    ("submit_sm", SHORT, ShortMessage(c.SUBMIT_SM, **SHORT)),
    ("submit_sm", {"short_message": b"x"}, ShortMessage(c.SUBMIT_SM, short_message=b"x")),
    (
        "submit_sm",
        COMMON | {"message_payload": b"long", "sar_msg_ref_num": 0x1234, "sar_total_segments": 2},
        ShortMessage(
            c.SUBMIT_SM,
            **COMMON,
            tlvs={
                c.TAG_MESSAGE_PAYLOAD: b"long",
                c.TAG_SAR_MSG_REF_NUM: b"\x12\x34",
                c.TAG_SAR_TOTAL_SEGMENTS: b"\x02",
            },
        ),
    ),
    (
        "deliver_sm",
        SHORT | {"receipted_message_id": "abc", "message_state": 2, "network_error_code": b"\x03\x00\x01"},
        ShortMessage(
            c.DELIVER_SM,
            **SHORT,
            tlvs={
                c.TAG_RECEIPTED_MESSAGE_ID: b"abc\0",
                c.TAG_MESSAGE_STATE: b"\x02",
                c.TAG_NETWORK_ERROR_CODE: b"\x03\x00\x01",
            },
        ),
    ),
    ("submit_sm_resp", {"message_id": "id-1"}, MessageResp(c.SUBMIT_SM_RESP, 0, "id-1")),
    ("submit_sm_resp", {"status": 0x58}, MessageResp(c.SUBMIT_SM_RESP, 0x58)),
    ("deliver_sm_resp", {}, MessageResp(c.DELIVER_SM_RESP)),
    ("data_sm", COMMON | {"message_state": 5}, DataSm(**COMMON, tlvs={c.TAG_MESSAGE_STATE: b"\x05"})),
    ("data_sm_resp", {"message_id": "id-2"}, MessageResp(c.DATA_SM_RESP, 0, "id-2")),
    ("enquire_link", {}, Simple(c.ENQUIRE_LINK)),
    ("enquire_link_resp", {}, Simple(c.ENQUIRE_LINK_RESP)),
    ("unbind", {}, Simple(c.UNBIND)),
    ("unbind_resp", {}, Simple(c.UNBIND_RESP)),
    ("generic_nack", {"status": 3}, Simple(c.GENERIC_NACK, 3)),
]


@pytest.mark.parametrize(("command", "given", "expected"), THEIR_PDUS)
def test_we_read_what_smpplib_writes(command, given, expected) -> None:
    theirs = smpp.make_pdu(command, client=Sequence(), **given)
    theirs.sequence = 77
    if "status" in given:
        theirs.status = given["status"]
    [(sequence, pdu)] = Decoder().feed(theirs.generate())
    assert sequence == 77
    if isinstance(pdu, ShortMessage | DataSm | BindResp | MessageResp):
        assert dict(sorted(pdu.tlvs.items())) == dict(sorted(expected.tlvs.items()))
    assert pdu == expected


# --- chance: every command, every field and TLV that both sides know ----------------------------------------

CODES = {name: code for code, name in c.COMMAND_NAMES.items()}
MESSAGES = ("submit_sm", "deliver_sm", "data_sm")
BINDS = ("bind_receiver", "bind_transmitter", "bind_transceiver")
RESPONSES = ("submit_sm_resp", "deliver_sm_resp", "data_sm_resp", *[f"{name}_resp" for name in BINDS])
BODILESS = ("enquire_link", "enquire_link_resp", "unbind", "unbind_resp", "generic_nack")
EVERY = (*MESSAGES, *BINDS, *RESPONSES, *BODILESS)
QUERIES = {"query_sm", "query_sm_resp"}
SMPPLIB_LACKS = {"cancel_sm", "cancel_sm_resp", "replace_sm_resp", "submit_multi_resp"}
VENDORS = st.dictionaries(st.sampled_from([0x1400, 0x1401, 0x3FFF, 0xFFFF]), st.binary(max_size=40), max_size=2)


def params_of(command: str) -> dict:
    return smpp.make_pdu(command, client=Sequence()).params


def is_tlv(name: str) -> bool:
    return name in consts.OPTIONAL_PARAMS


def values_of(name: str, param) -> st.SearchStrategy:
    if param.type is int:
        return st.integers(0, 256**param.size - 1)
    if param.type is str and is_tlv(name):
        return st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1, max_size=param.max - 1)
    if param.type is str:
        return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=param.max - 1)
    if hasattr(param, "size"):
        return st.binary(min_size=param.size, max_size=param.size)
    return st.binary(min_size=is_tlv(name), max_size=param.max)


def fields_of(command: str) -> st.SearchStrategy[dict]:
    """Every mandatory field of the command, and some of its TLVs; in smpplib's names."""
    params = {name: one for name, one in params_of(command).items() if one.type is not ptypes.flag}
    params.pop("sm_length", None)
    if command in BINDS:
        params.pop("interface_version")  # smpplib always writes 3.4
    values = {name: values_of(name, param) for name, param in params.items()}
    mandatory = {name: one for name, one in values.items() if not is_tlv(name)}
    tlvs = {name: one for name, one in values.items() if is_tlv(name)}
    return st.fixed_dictionaries(mandatory, optional=tlvs).map(one_content)


def one_content(fields: dict) -> dict:
    """smpplib refuses a short_message beside a message_payload."""
    return fields | {"short_message": b""} if "message_payload" in fields and "short_message" in fields else fields


def in_our_words(command: str, fields: dict, status: int, more: dict[int, bytes]) -> Pdu:
    params = params_of(command)
    tlvs = {}
    for name, value in fields.items():
        if is_tlv(name):
            raw = value.to_bytes(params[name].size) if isinstance(value, int) else value
            tlvs[consts.OPTIONAL_PARAMS[name]] = raw.encode() + b"\0" if isinstance(raw, str) else raw
    plain = {name: value for name, value in fields.items() if not is_tlv(name)}
    if command in BODILESS:
        return Simple(CODES[command], status)
    if command in BINDS:
        return Bind(CODES[command], **plain)
    if command == "data_sm":
        return DataSm(**plain, tlvs=tlvs | more)
    if command in MESSAGES:
        return ShortMessage(CODES[command], **plain, tlvs=tlvs | more)
    kind = BindResp if command.startswith("bind") else MessageResp
    return kind(CODES[command], status, **plain, tlvs=tlvs | more)


def test_every_command_is_drawn() -> None:
    ours = {c.COMMAND_NAMES[command_id] for command_id in READERS}
    assert set(EVERY) <= ours <= set(EVERY) | QUERIES | SMPPLIB_LACKS
    for name in SMPPLIB_LACKS:
        with pytest.raises(exceptions.UnknownCommandError):
            smpp.make_pdu(name, client=Sequence())


@pytest.mark.parametrize("command", EVERY)
@settings(max_examples=30, deadline=None)
@given(st.data())
@pytest.mark.deep
def test_both_ways(command: str, data) -> None:
    fields = data.draw(fields_of(command))
    status = data.draw(st.sampled_from([0, 0x58, 0x4A1])) if CODES[command] & c.RESPONSE else 0
    sequence = data.draw(st.integers(1, c.MAX_SEQUENCE_NUMBER))

    theirs = smpp.make_pdu(command, client=Sequence(), **fields)
    theirs.sequence, theirs.status = sequence, status
    assert Decoder().feed(theirs.generate()) == [(sequence, in_our_words(command, fields, status, {}))]

    more = data.draw(VENDORS) if command in (*MESSAGES, *RESPONSES) else {}
    theirs = parse(encode(in_our_words(command, fields, status, more), sequence))
    assert (theirs.command, theirs.status, theirs.sequence) == (command, status, sequence)
    for name, value in fields.items():
        read = getattr(theirs, name)
        if isinstance(value, str):
            assert text(read) == value, name
        else:
            assert (read or type(value)()) == value, name
