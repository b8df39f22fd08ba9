"""The gateway against the simulated SMSC and its faults."""

from collections.abc import AsyncIterator

import pytest

from adapters.simulator.smsc import Smsc, SmscOptions
from router.message import Encoding
from router.operator import TextRules
from router.receipt import ReceiptState
from router.text.received import read_text
from tests.smpp.conftest import Open
from tests.smpp.peer import Log, Sink
from tests.smpp.values import submission
from tests.turns import until

Running = tuple[Smsc, int]


@pytest.fixture
async def smsc() -> AsyncIterator[Running]:
    one = Smsc(SmscOptions(system_id="acme", password="secret", receipt_delay=0.01))
    yield one, await one.start()
    await one.stop()


async def test_submit_and_receipt(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    one, port = smsc
    gateway = await open_gateway(port, link={"binds": 2, "window": 50})
    await until(lambda: gateway.room() == 100)
    for number in range(100):
        assert gateway.submit(submission(f"+23767000{number:04}", f"no {number}".encode(), slot=gateway.reserve()))
    await until(lambda: len(sink.results) == len(sink.receipts) == one.counts.delivered == 100)
    assert set(sink.kinds()) == {"accepted"}
    ids = {outcome.smsc_message_id: given.message.to[1:] for given, outcome in sink.results}
    assert len(ids) == 100
    for receipt, _ in sink.receipts:
        assert ids[receipt.smsc_message_ids[0]] == receipt.to
        assert receipt.state is ReceiptState.DELIVERED
    assert one.counts.bad == 0


@pytest.mark.parametrize(
    ("ending", "kind", "states"),
    [
        ("901", "accepted", ["undelivered"]),
        ("911", "rejected", []),
        ("912", "rejected", []),
        ("913", "throttled", []),
        ("915", "throttled", []),
        ("916", "failed", []),
        ("918", "rejected", []),
        ("919", "rejected", []),
        ("921", "unknown", ["delivered"]),
        ("922", "unknown", []),
        ("924", "unknown", []),
        ("925", "unknown", ["delivered"]),
        ("931", "accepted", ["delivered"]),
        ("932", "accepted", ["delivered", "delivered"]),
        ("937", "accepted", ["enroute", "accepted", "delivered"]),
        ("938", "accepted", ["delivered"]),
        ("939", "accepted", ["delivered"]),
        ("940", "accepted", ["delivered"]),
    ],
)
async def test_faults(
    open_gateway: Open, smsc: Running, sink: Sink, log: Log, ending: str, kind: str, states: list[str]
) -> None:
    one, port = smsc
    gateway = await open_gateway(port, link={"response_timeout": 0.15})
    await until(lambda: gateway.link().up)
    gateway.submit(submission(f"+237670000{ending}", slot=gateway.reserve()))
    await until(lambda: sink.results and len(sink.receipts) == len(states) == one.counts.delivered)
    assert sink.kinds() == [kind]
    assert [receipt.state for receipt, _ in sink.receipts] == states
    warned = {"924": ["bind_lost"], "925": ["bind_lost"], "940": ["accepted_without_id"]}.get(ending, [])
    await until(lambda: log.warnings() == warned)
    await until(lambda: gateway.link().up)


async def test_a_part_that_was_cut_off_can_go_again(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    _, port = smsc
    gateway = await open_gateway(port)
    await until(lambda: gateway.link().up)
    for kinds in (["unknown"], ["unknown", "accepted"]):
        gateway.submit(submission("+237670000924", slot=gateway.reserve()))
        await until(lambda kinds=kinds: sink.kinds() == kinds and gateway.link().up)


@pytest.mark.parametrize("long", ["udh8", "udh16", "sar"])
async def test_parts_of_a_long_message(open_gateway: Open, smsc: Running, sink: Sink, long: str) -> None:
    one, port = smsc
    gateway = await open_gateway(port, text=TextRules(long=long))
    await until(lambda: gateway.link().up)
    for number in (1, 2, 3):
        part = submission(
            payload=b"\x06\x27" * 60,
            number=number,
            total=3,
            encoding=Encoding.UCS2,
            concat_reference=0x1234,
            slot=gateway.reserve(),
        )
        assert gateway.submit(part)
    await until(lambda: len(sink.receipts) == 3)
    assert [given.content[-120:] for given in one.submitted] == [b"\x06\x27" * 60] * 3
    assert one.counts.bad == 0


async def test_messages_from_handsets(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    one, port = smsc
    gateway = await open_gateway(port)
    await until(lambda: gateway.link().up)
    one.send_mo("237670000000", "8080", "Привет".encode("utf-16-be"), 8)
    one.send_mo("237670000000", "8080", b"x" * 300)
    await until(lambda: len(sink.inbounds) == 2)
    assert [read_text([message]) for message, _ in sink.inbounds] == ["Привет", "x" * 300]
    await until(lambda: one.counts.delivered == 2)


async def test_a_receipt_that_could_not_be_stored_comes_again(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    one, port = smsc
    one.options.resend = 0.05
    sink.acknowledges = False
    gateway = await open_gateway(port)
    await until(lambda: gateway.link().up)
    gateway.submit(submission(slot=gateway.reserve()))
    await until(lambda: sink.receipts)
    sink.acknowledges = True
    await until(lambda: one.counts.delivered == 1)
    assert len(sink.receipts) >= 2


async def test_wrong_password(open_gateway: Open, smsc: Running, log: Log) -> None:
    one, port = smsc
    gateway = await open_gateway(port, link={"password": "wrong"})
    await until(lambda: gateway.link().settled and log.warnings())
    assert log.warnings() == ["credentials_refused"]
    assert one.counts.binds_refused == 1


async def test_the_smsc_goes_and_comes(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    one, port = smsc
    gateway = await open_gateway(port, link={"binds": 2})
    await until(lambda: gateway.room() == 20)
    await one.stop()
    await until(lambda: not gateway.link().up and gateway.link().settled)
    await one.start(port=port)
    await until(lambda: gateway.room() == 20)


async def test_a_mute_smsc_is_left(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    one, port = smsc
    gateway = await open_gateway(port, link={"enquire_link": 0.06})
    await until(lambda: gateway.link().up)
    one.options.mute = True
    gateway.submit(submission(slot=gateway.reserve()))
    await until(lambda: sink.results)
    assert sink.kinds() == ["unknown"]
    one.options.mute = False
    await until(lambda: gateway.link().up)


async def test_stop_leaves_in_order(open_gateway: Open, smsc: Running, sink: Sink) -> None:
    one, port = smsc
    one.options.response_delay = 0.05
    gateway = await open_gateway(port, link={"binds": 2})
    await until(lambda: gateway.room() == 20)
    for _ in range(20):
        gateway.submit(submission(slot=gateway.reserve()))
    await gateway.stop(5)
    assert sink.kinds() == ["accepted"] * 20
    await until(lambda: not one.sessions)
