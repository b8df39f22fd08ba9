"""The files under config/examples, against the shapes of requests, answers and callbacks as the carriers describe
them: each is loaded, sends through a server that answers as the carrier does, and takes its callback."""

import asyncio
import base64
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp import ClientSession, web

from adapters.config_yaml import load
from adapters.http.app import ANSWERS, App
from adapters.http_operator.answer import Answered, Reader
from adapters.http_operator.gateway import HttpGateway
from adapters.web.server import HttpServer
from router.account import Account, InboundRule
from router.operator import HttpLink, Operator
from router.outcome import Fault, Outcome, OutcomeKind
from router.settings import HttpSettings
from tests.engine.rig import LOG, Rig, settings
from tests.http.fakes import Engine as Fakes
from tests.http_operator.world import WallClock
from tests.turns import until

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
HOST = re.compile(r"https?://[a-z0-9.-]+(?::\d+)?(?=/)")


def read(folder: Path, name: str, base: str | None = None, callbacks: str = "http://us.example") -> Operator:
    """An example with every address put to `base`. A secret is its own name in small letters."""
    text = (EXAMPLES / f"{name}.yaml").read_text()
    environ = {found: found.lower() for found in re.findall(r"\$\{(\w+)\}", text)}
    if base is not None:
        lines = text.splitlines()
        for place, line in enumerate(lines):
            if "public_url:" in line:
                lines[place] = line.partition("public_url:")[0] + f"public_url: {callbacks}"
            elif "networks:" in line:
                lines[place] = line.partition("networks:")[0] + "networks: [127.0.0.0/8]"
            elif "url:" in line and "callback_url" not in line:
                lines[place] = HOST.sub(base, line)
        text = "\n".join(lines)
    (folder / "operators").mkdir(exist_ok=True)
    (folder / "operators" / f"{name}.yaml").write_text(text)
    (folder / "router.yaml").write_text("")
    (folder / "accounts.yaml").write_text("accounts: []\n")
    (folder / "routes.yaml").write_text('currencies: {base: EUR, USD: "1", KES: "1"}\n')
    return load(folder / "router.yaml", environ).operators[name]


NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_they_load_and_show_no_secret(tmp_path: Path, name: str) -> None:
    operator = read(tmp_path, name)
    assert operator.protocol in ("http", "smtp")
    if isinstance(operator.link, HttpLink):
        assert operator.link.secrets
        assert not any(secret in repr(operator) for secret in operator.link.secrets if len(secret) > 6)


@dataclass
class Seen:
    """A request as the carrier sees it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Sent:
    """A callback as the carrier sends it."""

    body: bytes = b""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


def form(**fields: str) -> Sent:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Sent(urlencode({name.replace("__", "-"): value for name, value in fields.items()}).encode(), headers=headers)


def as_json(document: Any, headers: dict[str, str] | None = None) -> Sent:
    return Sent(json.dumps(document).encode(), headers={"Content-Type": "application/json", **(headers or {})})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Case:
    """What is submitted, what the carrier must see of it, its answer, and its callback; `sees` may also check."""

    name: str
    answer: tuple[int, str | Callable[[Seen], str]]
    sees: Callable[[Seen], None]
    callback: Callable[[Seen], Sent]
    submit: dict[str, Any] = field(default_factory=dict)
    message: Callable[[Seen], Sent] | None = None
    received: dict[str, Any] = field(default_factory=dict)


TO = "+254711000001"


def sees_kannel(seen: Seen) -> None:
    assert (seen.method, seen.path) == ("GET", "/cgi-bin/sendsms")
    query = dict(seen.query)
    report = query.pop("dlr-url")
    assert query == {
        "username": "acme",
        "password": "kannel_password",
        "from": "ACME",
        "to": TO,
        "text": "Grüße & [x]",
        "charset": "UTF-8",
        "coding": "0",
        "dlr-mask": "19",
    }
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/callbacks/kannel/kannel_callback\?id=[0-9a-f-]{36}\.1&state=%d&to=%p&reply=%A", report
    )


def kannel_report(seen: Seen) -> Sent:
    """As Kannel fills in the escapes of its dlr-url."""
    url = seen.query["dlr-url"].partition("?")[2]
    filled = url.replace("%d", "1").replace("%p", "%2B254711000001").replace("%A", "ACK%2F")
    return Sent(query=filled, method="GET")


def sees_jasmin(seen: Seen) -> None:
    assert (seen.method, seen.path) == ("POST", "/send")
    given = seen.form
    assert given.pop("dlr-url").endswith("/callbacks/jasmin/jasmin_callback")
    assert given == {
        "username": "acme",
        "password": "jasmin_password",
        "to": TO[1:],
        "from": "ACME",
        "hex-content": "041f044004380432043504420020d83cdf0d",
        "coding": "8",
        "dlr": "yes",
        "dlr-level": "2",
        "dlr-method": "POST",
    }


def by_twilio(seen: Seen, **fields: str) -> Sent:
    """As its documentation says: the address, then every name and its value in the order of the names."""
    written = seen.form["StatusCallback"] + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(b"twilio_auth_token", written.encode(), "sha1")).decode()
    sent = form(**fields)
    return replace(sent, headers={**sent.headers, "X-Twilio-Signature": signature})


def sees_twilio(seen: Seen) -> None:
    assert (seen.method, seen.path) == ("POST", "/2010-04-01/Accounts/twilio_account_sid/Messages.json")
    assert seen.headers["Authorization"] == basic("twilio_account_sid", "twilio_auth_token")
    given = seen.form
    assert given.pop("StatusCallback").endswith("/callbacks/twilio")
    assert given == {"To": TO, "From": "ACME", "Body": "Hello"}


def sees_vonage(seen: Seen) -> None:
    given = seen.form
    assert (given["to"], given["from"], given["type"]) == (TO[1:], "ACME", "unicode")
    assert given["text"] == "Привет 🌍"


def sees_infobip(seen: Seen) -> None:
    assert seen.path == "/sms/2/text/advanced"
    assert seen.headers["Authorization"] == "App infobip_key"
    (message,) = seen.json["messages"]
    assert message.pop("notifyUrl").endswith("/callbacks/infobip/infobip_callback")
    (destination,) = message.pop("destinations")
    assert destination["to"] == TO[1:]
    assert re.fullmatch(r"[0-9a-f-]{36}-1-1", destination["messageId"])
    assert message == {"from": "ACME", "text": "Hello", "flash": False, "notifyContentType": "application/json"}


def infobip_report(seen: Seen) -> Sent:
    return as_json(
        {
            "results": [
                {
                    "bulkId": "b1",
                    "messageId": "34783626552536",
                    "to": TO[1:],
                    "sentAt": "2026-01-01T10:00:00.000+0000",
                    "doneAt": "2026-01-01T10:00:05.123+0000",
                    "status": {"id": 5, "groupId": 3, "groupName": "DELIVERED", "name": "DELIVERED_TO_HANDSET"},
                    "error": {"id": 0, "groupId": 0, "groupName": "OK", "name": "NO_ERROR", "permanent": False},
                }
            ]
        }
    )


def infobip_answer(number: str = TO[1:]) -> str:
    status = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
    return json.dumps({"bulkId": "b1", "messages": [{"to": number, "status": status, "messageId": "34783626552536"}]})


def sees_africastalking(seen: Seen) -> None:
    assert seen.headers["apiKey"] == "africastalking_key"
    assert seen.form == {"username": "acme", "to": TO, "from": "ACME", "message": "Hello", "enqueue": "1"}


AT_ANSWER = {
    "SMSMessageData": {
        "Message": "Sent to 1/1 Total Cost: KES 0.8000",
        "Recipients": [
            {"statusCode": 101, "number": TO, "status": "Success", "cost": "KES 0.8000", "messageId": "ATPid_1"}
        ],
    }
}


def sees_whatsapp(expected: dict[str, Any]) -> Callable[[Seen], None]:
    def sees(seen: Seen) -> None:
        assert seen.path == "/v20.0/100000000000001/messages"
        assert seen.headers["Authorization"] == "Bearer whatsapp_token"
        assert seen.json == {"messaging_product": "whatsapp", "to": TO[1:], **expected}

    return sees


WA_ANSWER = json.dumps(
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": TO[1:], "wa_id": TO[1:]}],
        "messages": [{"id": "wamid.HBgL1", "message_status": "accepted"}],
    }
)


def whatsapp_value(**value: Any) -> Sent:
    metadata = {"display_phone_number": "15550001111", "phone_number_id": "100000000000001"}
    change = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": "messages"}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [change]}]}).encode()
    signature = hmac.digest(b"whatsapp_app_secret", body, "sha256").hex()
    return Sent(body, headers={"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"})


def whatsapp_status(state: str, **more: Any) -> Sent:
    status = {"id": "wamid.HBgL1", "status": state, "timestamp": "1767225605", "recipient_id": TO[1:], **more}
    return whatsapp_value(statuses=[status])


def whatsapp_message(**content: Any) -> Sent:
    return whatsapp_value(
        contacts=[{"profile": {"name": "Kim"}, "wa_id": TO[1:]}],
        messages=[{"from": TO[1:], "id": "wamid.MO", "timestamp": "1767225605", **content}],
    )


def whatsapp(expected: dict[str, Any], state: str = "delivered", **submit: Any) -> Case:
    return Case("whatsapp-cloud", (200, WA_ANSWER), sees_whatsapp(expected), lambda _: whatsapp_status(state), submit)


def template(components: Any = None, language: str = "fr") -> dict[str, Any]:
    of = {"name": "reminder", "language": {"code": language}}
    return {"type": "template", "template": of | ({"components": components} if components is not None else {})}


CODE = [{"type": "text", "text": "123456"}]
INFOBIP_ONE = {"messages": [{"to": TO[1:], "status": {"groupId": 1, "id": 26}, "messageId": "34783626552536"}]}


def sees_voice(seen: Seen) -> None:
    given = seen.json
    assert given.pop("notifyUrl").endswith("/callbacks/voice/voice_callback")
    assert given == {"from": "ACME", "to": TO[1:], "text": "Hello", "language": "fr", "voice": {"gender": "male"}}


def sees_mms(seen: Seen) -> None:
    assert seen.form["MediaUrl"] == "https://a.example/x.png?a=1&b=2"


def sees_viber(seen: Seen) -> None:
    (message,) = seen.json["messages"]
    assert message["content"] == {"type": "IMAGE", "mediaUrl": "https://a.example/x.png", "text": "Hello"}


def sees_viber_text(seen: Seen) -> None:
    (message,) = seen.json["messages"]
    assert message["content"] == {"type": "TEXT", "text": "Hello"}


CASES = [
    Case(
        "kannel",
        (202, "0: Accepted for delivery"),
        sees_kannel,
        kannel_report,
        {"text": "Grüße & [x]"},
        lambda _: Sent(query="from=%2B254711000001&to=8080&text=STOP+it", method="GET"),
        {"from": TO, "to": "8080", "text": "STOP it"},
    ),
    Case(
        "jasmin",
        (200, 'Success "07033084-5cfd-4812-90a4-e4d24ffb6e3d"'),
        sees_jasmin,
        lambda _: form(
            id="07033084-5cfd-4812-90a4-e4d24ffb6e3d", level="2", message_status="DELIVRD", id_smsc="17", err="000"
        ),
        {"text": "Привет 🌍"},
        lambda _: form(id="1", **{"from": TO[1:]}, to="8080", content="Yes", binary="596573", coding="0"),
        {"from": TO, "to": "8080", "text": None},
    ),
    Case(
        "twilio",
        (201, '{"sid": "SM1", "status": "queued", "error_code": null}'),
        sees_twilio,
        lambda seen: by_twilio(
            seen, MessageSid="SM1", SmsSid="SM1", MessageStatus="delivered", To=TO, From="ACME", AccountSid="AC1"
        ),
        {},
        lambda seen: by_twilio(
            seen, MessageSid="SM2", SmsStatus="received", From=TO, To="+15550001111", Body="Yes ü", NumMedia="0"
        ),
        {"from": TO, "to": "+15550001111", "text": "Yes ü"},
    ),
    Case(
        "vonage",
        (200, '{"message-count": "1", "messages": [{"to": "254711000001", "message-id": "0A00", "status": "0"}]}'),
        sees_vonage,
        lambda _: as_json(
            {"msisdn": TO[1:], "to": "ACME", "messageId": "0A00", "status": "delivered", "err-code": "0"}
        ),
        {"text": "Привет 🌍"},
        lambda _: Sent(query="msisdn=254711000001&to=8080&messageId=0B&text=Yes&type=text", method="GET"),
        {"from": TO, "to": "8080", "text": "Yes"},
    ),
    Case("infobip", (200, infobip_answer()), sees_infobip, infobip_report),
    Case(
        "africastalking",
        (201, json.dumps(AT_ANSWER)),
        sees_africastalking,
        lambda _: form(id="ATPid_1", status="Success", phoneNumber=TO, networkCode="63902", retryCount="0"),
        {},
        lambda _: form(**{"from": TO, "to": "8080", "text": "Yes", "date": "2026-01-01 10:00:00", "id": "x"}),
        {"from": TO, "to": "8080", "text": "Yes"},
    ),
    whatsapp(
        {"recipient_type": "individual", "type": "text", "text": {"preview_url": False, "body": "Hello"}},
        text="Hello",
    ),
    whatsapp({"recipient_type": "individual", "type": "text", "text": {"preview_url": False, "body": "Hello"}}, "read"),
    whatsapp(
        template([{"type": "body", "parameters": [{"type": "text", "text": "Kim"}, {"type": "text", "text": "9:00"}]}]),
        options={"template": "reminder", "language": "fr", "parameters": ["Kim", "9:00"]},
    ),
    whatsapp(template(language="en"), options={"template": "reminder"}),
    whatsapp(
        template(
            [
                {"type": "body", "parameters": CODE},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": CODE},
            ]
        ),
        options={"template": "reminder", "language": "fr", "code": "123456"},
    ),
    whatsapp(
        {"type": "image", "image": {"link": "https://a.example/x.png", "caption": "Hello"}},
        options={"media_url": "https://a.example/x.png"},
    ),
    whatsapp(
        {"type": "document", "document": {"link": "https://a.example/x.pdf", "caption": "Hello", "filename": "x.pdf"}},
        options={"media_url": "https://a.example/x.pdf", "media_type": "document", "file_name": "x.pdf"},
    ),
    whatsapp(
        {"type": "audio", "audio": {"link": "https://a.example/x.ogg"}},
        options={"media_url": "https://a.example/x.ogg", "media_type": "audio"},
    ),
    Case(
        "voice",
        (200, json.dumps(INFOBIP_ONE)),
        sees_voice,
        infobip_report,
        {"options": {"language": "fr", "gender": "male"}},
    ),
    Case(
        "mms",
        (201, '{"sid": "MM1"}'),
        sees_mms,
        lambda _: form(MessageSid="MM1", MessageStatus="delivered", To=TO),
        {"options": {"media_url": "https://a.example/x.png?a=1&b=2"}},
    ),
    Case(
        "viber",
        (200, json.dumps(INFOBIP_ONE)),
        sees_viber,
        infobip_report,
        {"options": {"media_url": "https://a.example/x.png"}},
    ),
    Case("viber", (200, json.dumps(INFOBIP_ONE)), sees_viber_text, infobip_report),
]


@asynccontextmanager
async def carrier(status: int, answer: str) -> AsyncIterator[tuple[str, list[Seen]]]:
    """A server that answers everything so, and what it saw."""
    seen: list[Seen] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(
            Seen(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        )
        return web.Response(status=status, text=answer)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


class Taking:
    """The engine with one operator, and the server for its callbacks."""

    def __init__(self, rig: Rig, port: int, session: ClientSession) -> None:
        self.rig = rig
        self.port = port
        self.session = session

    async def send(self, operator: Operator, sent: Sent) -> tuple[int, str]:
        assert isinstance(operator.link, HttpLink)
        assert operator.link.callbacks is not None
        secret = operator.link.callbacks.secret
        path = f"/callbacks/{operator.name}" + (f"/{secret.value}" if secret is not None else "")
        url = f"http://127.0.0.1:{self.port}{path}?{sent.query}".rstrip("?")
        async with self.session.request(sent.method, url, data=sent.body, headers=sent.headers) as answer:
            return answer.status, await answer.text()

    async def until(self, condition: Callable[[], Any]) -> None:
        await until(condition)

    async def event(self, type: str, seconds: float = 10.0) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                for event in await self.rig.events():
                    if event["type"] == type:
                        return event
                await asyncio.sleep(0.01)


@asynccontextmanager
async def taking(folder: Path, name: str, base: str) -> AsyncIterator[tuple[Taking, Operator]]:
    rigs: list[Rig] = []

    class Metrics:
        def callback(self, operator: str, result: str) -> None:
            rigs[0].metrics.callback(operator, result)

    fakes = Fakes()
    fakes.metrics = Metrics()  # type: ignore[assignment]
    fakes.callbacks = type("Desks", (), {"get": staticmethod(lambda one: rigs[0].engine.callbacks_of(one))})()
    app = App(fakes.services(), HttpSettings())
    server = HttpServer(app, "127.0.0.1", 0, on_stop=app.stop, answers=ANSWERS)
    port = await server.start()
    operator = read(folder, name, base, f"http://127.0.0.1:{port}")
    account = Account("acme", None, "XAF", inbound=(InboundRule("*"),))
    config = settings(operator, accounts=(account,))
    currencies = {**config.currencies, "USD": config.currencies["XAF"], "KES": config.currencies["XAF"]}
    rig = Rig(type(config)(**{**_fields(config), "currencies": currencies}), folder, WallClock())  # type: ignore[arg-type]
    rig.make_operator = lambda one, sink: HttpGateway(one, sink, rig.clock, LOG)  # type: ignore[assignment,return-value]
    rigs.append(rig)
    try:
        async with rig, ClientSession() as session:
            yield Taking(rig, port, session), operator
    finally:
        await server.stop(1.0)


def _fields(config: Any) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name} {sorted(case.submit.get('options', {}))}")
async def test_there_and_back(tmp_path: Path, case: Case) -> None:
    status, answer = case.answer
    async with carrier(status, str(answer)) as (base, seen), taking(tmp_path, case.name, base) as (one, operator):
        wish = {"text": "Hello", "sender": "ACME", "channel": operator.channel, **case.submit}
        message = await one.rig.submit(TO, **wish)
        await one.until(lambda: message.state == "submitted")
        (request,) = seen
        case.sees(request)
        assert message.parts[0].attempts[0].smsc_message_id
        code, said = await one.send(operator, case.callback(request))
        assert (code, said) == (200, operator.link.callbacks.answer)  # type: ignore[union-attr]
        await one.until(lambda: message.state == "delivered")
        assert one.rig.metrics.counted["callback", case.name, "receipt"] == 1
        if case.message is not None:
            code, _ = await one.send(operator, case.message(request))
            assert code == 200
            event = await one.event("message.received")
            assert {name: event[name] for name in case.received} == case.received
            # A second callback is not a second event, where the provider says which message it is about.
            assert (await one.send(operator, case.message(request)))[0] == 200
            known = case.name != "kannel"
            assert one.rig.metrics.counted["inbound", case.name, "repeated"] == known
            assert one.rig.metrics.counted["inbound", case.name, "received"] == 2 - known


@pytest.mark.parametrize(
    ("content", "text", "media"),
    [
        ({"type": "text", "text": {"body": "Hi 🌍"}}, "Hi 🌍", None),
        ({"type": "button", "button": {"text": "Yes", "payload": "y"}}, "Yes", None),
        (
            {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "One"}}},
            "One",
            None,
        ),
        (
            {"type": "image", "image": {"id": "m1", "mime_type": "image/jpeg", "caption": "See", "sha256": "x"}},
            "See",
            {"id": "m1", "url": None, "type": "image/jpeg"},
        ),
        (
            {"type": "audio", "audio": {"id": "m2", "mime_type": "audio/ogg; codecs=opus", "voice": True}},
            "",
            {"id": "m2", "url": None, "type": "audio/ogg; codecs=opus"},
        ),
    ],
)
async def test_messages_by_whatsapp(tmp_path: Path, content: dict[str, Any], text: str, media: Any) -> None:
    async with carrier(200, WA_ANSWER) as (base, _), taking(tmp_path, "whatsapp-cloud", base) as (one, operator):
        assert (await one.send(operator, whatsapp_message(**content)))[0] == 200
        event = await one.event("message.received")
        assert (event["from"], event["to"], event["text"]) == (TO, "15550001111", text)
        assert (event.get("media"), event["channel"]) == (media, "whatsapp")


async def test_whatsapp_asks_whether_the_address_is_ours(tmp_path: Path) -> None:
    async with carrier(200, WA_ANSWER) as (base, _), taking(tmp_path, "whatsapp-cloud", base) as (one, operator):
        asked = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
        good = Sent(query=asked + "whatsapp_verify_token", method="GET")
        assert await one.send(operator, good) == (200, "1158201444")
        assert (await one.send(operator, Sent(query=asked + "guess", method="GET")))[0] == 403
        forged = whatsapp_status("delivered")
        forged.headers["X-Hub-Signature-256"] = "sha256=" + "0" * 64
        assert (await one.send(operator, forged))[0] == 403
        assert one.rig.metrics.counted["callback", "whatsapp-cloud", "forged"] == 2


async def test_outside_of_the_24_hours_whatsapp_refuses_by_a_code(tmp_path: Path) -> None:
    refused = {"error": {"message": "(#131047) Re-engagement message", "type": "OAuthException", "code": 131047}}
    async with (
        carrier(400, json.dumps(refused)) as (base, _),
        taking(tmp_path, "whatsapp-cloud", base) as (one, _operator),
    ):
        await one.rig.submit(TO, channel="whatsapp")
        event = await one.event("message.rejected")
        assert event["error"]["code"] == "rejected_by_operator"
        assert event["error"]["smsc_error"] == "131047"


async def test_or_later_by_its_status(tmp_path: Path) -> None:
    async with carrier(200, WA_ANSWER) as (base, _), taking(tmp_path, "whatsapp-cloud", base) as (one, operator):
        message = await one.rig.submit(TO, channel="whatsapp")
        await one.until(lambda: message.state == "submitted")
        errors = [{"code": 131047, "title": "Re-engagement message"}]
        assert (await one.send(operator, whatsapp_status("failed", errors=errors)))[0] == 200
        event = await one.event("message.undelivered")
        assert event["error"]["smsc_error"] == "131047"


A, T, F, R = OutcomeKind.ACCEPTED, OutcomeKind.THROTTLED, OutcomeKind.FAILED, OutcomeKind.REJECTED


@pytest.mark.parametrize(
    ("name", "status", "body", "kind", "fault", "code"),
    [
        ("kannel", 202, "3: Queued for later delivery", A, None, "202"),
        ("kannel", 403, "Authorization failed for sendsms", R, Fault.ACCOUNT, "Authorization"),
        ("kannel", 503, "Temporal failure, try again later.", F, Fault.OPERATOR, "Temporal"),
        ("jasmin", 400, 'Error "Mandatory argument [to] is not found."', R, Fault.UNCLEAR, "400"),
        ("jasmin", 403, 'Error "Authentication failure for username:acme"', R, Fault.ACCOUNT, "403"),
        ("jasmin", 412, 'Error "No route found"', R, Fault.OPERATOR, "412"),
        (
            "twilio",
            400,
            '{"code": 21610, "message": "unsubscribed", "status": 400}',
            R,
            Fault.MESSAGE,
            "21610",
        ),
        ("twilio", 429, '{"code": 20429, "message": "Too Many Requests", "status": 429}', T, Fault.RATE, "20429"),
        ("twilio", 401, '{"code": 20003, "status": 401}', R, Fault.ACCOUNT, "20003"),
        ("vonage", 200, '{"messages": [{"status": "1", "error-text": "Throttled"}]}', T, Fault.RATE, "1"),
        ("vonage", 200, '{"messages": [{"status": "9"}]}', R, Fault.ACCOUNT, "9"),
        ("vonage", 200, '{"messages": [{"status": "5"}]}', F, Fault.OPERATOR, "5"),
        ("whatsapp-cloud", 400, '{"error": {"code": 131056}}', T, Fault.RATE, "131056"),
        ("whatsapp-cloud", 401, '{"error": {"code": 190}}', R, Fault.ACCOUNT, "190"),
        ("whatsapp-cloud", 404, '{"error": {"code": 132001}}', R, Fault.MESSAGE, "132001"),
        ("whatsapp-cloud", 500, '{"error": {"code": 131000}}', F, Fault.OPERATOR, "131000"),
    ],
)
def test_refusals(
    tmp_path: Path, name: str, status: int, body: str, kind: OutcomeKind, fault: Fault | None, code: str | None
) -> None:
    operator = read(tmp_path, name)
    assert isinstance(operator.link, HttpLink)
    found: Outcome = Reader(operator, operator.link).outcomes(Answered(status, {}, body.encode()), [TO])[0]
    assert (found.kind, found.code or found.status) == (kind, code)
    assert fault is None or found.fault is fault


def test_results_of_a_batch(tmp_path: Path) -> None:
    numbers = [TO, "+254711000002"]
    africa = read(tmp_path, "africastalking")
    recipients = [
        {"statusCode": 403, "number": numbers[1], "status": "InvalidPhoneNumber", "messageId": "None"},
        {"statusCode": 101, "number": numbers[0], "status": "Success", "messageId": "ATPid_1"},
    ]
    body = json.dumps({"SMSMessageData": {"Message": "Sent to 1/2", "Recipients": recipients}}).encode()
    assert isinstance(africa.link, HttpLink)
    first, second = Reader(africa, africa.link).outcomes(Answered(201, {}, body), numbers)
    assert (first.kind, first.smsc_message_id) == (A, "ATPid_1")
    assert (second.kind, second.fault, second.code) == (R, Fault.MESSAGE, "403")
