"""An engine that keeps everything in dictionaries and obeys the signatures the API is written against."""

import asyncio
import hashlib
import itertools
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import msgspec
from msgspec import UNSET, structs

from adapters.http.services import Services
from router.account import Account
from router.audit import AuditEntry
from router.engine.control import OperatorView, PlanView, ReceiptFlag, ReloadView
from router.engine.directory import Directory
from router.engine.intake import Answer
from router.engine.limits import Quota
from router.engine.opt_outs import OptedOut, Subscription
from router.engine.wallets import Wallets
from router.event import LoggedEvent
from router.gateway.records import Contact, Group
from router.message import FINAL, Message, Network, State
from router.money import Money
from router.ports.operators import BindView
from router.ports.plans import KeptPlan
from router.ports.store import MessagesFound, StoreUnavailable
from router.ports.watching import GaugeSample, Measured, Reading, WebhookView
from router.refusal import InvalidConfig, Refusal
from router.routing.changes import Change
from router.routing.coverage import Coverage, NetworkCoverage, OperatorCoverage, PriceRange
from router.routing.difference import Changed, Difference, Named, RuleChanges
from router.routing.price_changes import PriceChange, PriceChanges
from router.routing.route import Candidate, Decision
from router.text.view import PartView, SegmentationView

TOKEN = "token-of-acme-that-stays-secret"
SUSPENDED_TOKEN = "token-of-a-suspended-account"
OTHER_TOKEN = "token-of-another-account"
ADMIN_TOKEN = "token-of-the-administrator"
TEXT = "the content nobody may log"

NOW = 1_750_000_000_123
MEASURED = ("accept_seconds", "submit_seconds", "receipt_seconds", "store_commit_seconds")


class FakeIntake:
    def __init__(self, messages: "FakeMessages") -> None:
        self.messages = messages
        self.remembered: dict[tuple[str, str], tuple[bytes, Answer]] = {}
        self.running: set[tuple[str, str]] = set()
        self.refuse_all: Refusal | None = None
        self.breaks: Exception | None = None
        self.numbers = itertools.count(1)
        self.quotas: dict[str, Quota] = {}
        self.lost: StoreUnavailable | None = None

    def quota(self, account):
        return self.quotas.get(account.name)

    looks_up = False

    async def look_up(self, account, submits):
        return {}

    def keep(self, account, prepared, done):
        for message in prepared.messages:
            self.messages.stored[message.id] = message
        asyncio.get_running_loop().call_soon(done, self.lost)

    def prepare(self, account, submits, answers):
        if self.breaks is not None:
            raise self.breaks
        if self.refuse_all is not None:
            raise self.refuse_all
        return [self.judge(account, submit) for submit in submits]

    def judge(self, account, submit):
        # The reference asks for the refusal: the fake has no opinion of its own.
        if submit.reference is not None and submit.reference.startswith("refuse:"):
            return Refusal(submit.reference.removeprefix("refuse:"), "as was asked for", "to")
        return Message(
            id=str(UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 + next(self.numbers))),
            account=account.name,
            to=submit.to,
            created_at=NOW,
            sender=submit.sender,
            text=submit.text,
            data=submit.data,
            udh=submit.udh,
            reference=submit.reference,
            traffic_class=submit.traffic_class,
            channel=submit.channel,
            options=submit.options,
            network=Network("624", "01", None),
            cost=Money(Decimal("0.0200"), "XAF"),
            state=State.SCHEDULED if submit.send_at else State.QUEUED,
        )

    async def answer(self, account, key, digest, make):
        place = (account.name, key)
        if key is not None:
            if place in self.running:
                raise Refusal("idempotency_in_progress", "the first request is not answered yet")
            if place in self.remembered:
                known, answer = self.remembered[place]
                if known != digest:
                    raise Refusal("idempotency_mismatch", "another request had this key", "Idempotency-Key")
                return msgspec.structs.replace(answer, replayed=True)
        prepared = await make()
        for message in prepared.messages:
            self.messages.stored[message.id] = message
        answer = Answer(prepared.status, prepared.body, False)
        if key is not None:
            self.remembered[place] = (digest, answer)
        return answer


class FakeMessages:
    def __init__(self) -> None:
        self.stored: dict[str, Message] = {}
        self.queries = []
        self.broken = False

    async def find(self, account, id):
        if self.broken:
            raise StoreUnavailable
        message = self.stored.get(id)
        return message if message is not None and message.account == account else None

    async def list(self, query):
        self.queries.append(query)
        found = [
            one
            for one in sorted(self.stored.values(), key=lambda one: one.id, reverse=True)
            if one.account == query.account
            and query.state in (None, one.state)
            and query.to in (None, one.to)
            and query.sender in (None, one.sender)
            and query.reference in (None, one.reference)
            and (query.after is None or one.created_at > query.after)
            and (query.before is None or one.created_at < query.before)
            and (query.cursor is None or one.id < query.cursor)
        ]
        return found[: query.limit]

    async def cancel(self, account, id):
        message = await self.find(account, id)
        if message is None:
            raise Refusal("not_found", "there is no such message")
        if message.state in FINAL or message.state is State.SUBMITTED:
            raise Refusal("too_late", "it has gone already")
        message.state = State.CANCELLED
        return message

    async def convert(self, account, id, at):
        message = await self.find(account, id)
        if message is None:
            raise Refusal("not_found", "there is no such message")
        if message.submitted_at is None:
            raise Refusal("not_submitted", "no operator has it")
        message.converted_at = message.converted_at or at or NOW
        return message


class FakeOversight:
    def __init__(self, messages: FakeMessages, feed: "FakeFeed") -> None:
        self._messages = messages
        self._feed = feed

    async def search(self, query):
        numbered = enumerate(sorted(self._messages.stored.values(), key=lambda one: one.id), 1)
        found = [
            (number, one)
            for number, one in reversed(list(numbered))
            if (query.before is None or number < query.before)
            and query.account in (None, one.account)
            and query.id in (None, one.id)
            and query.to in (None, one.to)
            and query.reference in (None, one.reference)
            and query.state in (None, one.state)
        ]
        page = found[: query.limit]
        return MessagesFound([one for _, one in page], page[-1][0] if found[query.limit :] else None)

    async def find(self, id):
        return self._messages.stored.get(id)

    async def events_of(self, message):
        return [one for one in self._feed.events if one.account == message.account]


class FakeFeed:
    def __init__(self) -> None:
        self.events: list[LoggedEvent] = []
        self.changed = asyncio.Condition()

    async def add(self, count: int = 1, account: str = "acme") -> None:
        async with self.changed:
            for _ in range(count):
                seq = len(self.events) + 1
                payload = (
                    b'{"id":"e%d","seq":%d,"type":"message.delivered","time":"2030-01-01T00:00:00Z","message_id":"m",'
                    b'"from":null,"to":"+237670000001","operator":"mtn-cm","error":null}' % (seq, seq)
                )
                self.events.append(LoggedEvent(account, seq, "message.delivered", NOW, payload))
            self.changed.notify_all()

    async def read(self, account, after, limit, wait):
        def found():
            return [one for one in self.events if one.account == account and one.seq > after][:limit]

        if wait:
            try:
                async with asyncio.timeout(wait), self.changed:
                    await self.changed.wait_for(found)
            except TimeoutError:
                pass
        return found()


class FakePreview:
    def __init__(self) -> None:
        self.queries = []
        self.quality = UNSET

    async def look_up(self, account, query):
        return query

    def segment(self, account, query):
        self.queries.append(query.route)
        if query.operator not in (None, "mtn-cm"):
            raise Refusal("invalid_request", "there is no such operator", "operator")
        units = len(query.text)
        return SegmentationView("gsm7", None, 1, units, 160, [PartView(query.text, units)])

    def route(self, account, query):
        self.queries.append(query)
        if not query.to.startswith("+237"):
            raise Refusal("unroutable", "no operator reaches this number", "to")
        cost = Money(Decimal("0.0200"), "XAF")
        candidate = Candidate("mtn-cm", "237", cost, cost, 1, False, "paused", quality=self.quality)
        return Decision(None, Network("624", "01", None), query.plan or account.plan, None, (candidate,))

    def coverage(self, country, plan, at):
        if country != "CM":
            raise Refusal("invalid_request", "there is no such country", "country")
        cost = Money(Decimal("0.0200"), "XAF")
        prices = PriceRange(cost, cost)
        network = NetworkCoverage(Network("624", "01", "MTN"), 2, prices, prices)
        return Coverage(country, plan, [OperatorCoverage("mtn-cm", "sms", [network])])


class FakeControl:
    def __init__(self) -> None:
        self.state = "running"
        self.errors: list[tuple[str, int, str]] = []
        self.version = 3
        self.rolled_back_to: int | None = None
        self.not_kept: str | None = None
        self.flags: list[ReceiptFlag] = []

    def operators(self):
        bind = BindView("mtn-cm/1", "bound_trx", 10, 3, None, NOW)
        return [
            OperatorView(
                "mtn-cm",
                "sms",
                "smpp",
                self.state,
                [bind],
                10,
                3,
                100.0,
                1.0,
                {"otp": 0, "transactional": 7},
                1.5,
                receipt_flags=self.flags,
            )
        ]

    def _set(self, name, state):
        if name != "mtn-cm":
            raise Refusal("not_found", f"there is no operator {name!r}")
        self.state = state
        return self.operators()[0]

    def pause(self, name):
        return self._set(name, "paused")

    def resume(self, name):
        return self._set(name, "running")

    def drain(self, name):
        return self._set(name, "draining")

    async def reload(self, version=None):
        if self.errors:
            raise InvalidConfig(self.errors)
        if version not in (None, 2):
            raise Refusal("not_found", f"version {version} is not kept; there is 2", "version")
        self.rolled_back_to = version
        changed = Change("link.password", None, None, True)
        named = Named(["new-cm"], [], [Changed("mtn-cm", [changed])])
        price = PriceChange("237", None, Money(Decimal("0.0200"), "XAF"))
        none = Named([], [], [])
        found = Difference(
            named, ["mtn-cm"], [PriceChanges("mtn-cm", 7, 0, 0, [price])], none, RuleChanges([], []), none, [], [], []
        )
        return ReloadView(**structs.asdict(self.plan()) | {"difference": found}, not_kept=self.not_kept)

    def plan(self):
        kept = [KeptPlan(self.version, 1, datetime(2027, 1, 1, tzinfo=UTC), "start")]
        return PlanView(self.version, ["mtn-cm"], 1, ["default"], 0, 1, "XAF", self.rolled_back_to, kept)


class FakeOptOuts:
    def __init__(self) -> None:
        self.numbers: set[str] = set()

    async def unsubscribe(self, account, number):
        return self._set(account, number, self.numbers.add)

    async def subscribe(self, account, number):
        return self._set(account, number, self.numbers.discard)

    def page(self, account, after, limit):
        self._check(account)
        if after is not None and not after.startswith("+"):
            raise Refusal("invalid_request", "no number", "after")
        left = sorted(number for number in self.numbers if number > (after or ""))
        return OptedOut(account, len(self.numbers), left[:limit], left[limit - 1] if left[limit:] else None)

    def _check(self, account):
        if account != "acme":
            raise Refusal("not_found", f"there is no account {account!r}")

    def _set(self, account, number, change):
        self._check(account)
        if not number.startswith("+237"):
            raise Refusal("invalid_number", "no number", "number")
        change(number)
        return Subscription(account, number, number not in self.numbers)


class FakeEntries:
    """What a wallet needs of a store, in a list."""

    healthy = True

    def __init__(self) -> None:
        self.written = []

    async def pay(self, entry, answer, since):
        self.written.append(structs.replace(entry, no=len(self.written) + 1))

    async def entries(self, account, before, limit):
        if not self.healthy:
            raise StoreUnavailable
        mine = [one for one in reversed(self.written) if one.account == account and one.no < (before or 2**63)]
        return mine[:limit]


def wallets_of(*accounts):
    """The wallets of these accounts as the engine keeps them, over a list."""
    running = SimpleNamespace(plan=SimpleNamespace(accounts={one.name: one for one in accounts}))
    return Wallets(FakeEntries(), running, SimpleNamespace(now=lambda: NOW), {})


class FakeGroups:
    """Lists of acme: one, of number 7."""

    def __init__(self) -> None:
        self.made = [Group(1, "acme", "Customers", NOW, NOW, 7)]

    async def add(self, group):
        number = group.number or group.no
        if number in [one.number for one in self.made]:
            raise Refusal("number_taken", "the account has one with this id already", "id")
        self.made.append(structs.replace(group, number=number))
        return self.made[-1]

    async def numbered(self, account, numbers):
        return {one.number: one for one in self.made if one.account == account and one.number in numbers}


class FakeContacts:
    def __init__(self) -> None:
        self.there: dict[str, Contact] = {}

    async def put(self, group, contacts, by):
        before = len(self.there)
        for contact in contacts:
            self.there.setdefault(contact.number, contact)
        return len(self.there) - before


class FakeBook:
    def __init__(self) -> None:
        self.groups = self.templates = FakeGroups()
        self.contacts = FakeContacts()
        self.numbers = itertools.count(100)

    def next_no(self):
        return next(self.numbers)


def directory_of(*accounts):
    """What accounts keep with us, over lists."""
    running = SimpleNamespace(plan=SimpleNamespace(accounts={one: Account(one, None, "XAF") for one in accounts}))
    return Directory(FakeBook(), running, FakeOptOuts(), SimpleNamespace(now=lambda: NOW))


class FakeAudit:
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def note(self, who, action, subject, outcome="done"):
        self.entries.append(AuditEntry(NOW, who, action, subject, outcome, len(self.entries) + 1))

    async def noted(self) -> None: ...

    async def read(self, after, limit, before=None):
        if before is not None:
            return [one for one in reversed(self.entries) if one.seq < before][:limit]
        return self.entries[after : after + limit]


class FakeMetrics:
    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.accepts: list[float] = []
        self.callbacks: list[tuple[str, str]] = []

    def callback(self, operator, result):
        self.callbacks.append((operator, result))

    def refused(self, code):
        self.refusals.append(code)

    def accept_seconds(self, seconds):
        self.accepts.append(seconds)


class Engine:
    """All the fakes together, with the tokens that open them."""

    def __init__(self) -> None:
        self.messages = FakeMessages()
        self.intake = FakeIntake(self.messages)
        self.feed = FakeFeed()
        self.preview = FakePreview()
        self.control = FakeControl()
        self.audit = FakeAudit()
        self.oversight = FakeOversight(self.messages, self.feed)
        self.opt_outs = FakeOptOuts()
        self.wallets = wallets_of(Account("acme", None, "XAF", wallet="prepaid"), Account("other", None, "XAF"))
        self.directory = directory_of("acme", "other")
        self.metrics = FakeMetrics()
        self.counted = {
            "messages_accepted_total": {("acme", "sms"): 7},
            "messages_refused_total": {("too_long",): 1},
            "parts_submitted_total": {("mtn-cm", "accepted"): 5},
            "messages_final_total": {("mtn-cm", "delivered"): 4},
            "receipts_total": {("mtn-cm", "matched"): 4},
            "spend_total": {("mtn-cm", "XAF"): 0.1},
        }
        self.callbacks = {}
        self.sick: str | None = None
        accounts = {
            TOKEN: Account("acme", None, "XAF"),
            OTHER_TOKEN: Account("other", None, "XAF"),
            SUSPENDED_TOKEN: Account("late-payer", None, "XAF", status="suspended"),
        }
        self.accounts = {hashlib.sha256(token.encode()).digest(): account for token, account in accounts.items()}
        self.admin = hashlib.sha256(ADMIN_TOKEN.encode()).digest()

    def account_of(self, token):
        return self.accounts.get(hashlib.sha256(token.encode()).digest())

    def replay(self, account, after):
        if account != "acme":
            raise Refusal("not_found", "there is no such account with a webhook")
        if after is not None and after > len(self.feed.events):
            raise Refusal("invalid_request", "a replay goes back", "after")
        start = 0 if after is None else after
        return start, len(self.feed.events) - start

    def webhook_of(self, account):
        return WebhookView(1, len(self.feed.events), False, frozenset({"message.delivered"}))

    def reading(self):
        counts = {name: {} for name in self.counted}
        for name, labels in self.counted.items():
            counts[name] = dict(labels)
        measured = {name: Measured((1.0, 2.0), {(): [1, 1, 0, 2.0]}) for name in MEASURED}
        return Reading(counts, measured, [GaugeSample("plan_version", (), 3)])

    def services(self) -> Services:
        return Services(
            intake=self.intake,
            messages=self.messages,
            oversight=self.oversight,
            feed=self.feed,
            preview=self.preview,
            control=self.control,
            audit=self.audit,
            replay=self.replay,
            webhook_of=self.webhook_of,
            opt_outs=self.opt_outs,
            wallets=self.wallets,
            directory=self.directory,
            metrics=self.metrics,
            ready=lambda: self.sick,
            account_of=self.account_of,
            accounts=self.accounts.values,
            account_named={account.name: account for account in self.accounts.values()}.get,
            admin_key=lambda: self.admin,
            callbacks_of=self.callbacks.get,
            is_admin=lambda token: hashlib.sha256(token.encode()).digest() == self.admin,
            metrics_text=lambda: b"carrier_router_plan_version 3.0\n",
            reading=self.reading,
        )


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z")
