"""What one session says and does, as traces."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.codec import LocalProtocolError, encode
from adapters.smpp.happenings import Answered, Bound, Closed, Delivered, SessionState, Unanswered
from adapters.smpp.pdu import Bind, BindResp, DataSm, MessageResp, ShortMessage, Simple
from adapters.smpp.session import Session
from adapters.smpp.timers import Patience
from adapters.smpp.window import Window
from tests.smpp.playbook import DO, EVENT, PEER, TIME, WROTE, play
from tests.smpp.values import submission

PATIENCE = Patience(enquire_link=30, response=60, handshake=10)
BIND = Bind(c.BIND_TRANSCEIVER, "acme", "secret")
BIND_OK = BindResp(c.BIND_TRANSCEIVER_RESP, 0, "smsc")
DELIVER = ShortMessage(c.DELIVER_SM, source_addr="237670000000", destination_addr="8080", short_message=b"hi")
DATA = DataSm(source_addr="237670000000", destination_addr="8080")
SM = ShortMessage(c.SUBMIT_SM, destination_addr="237670000000", short_message=b"hello")
ENQUIRE = Simple(c.ENQUIRE_LINK)
ENQUIRED = Simple(c.ENQUIRE_LINK_RESP)
UNBIND = Simple(c.UNBIND)
UNBOUND = Simple(c.UNBIND_RESP)
ONE = submission("+1", slot=1)
TWO = submission("+2", slot=2)

Step = tuple[Any, ...]

bind: Step = (DO, lambda session, now: session.bind(now))
unbind: Step = (DO, lambda session, now: session.unbind(now))
BOUND: list[Step] = [bind, (WROTE, 1, BIND), (PEER, 1, BIND_OK), (EVENT, Bound())]


def submit(one: Any, accepted: bool = True) -> Step:
    def call(session: Session, now: float) -> None:
        one.written_at = now
        assert session.submit(one, SM) is accepted

    return DO, call


def acknowledge(sequence: int, stored: bool, command_id: int = c.DELIVER_SM) -> Step:
    return DO, lambda session, now: session.acknowledge(command_id, sequence, stored)


def lose(reason: str) -> Step:
    return DO, lambda session, now: session.close(reason)


def submitted(sequence: int) -> Step:
    return WROTE, sequence, SM


def resp(message_id: str, status: int = 0) -> MessageResp:
    return MessageResp(c.SUBMIT_SM_RESP, status, message_id)


def closed(reason: str, *lost: Any, bound: bool = True, credentials: bool = False) -> Step:
    return EVENT, Closed(reason, credentials, bound, list(lost))


def frame(command_id: int, body: bytes = b"", *, sequence: int = 9, status: int = 0) -> bytes:
    return b"".join(field.to_bytes(4) for field in (16 + len(body), command_id, status, sequence)) + body


PLAYBOOKS: dict[str, list[Step]] = {
    "bind, submit, answer, receipt, leave": [
        *BOUND,
        submit(ONE),
        submitted(2),
        submit(TWO),
        submitted(3),
        (PEER, 3, resp("b")),
        (EVENT, Answered(TWO, 0, "b", False)),
        (PEER, 2, resp("a")),
        (EVENT, Answered(ONE, 0, "a", False)),
        (PEER, 77, DELIVER),
        (EVENT, Delivered(DELIVER, 77)),
        acknowledge(77, True),
        (WROTE, 77, MessageResp(c.DELIVER_SM_RESP)),
        unbind,
        (WROTE, 4, UNBIND),
        (PEER, 4, UNBOUND),
        closed("unbound"),
    ],
    "acknowledgements": [
        *BOUND,
        (PEER, 0x80000000, DELIVER),
        (EVENT, Delivered(DELIVER, 0x80000000)),
        (PEER, 0, DATA),
        (EVENT, Delivered(DATA, 0)),
        acknowledge(0, True, c.DATA_SM),
        (WROTE, 0, MessageResp(c.DATA_SM_RESP)),
        acknowledge(0x80000000, False),
        (WROTE, 0x80000000, MessageResp(c.DELIVER_SM_RESP, c.ESME_RSYSERR)),
    ],
    "wrong password": [
        bind,
        (WROTE, 1, BIND),
        (PEER, 1, BindResp(c.BIND_TRANSCEIVER_RESP, c.ESME_RINVPASWD)),
        closed("bind refused with 0x0000000E", bound=False, credentials=True),
    ],
    "bind failed for now": [
        bind,
        (WROTE, 1, BIND),
        (PEER, 1, BindResp(c.BIND_TRANSCEIVER_RESP, c.ESME_RBINDFAIL)),
        closed("bind refused with 0x0000000D", bound=False),
    ],
    "bind answered by generic_nack": [
        bind,
        (WROTE, 1, BIND),
        (PEER, 1, Simple(c.GENERIC_NACK, c.ESME_RINVCMDID)),
        closed("bind refused with 0x00000003", bound=False),
    ],
    "bind answered with rubbish": [
        bind,
        (WROTE, 1, BIND),
        (PEER, 1, frame(c.BIND_TRANSCEIVER_RESP, b"no end", sequence=1)),
        closed("bind answered with an unreadable body", bound=False),
    ],
    "bind never answered": [
        bind,
        (WROTE, 1, BIND),
        (TIME, 9.9),
        (TIME, 10.0),
        closed("bind not answered in time", bound=False),
        submit(ONE, False),
    ],
    "before the bind nothing is taken, but enquire_link is answered": [
        submit(ONE, False),
        bind,
        (WROTE, 1, BIND),
        submit(ONE, False),
        (PEER, 5, ENQUIRE),
        (WROTE, 5, ENQUIRED),
        (PEER, 6, DELIVER),
        (WROTE, 6, MessageResp(c.DELIVER_SM_RESP, c.ESME_RINVBNDSTS)),
        (PEER, 7, DATA),
        (WROTE, 7, MessageResp(c.DATA_SM_RESP, c.ESME_RINVBNDSTS)),
        (PEER, 1, BindResp(c.BIND_TRANSMITTER_RESP)),
        (PEER, 1, BIND_OK),
        (EVENT, Bound()),
        (PEER, 1, BIND_OK),
    ],
    "connection lost while binding": [bind, (WROTE, 1, BIND), lose("cut"), closed("cut", bound=False)],
    "connection lost with submissions out": [
        *BOUND,
        submit(ONE),
        submitted(2),
        submit(TWO),
        submitted(3),
        lose("cut"),
        closed("cut", ONE, TWO),
        lose("again"),
        submit(ONE, False),
        (PEER, 2, resp("a")),
        (PEER, 8, ENQUIRE),
        (TIME, 1000.0),
        unbind,
        acknowledge(1, True),
    ],
    "no answer in time, then a late one": [
        *BOUND,
        submit(ONE),
        submitted(2),
        (PEER, 5, ENQUIRE),
        (WROTE, 5, ENQUIRED),
        (TIME, 29.0),
        (PEER, 6, ENQUIRE),
        (WROTE, 6, ENQUIRED),
        submit(TWO),
        submitted(3),
        (TIME, 58.9),
        (PEER, 7, ENQUIRE),
        (WROTE, 7, ENQUIRED),
        (TIME, 60.0),
        (EVENT, Unanswered(ONE, "no answer in time")),
        (PEER, 2, resp("a")),
        (EVENT, Answered(ONE, 0, "a", True)),
        (PEER, 2, resp("a")),
        (PEER, 3, resp("b")),
        (EVENT, Answered(TWO, 0, "b", False)),
    ],
    "answers to nothing": [*BOUND, (PEER, 2, resp("a")), (PEER, 0, resp("")), (PEER, 2, Simple(c.GENERIC_NACK, 3))],
    "an error as the answer": [
        *BOUND,
        submit(ONE),
        submitted(2),
        (PEER, 2, resp("", c.ESME_RTHROTTLED)),
        (EVENT, Answered(ONE, c.ESME_RTHROTTLED, "", False)),
    ],
    "generic_nack as the answer": [
        *BOUND,
        submit(ONE),
        submitted(2),
        submit(TWO),
        submitted(3),
        (PEER, 2, Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN)),
        (EVENT, Answered(ONE, c.ESME_RINVCMDLEN, "", False)),
        (PEER, 3, Simple(c.GENERIC_NACK, 0)),
        (EVENT, Answered(TWO, c.ESME_RUNKNOWNERR, "", False)),
    ],
    "an unreadable answer": [
        *BOUND,
        submit(ONE),
        submitted(2),
        (PEER, 2, frame(c.SUBMIT_SM_RESP, b"id\0\4", sequence=2)),
        (EVENT, Unanswered(ONE, "answered with an unreadable body")),
        (PEER, 2, resp("a")),
    ],
    "the peer says we are not bound": [
        *BOUND,
        submit(ONE),
        submitted(2),
        submit(TWO),
        submitted(3),
        (PEER, 2, resp("", c.ESME_RINVBNDSTS)),
        (EVENT, Answered(ONE, c.ESME_RINVBNDSTS, "", False)),
        closed("the peer says that we are not bound (0x00000004)", TWO),
    ],
    "bad requests cost only themselves": [
        *BOUND,
        (PEER, 9, frame(0x00001234)),
        (WROTE, 9, Simple(c.GENERIC_NACK, c.ESME_RINVCMDID)),
        (PEER, 9, frame(c.DELIVER_SM, b"\0" * 5)),
        (WROTE, 9, MessageResp(c.DELIVER_SM_RESP, c.ESME_RINVCMDLEN)),
        (PEER, 9, frame(c.DATA_SM, b"\0\0")),
        (WROTE, 9, MessageResp(c.DATA_SM_RESP, c.ESME_RINVCMDLEN)),
        (PEER, 9, frame(c.BIND_RECEIVER, b"x")),
        (WROTE, 9, Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN)),
        (PEER, 9, BIND),
        (WROTE, 9, Simple(c.GENERIC_NACK, c.ESME_RINVCMDID)),
        (PEER, 9, SM),
        (WROTE, 9, Simple(c.GENERIC_NACK, c.ESME_RINVCMDID)),
        (PEER, 9, DELIVER),
        (EVENT, Delivered(DELIVER, 9)),
    ],
    "what must not be answered": [
        *BOUND,
        (PEER, 9, frame(0x80001234)),
        (PEER, 9, frame(c.DELIVER_SM_RESP, b"no end")),
        (PEER, 9, frame(c.QUERY_SM_RESP, b"\0")),
        (PEER, 9, ENQUIRED),
        (PEER, 9, UNBOUND),
        (PEER, 9, MessageResp(c.DELIVER_SM_RESP)),
        (PEER, 9, frame(0x00000102, b"\0\0\0\0\0\0")),
        (PEER, 9, frame(0x0000000B, b"\0\0")),
    ],
    "framing lost": [
        *BOUND,
        submit(ONE),
        submitted(2),
        (PEER, 0, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        (WROTE, 0, Simple(c.GENERIC_NACK, c.ESME_RINVCMDLEN)),
        closed("command_length 0x48545450 is not within 16..131072", ONE),
    ],
    "the peer unbinds": [
        *BOUND,
        submit(ONE),
        submitted(2),
        (PEER, 4, UNBIND),
        (WROTE, 4, UNBOUND),
        closed("the peer unbound", ONE),
        submit(TWO, False),
    ],
    "silence, then an answer": [
        *BOUND,
        (TIME, 29.0),
        (TIME, 30.0),
        (WROTE, 2, ENQUIRE),
        (TIME, 45.0),
        (PEER, 2, ENQUIRED),
        (TIME, 74.0),
        (TIME, 75.0),
        (WROTE, 3, ENQUIRE),
    ],
    "silence for ever": [
        *BOUND,
        submit(ONE),
        submitted(2),
        (TIME, 30.0),
        (WROTE, 3, ENQUIRE),
        (TIME, 59.0),
        (TIME, 60.0),
        (WROTE, 4, ENQUIRE),
        (EVENT, Unanswered(ONE, "no answer in time")),
        submit(TWO),
        submitted(5),
        (TIME, 90.0),
        closed("the peer went silent", TWO),
    ],
    "while unbinding answers and deliveries still count": [
        *BOUND,
        submit(ONE),
        submitted(2),
        submit(TWO),
        submitted(3),
        unbind,
        (WROTE, 4, UNBIND),
        unbind,
        submit(ONE, False),
        (PEER, 2, resp("a")),
        (EVENT, Answered(ONE, 0, "a", False)),
        (PEER, 9, DELIVER),
        (EVENT, Delivered(DELIVER, 9)),
        acknowledge(9, True),
        (WROTE, 9, MessageResp(c.DELIVER_SM_RESP)),
        (PEER, 10, ENQUIRE),
        (WROTE, 10, ENQUIRED),
        (TIME, 10.0),
        closed("unbind not answered in time", TWO),
    ],
    "unbind before there is a bind": [bind, (WROTE, 1, BIND), unbind, closed("stopped", bound=False)],
}


@pytest.mark.parametrize("chunk", [None, 1, 7])
@pytest.mark.parametrize("name", PLAYBOOKS)
def test_playbook(name: str, chunk: int | None) -> None:
    play(Session(BIND, PATIENCE, 0.0), PLAYBOOKS[name], chunk)


@pytest.mark.parametrize("body", [b"", b"smsc\0", b"no end"])
@pytest.mark.parametrize(
    ("status", "credentials"),
    [(0x05, False), (0x0D, False), (0x0E, True), (0x0F, True), (0x53, True), (0x08, False), (0x400, False)],
)
def test_refused_binds(status: int, credentials: bool, body: bytes) -> None:
    """Each ends the session; the message that waited was never written."""
    refusal = frame(c.BIND_TRANSCEIVER_RESP, body, sequence=1, status=status)
    steps = [bind, (WROTE, 1, BIND), submit(ONE, False), (PEER, 1, refusal)]
    play(
        Session(BIND, PATIENCE, 0.0),
        [*steps, closed(f"bind refused with 0x{status:08X}", bound=False, credentials=credentials)],
    )


def test_the_time_of_the_bind_begins_with_the_bind() -> None:
    """However long connecting took."""
    late: list[Step] = [(TIME, 50.0), bind, (WROTE, 1, BIND), (TIME, 59.9)]
    play(Session(BIND, PATIENCE, 0.0), [*late, (PEER, 1, BIND_OK), (EVENT, Bound())])
    play(Session(BIND, PATIENCE, 0.0), [*late, (TIME, 60.0), closed("bind not answered in time", bound=False)])


def test_many_pdus_in_one_read() -> None:
    session = Session(BIND, PATIENCE, 0.0)
    session.bind(0.0)
    session.receive(encode(BIND_OK, 1) + encode(DELIVER, 1) + encode(ENQUIRE, 2) + encode(UNBIND, 3), 0.0)
    assert session.events == [Bound(), Delivered(DELIVER, 1), Closed("the peer unbound", False, True, [])]
    assert bytes(session.out) == encode(BIND, 1) + encode(ENQUIRED, 2) + encode(UNBOUND, 3)


def test_what_came_before_the_framing_was_lost_counts() -> None:
    session = Session(BIND, PATIENCE, 0.0)
    session.bind(0.0)
    session.receive(encode(BIND_OK, 1) + encode(DELIVER, 1) + b"\0\0\0\0", 0.0)
    assert session.events[:2] == [Bound(), Delivered(DELIVER, 1)]
    assert isinstance(session.events[2], Closed)


@pytest.mark.parametrize(
    ("command", "response", "state", "may_submit"),
    [
        (c.BIND_TRANSMITTER, c.BIND_TRANSMITTER_RESP, SessionState.BOUND_TX, True),
        (c.BIND_RECEIVER, c.BIND_RECEIVER_RESP, SessionState.BOUND_RX, False),
        (c.BIND_TRANSCEIVER, c.BIND_TRANSCEIVER_RESP, SessionState.BOUND_TRX, True),
    ],
)
def test_kinds_of_bind(command: int, response: int, state: SessionState, may_submit: bool) -> None:
    session = Session(Bind(command, "acme", "secret"), PATIENCE, 0.0)
    session.bind(0.0)
    session.receive(encode(BindResp(response), 1) + encode(DELIVER, 5), 0.0)
    assert session.state is state
    assert session.events == [Bound(), Delivered(DELIVER, 5)]
    assert session.submit(submission(), SM) is may_submit


def test_sequence_numbers_wrap() -> None:
    session = Session(BIND, PATIENCE, 0.0, Window(first=c.MAX_SEQUENCE_NUMBER))
    play(
        session,
        [
            bind,
            (WROTE, c.MAX_SEQUENCE_NUMBER, BIND),
            (PEER, c.MAX_SEQUENCE_NUMBER, BIND_OK),
            (EVENT, Bound()),
            submit(ONE),
            submitted(1),
            (PEER, 1, resp("a")),
            (EVENT, Answered(ONE, 0, "a", False)),
        ],
    )


def test_a_pdu_that_cannot_be_written_leaves_no_trace() -> None:
    session = Session(BIND, PATIENCE, 0.0)
    session.bind(0.0)
    session.receive(encode(BIND_OK, 1), 0.0)
    session.out.clear()
    with pytest.raises(LocalProtocolError):
        session.submit(ONE, ShortMessage(c.SUBMIT_SM, source_addr="x" * 21))
    assert not session.out
    assert session.idle


def test_idle_means_nothing_is_open_on_either_side() -> None:
    session = Session(BIND, PATIENCE, 0.0)
    session.bind(0.0)
    session.receive(encode(BIND_OK, 1), 0.0)
    assert session.idle
    session.submit(ONE, SM)
    assert not session.idle
    session.receive(encode(resp("a"), 2) + encode(DELIVER, 1), 0.0)
    assert not session.idle
    session.acknowledge(c.DELIVER_SM, 1, True)
    assert session.idle


_PDUS = st.sampled_from([BIND_OK, DELIVER, DATA, ENQUIRE, ENQUIRED, UNBIND, UNBOUND, resp("a"), resp("", 8), SM, BIND])
_MISCHIEF = st.one_of(
    st.builds(lambda pdu, sequence: encode(pdu, sequence), _PDUS, st.integers(0, 6)),
    st.builds(
        lambda command, body, sequence: frame(command, body, sequence=sequence),
        st.sampled_from([c.DELIVER_SM, c.SUBMIT_SM_RESP, c.DATA_SM, c.BIND_TRANSCEIVER_RESP, 0x80000042, 0x42]),
        st.binary(max_size=40),
        st.integers(0, 6),
    ),
    st.binary(max_size=30),
    st.integers(1, 100),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_MISCHIEF, max_size=30), st.booleans())
@pytest.mark.deep
def test_whatever_the_peer_does(steps: list[bytes | int], bound: bool) -> None:
    """Nothing is raised, every submission ends exactly once, Closed comes once and last."""
    session = Session(BIND, PATIENCE, 0.0)
    session.bind(0.0)
    if bound:
        session.receive(encode(BIND_OK, 1), 0.0)
    now = 0.0
    written = []
    for step in steps:
        one = submission(written_at=now)
        if session.submit(one, SM):
            written.append(id(one))
        if isinstance(step, int):
            now += step
            session.tick(now)
        else:
            session.receive(step, now)
    session.close("end")
    session.close("end")
    ended = []
    for event in session.events:
        match event:
            case Answered(late=False) | Unanswered():
                ended.append(id(event.submission))
            case Closed():
                ended += [id(one) for one in event.lost]
    assert sorted(ended) == sorted(written)
    assert sum(isinstance(event, Closed) for event in session.events) == 1
    assert isinstance(session.events[-1], Closed)
