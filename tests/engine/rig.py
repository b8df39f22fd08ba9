"""The engine over a real store, with operators and a clock that the test moves by hand."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import msgspec
import structlog

from adapters.store import open_store
from adapters.store.rows import decode_message, new_row
from router.account import Account, Price
from router.engine.engine import Engine
from router.engine.intake import Prepared
from router.message import Message
from router.operator import Operator, Rate, ReceiptRules, Retry, SmppLink
from router.outcome import Outcome, OutcomeKind
from router.ports.lookups import NumberLookup
from router.ports.operators import BindView, LinkState, OperatorSink, Question, Submission
from router.ports.plans import KeptPlan, LoadedPlan
from router.ports.store import Store
from router.receipt import Receipt, ReceiptState
from router.refusal import Refusal
from router.settings import Choice, Limits, Plan, Rule, Settings
from router.submit import Submit
from tests import stores
from tests.turns import until

LOG = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(50))


class ManualClock:
    """Starts at 2026-01-01 and stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_767_225_600_000
        self.seconds = 1000.0

    def now(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)
        self.seconds += seconds


class Counts:
    """The Metrics port as plain counters."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, ...]] = Counter()
        self.spending: defaultdict[tuple[str, str], float] = defaultdict(float)

    def accepted(self, account: str, channel: str, count: int) -> None:
        self.counted["accepted", account] += count

    def refused(self, code: str) -> None:
        self.counted["refused", code] += 1

    def final(self, operator: str, state: str) -> None:
        self.counted["final", operator, state] += 1

    def submitted(self, operator: str, outcome: str, seconds: Sequence[float]) -> None:
        self.counted["submitted", operator, outcome] += len(seconds)

    def spent(self, operator: str, currency: str, amount: float) -> None:
        self.spending[operator, currency] += amount

    def receipts(self, operator: str, result: str, count: int, seconds: float | None = None) -> None:
        self.counted["receipt", operator, result] += count

    def event(self, type: str, count: int) -> None:
        self.counted["event", type] += count

    def inbound(self, operator: str, result: str) -> None:
        self.counted["inbound", operator, result] += 1

    def callback(self, operator: str, result: str) -> None:
        self.counted["callback", operator, result] += 1

    def accept_seconds(self, seconds: float) -> None: ...
    def commit(self, seconds: float, size: int) -> None: ...

    def lookup(self, source: str, result: str) -> None:
        self.counted["lookup", source, result] += 1

    def lookup_seconds(self, seconds: float) -> None: ...


class HandOperator:
    """An operator's gateway whose answers the test gives. `window` slots; `written` are the submissions on the wire."""

    def __init__(self, operator: Operator, sink: OperatorSink) -> None:
        self.operator = operator
        self.sink = sink
        self.window = 10
        self.in_use = 0
        self.up = True
        self.settled = True
        self.written: list[Submission] = []
        self.history: list[Submission] = []
        self.asked: list[Question] = []
        self.acknowledged: list[tuple[Any, bool]] = []
        self._ids = 0

    async def start(self) -> None: ...

    async def stop(self, timeout: float) -> None:
        for submission in list(self.written):
            self.answer(submission, Outcome(OutcomeKind.UNKNOWN))

    def reconfigure(self, operator: Operator) -> None:
        self.operator = operator

    def link(self) -> LinkState:
        return LinkState(self.up, self.settled)

    def room(self) -> int:
        return self.window - self.in_use if self.up else 0

    def reserve(self, like: Any = None) -> "HandOperator | None":
        if self.room() <= 0:
            return None
        self.in_use += 1
        return self

    def release(self, slot: "HandOperator") -> None:
        # A link that was replaced gets its own slots back.
        slot.in_use -= 1

    def submit(self, submission: Submission) -> bool:
        if not self.up:
            return False
        self.written.append(submission)
        self.history.append(submission)
        return True

    def ask(self, question: Question) -> bool:
        if self.up:
            self.asked.append(question)
        return self.up

    def acknowledge(self, tokens: Sequence[Any], stored: bool) -> None:
        self.acknowledged += [(token, stored) for token in tokens]

    def views(self) -> list[BindView]:
        return [BindView("1", "bound_trx" if self.up else "waiting", self.window, self.in_use, None, 0)]

    # The test's side.

    def answer(self, submission: Submission, outcome: Outcome) -> None:
        self.written.remove(submission)
        self.sink.settled([(submission, outcome)])

    def accept(self, submission: Submission, smsc_message_id: str | None = None) -> str:
        if smsc_message_id is None:
            self._ids += 1
            smsc_message_id = f"{self.operator.name}{self._ids}"
        self.answer(submission, Outcome(OutcomeKind.ACCEPTED, smsc_message_id))
        return smsc_message_id

    def receipt(
        self, to: str, smsc_message_id: str | None, state: ReceiptState = ReceiptState.DELIVERED, token: Any = "token"
    ) -> None:
        ids = (smsc_message_id,) if smsc_message_id is not None else ()
        received_at = self.sink._clock.now()  # type: ignore[attr-defined]
        receipt = Receipt(self.operator.name, ids, state, to.lstrip("+"), received_at)
        self.sink.received(self.operator.name, [(receipt, token)])

    def cut(self) -> None:
        """The link goes down: what was written stays unanswered."""
        self.up = False
        self.settled = False
        for submission in list(self.written):
            self.answer(submission, Outcome(OutcomeKind.UNKNOWN, detail="link lost"))
        self.sink.link_changed(self.operator.name)

    def go_down(self) -> None:
        """Also the next try to connect failed."""
        self.cut()
        self.settled = True
        self.sink.link_changed(self.operator.name)

    def come_up(self) -> None:
        self.up = True
        self.settled = True
        self.sink.link_changed(self.operator.name)


def operator(name: str, price: str = "0.02", prefix: str = "", **changes: Any) -> Operator:
    link = SmppLink(host="127.0.0.1", port=2775, system_id="x", password="y", tps=changes.pop("tps", 0.0))
    rates = changes.pop("rates", (Rate(prefix, Decimal(price), "XAF"),))
    return Operator(name=name, channel="sms", protocol="smpp", link=link, currency="XAF", rates=rates, **changes)


def settings(
    *operators: Operator,
    accounts: tuple[Account, ...] = (),
    plans: dict[str, Plan] | None = None,
    rules: tuple[Rule, ...] = (),
    limits: Limits | None = None,
) -> Settings:
    every = accounts or (Account(name="acme", token=None, currency="XAF", prices=(Price("", Decimal("1.00")),)),)
    return Settings(
        store="",
        operators={one.name: one for one in operators},
        accounts={one.name: one for one in every},
        plans=plans or {"default": Plan("default")},
        rules=rules,
        base_currency="XAF",
        currencies={"XAF": Decimal(1), "EUR": Decimal("655.957")},
        limits=limits or Limits(),
    )


def wish(**fields: Any) -> Submit:
    """A submit as it comes from a client: plain strings become the values they name."""
    names = {"sender": "from", "traffic_class": "class"}
    return msgspec.convert({names.get(name, name): value for name, value in fields.items()}, Submit)


class HandFiles:
    """The port PlanFiles: the files are what `rig.next_config` says, or `load` where a test replaces it; the plans are
    kept in memory unless `broken` says why not."""

    def __init__(self, rig: "Rig") -> None:
        self._rig = rig
        self.plans: dict[int, tuple[KeptPlan, Settings]] = {}
        self.broken: str | None = None

    def load(self) -> LoadedPlan:
        return LoadedPlan(self._rig.next_config, self._rig.next_config)

    def recall(self, version: int) -> LoadedPlan:
        if version not in self.plans:
            raise Refusal("not_found", f"version {version} is not kept", "version")
        settings = self.plans[version][1]
        return LoadedPlan(settings, settings)

    def keep(self, plan: KeptPlan, files: Settings) -> None:
        if self.broken is not None:
            raise OSError(self.broken)
        self.plans[plan.version] = (plan, files)

    def kept(self) -> list[KeptPlan]:
        return [plan for plan, _ in reversed(self.plans.values())]


class Rig:
    """`async with Rig(settings, folder) as rig`; opened again on the same folder it is the daemon's next run."""

    def __init__(self, config: Settings, folder: Path, clock: ManualClock | None = None) -> None:
        self.config = config
        self.next_config = config
        self.clock = clock or ManualClock()
        self.metrics = Counts()
        self.path = folder / "router.db"
        self.operators: dict[str, HandOperator] = {}
        self.lookups: tuple[NumberLookup, ...] = ()
        self.make_operator: Callable[[Operator, OperatorSink], HandOperator] = HandOperator
        self.prepare_operator: Callable[[HandOperator], None] = lambda one: None
        self.files = HandFiles(self)
        self.store: Store
        self.engine: Engine

    async def __aenter__(self) -> "Rig":
        stores.place(self.path)
        self.store = open_store(f"sqlite:///{self.path}", LOG, self.metrics.commit)
        recovery = self.recovery = await self.store.open()

        def make(one: Operator, sink: OperatorSink) -> HandOperator:
            gateway = self.operators[one.name] = self.make_operator(one, sink)
            self.prepare_operator(gateway)
            return gateway

        async def on_plan(_: Settings) -> None: ...

        self.engine = Engine(
            self.config,
            self.store,
            recovery,
            self.clock,
            self.metrics,
            make,
            self.files,
            on_plan,
            LOG,
            self.lookups,
        )
        await self.engine.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.stop(1)
        await self.store.close()
        self.check_rows()

    def check_rows(self) -> None:
        """What a start finds messages by is what they say themselves."""
        with closing(apsw.Connection(str(self.path), apsw.SQLITE_OPEN_READONLY)) as connection:
            for row in connection.execute("SELECT * FROM messages"):
                assert row[:-1] == new_row(decode_message(row[-1]), 0)[:-1]

    async def submit(
        self, to: str = "+237670000001", text: str = "Hello", account: str = "acme", **fields: Any
    ) -> Message:
        """Accept one message as a client's request would. Raises its Refusal."""
        answered = await self.submit_all([wish(to=to, text=text, **fields)], account)
        if isinstance(answered[0], Refusal):
            raise answered[0]
        return answered[0]

    async def submit_all(self, submits: list[Submit], account: str = "acme") -> list[Message | Refusal]:
        answered: list[Message | Refusal] = []

        async def make() -> Prepared:
            of = self.config.accounts[account]
            answers = await self.engine.intake.look_up(of, submits)
            answered.extend(self.engine.intake.prepare(of, submits, answers))
            return Prepared([one for one in answered if isinstance(one, Message)], 202, b"")

        await self.engine.intake.answer(self.config.accounts[account], None, b"", make)
        return answered

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until `condition` holds, however long the disk takes (ten seconds at most)."""
        await until(condition)

    async def written(self, name: str, count: int = 1) -> list[Submission]:
        """The submissions on the wire of an operator, once there are `count`."""
        await self.until(lambda: len(self.operators[name].written) >= count)
        return list(self.operators[name].written)

    async def settle(self) -> None:
        """Wait until all that was written so far is on disk and what follows from it happened."""
        for _ in range(3):
            await self.engine.ledger.committed()
            await asyncio.sleep(0)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Another process holds the lock of the store: every commit fails."""
        connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(10_000)  # what is being committed at this moment is let finish
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()

    async def events(self, account: str = "acme") -> list[dict[str, Any]]:
        await self.engine.ledger.committed()
        logged = await self.store.events(account, 0, 1000)
        return [msgspec.json.decode(event.payload) for event in logged]

    async def types(self, account: str = "acme") -> list[str]:
        return [event["type"] for event in await self.events(account)]


__all__ = ["Choice", "Limits", "Plan", "ReceiptRules", "Retry", "Rig", "Rule", "operator", "settings"]
