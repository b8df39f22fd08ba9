"""The demo's surroundings: a folder of configuration, simulated operators, a webhook's receiver and the daemon.

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
from typing import Any

import yaml
from aiohttp import web

from adapters.simulator.ids import IdForm
from adapters.simulator.options import SmscOptions
from adapters.simulator.smsc import Smsc
from adapters.webhook.signing import sign
from router.cli import children
from router.cli.demo.messages import BANK, SHOP

OUTAGE = "orange-cm"
"""The operator whose link goes down for a while."""


@dataclass(frozen=True)
class Sold:
    """A simulated operator: what it asks for, and how its SMSC behaves."""

    rates: tuple[dict[str, str], ...]
    smsc: SmscOptions


def _smsc(**options: Any) -> SmscOptions:
    return SmscOptions(system_id="demo", password="demo", keep=False, **options)


def operators() -> dict[str, Sold]:
    """Every SMSC writes its message ids in another way, as they do."""
    return {
        "mtn-cm": Sold(
            ({"prefix": "237", "price": "20"}, {"prefix": "23767", "price": "12", "network": "62401"}),
            _smsc(receipt_delay=0.6, throttle=60.0),
        ),
        OUTAGE: Sold(
            ({"prefix": "237", "price": "18"}, {"prefix": "23769", "price": "11", "network": "62402"}),
            _smsc(receipt_delay=0.9, id_form=IdForm.HEX, id_in_receipt=IdForm.DECIMAL),
        ),
        "sahel-hub": Sold(
            (
                {"prefix": "20", "price": "27"},
                {"prefix": "233", "price": "19"},
                {"prefix": "234", "price": "22"},
                {"prefix": "237", "price": "24"},
                {"prefix": "251", "price": "31"},
                {"prefix": "254", "price": "14"},
                {"prefix": "255", "price": "16"},
            ),
            _smsc(receipt_delay=1.2, id_form=IdForm.UUID),
        ),
        "world": Sold(({"prefix": "", "price": "45"},), _smsc(receipt_delay=1.5, id_form=IdForm.PADDED)),
    }


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
    smscs: Mapping[str, tuple[Smsc, int]]

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """One operator is gone for as long as the context lasts."""
        smsc, port = self.smscs[OUTAGE]
        await smsc.stop()
        try:
            yield
        finally:
            await smsc.start(port=port)

    @property
    def config(self) -> Path:
        return self.folder / "router.yaml"

    def last_words(self) -> str:
        """The end of the daemon's log."""
        return children.last_words(self.folder / "daemon.log")


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Everything up and ready. Raises Failed where the daemon does not start."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="carrier-router-demo-")))
        receiver = await stack.enter_async_context(_receiving())
        sold = operators()
        smscs = {name: await stack.enter_async_context(_simulated(one.smsc)) for name, one in sold.items()}
        tokens = {account: secrets.token_hex(12) for account in (BANK, SHOP)}
        admin_token = secrets.token_hex(12)
        port = children.free_port()
        links = {f"operators/{name}.yaml": _operator(name, smscs[name][1], one) for name, one in sold.items()}
        for name, content in {**files(port, receiver.url), **links}.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
        environment = {
            "ADMIN_TOKEN": admin_token,
            "SMSC_PASSWORD": "demo",
            "HOOK_SECRET": receiver.secret.decode(),
            **{f"{account.upper()}_TOKEN": token for account, token in tokens.items()},
        }
        url = f"http://127.0.0.1:{port}"
        daemon = await stack.enter_async_context(children.daemon(folder, url, environment))
        here = World(folder, url, tokens, admin_token, receiver, daemon, smscs)
        try:
            yield here
        except Exception:
            # The folder is gone in a moment, and with it the only account of what went wrong.
            print(here.last_words(), file=sys.stderr)
            raise


def files(port: int, webhook: str) -> dict[str, Any]:
    """The configuration by file name, but for the operators."""
    router = {
        "http": {"listen": f"127.0.0.1:{port}", "admin_token": "${ADMIN_TOKEN}"},
        "store": "sqlite:///data/router.db",
        "operators": "operators/",
        "routes": "routes.yaml",
        "accounts": "accounts.yaml",
        "webhooks": {"allow": ["127.0.0.0/8"]},
    }
    routes = {
        "currencies": {"base": "XAF", "EUR": "655.957"},
        "plans": {"default": {"order": "cost", "attempts": 3}},
        "rules": [
            {"match": {"sender": "+1*"}, "refuse": "sender_not_allowed"},
            {"match": {"prefix": "23769", "class": "otp"}, "operators": ["orange-cm", "mtn-cm"]},
            {"match": {"prefix": "254"}, "sender": "20880"},
        ],
    }
    accounts = [
        {
            "name": BANK,
            "token": "${BANK_TOKEN}",
            "default_sender": "BANK",
            "webhook": {"url": webhook, "secret": "${HOOK_SECRET}", "events": ["final"], "batch": 50},
        },
        {"name": SHOP, "token": "${SHOP_TOKEN}", "default_sender": "SHOP"},
    ]
    return {"router.yaml": router, "routes.yaml": routes, "accounts.yaml": {"accounts": accounts}}


def _operator(name: str, port: int, sold: Sold) -> dict[str, Any]:
    return {
        "operator": name,
        "link": {
            "host": "127.0.0.1",
            "port": port,
            "system_id": "demo",
            "password": "${SMSC_PASSWORD}",
            "window": 50,
            "response_timeout": "3s",
            "reconnect": {"initial": "500ms", "max": "1s"},
        },
        "retry": {"initial": "500ms", "max": "2s", "attempts": 3},
        "currency": "XAF",
        "rates": list(sold.rates),
    }


@asynccontextmanager
async def _simulated(options: SmscOptions) -> AsyncIterator[tuple[Smsc, int]]:
    smsc = Smsc(options)
    port = await smsc.start()
    try:
        yield smsc, port
    finally:
        await smsc.stop()


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
