"""The codec against hand-written octets, damaged octets and chance."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, FramingLost, LocalProtocolError, encode
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
)
from tests.smpp.vectors import VECTORS

IDS = [name for name, *_ in VECTORS]


def frame(command_id: int, body: bytes = b"", status: int = 0, sequence: int = 1) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command_id, status, sequence) + body


def read_one(data: bytes):
    [(_, pdu)] = Decoder().feed(data)
    return pdu


@pytest.mark.parametrize(("name", "sequence", "pdu", "octets"), VECTORS, ids=IDS)
def test_table(name, sequence, pdu, octets) -> None:
    data = bytes.fromhex(octets)
    assert encode(pdu, sequence) == data
    assert Decoder().feed(data) == [(sequence, pdu)]

    decoder = Decoder()
    frames = [decoder.feed(data[at : at + 1]) for at in range(len(data))]
    assert frames[:-1] == [[]] * (len(data) - 1)
    assert frames[-1] == [(sequence, pdu)]

    decoder = Decoder()
    assert decoder.feed(data + data[:7]) == [(sequence, pdu)]
    assert decoder.feed(data[7:] + data) == [(sequence, pdu)] * 2


@given(st.lists(st.integers(0, len(VECTORS) - 1), max_size=8), st.data())
@pytest.mark.deep
def test_chunks_do_not_matter(picks, draw) -> None:
    data = b"".join(bytes.fromhex(VECTORS[pick][3]) for pick in picks)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=12)))
    decoder = Decoder()
    frames = []
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        frames += decoder.feed(data[start:stop])
    assert frames == [(VECTORS[pick][1], VECTORS[pick][2]) for pick in picks]


# --- written strictly ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pdu", "field"),
    [
        (ShortMessage(c.SUBMIT_SM, source_addr="1" * 21), "source_addr"),
        (ShortMessage(c.SUBMIT_SM, destination_addr="1" * 21), "destination_addr"),
        (ShortMessage(c.SUBMIT_SM, service_type="123456"), "service_type"),
        (ShortMessage(c.SUBMIT_SM, schedule_delivery_time="1" * 17), "schedule_delivery_time"),
        (ShortMessage(c.SUBMIT_SM, validity_period="1" * 17), "validity_period"),
        (ShortMessage(c.SUBMIT_SM, short_message=b"1" * 255), "short_message"),
        (ShortMessage(c.SUBMIT_SM, source_addr="1\x002"), "source_addr"),
        (ShortMessage(c.SUBMIT_SM, destination_addr="\0"), "destination_addr"),
        (ShortMessage(c.SUBMIT_SM, service_type="\0"), "service_type"),
        (ShortMessage(c.SUBMIT_SM, validity_period="\0"), "validity_period"),
        (ShortMessage(c.SUBMIT_SM, schedule_delivery_time="\0"), "schedule_delivery_time"),
        (ShortMessage(c.SUBMIT_SM, source_addr="Ж"), "ShortMessage"),
        (ShortMessage(c.SUBMIT_SM, esm_class=256), "ShortMessage"),
        (ShortMessage(c.SUBMIT_SM, data_coding=-1), "ShortMessage"),
        (ShortMessage(c.SUBMIT_SM, tlvs={0x10000: b""}), "ShortMessage"),
        (ShortMessage(c.SUBMIT_SM, tlvs={c.TAG_MESSAGE_PAYLOAD: bytes(0x10000)}), "ShortMessage"),
        (Bind(c.BIND_TRANSMITTER, system_id="1" * 16), "system_id"),
        (Bind(c.BIND_TRANSMITTER, password="1" * 9), "password"),
        (Bind(c.BIND_TRANSMITTER, system_type="1" * 13), "system_type"),
        (Bind(c.BIND_TRANSMITTER, address_range="1" * 41), "address_range"),
        (Bind(c.BIND_TRANSMITTER, password="\0"), "password"),
        (BindResp(c.BIND_TRANSMITTER_RESP, system_id="1" * 16), "system_id"),
        (MessageResp(c.SUBMIT_SM_RESP, message_id="1" * 65), "message_id"),
        (MessageResp(c.SUBMIT_SM_RESP, message_id="1\0"), "message_id"),
        (DataSm(source_addr="1" * 65), "source_addr"),
        (DataSm(destination_addr="1" * 65), "destination_addr"),
        (QuerySm("1" * 65), "message_id"),
        (QuerySm("1", 0, 0, "1" * 21), "source_addr"),
        (QuerySmResp(0, "1", "1" * 17), "final_date"),
        (QuerySmResp(0, "1", "", 256), "QuerySmResp"),
        (CancelSm("123456"), "service_type"),
        (CancelSm("", "1\0"), "message_id"),
        (CancelSm(destination_addr="1" * 21), "destination_addr"),
        (Simple(c.ENQUIRE_LINK, status=-1), "Simple"),
        (Simple(1 << 32), "Simple"),
    ],
)
def test_what_the_standard_forbids_is_not_written(pdu, field) -> None:
    with pytest.raises(LocalProtocolError, match=field):
        encode(pdu, 1)


@pytest.mark.parametrize("sequence", [-1, 1 << 32])
def test_a_sequence_number_has_32_bits(sequence) -> None:
    with pytest.raises(LocalProtocolError):
        encode(Simple(c.ENQUIRE_LINK), sequence)


def test_a_refused_password_is_not_in_the_error() -> None:
    for password in ("hunter2-hunter2", "пароль", "hunter\0"):
        with pytest.raises(LocalProtocolError) as refused:
            encode(Bind(c.BIND_TRANSCEIVER, "acme", password), 1)
        assert "hunter" not in str(refused.value)
        assert "п" not in str(refused.value)
        assert refused.value.__cause__ is None


# --- read leniently ------------------------------------------------------------------------------------------

HEAD = b"\0\1\1237670000001\0\1\1ACME\0\x04\0\0\0\0\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (frame(c.BIND_TRANSCEIVER_RESP), BindResp(c.BIND_TRANSCEIVER_RESP)),
        (frame(c.BIND_TRANSCEIVER_RESP, b"x" * 300 + b"\0"), BindResp(c.BIND_TRANSCEIVER_RESP, 0, "x" * 300)),
        (frame(c.BIND_TRANSCEIVER_RESP, b"no NUL", 14), BindResp(c.BIND_TRANSCEIVER_RESP, 14)),
        (frame(c.SUBMIT_SM_RESP), MessageResp(c.SUBMIT_SM_RESP)),
        (frame(c.SUBMIT_SM_RESP, b"\0", 8), MessageResp(c.SUBMIT_SM_RESP, 8)),
        (frame(c.SUBMIT_SM_RESP, b"id\0", 8), MessageResp(c.SUBMIT_SM_RESP, 8, "id")),
        (frame(c.SUBMIT_SM_RESP, b"no NUL", 8), MessageResp(c.SUBMIT_SM_RESP, 8)),
        (frame(c.SUBMIT_SM_RESP, b"no NUL"), MessageResp(c.SUBMIT_SM_RESP, 0, "no NUL")),
        (frame(c.SUBMIT_SM_RESP, b"id\0\x04\x25\0\xffcut", 8), MessageResp(c.SUBMIT_SM_RESP, 8)),
        (frame(c.SUBMIT_SM_RESP, b"9" * 200 + b"\0"), MessageResp(c.SUBMIT_SM_RESP, 0, "9" * 200)),
        (frame(c.SUBMIT_SM_RESP, b"\xe9\0"), MessageResp(c.SUBMIT_SM_RESP, 0, "é")),
        (frame(c.SUBMIT_SM_RESP, b"id\0\0"), MessageResp(c.SUBMIT_SM_RESP, 0, "id")),
        (frame(c.DELIVER_SM_RESP), MessageResp(c.DELIVER_SM_RESP)),
        (frame(c.ENQUIRE_LINK, b"whatever"), Simple(c.ENQUIRE_LINK)),
        (frame(c.GENERIC_NACK, b"\0", 0xFFFFFFFF), Simple(c.GENERIC_NACK, 0xFFFFFFFF)),
    ],
)
def test_read_leniently(data, expected) -> None:
    assert read_one(data) == expected


@pytest.mark.parametrize(
    ("behind", "tlvs"),
    [
        (b"", {}),
        (b"\0", {}),
        (b"\x00\x1e\x00\x03id\0", {0x1E: b"id\0"}),
        (b"\0\x00\x1e\x00\x03id\0", {0x1E: b"id\0"}),
        (b"\x00\x1e\x00\x03id\0\0", {0x1E: b"id\0"}),
        (b"\x14\x00\x00\x00\x04\x27\x00\x01\x02", {0x1400: b"", 0x0427: b"\2"}),
        (b"\xff\xff\x00\x01x", {0xFFFF: b"x"}),
    ],
)
def test_what_may_stand_behind_a_short_message(behind, tlvs) -> None:
    pdu = read_one(frame(c.DELIVER_SM, HEAD + b"\x02Hi" + behind))
    assert isinstance(pdu, ShortMessage)
    assert pdu.short_message == b"Hi"
    assert pdu.tlvs == tlvs


def test_overlong_addresses_are_taken() -> None:
    body = b"SERVICE\0\1\1" + b"1" * 70 + b"\0\1\1" + b"2" * 70 + b"\0\4\0\0" + b"s" * 20 + b"\0" + b"v" * 20 + b"\0"
    pdu = read_one(frame(c.DELIVER_SM, body + b"\0\0\0\0\0"))
    assert isinstance(pdu, ShortMessage)
    assert (pdu.source_addr, pdu.destination_addr) == ("1" * 70, "2" * 70)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (frame(c.DELIVER_SM), c.ESME_RINVCMDLEN),
        (frame(c.DELIVER_SM, b"no NUL at all"), c.ESME_RINVCMDLEN),
        (frame(c.DELIVER_SM, HEAD), c.ESME_RINVCMDLEN),
        (frame(c.DELIVER_SM, HEAD + b"\x05Hi"), c.ESME_RINVMSGLEN),
        (frame(c.DELIVER_SM, HEAD + b"\xffHi"), c.ESME_RINVMSGLEN),
        (frame(c.DELIVER_SM, HEAD + b"\x02Hi\x00\x1e\x00\x09id\0"), c.ESME_RINVOPTPARSTREAM),
        (frame(c.DELIVER_SM, HEAD + b"\x02Hi\x00\x1e\x00"), c.ESME_RINVOPTPARSTREAM),
        (frame(c.DELIVER_SM, HEAD + b"\x02Hi\0\0"), c.ESME_RINVOPTPARSTREAM),
        (frame(c.DELIVER_SM, HEAD + b"\x02Hi\x00\x1e\xff\xffid"), c.ESME_RINVOPTPARSTREAM),
        (frame(c.BIND_TRANSCEIVER_RESP, b"no NUL"), c.ESME_RINVCMDLEN),
        (frame(c.SUBMIT_SM_RESP, b"id\0\x04"), c.ESME_RINVOPTPARSTREAM),
        (frame(c.DATA_SM, b"\0\1"), c.ESME_RINVCMDLEN),
        (frame(c.DATA_SM, b"\0\1\1a\0\1\1b\0\0\0\0\x04\x27\0\1"), c.ESME_RINVOPTPARSTREAM),
        (frame(c.BIND_TRANSMITTER, b"acme\0pw"), c.ESME_RINVCMDLEN),
        (frame(0x00000099, b"x"), c.ESME_RINVCMDID),
        (frame(0x80000099, b"x"), c.ESME_RINVCMDID),
    ],
)
def test_a_bad_body_costs_only_its_own_pdu(data, status) -> None:
    good = frame(c.ENQUIRE_LINK, sequence=2)
    [(sequence, bad), (_, next_one)] = Decoder().feed(data + good)
    assert sequence == 1
    assert isinstance(bad, BadBody)
    assert bad.command_id == int.from_bytes(data[4:8])
    assert bad.status == status
    assert bad.reason
    assert next_one == Simple(c.ENQUIRE_LINK)


# --- framing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 400 Bad Request", b"\x15\x03\x01\x00\x02", b"\0\0\0\0", b"\0\0\0\x0f", b"\xff\xff\xff\xff"]
)
def test_what_is_no_length_ends_the_stream(start) -> None:
    good = frame(c.ENQUIRE_LINK)
    decoder = Decoder()
    with pytest.raises(FramingLost) as lost:
        decoder.feed(good + good + start)
    assert lost.value.frames == [(1, Simple(c.ENQUIRE_LINK))] * 2
    with pytest.raises(FramingLost) as again:
        decoder.feed(good)
    assert again.value.frames == []


def test_a_bad_length_is_seen_before_its_bytes_are_kept() -> None:
    decoder = Decoder(limit=1000)
    for octet in struct.pack(">I", 1001)[:3]:
        assert decoder.feed(bytes([octet])) == []
    with pytest.raises(FramingLost, match="0x000003E9"):
        decoder.feed(struct.pack(">I", 1001)[3:])


def test_a_frame_of_exactly_the_limit_passes() -> None:
    body = HEAD + b"\0" + struct.pack(">HH", c.TAG_MESSAGE_PAYLOAD, 0xFFFF) + bytes(0xFFFF)
    data = frame(c.DELIVER_SM, body)
    [(_, pdu)] = Decoder(limit=len(data)).feed(data)
    assert isinstance(pdu, ShortMessage)
    assert len(pdu.tlvs[c.TAG_MESSAGE_PAYLOAD]) == 0xFFFF
    with pytest.raises(FramingLost):
        Decoder(limit=len(data) - 1).feed(data)


# --- chance --------------------------------------------------------------------------------------------------


def feed_all(decoder: Decoder, chunks: list[bytes]) -> None:
    for chunk in chunks:
        try:
            frames = decoder.feed(chunk)
        except FramingLost as lost:
            frames = lost.frames
        for sequence, pdu in frames:
            assert 0 <= sequence < 1 << 32
            assert isinstance(pdu, BadBody | Pdu)


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_random_bytes(chunks) -> None:
    feed_all(Decoder(), chunks)


COMMANDS = sorted(c.COMMAND_NAMES)


@given(st.sampled_from(COMMANDS), st.binary(max_size=80), st.integers(0, 0xFFFFFFFF))
def test_random_bodies(command_id, body, status) -> None:
    feed_all(Decoder(), [frame(command_id, body, status)])


@given(st.sampled_from(VECTORS), st.data())
def test_damaged_pdus(vector, draw) -> None:
    data = bytearray(bytes.fromhex(vector[3]))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(4, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(16, len(data)))
    data[:4] = struct.pack(">I", cut)
    feed_all(Decoder(), [bytes(data[:cut]), frame(c.ENQUIRE_LINK)])


short_strings = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)
octet = st.integers(0, 255)


QUESTIONS = (
    st.builds(QuerySm, short_strings, octet, octet, short_strings)
    | st.builds(QuerySmResp, st.just(0), short_strings, short_strings.map(lambda s: s[:16]), octet, octet)
    | st.builds(
        CancelSm,
        short_strings.map(lambda s: s[:5]),
        short_strings,
        octet,
        octet,
        short_strings,
        octet,
        octet,
        short_strings,
    )
)


@given(QUESTIONS, st.integers(0, 0xFFFFFFFF))
def test_questions_read_as_they_are_written(pdu, sequence) -> None:
    assert Decoder().feed(encode(pdu, sequence)) == [(sequence, pdu)]


@given(
    st.builds(
        ShortMessage,
        st.sampled_from([c.SUBMIT_SM, c.DELIVER_SM]),
        service_type=short_strings.map(lambda s: s[:5]),
        source_addr_ton=octet,
        source_addr_npi=octet,
        source_addr=short_strings,
        dest_addr_ton=octet,
        dest_addr_npi=octet,
        destination_addr=short_strings,
        esm_class=octet,
        protocol_id=octet,
        priority_flag=octet,
        schedule_delivery_time=short_strings.map(lambda s: s[:16]),
        validity_period=short_strings.map(lambda s: s[:16]),
        registered_delivery=octet,
        replace_if_present_flag=octet,
        data_coding=octet,
        sm_default_msg_id=octet,
        short_message=st.binary(max_size=254),
        tlvs=st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=4),
    ),
    st.integers(0, 0xFFFFFFFF),
)
@pytest.mark.deep
def test_what_is_written_reads_the_same(pdu, sequence) -> None:
    assert Decoder().feed(encode(pdu, sequence)) == [(sequence, pdu)]
