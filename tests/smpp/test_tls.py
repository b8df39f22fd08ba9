"""TLS towards an operator, with certificates made for these tests (100 years, keys worth nothing)."""

import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.smpp.connection import client_context
from router.operator import Tls
from tests.smpp.conftest import Open
from tests.smpp.peer import Peer, Sink, receipt_pdu
from tests.smpp.values import submission
from tests.turns import until

CERTS = Path(__file__).parent / "certs"
OURS = Tls(ca=CERTS / "ca.pem")


@pytest.fixture
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem", CERTS / "server.key")
    if getattr(request, "param", "") == "mutual":
        context.load_verify_locations(CERTS / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        # With 1.3 a client only learns after its handshake that its certificate was missed.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with Peer(context) as one:
        yield one


async def test_to_and_fro(open_gateway: Open, peer: Peer, sink: Sink) -> None:
    gateway = await open_gateway(link={"tls": OURS, "window": 200})
    await until(lambda: gateway.link().up)
    for _ in range(200):
        assert gateway.submit(submission(slot=gateway.reserve()))
    peer.last.send(receipt_pdu("a"), 1)
    await until(lambda: len(sink.results) == 200 and sink.receipts)
    assert set(sink.kinds()) == {"accepted"}
    await gateway.stop(1)
    await until(lambda: not peer.last.open)


async def test_nothing_older_than_1_2() -> None:
    assert client_context(Tls()).minimum_version >= ssl.TLSVersion.TLSv1_2
    assert client_context(Tls(verify=False)).minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_peers_of_one_version(open_gateway: Open, version: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem", CERTS / "server.key")
    context.minimum_version = context.maximum_version = version
    async with Peer(context) as one:
        gateway = await open_gateway(one.port, link={"tls": OURS})
        await until(lambda: gateway.link().up)
        await gateway.stop(1)


async def test_by_name(open_gateway: Open, peer: Peer) -> None:
    gateway = await open_gateway(link={"tls": OURS, "host": "localhost"})
    await until(lambda: gateway.link().up)


async def test_an_unknown_authority_is_refused(open_gateway: Open, peer: Peer) -> None:
    gateway = await open_gateway(link={"tls": Tls()})
    await until(lambda: gateway.link().settled)
    assert not gateway.link().up
    await until(lambda: gateway.views()[0].last_error)
    assert "certificate verify failed" in str(gateway.views()[0].last_error)


async def test_unless_verification_is_off(open_gateway: Open, peer: Peer) -> None:
    gateway = await open_gateway(link={"tls": Tls(verify=False)})
    await until(lambda: gateway.link().up)


@pytest.mark.parametrize("peer", ["mutual"], indirect=True)
async def test_client_certificate(open_gateway: Open, peer: Peer) -> None:
    tls = Tls(ca=CERTS / "ca.pem", certificate=CERTS / "client.pem", key=CERTS / "client.key")
    gateway = await open_gateway(link={"tls": tls})
    await until(lambda: gateway.link().up)
    bare = await open_gateway(link={"tls": OURS})
    await until(lambda: bare.link().settled)
    assert not bare.link().up


async def test_plain_talk_to_a_tls_port(open_gateway: Open, peer: Peer) -> None:
    gateway = await open_gateway(handshake=0.2)
    await until(lambda: gateway.link().settled)
    assert not gateway.link().up


async def test_tls_to_a_plain_port(open_gateway: Open) -> None:
    async with Peer() as plain:
        gateway = await open_gateway(plain.port, handshake=0.2, link={"tls": OURS})
        await until(lambda: gateway.link().settled)
        assert not gateway.link().up
        await gateway.stop(0)


@pytest.mark.parametrize(
    "tls", [Tls(ca=CERTS / "nowhere.pem"), Tls(certificate=CERTS / "client.pem", key=CERTS / "server.key")]
)
async def test_files_that_cannot_be_used(open_gateway: Open, peer: Peer, tls: Tls) -> None:
    gateway = await open_gateway(link={"tls": tls})
    await until(lambda: gateway.link().settled and gateway.views()[0].last_error)
    assert not gateway.link().up
    assert "cannot connect" in str(gateway.views()[0].last_error)


async def test_a_renewed_file_is_used_without_a_restart(open_gateway: Open, peer: Peer, tmp_path: Path) -> None:
    gateway = await open_gateway(link={"tls": Tls(ca=tmp_path / "ca.pem")})
    await until(lambda: gateway.link().settled)
    assert not gateway.link().up
    shutil.copy(CERTS / "ca.pem", tmp_path)
    await until(lambda: gateway.link().up)
