"""The pool of connections over real sockets, against a mail server by aiosmtpd."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from adapters.smtp import bind as binds
from adapters.smtp.connection import Connection
from adapters.smtp.gateway import CONNECTIONS, SmtpGateway
from router.message import ReceiptWish
from router.operator import ReceiptRules, SmppLink
from router.outcome import Fault, OutcomeKind
from tests.smpp.peer import Log, Sink, WallClock
from tests.smtp.conftest import Open
from tests.smtp.server import MailServer
from tests.smtp.values import ID, operator, submission
from tests.turns import until


def send(gateway: SmtpGateway, *recipients: str, **fields):
    sent = []
    for to in recipients:
        slot = gateway.reserve()
        assert slot is not None
        sent.append(submission(to, slot=slot, **fields))
        assert gateway.submit(sent[-1])
    return sent


async def test_connects_and_says_so(open_gateway: Open, server: MailServer, sink: Sink, log: Log) -> None:
    gateway = await open_gateway(server.port)
    assert (gateway.link().up, gateway.link().settled, gateway.room(), gateway.reserve()) == (False, False, 0, None)
    await until(lambda: gateway.link().up)
    assert gateway.link().settled
    assert gateway.room() == CONNECTIONS
    assert [view.state for view in gateway.views()] == ["bound_tx", *["idle"] * (CONNECTIONS - 1)]
    assert server.sessions == 1
    assert log.warnings() == []


async def test_a_mail_arrives(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    send(gateway, "ann@shop.example", options={"subject": "Ваш заказ", "html": "<p>Hé</p>", "from_name": "Магазин"})
    await until(lambda: sink.results)
    ((_, outcome),) = sink.results
    assert (outcome.kind, outcome.smsc_message_id) == (OutcomeKind.ACCEPTED, f"{ID}@acme.example")
    (mail,) = server.mails
    assert (mail.sender, mail.to) == ("news@acme.example", "ann@shop.example")
    assert mail.mail_options == {"RET": "HDRS", "ENVID": f"{ID}@acme.example"}
    assert mail.rcpt_options == {"NOTIFY": "SUCCESS,FAILURE", "ORCPT": "rfc822;ann@shop.example"}
    assert mail.parsed["Subject"] == "Ваш заказ"
    assert mail.parsed["From"] == "Магазин <news@acme.example>"


@pytest.mark.parametrize(
    ("wish", "request_", "notify"),
    [
        (ReceiptWish.FINAL, "final", "SUCCESS,FAILURE"),
        (ReceiptWish.ALL, "final", "SUCCESS,FAILURE,DELAY"),
        (ReceiptWish.FINAL, "all", "SUCCESS,FAILURE,DELAY"),
        (ReceiptWish.NONE, "all", "NEVER"),
        (ReceiptWish.ALL, "none", "NEVER"),
    ],
)
async def test_what_it_is_to_be_told(
    open_gateway: Open, server: MailServer, sink: Sink, wish: ReceiptWish, request_: str, notify: str
) -> None:
    gateway = await open_gateway(server.port, receipts=ReceiptRules(request=request_))
    await until(lambda: gateway.link().up)
    send(gateway, "ann@shop.example", receipts=wish)
    await until(lambda: server.mails)
    assert server.mails[0].rcpt_options["NOTIFY"] == notify


async def test_a_server_without_dsn_is_asked_for_none(
    open_gateway: Open, server: MailServer, sink: Sink, log: Log
) -> None:
    server.dsn = False
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    send(gateway, "ann@shop.example", "bob@shop.example", "cid@shop.example")
    await until(lambda: len(sink.results) == 3)
    assert set(sink.kinds()) == {"accepted"}
    assert log.warnings() == ["receipts_not_offered"]


@pytest.mark.parametrize("what", ["reuse", "grow", "most"])
async def test_connections_are_used_again(
    open_gateway: Open, server: MailServer, sink: Sink, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what == "most":
        monkeypatch.setattr(binds, "MOST_MAILS", 4)
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    if what == "grow":
        server.hold()
        send(gateway, *[f"u{number}@shop.example" for number in range(CONNECTIONS)])
        assert gateway.room() == 0
        assert gateway.reserve() is None
        await until(lambda: len(server.mails) == CONNECTIONS)
        server.release()
        await until(lambda: len(sink.results) == CONNECTIONS)
        assert (server.sessions, server.at_once) == (CONNECTIONS, CONNECTIONS)
    else:
        for number in range(20):
            send(gateway, f"u{number}@shop.example")
            await until(lambda number=number: len(sink.results) == number + 1)
        assert server.sessions == (1 if what == "reuse" else 5)
        assert server.at_once <= 2
    assert set(sink.kinds()) == {"accepted"}


async def test_a_server_that_ends_conversations_loses_nothing(
    open_gateway: Open, server: MailServer, sink: Sink, log: Log
) -> None:
    server.most_mails = 3
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    for number in range(10):
        send(gateway, f"u{number}@shop.example")
        await until(lambda number=number: len(sink.results) == number + 1)
    assert sink.kinds() == ["accepted"] * 10
    assert server.sessions == 4
    assert log.warnings() == []


async def test_a_connection_that_was_cut_while_idle(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    server.cut()
    await until(lambda: server.open == 0)
    await until(lambda: gateway.views()[0].state == "idle")
    assert gateway.link().up
    send(gateway, "ann@shop.example")
    await until(lambda: sink.results)
    assert sink.kinds() == ["accepted"]
    assert server.sessions == 2


async def test_an_idle_connection_is_closed_in_form(
    open_gateway: Open, server: MailServer, sink: Sink, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binds, "IDLE", 0.02)
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    await until(lambda: server.open == 0)
    assert gateway.link().up
    assert gateway.room() == CONNECTIONS
    assert log.warnings() == []


ENDINGS = [
    ("refused", OutcomeKind.REJECTED, Fault.MESSAGE, "550 5.1.1"),
    ("policy", OutcomeKind.REJECTED, Fault.UNCLEAR, "550 5.7.1"),
    ("busy", OutcomeKind.FAILED, Fault.OPERATOR, "450 4.2.0"),
    ("fast", OutcomeKind.THROTTLED, Fault.RATE, "450 4.7.1"),
    ("fastonce", OutcomeKind.THROTTLED, Fault.RATE, "421 4.7.0"),
    ("nocredit", OutcomeKind.REJECTED, Fault.ACCOUNT, "530 5.7.0"),
    ("spam", OutcomeKind.REJECTED, Fault.UNCLEAR, "554 5.7.1"),
    ("broken", OutcomeKind.FAILED, Fault.OPERATOR, "451 4.3.0"),
    ("big", OutcomeKind.REJECTED, Fault.OPERATOR, "552 5.3.4"),
    ("cut", OutcomeKind.UNKNOWN, Fault.OPERATOR, None),
]


@pytest.mark.parametrize(("what", "kind", "fault", "code"), ENDINGS)
async def test_replies_become_outcomes(
    open_gateway: Open, server: MailServer, sink: Sink, what: str, kind: OutcomeKind, fault: Fault, code: str | None
) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    send(gateway, f"{what}@shop.example")
    await until(lambda: sink.results)
    ((_, outcome),) = sink.results
    assert (outcome.kind, outcome.fault, outcome.code) == (kind, fault, code)
    # The next mail is not hindered by what is left of this one.
    send(gateway, "ann@shop.example")
    await until(lambda: len(sink.results) == 2)
    assert sink.kinds()[1] == "accepted"


async def test_an_override(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port, errors={550: "retry"})
    await until(lambda: gateway.link().up)
    send(gateway, "refused@shop.example")
    await until(lambda: sink.results)
    assert sink.kinds() == ["failed"]


async def test_nobody_there(open_gateway: Open, sink: Sink, log: Log) -> None:
    async with MailServer() as gone:
        pass
    gateway = await open_gateway(gone.port)
    await until(lambda: sink.changes >= 3)
    assert gateway.link().settled
    assert not gateway.link().up
    view = gateway.views()[0]
    assert "cannot connect" in (view.last_error or "")
    assert {one.state for one in gateway.views()[1:]} == {"idle"}
    assert log.warnings() == ["bind_failed"]
    await gone.start()
    await until(lambda: gateway.link().up)
    assert gateway.views()[0].last_error is None
    await gateway.stop(0)
    await gone.stop()


async def test_what_was_given_to_a_server_that_went_goes_back(
    open_gateway: Open, server: MailServer, sink: Sink
) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    await server.stop()
    slot = gateway.reserve()
    send(gateway, "ann@shop.example", "bob@shop.example")
    await until(lambda: len(sink.results) == 2)
    assert not gateway.link().up
    assert [(one.kind, one.fault) for _, one in sink.results] == [(OutcomeKind.FAILED, Fault.BIND)] * 2
    assert not gateway.submit(submission(slot=slot))
    gateway.release(slot)
    assert gateway.room() == 0
    await server.start()
    await until(lambda: gateway.room() == CONNECTIONS)


async def test_a_large_mail_in_another_script(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    text = ".Ж и ещё одна строка\n" * 4000
    send(gateway, "ann@shop.example", text=text)
    await until(lambda: sink.results)
    assert server.mails[0].parsed.get_content().replace("\r\n", "\n") == text


async def test_addresses_beyond_ascii(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    send(gateway, "анна@xn--80ak6aa92e.example", options={"subject": "Привет"})
    await until(lambda: sink.results)
    assert sink.kinds() == ["accepted"]
    assert server.mails[0].to == "анна@xn--80ak6aa92e.example"
    assert server.mails[0].parsed["To"] == "анна@xn--80ak6aa92e.example"


async def test_addresses_beyond_ascii_where_they_are_not_taken(
    open_gateway: Open, server: MailServer, sink: Sink
) -> None:
    server.utf8 = False
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    send(gateway, "анна@shop.example")
    await until(lambda: sink.results)
    ((_, outcome),) = sink.results
    assert (outcome.kind, outcome.fault) == (OutcomeKind.REJECTED, Fault.OPERATOR)
    assert "SMTPUTF8" in outcome.detail


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": "ACME"},
        {"sender": None},
        {"options": {"subject": "a\r\nBcc: eve@evil.example"}},
        {"options": {"from_name": "a\nBcc: eve@evil.example"}},
        {"options": {"reply_to": "a@b.example>\r\nBcc: <eve@evil.example"}},
        {"text": "\ud800"},
    ],
)
async def test_what_no_mail_can_be(open_gateway: Open, server: MailServer, sink: Sink, fields) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    send(gateway, "ann@shop.example", **fields)
    await until(lambda: sink.results)
    ((_, outcome),) = sink.results
    assert (outcome.kind, outcome.fault) == (OutcomeKind.REJECTED, Fault.MESSAGE)
    assert server.mails == []
    send(gateway, "ann@shop.example")
    await until(lambda: len(sink.results) == 2)
    assert sink.kinds()[1] == "accepted"


async def test_a_sender_by_a_rule_counts_where_it_is_an_address(
    open_gateway: Open, server: MailServer, sink: Sink
) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    for sender in ("20880", "other@acme.example"):
        one = replace_sender(submission(slot=gateway.reserve()), sender)
        assert gateway.submit(one)
    await until(lambda: len(sink.results) == 2)
    assert {mail.sender for mail in server.mails} == {"news@acme.example", "other@acme.example"}


def replace_sender(one, sender: str):
    one.sender = sender
    return one


async def test_stop_waits_for_answers(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    server.hold()
    send(gateway, "ann@shop.example", "bob@shop.example")
    await until(lambda: len(server.mails) == 2)
    stopping = asyncio.create_task(gateway.stop(5))
    await asyncio.sleep(0)
    assert gateway.reserve() is None
    server.release()
    await stopping
    assert sink.kinds() == ["accepted"] * 2
    await until(lambda: server.open == 0)
    assert {view.state for view in gateway.views()} == {"closed"}


async def test_stop_settles_what_is_not_answered(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    server.hold()
    send(gateway, "ann@shop.example")
    await until(lambda: server.mails)
    await gateway.stop(0.01)
    assert sink.kinds() == ["unknown"]
    server.release()


async def test_new_rules_for_the_same_link(open_gateway: Open, server: MailServer, sink: Sink) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    gateway.reconfigure(replace(gateway.operator, receipts=ReceiptRules(request="none")))
    send(gateway, "ann@shop.example")
    await until(lambda: server.mails)
    assert server.mails[0].rcpt_options["NOTIFY"] == "NEVER"
    assert server.sessions == 1


async def test_an_operator_without_smtp_link() -> None:
    link = SmppLink("h", 1, "x", "y")
    with pytest.raises(TypeError):
        SmtpGateway(replace(operator(), link=link), Sink(), WallClock(), Log())


async def test_it_answers_no_questions(open_gateway: Open, server: MailServer) -> None:
    gateway = await open_gateway(server.port)
    await until(lambda: gateway.link().up)
    assert not gateway.ask(None)  # type: ignore[arg-type]


async def test_it_stops_though_a_cancellation_is_lost(
    open_gateway: Open, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def loses_one(self: Connection) -> None:
        """As asyncio.wait_for does before Python 3.12, when the answer comes in the same turn of the loop."""
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    monkeypatch.setattr(Connection, "open", loses_one)
    gateway = await open_gateway(server.port)
    await begun.wait()
    async with asyncio.timeout(10):
        await gateway.stop(0)
    assert {view.state for view in gateway.views()} == {"closed"}
