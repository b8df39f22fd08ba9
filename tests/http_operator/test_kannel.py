"""The example for Kannel against a real one: our daemon's side by HTTP, a simulated SMSC behind Kannel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.simulator.smsc import Smsc, SmscOptions
from router.cli import children
from router.cli.bench.kannel import MISSING, boxes
from router.message import FINAL
from router.operator import HttpLink
from tests.http_operator.test_examples import Taking, taking
from tests.turns import until

pytestmark = [pytest.mark.process, pytest.mark.skipif(boxes() is None, reason=MISSING)]

PATIENCE = 90.0
"""Seconds: what Kannel could not do at once it tries again after a minute."""

CONFIGURATION = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = x
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1

group = smsc
smsc = smpp
host = 127.0.0.1
port = {smsc}
transceiver-mode = yes
smsc-username = kannel
smsc-password = kannel
system-type = SMPP

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = acme
password = kannel_password
concatenation = yes
max-messages = 10

group = sms-service
keyword = default
catch-all = yes
max-messages = 0
get-url = "http://127.0.0.1:{callbacks}/callbacks/kannel/kannel_callback?from=%p&to=%P&text=%a"
"""


async def listening(port: int, log: Path) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                assert "PANIC" not in log.read_text(errors="replace"), children.last_words(log)
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@asynccontextmanager
async def kannel(folder: Path) -> AsyncIterator[tuple[Taking, Smsc]]:
    """Both boxes, bound to a simulated SMSC, and the engine whose operator they are."""
    found = boxes()
    assert found is not None
    ports = {name: children.free_port() for name in ("admin", "boxes", "sendsms")}
    smsc = Smsc(SmscOptions())
    try:
        async with AsyncExitStack() as stack:
            base = f"http://127.0.0.1:{ports['sendsms']}"
            one, _ = await stack.enter_async_context(taking(folder, "kannel", base))
            path = folder / "kannel.conf"
            path.write_text(CONFIGURATION.format(**ports, smsc=await smsc.start(), callbacks=one.port))
            for binary, ready in zip(found, (ports["boxes"], ports["sendsms"]), strict=True):
                log = folder / f"{Path(binary).name}.log"
                await stack.enter_async_context(children.program(binary, "--verbosity", "2", str(path), log=log))
                await listening(ready, log)
            await until(lambda: smsc.sessions and one.rig.engine.desks["kannel"].gateway.link().up, PATIENCE)  # type: ignore[union-attr]
            yield one, smsc
    finally:
        await smsc.stop()


async def test_there_and_back(tmp_path: Path) -> None:
    async with kannel(tmp_path) as (one, smsc):
        texts = {
            "+237670000001": "Hello [x] & 100%",
            "+237670000002": "Привет 🌍",
            "+237670000003": "مرحبا " * 30,
            "+237670000004": "0123456789" * 20,
        }
        messages = {to: await one.rig.submit(to, text, sender="ACME") for to, text in texts.items()}
        failed = await one.rig.submit("+237670000901", "Hello", sender="ACME")
        every = [*messages.values(), failed]
        try:
            await until(lambda: all(message.state in FINAL for message in every), PATIENCE)
        except TimeoutError:
            boxes_said = [children.last_words(log) for log in sorted(tmp_path.glob("*box.log"))]
            pytest.fail("\n".join(map(str, [every, smsc.submitted, *boxes_said])))
        assert {message.state.value for message in messages.values()} == {"delivered"}
        assert failed.state == "undelivered"
        assert {len(message.parts) for message in messages.values()} == {1}
        assert [messages[to].segments for to in texts] == [1, 1, 3, 2]
        for to, text in texts.items():
            parts = [sent for sent in smsc.submitted if sent.destination.lstrip("+") == to[1:]]
            assert len(parts) == messages[to].segments
            content = b"".join(sent.content[6:] if len(parts) > 1 else sent.content for sent in parts)
            if not text.isascii():
                assert content.decode("utf-16-be") == text
        assert one.rig.metrics.counted["callback", "kannel", "forged"] == 0


async def test_a_handset_writes(tmp_path: Path) -> None:
    async with kannel(tmp_path) as (one, smsc):
        smsc.send_mo("237670000001", "8080", b"Yes & no")
        event = await one.event("message.received", PATIENCE)
        assert (event["from"], event["to"], event["text"]) == ("+237670000001", "8080", "Yes & no")


async def test_wrong_credentials_are_a_refusal_of_our_account(tmp_path: Path) -> None:
    async with kannel(tmp_path) as (one, _):
        desk = one.rig.engine.desks["kannel"]
        link = desk.operator.link
        assert isinstance(link, HttpLink)
        query = tuple((name, ("wrong",) if name == "password" else value) for name, value in link.requests[0].query)
        other = replace(link, requests=(replace(link.requests[0], query=query),))
        operators = {"kannel": replace(desk.operator, link=other)}
        one.rig.next_config = replace(one.rig.config, operators=operators)
        await one.rig.engine.control.reload()
        await one.until(lambda: desk.gateway is not None and desk.gateway.link().up)
        await one.rig.submit("+237670000001")
        await one.until(lambda: desk.unusable == "circuit_open")
        assert desk.circuit.reason == "HTTP 403, code Authorization: the provider does not allow us to send"
