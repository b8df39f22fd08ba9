"""What comes in a burst is dealt with in slices: nothing is lost or put out of order, and others get their turn."""

import asyncio
from itertools import pairwise

import pytest

from adapters.smpp import connection
from adapters.smpp import constants as c
from adapters.smpp.gateway import SmppGateway
from adapters.smpp.pdu import MessageResp
from router.outcome import OutcomeKind
from tests.smpp.conftest import Open
from tests.smpp.peer import Peer, Sink, receipt_pdu
from tests.smpp.values import submission
from tests.turns import until

BURST = 3000


@pytest.fixture
async def gateway(open_gateway: Open, sink: Sink) -> SmppGateway:
    one = await open_gateway(link={"window": BURST})
    await until(lambda: one.link().up)
    return one


def ids(sink: Sink) -> list[str]:
    return [receipt.smsc_message_ids[0] for receipt, _ in sink.receipts]


def burst(first: int = 0) -> list[object]:
    return [what for number in range(first, first + BURST) for what in (receipt_pdu(str(number)), number + 1)]


WHOLE = [str(number) for number in range(BURST)]


async def test_it_comes_whole_and_in_order_and_others_get_their_turn(
    gateway: SmppGateway, peer: Peer, sink: Sink
) -> None:
    loop = asyncio.get_running_loop()
    had: list[int] = []

    def look() -> None:
        had.append(len(sink.receipts))
        if had[-1] < BURST:
            loop.call_soon(look)

    peer.last.send(*burst())
    look()
    await until(lambda: len(sink.receipts) == BURST)
    assert ids(sink) == WHOLE
    most = max(after - before for before, after in pairwise(had))
    assert 0 < most <= connection._SLICE // 140 + 1
    await until(lambda: len(peer.last.got(c.DELIVER_SM_RESP)) == BURST)
    assert [sequence for sequence, _ in peer.last.got(c.DELIVER_SM_RESP)] == list(range(1, BURST + 1))
    peer.last.send(*burst(BURST))
    await until(lambda: len(sink.receipts) == 2 * BURST)


async def test_a_peer_that_closes_behind_it_was_heard_to_the_end(gateway: SmppGateway, peer: Peer, sink: Sink) -> None:
    sink.acknowledges = None  # to answer a peer that is gone cuts off what it had sent
    peer.last.send(*burst())
    peer.last.transport.close()
    await until(lambda: len(sink.receipts) == BURST)
    assert ids(sink) == WHOLE
    await until(lambda: len(peer.sessions) == 2)


async def test_answers_behind_one_another_before_a_close_count(gateway: SmppGateway, peer: Peer, sink: Sink) -> None:
    """An answer that was read is no doubt: all of them are there before the bind is given up."""
    peer.answers_submit = False
    for _ in range(BURST):
        assert gateway.submit(submission(slot=gateway.reserve()))
    session = peer.last
    await until(lambda: len(session.submits()) == BURST)
    peer.answers_submit = True
    answers = [
        what
        for sequence, _ in session.submits()
        for what in (MessageResp(c.SUBMIT_SM_RESP, 0, f"id-{sequence}"), sequence)
    ]
    session.send(*answers)
    session.transport.close()
    await until(lambda: len(sink.results) == BURST)
    await until(lambda: len(peer.sessions) == 2)
    assert {outcome.kind for _, outcome in sink.results} == {OutcomeKind.ACCEPTED}


async def test_a_stop_in_the_middle_ends(gateway: SmppGateway, peer: Peer, sink: Sink) -> None:
    peer.last.send(*burst())
    await until(lambda: bool(sink.receipts))
    await gateway.stop(5.0)
    assert ids(sink) == WHOLE[: len(sink.receipts)]
