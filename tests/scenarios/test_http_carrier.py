"""A daemon, an SMSC and an HTTP carrier as processes: failover between protocols, and kill -9 with a carrier."""

import asyncio
import json
import socket
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.processes import ADMIN, TOKEN, Processes, write_config

pytestmark = pytest.mark.process

CARRIER = """\
operator: carrier
protocol: http
link:
  request:
    url: http://127.0.0.1:{port}/messages
    headers: {{Idempotency-Key: "{{idempotency_key}}"}}
    json: {{to: "{{to}}", from: "{{from}}", text: "{{text}}", callback_url: "{{callback_url}}"}}
  auth: {{bearer: carrier-token-Zq9}}
  answer: {{success: {{at: status, is: accepted}}, id: id, code: code}}
  window: 5
  response_timeout: 5s
  reconnect: {{initial: 50ms, max: 500ms}}
  callbacks:
    public_url: http://127.0.0.1:{http}
    hmac: {{header: X-Signature, secret: carrier-secret, prefix: "sha256="}}
    receipts: {{id: id, to: to, state: status, error: error}}
rates: [{{prefix: "", price: "0.02"}}]
currency: XAF
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def call(http: int, path: str, body: object = None, token: str = TOKEN) -> dict:
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{http}{path}", data, headers), timeout=20) as answer:
        found: dict = json.load(answer)
        return found


async def listening(port: int) -> None:
    """Return once somebody listens: an operator that was not there at first would get its traffic little by little."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def up(http: int) -> None:
    """Return once every operator can take messages."""
    async with asyncio.timeout(30):
        while any(
            one["state"] != "up"
            for one in (await asyncio.to_thread(call, http, "/v1/operators", None, ADMIN))["operators"]
        ):
            await asyncio.sleep(0.05)


async def events(http: int, count: int, kind: str = "message.delivered") -> list[dict]:
    found: list[dict] = []
    after = 0
    async with asyncio.timeout(60):
        while len([event for event in found if event["type"] == kind]) < count:
            page = await asyncio.to_thread(call, http, f"/v1/events?after={after}&limit=1000&wait=2")
            found += page["events"]
            after = page["next"]
    return found


def configure(folder: Path, http: int, smsc: int, carrier: int) -> Path:
    config = write_config(folder, http, {"cheap": smsc})
    (folder / "operators" / "carrier.yaml").write_text(CARRIER.format(port=carrier, http=http))
    return config


async def test_a_message_fails_over_from_smpp_to_http(tmp_path: Path) -> None:
    http, smsc, carrier = free_port(), free_port(), free_port()
    with Processes() as processes:
        processes.simulator(smsc, "--behaviour", "912")
        processes.start("simulate", "http", "--port", str(carrier), "--token", "carrier-token-Zq9")
        for port in (smsc, carrier):
            await listening(port)
        await processes.daemon(configure(tmp_path, http, smsc, carrier), http)
        await up(http)
        to = "+237670000001"
        answer = await asyncio.to_thread(call, http, "/v1/messages", {"to": to, "text": "Hello"})
        (event,) = [one for one in await events(http, 1) if one["type"] == "message.delivered"]
        assert (event["operator"], event["message_id"]) == ("carrier", answer["id"])
        detail = await asyncio.to_thread(call, http, f"/v1/messages/{answer['id']}")
        attempts = detail["parts"][0]["attempts"]
        assert [(one["operator"], one["outcome"]) for one in attempts] == [
            ("cheap", "rejected"),
            ("carrier", "accepted"),
        ]
    assert "carrier-token-Zq9" not in (tmp_path / "daemon.log").read_text()


async def test_kill_and_restart_with_a_carrier(tmp_path: Path) -> None:
    """What was in doubt is sent under the same key again: nothing is lost, and nothing is there twice."""
    http, smsc, carrier = free_port(), free_port(), free_port()
    config = configure(tmp_path, http, smsc, carrier)
    (tmp_path / "operators" / "cheap.yaml").unlink()
    with Processes() as processes:
        log = tmp_path / "carrier.log"
        processes.start(
            *("simulate", "http", "--port", str(carrier), "--token", "carrier-token-Zq9", "--json"),
            # It gives up a callback after twenty tries: a start on a busy machine takes longer than two seconds.
            *("--response-delay", "0.02", "--resend", "0.5"),
            log=log,
        )
        daemon = await processes.daemon(config, http)
        batch = {"messages": [{"to": f"+23767000{number:04d}", "text": "Hello"} for number in range(300)]}
        answer = await asyncio.to_thread(call, http, "/v1/batches", batch)
        assert answer["accepted"] == 300
        await events(http, 20)
        daemon.kill()
        daemon.wait()
        await processes.daemon(config, http)
        found = await events(http, 300)
        delivered = [event["message_id"] for event in found if event["type"] == "message.delivered"]
        assert len(delivered) == len(set(delivered)) == 300
        counts: dict[str, int] = {}
        async with asyncio.timeout(10):
            while counts.get("accepted", 0) < 300:
                counts = json.loads(log.read_text().splitlines()[-1])
                await asyncio.sleep(0.05)
        assert counts["accepted"] == 300
