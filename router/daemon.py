"""The one place that puts everything together: build, start in order, drain and stop in reverse."""

import asyncio
import gc
import os
import resource
import signal
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvloop
from structlog.typing import FilteringBoundLogger

from adapters.config_yaml import PlanHistory, load_now, plans_folder
from adapters.gateways import Services as GatewayServices
from adapters.gateways import gateways_server
from adapters.gateways.domain.campaigns import Campaigns
from adapters.gateways.domain.runner import CampaignRunner
from adapters.gateways.events import Followers
from adapters.http import Services, http_server
from adapters.http_operator.gateway import HttpGateway
from adapters.logs import configure as configure_logs
from adapters.lookup.build import ensure_built
from adapters.lookup.hlr import HlrProvider
from adapters.lookup.table import PortedTable
from adapters.metrics import PrometheusMetrics
from adapters.smpp.gateway import SmppGateway
from adapters.smtp.gateway import SmtpGateway
from adapters.store import open_book, open_store, room_gauges
from adapters.webhook import WebhookSender
from router.account import Webhook
from router.engine.directory import Directory
from router.engine.engine import Engine
from router.event import LoggedEvent
from router.operator import HttpLink, Operator, SmtpLink
from router.ports.clock import Clock
from router.ports.lookups import NumberLookup
from router.ports.operators import OperatorGateway, OperatorSink
from router.ports.plans import LoadedPlan
from router.ports.store import Store, StoreUnavailable
from router.ports.watching import GaugeSample
from router.refusal import InvalidConfig
from router.settings import LookupSettings, Settings, Tracing

if TYPE_CHECKING:
    from adapters.tracing import Traces

# The sum is what a stop may take: answers of operators, then clients, then webhooks.
_DRAIN = 10.0
_WEBHOOKS = 5.0
_CLIENTS = 5.0

# What shells allow is often 1024; connections of clients alone may be more.
_FILES = 65_536


_GATEWAYS: dict[str, Callable[[Operator, OperatorSink, Clock, FilteringBoundLogger], OperatorGateway]] = {
    "smpp": SmppGateway,
    "http": HttpGateway,
    "smtp": SmtpGateway,
}


class SystemClock:
    """The port Clock on the machine's clocks."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class WebhookLog:
    """The log and the cursors as the webhook sender wants them."""

    def __init__(self, engine: Engine, store: Store, cursors: Mapping[str, int]) -> None:
        self._engine = engine
        self._store = store
        self.cursors = dict(cursors)

    async def read(self, account: str, after: int, limit: int, wait: float) -> list[LoggedEvent]:
        return await self._engine.feed.read(account, after, limit, wait)

    def acknowledge(self, account: str, seq: int) -> None:
        self.cursors[account] = seq
        self._store.move_cursor(account, seq)

    def rewind(self, account: str, seq: int) -> None:
        self.cursors[account] = seq
        self._store.rewind(account, seq)

    def backlog(self, account: str) -> int:
        return self._engine.feed.last_seq(account) - self.cursors.get(account, 0)


class Daemon:
    """A running carrier router; `config` is the path of its router.yaml."""

    def __init__(self, config: Path, environ: Mapping[str, str]) -> None:
        self._config = config
        self._environ = environ
        self._stopping = asyncio.Event()
        self._log: FilteringBoundLogger = structlog.get_logger()

    def load(self) -> LoadedPlan:
        """The configuration as it is on disk now. Raises InvalidConfig with everything that is wrong in it."""
        loaded = load_now(self._config, self._environ)
        self.prepare(loaded.settings)
        return loaded

    def prepare(self, settings: Settings) -> None:
        """What a plan needs before it can run: the table of ported numbers. Raises InvalidConfig."""
        if settings.lookup is not None and settings.lookup.table is not None:
            if not structlog.is_configured():
                configure_logs(settings.log, sys.stderr, secrets_of(settings))
            ensure_built(settings.lookup.table, self._log)

    async def run(self, loaded: LoadedPlan) -> None:
        """Serve until SIGTERM or SIGINT. Raises StoreUnavailable or OSError where a start is not possible."""
        settings = loaded.settings
        configure_logs(settings.log, sys.stderr, secrets_of(settings))
        clock = SystemClock()
        metrics = PrometheusMetrics()
        store = open_store(settings.store, self._log, metrics.commit)
        recovery = await store.open()
        book = open_book(store)
        await book.open()

        def make_gateway(operator: Operator, sink: OperatorSink) -> OperatorGateway:
            return _GATEWAYS[operator.protocol](operator, sink, clock, self._log)

        lookups = lookups_of(settings.lookup, (), clock, self._log)

        async def on_plan(plan: Settings) -> None:
            configure_logs(plan.log, sys.stderr, secrets_of(plan))
            await self._swap_lookups(engine, plan, clock)
            webhooks.configure(webhooks_of(plan), source.cursors, plan.webhook_networks)
            if plan.gateways is not None:
                followers.configure(plan)

        history = PlanHistory(self._config, self._environ, plans_folder(settings.store), self.prepare)
        version = history.starting_version(loaded.files)
        traces = traces_of(settings.tracing, self._log)
        on_end = traces.ended if traces is not None else None
        engine = Engine(
            settings,
            store,
            recovery,
            clock,
            metrics,
            make_gateway,
            history,
            on_plan,
            self._log,
            lookups,
            version,
            on_end,
        )
        source = WebhookLog(engine, store, recovery.cursors)
        webhooks = WebhookSender(source, clock, self._log)

        directory = Directory(book, engine.running, engine.opt_outs, clock)
        followers = Followers(engine.feed, book, directory, clock, self._log, recovery.cursors)
        runner = CampaignRunner(engine.intake, book, engine.running, clock, self._log)

        def gauges() -> Iterator[GaugeSample]:
            yield from engine.gauges()
            yield from webhooks.gauges()
            yield from room_gauges(settings.store)

        metrics.watch(gauges)
        server = http_server(
            Services(
                intake=engine.intake,
                messages=engine.messages,
                oversight=engine.oversight,
                feed=engine.feed,
                preview=engine.preview,
                control=engine.control,
                audit=engine.audit,
                replay=webhooks.replay,
                webhook_of=webhooks.view,
                opt_outs=engine.opt_outs,
                wallets=engine.wallets,
                directory=directory,
                metrics=metrics,
                ready=engine.ready,
                account_of=engine.running.account_of,
                accounts=engine.running.accounts,
                account_named=engine.running.account_named,
                is_admin=engine.running.is_admin,
                admin_key=engine.running.admin_key,
                callbacks_of=engine.callbacks_of,
                metrics_text=metrics.render,
                reading=metrics.read,
            ),
            settings.http,
        )
        servers = [server]
        if settings.gateways is not None:
            services = GatewayServices(
                engine.intake,
                engine.messages,
                engine.running,
                book,
                clock,
                engine.wallets,
                directory,
                Campaigns(book, clock, runner.wake),
                metrics,
                engine.ledger.current,
            )
            servers.append(gateways_server(services, settings.gateways, settings.http.max_body))
        self._listen_to_signals(engine)
        # Messages hold no cycles; looking for some among a hundred thousand of them would cost more than they do.
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)
        try:
            if settings.gateways is not None:
                # First, for what is not followed yet is followed from here on.
                followers.configure(settings)
            await engine.start()
            runner.start()
            webhooks.configure(webhooks_of(settings), source.cursors, settings.webhook_networks)
            await engine.control.keep_first(loaded.files)
            del loaded  # the files have done their work, and may be large
            ports = [await one.start() for one in servers]
            listen = {"listen": f"{settings.http.host}:{ports[0]}"}
            if settings.gateways is not None:
                listen["gateways"] = f"{settings.gateways.host}:{ports[1]}"
            self._log.info("ready", **listen, operators=len(settings.operators))
            await self._stopping.wait()
            self._log.info("draining")
        finally:
            # The API answers while operators do, so that whoever asks /readyz sees the drain.
            await runner.stop()
            await followers.stop(_WEBHOOKS)
            await engine.stop(_DRAIN)
            await asyncio.gather(*(one.stop(_CLIENTS) for one in servers))
            await webhooks.stop(_WEBHOOKS)
            for lookup in engine.lookups.sources:
                await lookup.close()
            await store.close()
            if traces is not None:
                await traces.close()
        self._log.info("stopped")

    async def _swap_lookups(self, engine: Engine, plan: Settings, clock: Clock) -> None:
        before = engine.lookups.sources
        try:
            after = lookups_of(plan.lookup, before, clock, self._log)
        except (OSError, ValueError) as error:
            # It was there a moment ago, when the plan was loaded.
            self._log.error("lookup_not_changed", error=str(error))
            return
        engine.lookups.configure(after)
        for source in before:
            if source not in after:
                await source.close()

    def _listen_to_signals(self, engine: Engine) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        reloads: set[asyncio.Task[None]] = set()

        async def reload() -> None:
            try:
                await engine.control.reload("signal")
                engine.audit.note("signal", "plan.reload", None)
            except InvalidConfig as invalid:
                engine.audit.note("signal", "plan.reload", None, invalid.code)
                for file, line, reason in invalid.errors:
                    self._log.error("config_refused", file=file, line=line, reason=reason)

        def on_hangup() -> None:
            task = loop.create_task(reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, on_hangup)


def webhooks_of(settings: Settings) -> dict[str, Webhook]:
    return {name: account.webhook for name, account in settings.accounts.items() if account.webhook is not None}


def lookups_of(
    settings: LookupSettings | None, before: Sequence[NumberLookup], clock: Clock, log: FilteringBoundLogger
) -> list[NumberLookup]:
    """The sources in the order in which they are asked; a provider from `before` whose settings did not change keeps
    what it knows. Raises OSError, ValueError."""
    sources: list[NumberLookup] = []
    if settings is not None and settings.table is not None:
        sources.append(PortedTable(settings.table.index))
    if settings is not None and settings.hlr is not None:
        same = (one for one in before if isinstance(one, HlrProvider) and one.settings == settings.hlr)
        sources.append(next(same, None) or HlrProvider(settings.hlr, clock, log))
    return sources


def traces_of(settings: Tracing | None, log: FilteringBoundLogger) -> "Traces | None":
    if settings is None:
        return None
    # Only who has the extra `otel` can import it, and only who asks for it waits for that.
    from adapters.tracing import Traces

    return Traces(settings, version_of("carrier-router"), log)


def secrets_of(settings: Settings) -> list[str]:
    """What must not appear in any log even by accident."""
    found: list[str] = []
    for operator in settings.operators.values():
        link = operator.link
        if isinstance(link, HttpLink | SmtpLink):
            found += link.secrets
        elif link is not None and link.password:
            found.append(link.password)
    for hook in webhooks_of(settings).values():
        found += [hook.secret.decode("latin-1"), b64encode(hook.secret).decode()]
    for account in settings.accounts.values():
        for face in account.gateways.values():
            found += [face[name] for name in ("key", "token", "password") if name in face]
            found += [one.key for one in face.get("keys", ())]
            if "webhook_secret" in face:
                found += [face["webhook_secret"].decode("latin-1"), b64encode(face["webhook_secret"]).decode()]
    headers = settings.lookup.hlr.headers if settings.lookup is not None and settings.lookup.hlr is not None else ()
    if settings.tracing is not None:
        headers += settings.tracing.headers
    # Behind `Bearer`; what is as short as `json` is no secret.
    words = [word for _, value in headers for word in value.split()[-1:]]
    found += [word for word in words if len(word) >= 8]
    return found


def allow_many_files() -> None:
    """As many open files and sockets as we are allowed to ask for, up to what could be of use."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def serve(config: Path) -> int:
    """Run a daemon until it is told to stop. Exit code 0, or 1 where it could not start."""
    daemon = Daemon(config, os.environ)
    allow_many_files()
    try:
        uvloop.run(daemon.run(daemon.load()))
    except InvalidConfig as invalid:
        for file, line, reason in invalid.errors:
            print(f"{file}:{line}: {reason}", file=sys.stderr)
        return 1
    except StoreUnavailable as error:
        print(f"error: store_unavailable: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: cannot start: {error}", file=sys.stderr)
        return 1
    return 0
