"""The other side of each protocol, so that one suite can be run against every operator adapter.

A side is a carrier that misbehaves on request by its recipients, and how our gateway is made that speaks to it.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from adapters.http_operator.gateway import HttpGateway
from adapters.simulator.http_carrier import CarrierOptions, HttpCarrier
from adapters.simulator.smsc import Smsc, SmscOptions
from adapters.smpp.gateway import SmppGateway
from adapters.smtp.connection import Patience
from adapters.smtp.gateway import SmtpGateway
from router.operator import HttpLink, Operator, Rate, Reconnect, Retry, SmppLink, SmtpLink, TextRules
from router.ports.clock import Clock
from router.ports.operators import Callback, OperatorGateway, OperatorSink
from tests.http_operator.world import LINK, TOKEN, operator_of
from tests.http_operator.world import SECRET as SIGNED
from tests.processes import free_port
from tests.smtp.server import MailServer

SECRET = "callbacks-of-tests-6d1"

WORDS = (
    "delivered",  # taken, and so says its receipt
    "undelivered",  # taken; the receipt says that it did not arrive
    "refused",  # the message itself is
    "elsewhere",  # this operator does not take it
    "throttled",  # once
    "failing",  # once, for now
    "lost",  # once: no answer, and not taken
    "unheard",  # once: no answer, but taken
    "early",  # the receipt comes before the answer
    "twice",  # so does it
    "never",  # no receipt
)
"""What a recipient may ask for."""

ENDINGS = dict(zip(WORDS, ("001", "901", "911", "912", "913", "916", "924", "925", "931", "932", "936"), strict=True))
"""The same as the simulators have it."""

GIVEN: dict[str, Any] = {
    "name": "one",
    "currency": "XAF",
    "rates": (Rate("", Decimal("0.01"), "XAF"),),
    "retry": Retry(initial=0.05, max=0.1, attempts=5),
}


class Side(Protocol):
    """`slow`: seconds that every answer takes from now on; `taken`: how often what was taken for whom. `window` is how
    many submissions the gateway has room for."""

    channel: str
    sender: str
    window: int
    gateway: Any

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def close(self) -> None: ...
    def operator(self, **changes: Any) -> Operator: ...
    def make(self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any) -> OperatorGateway: ...
    def to(self, word: str, number: int = 0) -> str: ...
    def slow(self, seconds: float) -> None: ...
    def taken(self) -> Counter[str]: ...


class Numbers:
    """What SMPP and HTTP have in common."""

    channel = "sms"
    sender = "ACME"

    def to(self, word: str, number: int = 0) -> str:
        return f"+23767{number:04}{ENDINGS[word]}"

    async def close(self) -> None: ...


class SmppSide(Numbers):
    window = 6

    def __init__(self, folder: Path) -> None:
        self.smsc = Smsc(SmscOptions(system_id="acme", password="secret", receipt_delay=0.01, resend=0.1))
        self.port = free_port()
        self.gateway: Any = None

    async def start(self) -> None:
        await self.smsc.start(port=self.port)

    async def stop(self) -> None:
        await self.smsc.stop()

    def operator(self, **changes: Any) -> Operator:
        link = SmppLink(
            "127.0.0.1", self.port, "acme", "secret", binds=2, window=3, reconnect=Reconnect(0.01, 0.05),
            response_timeout=5.0,
        )  # fmt: skip
        return Operator(**(GIVEN | {"channel": "sms", "protocol": "smpp", "link": link} | changes))

    def make(self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any) -> OperatorGateway:
        self.gateway = SmppGateway(operator, sink, clock, log)
        return self.gateway

    def slow(self, seconds: float) -> None:
        self.smsc.options.response_delay = seconds

    def taken(self) -> Counter[str]:
        unheard = ENDINGS["unheard"]
        return Counter(
            f"+{one.destination}"
            for one in self.smsc.submitted
            if one.status == 0 or (one.status is None and one.destination.endswith(unheard))
        )


class HttpSide(Numbers):
    window = 4

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        options = CarrierOptions(token=TOKEN, secret=SIGNED, receipt_delay=0.01, resend=0.1)
        self.carrier = HttpCarrier(options)
        self.port = free_port()
        self.callbacks = free_port()
        self.gateway: Any = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        if self._runner is None:
            app = web.Application()
            app.router.add_post("/callbacks/{operator}", self._called)
            self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", self.callbacks).start()
        await self.carrier.start(port=self.port)

    async def stop(self) -> None:
        await self.carrier.stop()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _called(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = await self.gateway.called(Callback("POST", "", {}, headers, await request.read(), "127.0.0.1"))
        return web.Response(status=reply.status, body=reply.body)

    def operator(self, **changes: Any) -> Operator:
        found = operator_of(self._folder, LINK.format(port=self.port, callbacks=self.callbacks), name="one")
        assert isinstance(found.link, HttpLink)
        link = replace(found.link, window=self.window, reconnect=Reconnect(0.01, 0.05))
        return replace(found, **(GIVEN | {"link": link} | changes))

    def make(self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any) -> OperatorGateway:
        self.gateway = HttpGateway(operator, sink, clock, log)
        return self.gateway

    def slow(self, seconds: float) -> None:
        self.carrier.options.response_delay = seconds

    def taken(self) -> Counter[str]:
        return Counter(one.to for one in self.carrier.messages if one.id)


NAMES = dict(
    zip(
        WORDS,
        ("ann", "failed", "refused", "big", "fastonce", "busyonce", "cut", "late", "early", "twice", "never"),
        strict=True,
    )
)
"""The same as our mail server has it."""


class SmtpSide:
    channel = "email"
    sender = "news@acme.example"
    window = 5

    def __init__(self, folder: Path) -> None:
        self.server = MailServer(notify=self._notify, delay=0.01)
        self.port = free_port()
        self.gateway: Any = None

    async def start(self) -> None:
        await self.server.start(self.port)

    async def stop(self) -> None:
        await self.server.stop()

    async def close(self) -> None: ...

    async def _notify(self, raw: bytes) -> None:
        """As a mail server that pipes to us: what is not taken stays in its queue."""
        callback = Callback("POST", SECRET, {}, {}, raw, "127.0.0.1")
        while (await self.gateway.called(callback)).status != 200:
            await asyncio.sleep(0.05)

    def operator(self, **changes: Any) -> Operator:
        link = SmtpLink("127.0.0.1", self.port, callback_secret=SECRET)
        given = {"channel": "email", "protocol": "smtp", "link": link, "text": TextRules(long="whole")}
        return Operator(**(GIVEN | given | changes))

    def make(self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any) -> OperatorGateway:
        self.gateway = SmtpGateway(
            operator, sink, clock, log, patience=Patience(5, 5, 5), reconnect=Retry(initial=0.01, max=0.05)
        )
        return self.gateway

    def to(self, word: str, number: int = 0) -> str:
        return f"{NAMES[word]}+{number}@shop.example" if number else f"{NAMES[word]}@shop.example"

    def slow(self, seconds: float) -> None:
        self.server.slow = seconds

    def taken(self) -> Counter[str]:
        return Counter(mail.to for mail in self.server.mails)
