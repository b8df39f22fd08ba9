"""The demo's surroundings: a folder of configuration, the simulated other sides, a webhook's receiver and the daemon.

All of it ends with the context, and nothing stays behind.
"""

import asyncio
import hmac
import json
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from aiohttp import ClientSession, web

from adapters.simulator.http_carrier import CarrierOptions, HttpCarrier
from adapters.simulator.mail_server import MailServer
from adapters.simulator.smsc import Smsc
from adapters.webhook.signing import sign
from router.cli import children
from router.cli.demo.configuration import CALLBACK, OUTAGE, files, operator_files, smpp_operators
from router.cli.demo.messages import BANK, HOTEL, SHOP

_UP = 20.0
"""Seconds until every operator can take messages."""


@dataclass
class Receiver:
    """The bank's webhook: counts the events whose signature is right."""

    secret: bytes
    url: str = ""
    posts: int = 0
    forged: int = 0
    seen: set[str] = field(default_factory=set)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def has(self, messages: set[str], timeout: float) -> None:
        """Return when all `messages` were told of, or after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout), self._news:
                await self._news.wait_for(lambda: messages <= self.seen)
        except TimeoutError:
            pass

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = request.headers
        expected = sign(self.secret, headers["webhook-id"], headers["webhook-timestamp"], body)
        if not hmac.compare_digest(expected, headers["webhook-signature"]):
            self.forged += 1
            return web.Response(status=401)
        self.posts += 1
        self.seen.update(event["message_id"] for event in json.loads(body)["events"])
        async with self._news:
            self._news.notify_all()
        return web.Response()


@dataclass
class World:
    folder: Path
    url: str
    tokens: Mapping[str, str]
    admin_token: str
    receiver: Receiver
    daemon: asyncio.subprocess.Process
    unsteady: tuple[Smsc, int]  # and its port

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """One operator is gone for as long as the context lasts."""
        smsc, port = self.unsteady
        await smsc.stop()
        try:
            yield
        finally:
            await smsc.start(port=port)

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.admin_token}"}

    def bearer(self, account: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[account]}"}

    @property
    def config(self) -> Path:
        return self.folder / "router.yaml"

    def last_words(self) -> str:
        """The end of the daemon's log."""
        return children.last_words(self.folder / "daemon.log")


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Everything up and ready. Raises Failed where the daemon does not start or an operator is not up."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="carrier-router-demo-")))
        receiver = await stack.enter_async_context(_receiving())
        smscs = {name: Smsc(one.smsc) for name, one in smpp_operators().items()}
        smsc_ports = {name: await stack.enter_async_context(_simulated(smsc)) for name, smsc in smscs.items()}
        token, secret, callback = (secrets.token_hex(16) for _ in range(3))
        carrier = HttpCarrier(CarrierOptions(token=token, secret=secret, receipt_delay=0.7, keep=False))
        carrier_port = await stack.enter_async_context(_simulated(carrier))
        tokens = {account: secrets.token_hex(12) for account in (BANK, SHOP, HOTEL)}
        admin_token = secrets.token_hex(12)
        port = children.free_port()
        url = f"http://127.0.0.1:{port}"
        mail_port = await stack.enter_async_context(_simulated(MailServer(url + CALLBACK.format(secret=callback), 0.8)))
        operators = operator_files(port, smsc_ports, carrier_port, mail_port)
        for name, content in {**files(port, receiver.url), **operators}.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
        environment = {
            "ADMIN_TOKEN": admin_token,
            "SMSC_PASSWORD": "demo",
            "CARRIER_TOKEN": token,
            "CARRIER_SECRET": secret,
            "MAIL_CALLBACK": callback,
            "HOOK_SECRET": receiver.secret.decode(),
            **{f"{account.upper()}_TOKEN": token for account, token in tokens.items()},
        }
        daemon = await stack.enter_async_context(children.daemon(folder, url, environment))
        outage = (smscs[OUTAGE], smsc_ports[OUTAGE])
        here = World(folder, url, tokens, admin_token, receiver, daemon, outage)
        try:
            await _up(here)
            yield here
        except Exception:
            # The folder is gone in a moment, and with it the only account of what went wrong.
            print(here.last_words(), file=sys.stderr)
            raise


async def _up(here: World) -> None:
    """Return once every operator can take messages, so that each message goes the way that it is to show."""
    down: list[str] = []
    try:
        async with asyncio.timeout(_UP), ClientSession(here.url, headers=here.admin) as session:
            while True:
                async with session.get("/v1/operators") as response:
                    response.raise_for_status()
                    told = (await response.json())["operators"]
                down = [one["operator"] for one in told if one["state"] != "up"]
                if not down:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise children.Failed(f"not up after {_UP:.0f} s: {', '.join(down)}") from None


@asynccontextmanager
async def _simulated(side: Smsc | HttpCarrier | MailServer) -> AsyncIterator[int]:
    port = await side.start()
    try:
        yield port
    finally:
        await side.stop()


@asynccontextmanager
async def _receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver(secrets.token_hex(16).encode())
    app = web.Application()
    app.router.add_post("/events", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/events"
        yield receiver
    finally:
        await runner.cleanup()
