"""TLS towards a carrier."""

import ssl
from pathlib import Path

import pytest

from adapters.http_operator.client import ssl_context
from router.operator import Tls
from tests.http_operator.world import LINK, world

CERTS = Path(__file__).parents[1] / "smpp" / "certs"
SECURE = LINK.replace("http://127.0.0.1:{port}", "https://127.0.0.1:{port}")


@pytest.fixture
def server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem", CERTS / "server.key")
    return context


@pytest.mark.parametrize("keys", [f"{{{{ca: {CERTS}/ca.pem}}}}", "{{verify: false}}"])
async def test_there_and_back(tmp_path: Path, server: ssl.SSLContext, keys: str) -> None:
    async with world(tmp_path, SECURE + f"  tls: {keys}\n", tls=server) as one:
        await one.rig.submit("+237670000001")
        await one.event("message.delivered")


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, server: ssl.SSLContext) -> None:
    async with world(tmp_path, SECURE, tls=server, up=False) as one:
        await one.rig.submit("+237670000001")
        await one.until(lambda: one.gateway.link().settled)
        assert not one.gateway.link().up
        assert "SSL" in one.gateway.views()[0].last_error
        assert one.carrier.counts.requests == 0


async def test_a_file_that_is_no_certificate_only_keeps_the_link_down(tmp_path: Path, server: ssl.SSLContext) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    async with world(tmp_path, SECURE + f"  tls: {{{{ca: {tmp_path}/ca.pem}}}}\n", tls=server, up=False) as one:
        await one.until(lambda: one.gateway.link().settled)
        assert not one.gateway.link().up
        assert one.gateway.views()[0].last_error.startswith("certificates: ")


def test_nothing_older_than_1_2() -> None:
    assert ssl_context(Tls()).minimum_version >= ssl.TLSVersion.TLSv1_2
    assert ssl_context(Tls(verify=False)).minimum_version >= ssl.TLSVersion.TLSv1_2
