"""A daemon and a mail server, each a process of its own: from POST /v1/messages to the notification that comes back."""

import json
from pathlib import Path

import pytest

from tests import leaks
from tests.processes import free_port
from tests.scenarios.world import ADMINISTRATOR, World, body_of, ending

CERTS = Path(__file__).parents[1] / "smpp" / "certs"
PASSWORD = "password-of-mail-4e8"
SECRET = "callbacks-of-mail-9b3"
FROM = "news@acme.example"
TEXT = "Your table for two is at eight"

MAIL = """\
operator: mail
channel: email
protocol: smtp
link: {{host: localhost, port: {port}, tls: starttls, username: acme, password: {password}, callback_secret: {secret}}}
retry: {{initial: 50ms, max: 100ms, attempts: 5}}
receipts: {{timeout: {timeout}}}
rates: [{{prefix: "", price: "0.001"}}]
currency: XAF
"""

ENDS = {
    "ann@shop.example": ("message.delivered", None),
    "Анна@bücher.example": ("message.delivered", None),
    "failed@shop.example": ("message.undelivered", "5.1.1"),
    "expired@shop.example": ("message.expired", "4.4.7"),
    "refused@shop.example": ("message.rejected", "550 5.1.1"),
    "spam@shop.example": ("message.rejected", "554 5.7.1"),
    "busyonce@shop.example": ("message.delivered", None),
    "fastonce@shop.example": ("message.delivered", None),
    "cut@shop.example": ("message.delivered", None),
    "early@shop.example": ("message.delivered", None),
    "twice@shop.example": ("message.delivered", None),
    "never@shop.example": ("message.unknown", None),
    "broken@shop.example": ("message.failed", "451 4.3.0"),
}


@pytest.mark.process
async def test_mails_and_what_became_of_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    leaks.plant(PASSWORD, SECRET, TEXT, "ann@shop", "subject of a mail")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "ca.pem"))
    port = free_port()
    await world.operator("sms")
    (world.folder / "operators").mkdir()
    file = MAIL.format(port=port, password=PASSWORD, secret=SECRET, timeout="5s")
    (world.folder / "operators" / "mail.yaml").write_text(file)
    world.configure()
    await world.start()
    await world.bound("sms")
    # Accepted while there is nobody to take them.
    batch = [
        {
            "to": to,
            "from": FROM,
            "text": TEXT,
            "channel": "email",
            "reference": to,
            "options": {"subject": "subject of a mail"},
        }
        for to in ENDS
    ]
    taken = [one["id"] for one in await world.batch(batch)]
    callback = f"http://127.0.0.1:{world.http}/callbacks/mail/{SECRET}"
    world.processes.start(
        "--port", str(port), "--callback", callback, "--certificate", str(CERTS / "server.pem"),
        "--key", str(CERTS / "server.key"), "--user", "acme", "--password", PASSWORD,
        module="tests.smtp.server",
    )  # fmt: skip
    events = await world.ended(taken)
    ends = {event["reference"]: event for event in events if ending(event)}
    assert {to: (event["type"], (event["error"] or {}).get("smsc_error")) for to, event in ends.items()} == ENDS
    assert {event["channel"] for event in events} == {"email"}
    assert {event["operator"] for event in events} == {"mail"}
    assert [event["reference"] for event in ends.values() if event["possible_duplicate"]] == ["cut@shop.example"]
    assert ends["Анна@bücher.example"]["to"] == "Анна@xn--bcher-kva.example"
    submitted = [event["reference"] for event in events if event["type"] == "message.submitted"]
    assert len(submitted) == len(set(submitted))

    # What a message looks like, and what the record of the link says.
    message = await world.message(taken[0])
    assert (message["segments"], message["network"], message["state"]) == (1, None, "delivered")
    (attempt,) = message["parts"][0]["attempts"]
    assert attempt["smsc_message_id"] == f"{message['id']}@acme.example"
    binds = (await world.operators())["mail"]["binds"]
    assert "bound_tx" in {bind["state"] for bind in binds}

    # A forged notification changes nothing, and is counted.
    async with world.client.post(callback.replace(SECRET, "x" * 20), data=b"Action: failed") as answer:
        assert answer.status == 403
    async with world.client.post(callback, data=b"\xff\0 no mail at all") as answer:
        assert answer.status == 400
    samples = await world.metrics()
    assert samples.total("callbacks_total", operator="mail", result="forged") == 1
    assert samples.total("callbacks_total", operator="mail", result="unreadable") == 1

    # Who does not want mails gets none.
    unsubscribe = "/v1/accounts/acme/unsubscribe"
    async with world.client.post(unsubscribe, json={"number": "Bob@shop.example"}, headers=ADMINISTRATOR) as answer:
        assert await body_of(answer, 200) == {"account": "acme", "number": "Bob@shop.example", "subscribed": False}
    wanted = {"to": "bob@SHOP.example", "from": FROM, "text": TEXT, "channel": "email"}
    async with world.client.post("/v1/messages", json=wanted) as answer:
        assert (await body_of(answer, 422))["code"] == "opted_out"
    async with world.client.post("/v1/messages", json={**wanted, "to": "bob@shop.example\r\nX: y"}) as answer:
        assert (await body_of(answer, 422))["code"] == "invalid_address"
    async with world.client.post("/v1/route", json={"to": "cid@shop.example"}) as answer:
        assert (await body_of(answer, 200))["operator"] == "mail"
    assert await world.stop() == 0
    logged = json.dumps(world.log())
    assert "@shop.example" not in logged.replace("***@shop.example", "")
