"""TLS, STARTTLS and credentials, with the certificates that were made for tests of binds."""

import ssl
from pathlib import Path

import pytest

from adapters.smtp.connection import Patience
from tests.smpp.peer import Log, Sink
from tests.smtp.conftest import Open
from tests.smtp.peer import Peer
from tests.smtp.server import MailServer
from tests.smtp.values import submission
from tests.turns import until

CERTS = Path(__file__).parents[1] / "smpp" / "certs"
USERS = {"acme": "pass-of-mail-7c2"}
LOGIN = {"username": "acme", "password": "pass-of-mail-7c2"}


def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem", CERTS / "server.key")
    return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority of these certificates is one of the machine's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "ca.pem"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", [True, "starttls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_over_tls(open_gateway: Open, sink: Sink, log: Log, tls: bool | str, host: str) -> None:
    async with MailServer(tls=certificate(), starttls=tls == "starttls", users=USERS) as server:
        gateway = await open_gateway(server.port, link={"tls": tls, "host": host, **LOGIN})
        await until(lambda: gateway.link().up)
        for _ in range(3):
            gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: len(sink.results) == 3)
        assert sink.kinds() == ["accepted"] * 3
        assert set(server.logins) == {"acme"}
        assert "pass-of-mail" not in str(log.lines)
        await gateway.stop(1)
        await until(lambda: server.open == 0)


@pytest.mark.parametrize("tls", [True, "starttls"])
async def test_an_unknown_authority_is_refused(open_gateway: Open, sink: Sink, tls: bool | str) -> None:
    async with MailServer(tls=certificate(), starttls=tls == "starttls", users=USERS) as server:
        gateway = await open_gateway(server.port, link={"tls": tls, **LOGIN})
        await until(lambda: gateway.link().settled)
        assert not gateway.link().up
        assert "certificate verify failed" in str(gateway.views()[0].last_error)
        assert server.logins == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", [True, "starttls"])
async def test_a_certificate_for_another_name_is_refused(open_gateway: Open, tls: bool | str) -> None:
    async with MailServer(tls=certificate(), starttls=tls == "starttls", users=USERS) as server:
        # The same machine by a name that the certificate does not have.
        gateway = await open_gateway(server.port, link={"tls": tls, "host": "127.1", **LOGIN})
        await until(lambda: gateway.link().settled)
        assert not gateway.link().up
        assert server.logins == []


@pytest.mark.usefixtures("trusted")
async def test_without_starttls_nothing_is_told(open_gateway: Open, sink: Sink) -> None:
    async with Peer({"EHLO": "250-peer\r\n250 AUTH PLAIN LOGIN"}) as peer:
        gateway = await open_gateway(peer.port, link={"tls": "starttls", **LOGIN})
        await until(lambda: gateway.link().settled)
        assert not gateway.link().up
        assert {command.split(" ")[0] for commands in peer.commands for command in commands} <= {"EHLO", "QUIT"}
        await gateway.stop(0)


@pytest.mark.usefixtures("trusted")
async def test_what_was_slipped_in_before_tls_is_not_heard(open_gateway: Open, sink: Sink) -> None:
    async with Peer({"EHLO": "250-peer\r\n250 STARTTLS", "STARTTLS": "220 go\r\n250-evil\r\n250 AUTH PLAIN"}) as peer:
        gateway = await open_gateway(peer.port, link={"tls": "starttls", **LOGIN}, patience=Patience(0.5, 0.5, 0.5))
        await until(lambda: gateway.link().settled and any("STARTTLS" in commands for commands in peer.commands))
        assert not gateway.link().up
        assert not any(command.startswith("AUTH") for commands in peer.commands for command in commands)
        await gateway.stop(0)


async def test_in_the_clear_where_that_was_said(open_gateway: Open, sink: Sink) -> None:
    async with MailServer(users=USERS) as server:
        gateway = await open_gateway(server.port, link=LOGIN)
        await until(lambda: gateway.link().up)
        gateway.submit(submission(slot=gateway.reserve()))
        await until(lambda: sink.results)
        assert sink.kinds() == ["accepted"]


async def test_refused_credentials_are_not_tried_again_soon(open_gateway: Open, sink: Sink, log: Log) -> None:
    async with MailServer(users=USERS) as server:
        gateway = await open_gateway(server.port, link={"username": "acme", "password": "wrong-pass-1"})
        await until(lambda: gateway.link().settled)
        assert log.warnings() == ["credentials_refused"]
        assert log.lines[-1][2]["next_try_in"] >= 60
        assert gateway.views()[0].state == "refused"
        assert server.sessions == 1
        assert "wrong-pass" not in str(log.lines)
        await gateway.stop(0)


@pytest.mark.parametrize(("word", "state"), [("535 5.7.8 no", "refused"), ("454 4.7.0 not now", "waiting")])
async def test_a_server_with_trouble_of_its_own(open_gateway: Open, word: str, state: str) -> None:
    async with Peer({"EHLO": "250-peer\r\n250 AUTH PLAIN", "AUTH": word}) as peer:
        gateway = await open_gateway(peer.port, link=LOGIN)
        await until(lambda: gateway.views()[0].state == state)
        await gateway.stop(0)


async def test_plain_talk_to_a_tls_port(open_gateway: Open) -> None:
    async with MailServer(tls=certificate()) as server:
        gateway = await open_gateway(server.port, patience=Patience(0.2, 0.2, 0.2))
        await until(lambda: gateway.link().settled)
        assert not gateway.link().up
