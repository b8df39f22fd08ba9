"""A carrier on a real socket, the engine over a real store, and the HTTP server that takes callbacks."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.config_yaml import load
from adapters.http.app import ANSWERS, App
from adapters.http_operator.gateway import HttpGateway
from adapters.simulator.http_carrier import CarrierOptions, HttpCarrier
from adapters.smpp.gateway import SmppGateway
from adapters.web.server import HttpServer
from router.account import Account, InboundRule, Price
from router.operator import Operator
from router.ports.operators import OperatorSink
from router.settings import HttpSettings, Plan
from tests.engine.rig import LOG, Rig, settings
from tests.http.fakes import Engine as Fakes
from tests.turns import until

SECRET = "carrier-secret-Zq1"
TOKEN = "carrier-token-Zq2"

LINK = """\
  request:
    url: http://127.0.0.1:{port}/messages
    json: {{to: "{{to}}", from: "{{from}}", text: "{{text}}", callback_url: "{{callback_url}}"}}
  auth: {{bearer: "${{TOKEN}}"}}
  answer: {{success: {{at: status, is: accepted}}, id: id, code: code}}
  codes: {{invalid_number: reject, not_covered: next, no_credit: account}}
  connect_timeout: 2s
  response_timeout: 2s
  reconnect: {{initial: 50ms, max: 200ms}}
  callbacks:
    public_url: http://127.0.0.1:{callbacks}
    hmac: {{header: X-Signature, secret: "${{SECRET}}", prefix: "sha256="}}
    receipts: {{id: id, to: to, state: status, error: error, at: at}}
    inbound: {{from: from, to: to, text: text}}
"""


class WallClock:
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


def write(folder: Path, link: str, more: str = "", name: str = "carrier", price: str = "0.01") -> Path:
    """One operator's file in a configuration of its own; returns its router.yaml."""
    (folder / "operators").mkdir(parents=True, exist_ok=True)
    (folder / "operators" / f"{name}.yaml").write_text(
        f"operator: {name}\nprotocol: http\nlink:\n{link}\n{more}\nrates: [{{prefix: '', price: '{price}'}}]\n"
        "retry: {initial: 50ms, max: 100ms, attempts: 5}\ncurrency: XAF\n"
    )
    (folder / "accounts.yaml").write_text("accounts: [{name: acme}]\n")
    (folder / "routes.yaml").write_text("currencies: {base: XAF}\n")
    (folder / "router.yaml").write_text("")
    return folder / "router.yaml"


def operator_of(folder: Path, link: str, more: str = "", **names: Any) -> Operator:
    """An operator as its file says. Raises ConfigErrors."""
    loaded = load(write(folder, link, more, **names), {"TOKEN": TOKEN, "SECRET": SECRET})
    return loaded.operators[names.get("name", "carrier")]


class World:
    """`rig.submit` sends; `carrier` is the other side, `gateway` ours."""

    def __init__(self, rig: Rig, carrier: HttpCarrier, port: int) -> None:
        self.rig = rig
        self.carrier = carrier
        self.port = port

    @property
    def gateway(self) -> Any:
        return self.rig.engine.desks["carrier"].gateway

    async def until(self, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        await until(condition, seconds)

    async def types(self, account: str = "acme") -> list[str]:
        return await self.rig.types(account)

    async def event(self, type: str) -> dict[str, Any]:
        """The first event of a type, once it is there."""
        async with asyncio.timeout(10):
            while True:
                for event in await self.rig.events():
                    if event["type"] == type:
                        return event
                await asyncio.sleep(0.01)

    def callback(self, result: str) -> int:
        return self.rig.metrics.counted["callback", "carrier", result]


@asynccontextmanager
async def world(
    folder: Path,
    link: str = LINK,
    more: str = "",
    *,
    options: CarrierOptions | None = None,
    others: tuple[Operator, ...] = (),
    make_other: Callable[[Operator, OperatorSink], Any] | None = None,
    up: bool = True,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[World]:
    """Everything, connected."""
    carrier = HttpCarrier(options or CarrierOptions(token=TOKEN, secret=SECRET, resend=0.05))
    port = await carrier.start(tls=tls)
    rigs: list[Rig] = []
    services = Fakes().services()

    def callbacks_of(name: str) -> Any:
        return rigs[0].engine.callbacks_of(name)

    class Metrics:
        def callback(self, operator: str, result: str) -> None:
            rigs[0].metrics.callback(operator, result)

        def refused(self, code: str) -> None: ...

    app = App(replace(services, callbacks_of=callbacks_of, metrics=Metrics()), HttpSettings())
    server = HttpServer(app, "127.0.0.1", 0, on_stop=app.stop, answers=ANSWERS)
    callbacks = await server.start()
    operator = operator_of(folder, link.format(port=port, callbacks=callbacks), more)
    account = Account(
        "acme", None, "XAF", prices=(Price("", Decimal("1.00")),), inbound=(InboundRule("*"),), senders=None
    )
    config = settings(operator, *others, accounts=(account,), plans={"default": Plan("default")})
    rig = Rig(config, folder, WallClock())  # type: ignore[arg-type]

    def make(one: Operator, sink: OperatorSink) -> Any:
        if one.protocol == "http":
            return HttpGateway(one, sink, rig.clock, LOG)
        return make_other(one, sink) if make_other is not None else SmppGateway(one, sink, rig.clock, LOG)

    rig.make_operator = make
    rigs.append(rig)
    try:
        async with rig:
            found = World(rig, carrier, callbacks)
            if up:
                await found.until(lambda: found.gateway.link().up)
            yield found
    finally:
        await carrier.stop()
        await server.stop(1.0)


__all__ = ["LINK", "SECRET", "TOKEN", "World", "operator_of", "world"]
