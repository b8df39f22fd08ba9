"""query_sm and cancel_sm: every question has exactly one answer, and costs the bind nothing."""

import pytest

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.pdu import Bind, BindResp, CancelSm, MessageResp, Pdu, QuerySm, QuerySmResp, Simple
from adapters.smpp.session import Closed, Replied, Session, SessionState
from adapters.smpp.timers import Patience
from router.message import Attempt
from router.operator import Addressing, AddressKind
from router.outcome import OutcomeKind
from router.ports.operators import Question, Reply
from router.receipt import ReceiptState
from tests.smpp.peer import Peer, Sink
from tests.smpp.test_gateway import Open, up
from tests.smpp.values import submission
from tests.turns import until


class Asked:
    """A question and what was answered to it."""

    def __init__(self, kind: str = "query", written_at: float = 0.0) -> None:
        self.answers: list[Reply | None] = []
        attempt = Attempt("mtn", 0, outcome=OutcomeKind.ACCEPTED, smsc_message_id="A1")
        self.question = Question(kind, submission().message, attempt, "ACME", self.answers.append, written_at)


def bound() -> Session:
    session = Session(Bind(c.BIND_TRANSCEIVER, "acme", "secret"), Patience(30, 60, 10), 0.0)
    session.bind(0.0)
    session.receive(encode(BindResp(c.BIND_TRANSCEIVER_RESP), 1), 0.0)
    session.out.clear()
    session.events.clear()
    return session


def asking() -> tuple[Session, Question]:
    session, question = bound(), Asked().question
    assert session.ask(question, QuerySm("A1"))
    assert Decoder().feed(bytes(session.out)) == [(2, QuerySm("A1"))]
    assert not session.idle
    return session, question


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (QuerySmResp(0, "A1", "", 2), QuerySmResp(0, "A1", "", 2)),
        (QuerySmResp(0x67), QuerySmResp(0x67)),
        (Simple(c.CANCEL_SM_RESP), Simple(c.CANCEL_SM_RESP)),
        (Simple(c.CANCEL_SM_RESP, 0x11), Simple(c.CANCEL_SM_RESP, 0x11)),
        (Simple(c.GENERIC_NACK, c.ESME_RINVCMDID), None),
        (MessageResp(c.SUBMIT_SM_RESP, 0, "A1"), None),
    ],
)
def test_an_answer(answer: Pdu, told: Pdu | None) -> None:
    session, question = asking()
    session.receive(encode(answer, 2) * 2, 1.0)
    assert session.events == [Replied(question, told)]
    assert session.state is SessionState.BOUND_TRX
    assert session.idle


def test_an_answer_that_cannot_be_read() -> None:
    session, question = asking()
    body = b"no end"
    session.receive(b"".join(n.to_bytes(4) for n in (16 + len(body), c.QUERY_SM_RESP, 0, 2)) + body, 1.0)
    assert session.events == [Replied(question, None)]


def test_no_answer_and_a_late_one() -> None:
    session, question = asking()
    session.receive(encode(Simple(c.ENQUIRE_LINK_RESP), 9), 59.0)
    session.tick(60.0)
    session.receive(encode(QuerySmResp(0, "A1", "", 2), 2), 61.0)
    assert session.events == [Replied(question, None)]


def test_the_end_of_the_bind() -> None:
    session, question = asking()
    session.close("cut")
    assert session.events == [Replied(question, None), Closed("cut", False, True, [])]


# --- through the pool ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("plus", [False, True])
async def test_a_query_and_its_answer(open_gateway: Open, peer: Peer, sink: Sink, plus: bool) -> None:
    gateway = await open_gateway(addressing=Addressing(destination=AddressKind(1, 1, plus)))
    await until(up(gateway))
    query, cancel = Asked(), Asked("cancel")
    assert gateway.ask(query.question)
    assert gateway.ask(cancel.question)
    await until(lambda: peer.last.got(CancelSm))
    ((first, asked),) = peer.last.got(QuerySm)
    assert asked == QuerySm("A1", 5, 0, "ACME")
    ((second, asked),) = peer.last.got(CancelSm)
    to = "+237670000000" if plus else "237670000000"
    assert asked == CancelSm("", "A1", 5, 0, "ACME", 1, 1, to)
    peer.last.send(Simple(c.CANCEL_SM_RESP), second, QuerySmResp(0, "A1", "260102030405000+", 5, 9), first)
    await until(lambda: query.answers and cancel.answers)
    assert cancel.answers == [Reply(True)]
    (reply,) = query.answers
    assert reply is not None
    assert reply.receipt is not None
    assert (reply.receipt.state, reply.receipt.error, reply.receipt.to) == (
        ReceiptState.UNDELIVERED,
        "9",
        "237670000000",
    )
    assert gateway.room() == 10
    assert not sink.results


async def test_nobody_to_ask(open_gateway: Open, peer: Peer) -> None:
    peer.answers_bind = False
    gateway = await open_gateway()
    asked = Asked()
    assert not gateway.ask(asked.question)
    assert not asked.answers


async def test_a_refused_and_a_lost_question(open_gateway: Open, peer: Peer) -> None:
    gateway = await open_gateway()
    await until(up(gateway))
    refused, lost = Asked(), Asked("cancel")
    gateway.ask(refused.question)
    gateway.ask(lost.question)
    await until(lambda: peer.last.got(CancelSm))
    peer.last.send(QuerySmResp(0x67), peer.last.got(QuerySm)[0][0])
    await until(lambda: refused.answers)
    assert refused.answers == [Reply(False)]
    peer.last.cut()
    await until(lambda: lost.answers)
    assert lost.answers == [None]


async def test_the_parts_of_a_long_message_go_by_one_bind(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    sink.holds_slots = True
    gateway = await open_gateway(link={"binds": 3, "window": 2})
    await until(lambda: gateway.room() == 6)
    first = gateway.reserve()
    assert first is not None
    assert gateway.reserve(first) is first
    assert gateway.reserve(first) is None  # full, though others are free
    assert gateway.room() == 4
    gateway.release(first)
    peer.answers_bind = False
    connection = first.connection
    assert connection is not None
    connection.abort()
    await until(lambda: gateway.room() == 4)
    other = gateway.reserve(first)
    assert other is not None
    assert other is not first  # gone: any will do
