"""PDUs that nobody asked for, and octets that are none: the session bears the first and leaves at the second."""

import struct

import pytest

from adapters.smpp import constants as c
from adapters.smpp.codec import encode
from adapters.smpp.pdu import MessageResp, ShortMessage, Simple
from tests.scenarios.world import World, until

pytestmark = pytest.mark.process


def frame(command_id: int, body: bytes = b"", status: int = 0, sequence: int = 77) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command_id, status, sequence) + body


DELIVER = encode(ShortMessage(c.DELIVER_SM, source_addr="237670000001", destination_addr="8080"), 78)[16:]

BORNE = {
    "an unknown request": frame(0x00000099),
    "an unknown response": frame(0x80000099),
    "outbind": frame(0x0000000B, b"mtn\0secret\0"),
    "alert_notification": frame(0x00000102, b"\1\1237670000001\0\1\1ACME\0"),
    "a bind the wrong way": frame(c.BIND_TRANSCEIVER, b"mtn\0pw\0\0\x34\0\0\0"),
    "a submit the wrong way": frame(c.SUBMIT_SM, DELIVER),
    "an answer to nothing": encode(MessageResp(c.SUBMIT_SM_RESP, 0, "1"), 0x7FFFFFF0),
    "not bound, to nothing": encode(MessageResp(c.SUBMIT_SM_RESP, c.ESME_RINVBNDSTS), 0x7FFFFFF0),
    "generic_nack of nothing": frame(c.GENERIC_NACK, b"", 3, 0),
    "enquire_link with sequence_number 0": frame(c.ENQUIRE_LINK, sequence=0),
    "enquire_link with a negative sequence_number": frame(c.ENQUIRE_LINK, sequence=0x80000000),
    "enquire_link with a body": frame(c.ENQUIRE_LINK, b"hello"),
    "sm_length too long": frame(c.DELIVER_SM, DELIVER[:-1] + b"\xffHi"),
    "no NUL at all": frame(c.DELIVER_SM, b"x" * 40),
    "a TLV that is cut": frame(c.DELIVER_SM, DELIVER + b"\x04\x24\xff\xffHi"),
    "unknown TLVs, one empty": frame(c.DELIVER_SM, DELIVER + b"\x17\x77\0\3odd\x17\x78\0\0"),
    "a NUL too much": frame(c.DELIVER_SM, DELIVER + b"\0"),
}
NOT_BORNE = {
    "command_length 8": b"\0\0\0\x08\0\0\0\x15",
    "command_length 0": bytes(16),
    "a huge command_length": b"\x7f\xff\xff\xff" + bytes(12),
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
}


async def test_what_a_session_bears(world: World) -> None:
    smsc = await world.operator()
    world.configure()
    await world.start()
    await world.bound()
    for octets in BORNE.values():
        smsc.inject(octets)
    ids = await world.send(5)
    for octets in BORNE.values():
        smsc.inject(octets)
    events = await world.delivered(ids)
    assert not any(event["possible_duplicate"] for event in events)
    assert smsc.counts.binds == 1
    # It reads on, and answers: nothing that is left says otherwise.
    smsc.send_mo("237670000001", "8080", b"still here?")
    await until(lambda: smsc.counts.delivered == 6)
    assert [line for line in world.log() if line["level"] in ("error", "critical")] == []


async def test_what_ends_it(world: World) -> None:
    smsc = await world.operator()
    world.configure()
    await world.start()
    for binds, (kind, octets) in enumerate(NOT_BORNE.items(), 1):
        await until(lambda binds=binds: smsc.counts.binds == binds, what=lambda kind=kind: f"after {kind}")
        await world.bound()
        await world.delivered(await world.send(3))
        # What came whole before it counts.
        smsc.inject(encode(Simple(c.ENQUIRE_LINK), 9) + octets)
    await until(lambda: smsc.counts.binds == len(NOT_BORNE) + 1)
    await world.bound()
    await world.delivered(await world.send(3))
    reasons = [line["reason"] for line in world.log() if line["event"] == "bind_lost"]
    assert len(reasons) == len(NOT_BORNE)
    assert all("command_length" in reason for reason in reasons)
