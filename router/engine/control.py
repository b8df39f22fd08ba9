"""Live control: what the links do, pause and resume, and a new plan without a stop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, structs

from router.delivery.lanes import RANKS
from router.engine.caps import CapKeeper, TodayView
from router.engine.desk import Desk
from router.engine.lines import Lines
from router.engine.observing import Observer
from router.engine.running import Running
from router.operator import Operator
from router.ports.clock import Clock
from router.ports.operators import BindView, OperatorGateway
from router.ports.plans import Cause, KeptPlan, LoadedPlan, PlanFiles
from router.refusal import Refusal
from router.routing.difference import Difference, difference
from router.routing.plan import RoutePlan
from router.routing.suspicion import Check
from router.settings import Settings

# How long a link that left the configuration may take to have its last answers.
_GOODBYE = 10.0


class ReceiptFlag(Struct, frozen=True, gc=False):
    """Receipts for a network ("624-01", or "+237" where it is not known) that no handset can have caused: `check` is
    too_fast, constant_delay or all_delivered."""

    network: str
    check: Check


class OperatorView(Struct, frozen=True, gc=False):
    """One operator for people: `state` is up, down, connecting, circuit_open, cap_reached, paused, draining,
    drained or removed; `refusal` is what opened the circuit, `receipt_flags` is what is odd about its receipts, `today`
    stands where there are daily caps."""

    operator: str
    channel: str
    protocol: str
    state: str
    binds: list[BindView]
    window: int
    in_use: int
    tps: float
    throttle_factor: float
    queued: dict[str, int]
    oldest_seconds: float
    refusal: str | None = None
    receipt_flags: list[ReceiptFlag] = []
    today: TodayView | None = None


class PlanView(Struct, frozen=True, gc=False):
    """The running plan in numbers. Versions go on counting from one run of the daemon to the next; `kept` are those
    to go back to, the newest first; `difference` is what the last reload changed, null where there was none since the
    start."""

    version: int
    operators: list[str]
    accounts: int
    plans: list[str]
    rules: int
    rates: int
    base_currency: str
    rolled_back_to: int | None = None
    kept: list[KeptPlan] = []
    difference: Difference | None = None


class ReloadView(PlanView, frozen=True, gc=False, kw_only=True):
    """The plan that runs now and what it changed; `not_kept` says why it could not be kept to go back to."""

    difference: Difference
    not_kept: str | None = None


class Control:
    def __init__(
        self,
        running: Running,
        desks: dict[str, Desk],
        lines: Lines,
        caps: CapKeeper,
        clock: Clock,
        files: PlanFiles,
        make_gateway: Callable[[Operator], OperatorGateway],
        on_plan: Callable[[Settings], Awaitable[None]],
        observer: Observer,
        log: Any,
    ) -> None:
        self._observer = observer
        self._running = running
        self._desks = desks
        self._lines = lines
        self._caps = caps
        self._clock = clock
        self._files = files
        self._make_gateway = make_gateway
        self._on_plan = on_plan
        self._log = log
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()
        self._kept: list[KeptPlan] = []
        self._rolled_back_to: int | None = None
        self._difference: Difference | None = None

    def operators(self) -> list[OperatorView]:
        return [self._view(desk) for desk in self._desks.values()]

    def pause(self, name: str) -> OperatorView:
        """Submit nothing to this operator; what waits goes elsewhere where it can. Raises Refusal `not_found`."""
        return self._steer(name, "paused")

    def drain(self, name: str) -> OperatorView:
        """As `pause`, until everything in flight has its answer; the view then says drained."""
        return self._steer(name, "draining")

    def resume(self, name: str) -> OperatorView:
        """Take up traffic again. Raises Refusal `not_found`."""
        return self._steer(name, "running")

    def plan(self) -> PlanView:
        plan = self._running.plan
        return PlanView(
            version=plan.version,
            operators=sorted(plan.operators),
            accounts=len(plan.accounts),
            plans=sorted(plan.plans),
            rules=len(plan.rules),
            rates=sum(len(operator.rates) for operator in plan.operators.values()),
            base_currency=plan.settings.base_currency,
            rolled_back_to=self._rolled_back_to,
            kept=self._kept,
            difference=self._difference,
        )

    async def reload(self, cause: Cause = "request", version: int | None = None) -> ReloadView:
        """Load the files anew, or go back to the kept plan `version`, and swap the plan, all or nothing.

        Raises InvalidConfig, or Refusal `not_found` for a version that is not kept; then nothing has changed.
        """
        async with self._reloading:
            loaded = await asyncio.to_thread(self._load, version)
            before = self._running.plan
            plan = await asyncio.to_thread(RoutePlan, loaded.settings, before.version + 1)
            changed = await asyncio.to_thread(difference, before.settings, loaded.settings)
            self._running.swap(plan)
            self._rolled_back_to = version
            self._difference = changed
            await self._apply(plan.operators)
            await self._on_plan(loaded.settings)
            why = await self._keep("rollback" if version is not None else cause, loaded.files)
            self._log.info("plan_reloaded", version=plan.version, rolled_back_to=version, **changed.counts())
            return ReloadView(**structs.asdict(self.plan()) | {"difference": changed}, not_kept=why)

    async def keep_first(self, files: Any) -> None:
        """Keep the plan that the daemon started with; `files` as of LoadedPlan."""
        self._kept = await asyncio.to_thread(self._files.kept)
        newest = self._kept[0] if self._kept else None
        if newest is not None and newest.version == self._running.plan.version:
            self._rolled_back_to = newest.rolled_back_to
            return
        if newest is not None and newest.rolled_back_to is not None:
            # A start takes the files as they are, which nobody has put right perhaps.
            self._log.warning("rollback_over", version=self._running.plan.version, was=newest.rolled_back_to)
        await self._keep("start", files)

    def _load(self, version: int | None) -> LoadedPlan:
        return self._files.load() if version is None else self._files.recall(version)

    async def _keep(self, cause: Cause, files: Any) -> str | None:
        """Keep the running plan; says why that was not possible. It runs all the same."""
        version = self._running.plan.version
        at = datetime.fromtimestamp(self._clock.now() / 1000, UTC)
        try:
            await asyncio.to_thread(
                self._files.keep, KeptPlan(version, version, at, cause, self._rolled_back_to), files
            )
            why = None
        except OSError as error:
            why = str(error)
            self._log.warning("plan_not_kept", version=version, reason=why)
        self._kept = await asyncio.to_thread(self._files.kept)
        return why

    async def stop(self) -> None:
        if self._goodbyes:
            await asyncio.wait(self._goodbyes)

    async def _apply(self, operators: dict[str, Operator]) -> None:
        """Make the links what the plan says; those whose link did not change stay up."""
        for name, operator in operators.items():
            desk = self._desks.get(name)
            if desk is None:
                desk = self._desks[name] = Desk(operator, self._make_gateway(operator))
                self._caps.watch(desk)
                await self._start(desk)
            elif desk.gateway is None or not operator.same_binds(desk.operator):
                self._dismiss(desk)
                desk.reconfigure(operator)
                self._caps.watch(desk)
                desk.gateway = self._make_gateway(operator)
                await self._start(desk)
            else:
                desk.reconfigure(operator)
                desk.gateway.reconfigure(operator)
                self._caps.watch(desk)
                self._lines.link_changed(name)
        for name, desk in self._desks.items():
            if name not in operators and desk.gateway is not None:
                self._dismiss(desk)
                desk.gateway = None
                self._lines.link_changed(name)
        self._lines.offer_all()

    async def _start(self, desk: Desk) -> None:
        assert desk.gateway is not None
        await desk.gateway.start()
        self._lines.link_changed(desk.name)

    def _dismiss(self, desk: Desk) -> None:
        if desk.gateway is not None:
            desk.leaving = desk.gateway
            task = asyncio.get_running_loop().create_task(desk.gateway.stop(_GOODBYE))
            self._goodbyes.add(task)
            task.add_done_callback(self._goodbyes.discard)

    def _steer(self, name: str, control: Any) -> OperatorView:
        desk = self._desks.get(name)
        if desk is None or desk.gateway is None:
            raise Refusal("not_found", f"there is no operator {name!r}")
        desk.control = control
        if control == "running":
            # Whoever resumes it has seen to what was wrong.
            desk.trust()
        self._lines.link_changed(name)
        self._log.info("operator_steered", operator=name, control=control)
        return self._view(desk)

    def _view(self, desk: Desk) -> OperatorView:
        binds = desk.gateway.views() if desk.gateway is not None else []
        oldest = desk.queue.oldest()
        return OperatorView(
            operator=desk.name,
            channel=desk.operator.channel,
            protocol=desk.operator.protocol,
            state=desk.state(),
            binds=binds,
            window=sum(bind.window for bind in binds),
            in_use=sum(bind.in_use for bind in binds),
            tps=desk.pacer.tps,
            throttle_factor=desk.pacer.factor(self._clock.monotonic()),
            queued={name.value: desk.queue.count(rank) for name, rank in RANKS.items()},
            oldest_seconds=max(0.0, (self._clock.now() - oldest) / 1000) if oldest is not None else 0.0,
            refusal=desk.circuit.reason,
            receipt_flags=[ReceiptFlag(*odd) for odd in self._observer.suspicions(desk.name)],
            today=self._caps.view(desk),
        )
