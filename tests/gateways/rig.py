"""The public APIs over a real engine and a real store, behind a real socket; operators and the clock move by hand."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession

from adapters.gateways import Services
from adapters.gateways.domain.campaigns import Campaigns
from adapters.gateways.domain.runner import CampaignRunner
from adapters.gateways.events import Followers
from adapters.gateways.events.teller import Patience
from adapters.gateways.server import gateways_server
from adapters.store import open_book
from router.account import Account, Price
from router.engine.directory import Directory
from router.outcome import Fault, Outcome, OutcomeKind
from router.settings import GatewaySettings
from tests.engine.rig import LOG, Rig, operator, settings

EVERY = ("textdigo", "textiopro", "texify", "smsapi", "fullsms")


def account(name: str, gateways: dict[str, Any], **fields: Any) -> Account:
    """An account without wallet unless the fields say otherwise; it pays 0.02 XAF a part."""
    fields.setdefault("prices", (Price("", Decimal("0.02")),))
    return Account(name=name, token=None, currency="XAF", gateways=gateways, **fields)


class GatewayRig:
    """`async with GatewayRig(folder, accounts) as rig`: `rig.client` talks to the public APIs, `rig.engine_rig` has the
    rest. Opened again on the same folder it is the daemon's next run. `more` are operators beside mtn, `prefix` is what
    that has a rate for."""

    def __init__(self, folder: Path, *accounts: Account, **config: Any) -> None:
        one = operator("mtn", "0.01", config.pop("prefix", ""))
        more = config.pop("more", ())
        self.engine_rig = Rig(replace(settings(one, *more, accounts=accounts), **config), folder)
        self.client: ClientSession
        # A webhook that fails is tried again at once.
        self.patience = Patience(initial=0.001, largest=0.01)

    async def __aenter__(self) -> "GatewayRig":
        rig = await self.engine_rig.__aenter__()
        self.cursors = rig.recovery.cursors
        self.book = open_book(rig.store)  # type: ignore[arg-type]
        await self.book.open()
        engine = rig.engine
        self.directory = Directory(self.book, engine.running, engine.opt_outs, rig.clock)
        self.runner = CampaignRunner(engine.intake, self.book, engine.running, rig.clock, LOG)
        self.campaigns = Campaigns(self.book, rig.clock, self.runner.wake)
        services = Services(
            engine.intake,
            engine.messages,
            engine.running,
            self.book,
            rig.clock,
            engine.wallets,
            self.directory,
            self.campaigns,
            rig.metrics,
            engine.ledger.current,
        )
        self.followers = Followers(
            engine.feed, self.book, self.directory, rig.clock, LOG, self.cursors, self.patience, jitter=lambda: 1.0
        )
        self.followers.configure(self.engine_rig.config)
        self.server = gateways_server(services, GatewaySettings("127.0.0.1", 0, EVERY), 4 * 1024 * 1024)
        self.url = f"http://127.0.0.1:{await self.server.start()}"
        self.client = ClientSession(self.url)
        self.runner.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.client.close()
        await self.server.stop(1)
        await self.runner.stop()
        await self.followers.stop(1)
        await self.engine_rig.__aexit__(*error)

    def move(self, seconds: float) -> None:
        """The clock goes on, and the runner of campaigns notices."""
        self.engine_rig.clock.move(seconds)
        self.runner.wake()

    async def deliver(self, count: int = 1) -> None:
        """The operator accepts everything that is written, and delivers it."""
        mtn = self.engine_rig.operators["mtn"]
        for submission in await self.engine_rig.written("mtn", count):
            mtn.receipt(submission.message.to, mtn.accept(submission))
        await self.engine_rig.settle()

    async def refuse(self, status: int = 0x0B, count: int = 1) -> None:
        """The operator refuses everything that is written."""
        mtn = self.engine_rig.operators["mtn"]
        for submission in await self.engine_rig.written("mtn", count):
            mtn.answer(submission, Outcome(OutcomeKind.REJECTED, status=status, fault=Fault.MESSAGE))
        await self.engine_rig.settle()


async def body_of(response: ClientResponse, status: int = 200) -> Any:
    """The JSON of an answer that has this status."""
    text = await response.text()
    assert response.status == status, text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return await response.json()
