"""Servers that go, fall silent or talk nonsense at every stage of a mail."""

import pytest

from adapters.smtp.connection import Patience, dotted, xtext
from router.outcome import Fault, OutcomeKind
from router.text import email
from tests.smpp.peer import Log, Sink
from tests.smtp.conftest import Open
from tests.smtp.peer import CUT, DEAF, MUTE, Peer
from tests.smtp.values import submission
from tests.turns import until

HASTY = Patience(0.2, 0.2, 0.2)
OTHERWISE = ["350 hm", "100 wait", "nonsense", "999 what", "25", "-1", "\x00\xff"]

STAGES = [
    *[(stage, word, "failed") for stage in ("MAIL", "RCPT", "DATA") for word in (CUT, MUTE)],
    ("begun", CUT, "failed"),
    ("content", CUT, "unknown"),
    ("content", MUTE, "unknown"),
    *[(stage, word, "failed") for stage in ("MAIL", "RCPT") for word in OTHERWISE],
    *[("DATA", word, "failed") for word in OTHERWISE if word != "350 hm"],
    *[("content", word, "unknown") for word in OTHERWISE],
    ("MAIL", "550 5.1.8 no", "rejected"),
    ("RCPT", "550-5.1.1 no\r\n550 5.1.1 body", "rejected"),
    ("DATA", "554 5.7.1 no", "rejected"),
    ("content", "554 5.7.1 no", "rejected"),
    ("content", "452 4.3.1 disk full", "failed"),
    ("content", "421 4.3.2 going down", "throttled"),
    ("RCPT", "251 will forward", "accepted"),
    ("content", "251 taken", "accepted"),
]


@pytest.mark.parametrize(("stage", "word", "kind"), STAGES)
async def test_at_each_stage(
    open_gateway: Open, sink: Sink, monkeypatch: pytest.MonkeyPatch, stage: str, word: str, kind: str
) -> None:
    # Large enough that not all of it leaves at once.
    monkeypatch.setattr(email, "MOST", 1 << 24)
    text = "x" * 60 + "\n"
    async with Peer({stage: word}) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        await until(lambda: gateway.link().up)
        gateway.submit(submission(text=text * (100_000 if stage == "begun" else 1), slot=gateway.reserve()))
        await until(lambda: sink.results)
        ((_, outcome),) = sink.results
        assert (outcome.kind.value, outcome.detail.isprintable()) == (kind, True)
        assert len(peer.contents) == (kind in ("accepted", "unknown") or stage == "content")
        await gateway.stop(0)


@pytest.mark.parametrize("word", [CUT, MUTE, "421 4.3.2 bye", "554 no service", "nonsense", "220"])
@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
async def test_nobody_to_talk_to(open_gateway: Open, sink: Sink, log: Log, stage: str, word: str) -> None:
    async with Peer({stage: word, "HELO": "500 neither"}) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        if stage == "greeting" and word == "220":
            await until(lambda: gateway.link().up)
        else:
            await until(lambda: gateway.link().settled)
            assert not gateway.link().up
            assert gateway.views()[0].last_error
            assert log.warnings() == ["bind_failed"]
        await gateway.stop(0)


async def test_a_server_that_only_knows_helo(open_gateway: Open, sink: Sink) -> None:
    async with Peer({"EHLO": "502 what"}) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        await until(lambda: gateway.link().up)
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: sink.results)
        assert sink.kinds() == ["accepted"]
        assert peer.commands[0][2] == "MAIL FROM:<news@acme.example>"
        await gateway.stop(0)


@pytest.mark.parametrize("word", [CUT, "421 4.4.2 idle for too long"])
async def test_a_stale_connection_costs_nothing(open_gateway: Open, sink: Sink, log: Log, word: str) -> None:
    says = {}
    async with Peer(says, most=1) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        await until(lambda: gateway.link().up)
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: sink.results)
        says["MAIL"] = word
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: len(sink.results) == 2)
        assert sink.kinds() == ["accepted", "accepted"]
        assert len(peer.commands) == 2
        assert log.warnings() == ["receipts_not_offered"]
        await gateway.stop(0)


async def test_a_server_that_hates_one_mail_is_not_asked_for_ever(open_gateway: Open, sink: Sink) -> None:
    async with Peer({"MAIL": CUT}) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        await until(lambda: gateway.link().up)
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: sink.results)
        ((_, outcome),) = sink.results
        assert (outcome.kind, outcome.fault) == (OutcomeKind.FAILED, Fault.OPERATOR)
        assert len(peer.commands) == 2
        await gateway.stop(0)


@pytest.mark.deep
async def test_a_server_that_stops_reading_is_not_waited_for_for_ever(
    open_gateway: Open, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "MOST", 100_000_000)
    async with Peer({"begun": DEAF}, most=1) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        await until(lambda: gateway.link().up)
        # Larger than what the two kernels take in between.
        large = "x" * 10_000_000
        gateway.submit(submission(text=large, slot=gateway.reserve()))
        await until(lambda: sink.results)
        ((_, outcome),) = sink.results
        # The final dot was never written.
        assert (outcome.kind, outcome.fault) == (OutcomeKind.FAILED, Fault.OPERATOR)
        assert peer.contents == []
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: len(sink.results) == 2)
        assert sink.kinds()[1] == "accepted"
        await gateway.stop(0)


async def test_an_error_of_ours_over_one_mail_is_no_end_of_the_others(open_gateway: Open, sink: Sink, log: Log) -> None:
    async with Peer({}) as peer:
        gateway = await open_gateway(peer.port, patience=HASTY)
        await until(lambda: gateway.link().up)
        for number in range(1, 12):
            # Nothing makes such a message; it stands for what nobody thought of.
            gateway.submit(submission(to=None, slot=gateway.reserve()))  # type: ignore[arg-type]
            await until(lambda wanted=number: len(sink.results) == wanted)
        assert {outcome.kind for _, outcome in sink.results} == {OutcomeKind.REJECTED}
        assert ("error", "mail_broken") in [(level, event) for level, event, _ in log.lines]
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: len(sink.results) == 12)
        assert sink.kinds()[-1] == "accepted"
        assert sum(view.submits_per_second for view in gateway.views()) > 0
        await gateway.stop(0)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b".", b"..\r\n"),
        (b".\r\n.\r\n..\r\n", b"..\r\n..\r\n...\r\n"),
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n"),
        (b"a.b\r\n", b"a.b\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_dots(content: bytes, sent: bytes) -> None:
    assert dotted(content) == sent


def test_xtext() -> None:
    assert xtext("a+b=c@x.example é") == b"a+2Bb+3Dc@x.example+20+E9"
