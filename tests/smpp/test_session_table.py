"""What a session does with every event in every state: the whole matrix, none left out.

Where the bind allows it, three requests are under way in each state: ONE is out and unanswered, LATE was given up, and
of the two deliveries given out none is acknowledged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, LocalProtocolError, encode
from adapters.smpp.happenings import Answered, Bound, Closed, Delivered, SessionState, Unanswered
from adapters.smpp.pdu import BadBody, Bind, BindResp, DataSm, MessageResp, QuerySm, QuerySmResp, ShortMessage, Simple
from adapters.smpp.reading import READERS
from adapters.smpp.session import Session
from adapters.smpp.timers import Patience
from router.ports.operators import Question
from tests.smpp.values import submission

OPEN, BINDING, TX, RX, TRX, UNBINDING, CLOSED = SessionState
SUBMITTING = (TX, TRX)
BOUND = (TX, RX, TRX)
RECEIVING = (*BOUND, UNBINDING)
LIVE = (OPEN, BINDING, *RECEIVING)
ALL = tuple(SessionState)
WITH_ONE = (TX, TRX, UNBINDING)

CODE = {name: code for code, name in c.COMMAND_NAMES.items()}
PATIENCE = Patience(enquire_link=30, response=60, handshake=10)
LATE_SEQUENCE, ONE_SEQUENCE, NOBODY = 2, 3, 9
ONE = submission("+1", slot=1)
LATE = submission("+2", slot=2)
NEW = submission("+3", slot=3)
SM = ShortMessage(c.SUBMIT_SM, destination_addr="237670000000", short_message=b"hello")
DELIVER = ShortMessage(c.DELIVER_SM, source_addr="237670000000", destination_addr="8080", short_message=b"hi")
DATA = DataSm(source_addr="237670000000", destination_addr="8080")
ENQUIRE = Simple(c.ENQUIRE_LINK)
UNBIND = Simple(c.UNBIND)


def bind_pdu(command_id: int = c.BIND_TRANSCEIVER) -> Bind:
    return Bind(command_id, "acme", "secret")


def session_in(state: SessionState) -> Session:
    command_id = {TX: c.BIND_TRANSMITTER, RX: c.BIND_RECEIVER}.get(state, c.BIND_TRANSCEIVER)
    session = Session(bind_pdu(command_id), PATIENCE, 0.0)
    if state is not OPEN:
        session.bind(0.0)
    if state not in (OPEN, BINDING):
        session.receive(encode(BindResp(command_id | c.RESPONSE), 1), 0.0)
        session.receive(encode(DELIVER, 70) + encode(DATA, 71), 0.0)
        if state is not RX:
            LATE.written_at, ONE.written_at = -60.0, 0.0
            assert session.submit(LATE, SM)
            session.tick(0.0)
            assert session.submit(ONE, SM)
    if state is UNBINDING:
        session.unbind(0.0)
    if state is CLOSED:
        session.close("gone")
    assert session.state is state
    session.out.clear()
    session.events.clear()
    return session


@dataclass(frozen=True)
class Cell:
    """What comes of it: the state after (None: the same), what is written, which events come out. `ends` is the
    reason of a Closed that follows them."""

    state: SessionState | None = None
    wrote: tuple[tuple[int, Any], ...] = ()
    told: tuple[Any, ...] = ()
    ends: str | None = None
    credentials: bool = False
    raises: bool = False


NOTHING = Cell()
NACK_COMMAND = Cell(wrote=((NOBODY, Simple(c.GENERIC_NACK, c.ESME_RINVCMDID)),))
NACK_LENGTH = Cell(wrote=((NOBODY, Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN)),))


def writes(sequence: int, pdu: Any) -> Cell:
    return Cell(wrote=((sequence, pdu),))


def tells(event: Any) -> Cell:
    return Cell(told=(event,))


def ends(reason: str, *wrote: tuple[int, Any], told: tuple[Any, ...] = (), credentials: bool = False) -> Cell:
    return Cell(CLOSED, wrote, told, reason, credentials)


def answered(one: Any, status: int, message_id: str) -> Answered:
    return Answered(one, status, message_id, one is LATE)


Act = Callable[[Session], object]


def octets(name: str, body: bytes, sequence: int = NOBODY, status: int = 0) -> tuple[int, Act]:
    """The peer sends this command with this body."""
    data = b"".join(field.to_bytes(4) for field in (16 + len(body), CODE[name], status, sequence)) + body
    return CODE[name], lambda session: session.receive(data, 0.0)


def pdu(one: Any, sequence: int = NOBODY) -> tuple[int, Act]:
    """The peer sends this PDU."""
    data = encode(one, sequence)
    return int.from_bytes(data[4:8]), lambda session: session.receive(data, 0.0)


def call(act: Act) -> tuple[None, Act]:
    return None, act


def raw(data: bytes) -> tuple[None, Act]:
    return None, lambda session: session.receive(data, 0.0)


def submit(session: Session, what: ShortMessage = SM) -> None:
    NEW.written_at = 0.0
    could = session.can_submit
    assert session.submit(NEW, what) is could


def ask(session: Session) -> None:
    could = session.can_submit
    question = Question("query", NEW.message, NEW.attempt, None, lambda reply: None)
    assert session.ask(question, QuerySm("a")) is could


def ticks(*moments: float) -> tuple[None, Act]:
    def act(session: Session) -> None:
        for now in moments:
            session.tick(now)

    return None, act


NO_NUL = b"no end"
UNKNOWN_REQUEST = (16).to_bytes(4) + (0x00001234).to_bytes(4) + bytes(4) + NOBODY.to_bytes(4)
UNKNOWN_RESPONSE = (16).to_bytes(4) + (0x80001234).to_bytes(4) + bytes(4) + NOBODY.to_bytes(4)
BAD_TLV = b"id\0\x04\x25\xff\xff"
QUERY = b"id\0\1\1ACME\0"
CANCEL = b"\0id\0\1\1ACME\0\1\1237670000000\0"
REPLACE = b"id\0\1\1ACME\0\0\0\0\0\2hi"
MULTI = b"\0\1\1ACME\0\1\1\1\x01237670000000\0\0\0\0\0\0\0\0\0\0\2hi"
NOT_BOUND = "the peer says that we are not bound (0x00000004)"
LOST = "command_length 0x48545450 is not within 16..131072"

Columns = dict[tuple[SessionState, ...], Cell]


def everywhere(cell: Cell) -> Columns:
    """The same in every state but closed, where nothing is read."""
    return {LIVE: cell, (CLOSED,): NOTHING}


IGNORED: Columns = {ALL: NOTHING}


def of_one(status: int, message_id: str = "") -> Columns:
    """An answer to ONE; where a bind is asked for or was never there it means nothing."""
    return {WITH_ONE: tells(answered(ONE, status, message_id)), (OPEN, BINDING, RX, CLOSED): NOTHING}


def nacked(status: int, one: Any = ONE) -> Columns:
    return {
        WITH_ONE: tells(answered(one, status, "")),
        (BINDING,): ends(f"bind refused with 0x{status:08X}"),
        (OPEN, RX, CLOSED): NOTHING,
    }


def delivered(one: Any, response: int) -> Columns:
    refused = writes(NOBODY, MessageResp(response, c.ESME_RINVBNDSTS))
    return {(OPEN, BINDING): refused, RECEIVING: tells(Delivered(one, NOBODY)), (CLOSED,): NOTHING}


def bind_refused(status: int, credentials: bool = False) -> Columns:
    refused = ends(f"bind refused with 0x{status:08X}", credentials=credentials)
    return {(BINDING,): refused, (OPEN, *RECEIVING, CLOSED): NOTHING}


def acknowledged(sequence: int, response: int, status: int = 0) -> Columns:
    return {RECEIVING: writes(sequence, MessageResp(response, status)), (OPEN, BINDING, CLOSED): NOTHING}


BIND_OK = {(BINDING,): Cell(TRX, told=(Bound(),)), (OPEN, *RECEIVING, CLOSED): NOTHING}
BIND_LATE = ends("bind not answered in time")
UNBIND_LATE = ends("unbind not answered in time")

EVENTS: dict[str, tuple[tuple[int | None, Act], Columns]] = {
    # --- the peer's answer to our bind
    "bind_transceiver_resp": (pdu(BindResp(c.BIND_TRANSCEIVER_RESP, 0, "smsc"), 1), BIND_OK),
    "bind_transceiver_resp with TLVs": (octets("bind_transceiver_resp", b"\0\2\x10\0\x014\0\x09\0\0", 1), BIND_OK),
    "bind_transceiver_resp without a body": (octets("bind_transceiver_resp", b"", 1), BIND_OK),
    "bind_transceiver_resp with another sequence": (pdu(BindResp(c.BIND_TRANSCEIVER_RESP)), BIND_OK),
    "bind_transceiver_resp that refuses": (
        octets("bind_transceiver_resp", b"", 1, c.ESME_RBINDFAIL),
        bind_refused(c.ESME_RBINDFAIL),
    ),
    "bind_transceiver_resp that refuses, with a body": (
        octets("bind_transceiver_resp", b"smsc\0", 1, c.ESME_RALYBND),
        bind_refused(c.ESME_RALYBND),
    ),
    "bind_transceiver_resp that refuses, with a bad body": (
        octets("bind_transceiver_resp", NO_NUL, 1, c.ESME_RINVPASWD),
        bind_refused(c.ESME_RINVPASWD, credentials=True),
    ),
    "bind_transceiver_resp that refuses our name": (
        octets("bind_transceiver_resp", b"", 1, c.ESME_RINVSYSID),
        bind_refused(c.ESME_RINVSYSID, credentials=True),
    ),
    "bind_transceiver_resp with a bad body": (
        octets("bind_transceiver_resp", NO_NUL, 1),
        {(BINDING,): ends("bind answered with an unreadable body"), (OPEN, *RECEIVING, CLOSED): NOTHING},
    ),
    # We asked for a transceiver, and an answer to another question is none.
    "bind_transmitter_resp": (pdu(BindResp(c.BIND_TRANSMITTER_RESP), 1), IGNORED),
    "bind_transmitter_resp with a bad body": (octets("bind_transmitter_resp", NO_NUL, 1), IGNORED),
    "bind_receiver_resp": (pdu(BindResp(c.BIND_RECEIVER_RESP), 1), IGNORED),
    "bind_receiver_resp with a bad body": (octets("bind_receiver_resp", BAD_TLV, 1), IGNORED),
    # --- the peer's answers to our submits
    "submit_sm_resp": (pdu(MessageResp(c.SUBMIT_SM_RESP, 0, "a"), ONE_SEQUENCE), of_one(0, "a")),
    "submit_sm_resp without an id": (octets("submit_sm_resp", b"", ONE_SEQUENCE), of_one(0)),
    "submit_sm_resp with an error": (octets("submit_sm_resp", b"", ONE_SEQUENCE, 0x58), of_one(0x58)),
    "submit_sm_resp with an error and a body": (octets("submit_sm_resp", b"x\0", ONE_SEQUENCE, 8), of_one(8, "x")),
    "submit_sm_resp with an error and a bad body": (octets("submit_sm_resp", BAD_TLV, ONE_SEQUENCE, 8), of_one(8)),
    "submit_sm_resp without a NUL": (octets("submit_sm_resp", b"a", ONE_SEQUENCE), of_one(0, "a")),
    "submit_sm_resp with a bad body": (
        octets("submit_sm_resp", BAD_TLV, ONE_SEQUENCE),
        {
            WITH_ONE: tells(Unanswered(ONE, "answered with an unreadable body")),
            (OPEN, BINDING, RX, CLOSED): NOTHING,
        },
    ),
    "submit_sm_resp that says we are not bound": (
        octets("submit_sm_resp", b"", ONE_SEQUENCE, c.ESME_RINVBNDSTS),
        {
            WITH_ONE: ends(NOT_BOUND, told=(answered(ONE, c.ESME_RINVBNDSTS, ""),)),
            (OPEN, BINDING, RX, CLOSED): NOTHING,
        },
    ),
    "submit_sm_resp after it was given up": (
        pdu(MessageResp(c.SUBMIT_SM_RESP, 0, "b"), LATE_SEQUENCE),
        {WITH_ONE: tells(answered(LATE, 0, "b")), (OPEN, BINDING, RX, CLOSED): NOTHING},
    ),
    "submit_sm_resp with an error after it was given up": (
        octets("submit_sm_resp", b"", LATE_SEQUENCE, c.ESME_RINVDSTADR),
        {WITH_ONE: tells(answered(LATE, c.ESME_RINVDSTADR, "")), (OPEN, BINDING, RX, CLOSED): NOTHING},
    ),
    "submit_sm_resp with a bad body after it was given up": (
        octets("submit_sm_resp", BAD_TLV, LATE_SEQUENCE),
        IGNORED,
    ),
    "submit_sm_resp to nothing": (pdu(MessageResp(c.SUBMIT_SM_RESP, 0, "a")), IGNORED),
    "submit_sm_resp to nothing with an error": (octets("submit_sm_resp", b"", NOBODY, c.ESME_RINVBNDSTS), IGNORED),
    "submit_sm_resp to nothing with a bad body": (octets("submit_sm_resp", NO_NUL), IGNORED),
    "submit_sm_resp with sequence 0": (pdu(MessageResp(c.SUBMIT_SM_RESP, 0, "a"), 0), IGNORED),
    "generic_nack to a submit": (
        pdu(Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN), ONE_SEQUENCE),
        nacked(c.ESME_RINVCMDLEN),
    ),
    "generic_nack without an error": (
        pdu(Simple(c.GENERIC_NACK), ONE_SEQUENCE),
        nacked(c.ESME_RUNKNOWNERR),
    ),
    "generic_nack after it was given up": (
        pdu(Simple(c.GENERIC_NACK, 8), LATE_SEQUENCE),
        nacked(c.ESME_RSYSERR, LATE),
    ),
    # A nack may come without the number of what it is for; while we bind that can only be the bind.
    "generic_nack to nothing": (pdu(Simple(c.GENERIC_NACK, c.ESME_RINVCMDID), 0), bind_refused(c.ESME_RINVCMDID)),
    # --- what the peer asks
    "enquire_link": (pdu(ENQUIRE), everywhere(writes(NOBODY, Simple(c.ENQUIRE_LINK_RESP)))),
    "enquire_link with sequence 0": (pdu(ENQUIRE, 0), everywhere(writes(0, Simple(c.ENQUIRE_LINK_RESP)))),
    "enquire_link with a body": (octets("enquire_link", NO_NUL), everywhere(writes(9, Simple(c.ENQUIRE_LINK_RESP)))),
    "unbind": (pdu(UNBIND), everywhere(ends("the peer unbound", (NOBODY, Simple(c.UNBIND_RESP))))),
    "deliver_sm": (pdu(DELIVER), delivered(DELIVER, c.DELIVER_SM_RESP)),
    "deliver_sm with a bad body": (
        octets("deliver_sm", NO_NUL),
        everywhere(writes(NOBODY, MessageResp(c.DELIVER_SM_RESP, c.ESME_RINVCMDLEN))),
    ),
    "data_sm": (pdu(DATA), delivered(DATA, c.DATA_SM_RESP)),
    "data_sm with a bad body": (
        octets("data_sm", NO_NUL),
        everywhere(writes(NOBODY, MessageResp(c.DATA_SM_RESP, c.ESME_RINVCMDLEN))),
    ),
    # --- what an SMSC has no business to ask
    "bind_transmitter": (pdu(bind_pdu(c.BIND_TRANSMITTER)), everywhere(NACK_COMMAND)),
    "bind_receiver": (pdu(bind_pdu(c.BIND_RECEIVER)), everywhere(NACK_COMMAND)),
    "bind_transceiver": (pdu(bind_pdu()), everywhere(NACK_COMMAND)),
    "bind_transmitter with a bad body": (octets("bind_transmitter", NO_NUL), everywhere(NACK_LENGTH)),
    "bind_receiver with a bad body": (octets("bind_receiver", NO_NUL), everywhere(NACK_LENGTH)),
    "bind_transceiver with a bad body": (octets("bind_transceiver", NO_NUL), everywhere(NACK_LENGTH)),
    "submit_sm": (pdu(SM), everywhere(NACK_COMMAND)),
    "submit_sm with a bad body": (octets("submit_sm", NO_NUL), everywhere(NACK_LENGTH)),
    "submit_multi": (octets("submit_multi", MULTI), everywhere(NACK_COMMAND)),
    "query_sm": (octets("query_sm", QUERY), everywhere(NACK_COMMAND)),
    "query_sm with a bad body": (octets("query_sm", NO_NUL), everywhere(NACK_LENGTH)),
    "cancel_sm with a bad body": (octets("cancel_sm", NO_NUL), everywhere(NACK_LENGTH)),
    "replace_sm": (octets("replace_sm", REPLACE), everywhere(NACK_COMMAND)),
    "cancel_sm": (octets("cancel_sm", CANCEL), everywhere(NACK_COMMAND)),
    "an unknown request": (raw(UNKNOWN_REQUEST), everywhere(NACK_COMMAND)),
    # --- what must not be answered
    "outbind": (octets("outbind", b"smsc\0secret\0"), IGNORED),
    "alert_notification": (octets("alert_notification", b"\1\1237670000000\0\1\1ACME\0"), IGNORED),
    "enquire_link_resp": (pdu(Simple(c.ENQUIRE_LINK_RESP)), IGNORED),
    "enquire_link_resp with an error": (pdu(Simple(c.ENQUIRE_LINK_RESP, 8)), IGNORED),
    "unbind_resp": (
        pdu(Simple(c.UNBIND_RESP), 4),
        {(UNBINDING,): ends("unbound"), (OPEN, BINDING, *BOUND, CLOSED): NOTHING},
    ),
    "unbind_resp with an error": (
        pdu(Simple(c.UNBIND_RESP, 8), 4),
        {(UNBINDING,): ends("unbound"), (OPEN, BINDING, *BOUND, CLOSED): NOTHING},
    ),
    "deliver_sm_resp": (pdu(MessageResp(c.DELIVER_SM_RESP)), IGNORED),
    "deliver_sm_resp with a bad body": (octets("deliver_sm_resp", NO_NUL), IGNORED),
    "data_sm_resp": (pdu(MessageResp(c.DATA_SM_RESP, 0, "a")), IGNORED),
    "data_sm_resp with a bad body": (octets("data_sm_resp", BAD_TLV), IGNORED),
    "query_sm_resp": (octets("query_sm_resp", b"a\0\0\2\0"), IGNORED),
    "query_sm_resp with a bad body": (octets("query_sm_resp", NO_NUL), IGNORED),
    "query_sm_resp to a submit": (
        pdu(QuerySmResp(0, "a"), ONE_SEQUENCE),
        {
            WITH_ONE: tells(Unanswered(ONE, "answered by the response to another command")),
            (OPEN, BINDING, RX, CLOSED): NOTHING,
        },
    ),
    "cancel_sm_resp": (octets("cancel_sm_resp", b""), IGNORED),
    "replace_sm_resp": (octets("replace_sm_resp", b""), IGNORED),
    "submit_multi_resp": (octets("submit_multi_resp", b"a\0\0"), IGNORED),
    "an unknown response": (raw(UNKNOWN_RESPONSE), IGNORED),
    # --- no PDUs at all
    "half a PDU": (raw(encode(ENQUIRE, 9)[:15]), IGNORED),
    "a length that cannot be": (
        raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        everywhere(ends(LOST, (0, Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN)))),
    ),
    # --- what we do
    "bind()": (
        call(lambda session: session.bind(0.0)),
        {(OPEN,): Cell(BINDING, ((1, bind_pdu()),)), (BINDING, *RECEIVING, CLOSED): NOTHING},
    ),
    "submit()": (call(submit), {SUBMITTING: writes(4, SM), (OPEN, BINDING, RX, UNBINDING, CLOSED): NOTHING}),
    "submit() of what cannot be written": (
        call(lambda session: submit(session, ShortMessage(c.SUBMIT_SM, source_addr="x" * 21))),
        {SUBMITTING: Cell(raises=True), (OPEN, BINDING, RX, UNBINDING, CLOSED): NOTHING},
    ),
    "ask()": (call(ask), {SUBMITTING: writes(4, QuerySm("a")), (OPEN, BINDING, RX, UNBINDING, CLOSED): NOTHING}),
    "acknowledge() of a stored deliver_sm": (
        call(lambda session: session.acknowledge(c.DELIVER_SM, 70, True)),
        acknowledged(70, c.DELIVER_SM_RESP),
    ),
    "acknowledge() of a deliver_sm not stored": (
        call(lambda session: session.acknowledge(c.DELIVER_SM, 70, False)),
        acknowledged(70, c.DELIVER_SM_RESP, c.ESME_RSYSERR),
    ),
    "acknowledge() of a stored data_sm": (
        call(lambda session: session.acknowledge(c.DATA_SM, 71, True)),
        acknowledged(71, c.DATA_SM_RESP),
    ),
    "acknowledge() of a data_sm not stored": (
        call(lambda session: session.acknowledge(c.DATA_SM, 71, False)),
        acknowledged(71, c.DATA_SM_RESP, c.ESME_RSYSERR),
    ),
    "unbind()": (
        call(lambda session: session.unbind(0.0)),
        {
            (OPEN, BINDING): ends("stopped"),
            SUBMITTING: Cell(UNBINDING, ((4, UNBIND),)),
            (RX,): Cell(UNBINDING, ((2, UNBIND),)),
            (UNBINDING, CLOSED): NOTHING,
        },
    ),
    "close()": (call(lambda session: session.close("cut")), everywhere(ends("cut"))),
    # --- time
    "tick() when nothing is due": (ticks(5.0), IGNORED),
    "tick() when a bind or unbind must have been answered": (
        ticks(10.0),
        {(BINDING,): BIND_LATE, (UNBINDING,): UNBIND_LATE, (OPEN, *BOUND, CLOSED): NOTHING},
    ),
    "tick() after silence": (
        ticks(30.0),
        {
            (BINDING,): BIND_LATE,
            (UNBINDING,): UNBIND_LATE,
            SUBMITTING: writes(4, ENQUIRE),
            (RX,): writes(2, ENQUIRE),
            (OPEN, CLOSED): NOTHING,
        },
    ),
    "tick() when a submit must have been answered": (
        ticks(60.0),
        {
            (BINDING,): BIND_LATE,
            (UNBINDING,): ends("unbind not answered in time", told=(Unanswered(ONE, "no answer in time"),)),
            SUBMITTING: Cell(wrote=((4, ENQUIRE),), told=(Unanswered(ONE, "no answer in time"),)),
            (RX,): writes(2, ENQUIRE),
            (OPEN, CLOSED): NOTHING,
        },
    ),
    "tick() after two enquire_links without an answer": (
        ticks(30.0, 60.0, 89.9),
        {
            (BINDING,): BIND_LATE,
            (UNBINDING,): UNBIND_LATE,
            SUBMITTING: Cell(wrote=((4, ENQUIRE), (5, ENQUIRE)), told=(Unanswered(ONE, "no answer in time"),)),
            (RX,): Cell(wrote=((2, ENQUIRE), (3, ENQUIRE))),
            (OPEN, CLOSED): NOTHING,
        },
    ),
    "tick() when the second is missed": (
        ticks(30.0, 60.0, 90.0),
        {
            (BINDING,): BIND_LATE,
            (UNBINDING,): UNBIND_LATE,
            SUBMITTING: ends(
                "the peer went silent",
                (4, ENQUIRE),
                (5, ENQUIRE),
                told=(Unanswered(ONE, "no answer in time"),),
            ),
            (RX,): ends("the peer went silent", (2, ENQUIRE), (3, ENQUIRE)),
            (OPEN, CLOSED): NOTHING,
        },
    ),
}  # fmt: skip


def matrix() -> list[Any]:
    return [
        pytest.param(state, act, cell, id=f"{name}-{state.value}")
        for name, ((_, act), columns) in EVENTS.items()
        for states, cell in columns.items()
        for state in states
    ]


@pytest.mark.parametrize(("state", "act", "cell"), matrix())
def test_cell(state: SessionState, act: Act, cell: Cell) -> None:
    session = session_in(state)
    if cell.raises:
        with pytest.raises(LocalProtocolError):
            act(session)
    else:
        act(session)
    told = list(cell.told)
    if cell.ends is not None:
        settled = any(event.submission is ONE for event in told)
        lost = [ONE] if state in WITH_ONE and not settled else []
        told.append(Closed(cell.ends, cell.credentials, state in RECEIVING, lost))
    assert session.events == told
    assert Decoder().feed(bytes(session.out)) == list(cell.wrote)
    assert session.state is (cell.state or state)
    assert session.can_submit is (session.state in SUBMITTING)


@pytest.mark.parametrize("name", EVENTS)
def test_no_state_is_left_out(name: str) -> None:
    assert sorted(state for states in EVENTS[name][1] for state in states) == sorted(SessionState)


def test_no_event_is_left_out() -> None:
    """Every command of the standard, readable and, where a body can be bad, unreadable; and all that we can do."""
    sent = [code for (code, _), _ in EVENTS.values()]
    assert set(c.COMMAND_NAMES) <= set(sent)
    for command_id, read in READERS.items():
        name = c.COMMAND_NAMES[command_id]
        assert name in EVENTS or any(one.startswith(name) for one in EVENTS)
        if isinstance(read(command_id, 0, NO_NUL, 0, len(NO_NUL)), BadBody):
            assert f"{name} with a bad body" in EVENTS
    ours = {name for name, what in vars(Session).items() if callable(what) and not name.startswith("_")}
    assert ours - {"receive"} == {name.partition("()")[0] for name in EVENTS if "()" in name}


def test_the_end_is_the_end() -> None:
    """After Closed no event of the table brings anything more."""
    for (_, act), columns in EVENTS.values():
        for states, cell in columns.items():
            if cell.ends is None:
                continue
            for state in states:
                session = session_in(state)
                act(session)
                session.out.clear()
                session.events.clear()
                for (_, again), _ in EVENTS.values():
                    again(session)
                assert (session.state, bytes(session.out), session.events) == (CLOSED, b"", [])
