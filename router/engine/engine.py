"""The use cases put together over one store and one set of operators."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from router.delivery.lanes import RANKS
from router.engine.audit import Audit
from router.engine.backlog import Backlog
from router.engine.caps import CapKeeper
from router.engine.choosing import Chooser
from router.engine.control import Control
from router.engine.correlate import Correlator
from router.engine.desk import Desk
from router.engine.dispatch import Dispatcher
from router.engine.endings import Endings
from router.engine.feed import Feed
from router.engine.housekeeping import keep_house
from router.engine.ids import Ids
from router.engine.inbound import Inbox
from router.engine.intake import Intake
from router.engine.ledger import Ledger
from router.engine.lines import Lines
from router.engine.lookups import Lookups
from router.engine.messages import Messages
from router.engine.observing import Observer
from router.engine.opt_outs import OptOuts
from router.engine.overdue import Overdue
from router.engine.oversight import Oversight
from router.engine.preview import Preview
from router.engine.questions import Questions
from router.engine.running import Running
from router.engine.settle import Settler
from router.engine.sharing import Sharing
from router.engine.trouble import described, keep_up
from router.engine.wakeups import Wakeups
from router.engine.wallets import Wallets
from router.inbound import Inbound
from router.message import Message
from router.money import from_nano
from router.operator import Operator
from router.outcome import Outcome
from router.ports.clock import Clock
from router.ports.lookups import NumberLookup
from router.ports.operators import OperatorGateway, OperatorSink, Submission, TakesCallbacks
from router.ports.plans import PlanFiles
from router.ports.store import Recovery, Store
from router.ports.watching import GaugeSample, Metrics
from router.receipt import Receipt
from router.routing.plan import RoutePlan
from router.routing.quality import Statistics
from router.routing.suspicion import CHECKS
from router.settings import Settings


class Engine:
    """Everything between the way in and the operators. Built on an open store; `start` takes up what was left.

    `version` is that of the plan that `settings` are; `on_end` hears of every message that has ended."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        recovery: Recovery,
        clock: Clock,
        metrics: Metrics,
        make_gateway: Callable[[Operator, OperatorSink], OperatorGateway],
        files: PlanFiles,
        on_plan: Callable[[Settings], Awaitable[None]],
        log: Any,
        lookups: Sequence[NumberLookup] = (),
        version: int = 1,
        on_end: Callable[[Message], None] | None = None,
    ) -> None:
        self._store = store
        self._recovery = recovery
        self._clock = clock
        self._log = log
        self.running = Running(RoutePlan(settings, version))
        # What a clock that went back over the restart would put before it comes behind all that is kept.
        ids = Ids(recovery.last_piece)
        self.desks: dict[str, Desk] = {}
        for operator in settings.operators.values():
            self.desks[operator.name] = Desk(operator, make_gateway(operator, self))
        # Half of the messages in memory are to be sent, half wait for their receipts.
        half = (settings.limits.in_memory + 1) // 2
        self.ledger = Ledger(store, recovery, half)
        self.feed = Feed(store, metrics, ids, recovery.last_seqs)
        self.lookups = Lookups(lookups, clock, metrics, log)
        statistics = Statistics()
        self._observer = observer = Observer(statistics, metrics, clock)
        sharing = Sharing(self.desks, statistics, clock)
        chooser = Chooser(self.running, self.desks, sharing)
        self.wallets = Wallets(store, self.running, clock, recovery.wallets)
        endings = Endings(self.ledger, self.feed, metrics, self.wallets, on_end)
        self.opt_outs = OptOuts(self.ledger, self.running, clock, recovery.opted_out)
        self._backlog = Backlog(self.ledger, self.desks, half)
        questions = Questions(self.desks, lambda *told: self._correlator.told(*told))
        self._wakeups = Wakeups(self.ledger, endings, chooser, questions, self.opt_outs, clock, recovery.next_due)
        self._correlator = Correlator(
            self.ledger,
            self.desks,
            endings,
            clock,
            metrics,
            observer,
            lambda *late: self._settler.answered_late(*late),
            log,
        )
        self._inbox = Inbox(
            self.ledger,
            self.desks,
            self.feed,
            self.running,
            self.opt_outs,
            ids,
            clock,
            metrics,
            recovery,
            log,
        )
        self._caps = CapKeeper(store, self.running, clock, recovery.spent, self.link_changed)
        self._lines = Lines(
            self.ledger,
            self.desks,
            chooser,
            endings,
            self.feed.tell,
            self._backlog,
            self._wakeups.note,
            lambda desk: self._dispatcher.pump_soon(desk),
            clock,
            log,
        )
        self._dispatcher = Dispatcher(
            self.ledger,
            self.desks,
            chooser,
            endings,
            self._lines,
            self._wakeups.note,
            self.settled,
            self._caps,
            clock,
            log,
        )
        self._settler = Settler(
            self.ledger,
            self._lines,
            chooser,
            endings,
            self._wakeups.note,
            self._caps,
            clock,
            observer,
            self._correlator.accepted,
            self._correlator.unanswered,
            log,
        )
        self.intake = Intake(
            self.ledger,
            self.running,
            chooser,
            self._dispatcher,
            clock,
            metrics,
            ids,
            self.lookups,
            self.opt_outs,
            self.wallets,
        )
        self.audit = Audit(store, clock)
        self.messages = Messages(self.ledger, endings, questions, observer, clock, self.audit)
        self.oversight = Oversight(self.ledger, self.feed)
        self.preview = Preview(self.running, self.desks, sharing, self.lookups, self.opt_outs)
        self._overdue = Overdue(self.running, self.desks, self._lines, self.ledger, clock)
        self.control = Control(
            self.running,
            self.desks,
            self._lines,
            self._caps,
            clock,
            files,
            lambda operator: make_gateway(operator, self),
            on_plan,
            observer,
            log,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._draining = False

    async def start(self) -> None:
        """Take up what the last run left, connect to the operators, begin to work."""
        recovery = self._recovery
        for found in recovery.lanes:
            self._backlog.recover(self._lines.desk(found.lane.operator), found)
        for message in recovery.unsettled:
            self._settler.recover(self.ledger.resident(message))
        self._correlator.recover(recovery.parked)
        for desk in self.desks.values():
            self._caps.watch(desk)
            if desk.gateway is not None:
                await desk.gateway.start()
                desk.refresh(self._clock.monotonic())
            self._lines.fetch(desk)
        if recovery.open_messages or recovery.unsettled:
            self._log.info("resumed", open=recovery.open_messages, in_doubt=len(recovery.unsettled))
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(keep_up(work, self._log))
            for work in (
                partial(self._wakeups.run, self._lines),
                self._inbox.run,
                self._overdue.run,
                partial(keep_house, self._store, self.running, self._correlator, self._clock, self._log),
            )
        ]

    async def stop(self, timeout: float) -> None:
        """Be not ready any more, submit nothing, wait for outstanding answers at most `timeout` seconds.

        What is left, and what is accepted meanwhile, waits on disk for the next start.
        """
        self._draining = True
        self._dispatcher.stop()
        gateways = [desk.gateway for desk in self.desks.values() if desk.gateway is not None]
        await asyncio.gather(*(gateway.stop(timeout) for gateway in gateways))
        await self.control.stop()
        for task in self._tasks:
            task.cancel()
        self._backlog.stop()
        self._correlator.stop()
        self._caps.stop()

    def ready(self) -> str | None:
        """None when messages can be taken, else why not."""
        if self._draining:
            return "draining"
        return None if self._store.healthy else "store_unavailable"

    def callbacks_of(self, operator: str) -> TakesCallbacks | None:
        """Who takes what an operator sends to us by HTTP."""
        desk = self.desks.get(operator)
        gateway = desk.gateway if desk is not None else None
        return gateway if isinstance(gateway, TakesCallbacks) else None

    def gauges(self) -> Iterator[GaugeSample]:
        """What stands in the queues and on the links at this moment."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        yield GaugeSample("plan_version", (), self.running.plan.version)
        for account in self.running.plan.accounts.values():
            if account.wallet != "off":
                yield GaugeSample(
                    "wallet_balance", (account.name,), float(from_nano(self.wallets.balance(account.name)))
                )
        for name, desk in self.desks.items():
            for traffic_class, rank in RANKS.items():
                yield GaugeSample("queue_messages", (name, traffic_class.value), desk.queue.count(rank))
            oldest = desk.queue.oldest()
            age = (now - oldest) / 1000 if oldest is not None else 0.0
            yield GaugeSample("queue_oldest_seconds", (name,), max(0.0, age))
            yield GaugeSample("throttle_factor", (name,), desk.pacer.factor(monotonic))
            yield GaugeSample("operator_state", (name, desk.state()), 1)
            today = self._caps.view(desk)
            if today is not None:
                yield GaugeSample("operator_parts_today", (name,), today.parts)
                yield GaugeSample("operator_spend_today", (name,), float(today.spend))
            odd = {check for _, check in self._observer.suspicions(name)}
            for check in CHECKS:
                yield GaugeSample("receipt_quality", (name, check), check in odd)
            binds = desk.gateway.views() if desk.gateway is not None else []
            yield GaugeSample("window_in_use", (name,), sum(bind.in_use for bind in binds))
            for state in {bind.state for bind in binds}:
                count = sum(1 for bind in binds if bind.state == state)
                yield GaugeSample("binds", (name, state), count)

    # OperatorSink: an error of ours over one of them must not take away what came in the same octets.

    def settled(self, results: Sequence[tuple[Submission, Outcome]]) -> None:
        operators = {submission.attempt.operator for submission, _ in results}
        # Asked for before anything is saved, so that the next claims still go into the batch of these results.
        for operator in operators:
            self._dispatcher.pump_soon(self._lines.desk(operator))
        for operator in operators:
            own = results if len(operators) == 1 else [one for one in results if one[0].attempt.operator == operator]
            try:
                self._settler.settled(self._lines.desk(operator), own)
            except Exception as error:
                self._broke(error, operator=operator)

    def answered_late(self, submission: Submission, outcome: Outcome) -> None:
        try:
            self._settler.answered_late(submission.message, submission.part, submission.attempt, outcome)
        except Exception as error:
            self._broke(error, message_id=submission.message.id)

    def received(self, operator: str, receipts: Sequence[tuple[Receipt, Any]]) -> None:
        try:
            self._correlator.received(operator, receipts)
        except Exception as error:
            self._broke(error, operator=operator)

    def inbound(self, operator: str, message: Inbound, token: Any) -> None:
        try:
            self._inbox.inbound(operator, message, token)
        except Exception as error:
            self._broke(error, operator=operator)
            self._correlator.refuse(operator, token)

    def link_changed(self, operator: str) -> None:
        try:
            self._lines.link_changed(operator)
        except Exception as error:
            self._broke(error, operator=operator)

    def _broke(self, error: Exception, **about: str) -> None:
        self._log.error("answer_broke", **about, **described(error))
