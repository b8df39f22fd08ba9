"""The way in: check, normalise, route, segment, price; then make durable, then answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct

from router.account import Account
from router.address import is_email
from router.engine.choosing import Chooser
from router.engine.dispatch import Dispatcher
from router.engine.gate import Gate
from router.engine.ids import Ids
from router.engine.ledger import Ledger, resolve
from router.engine.limits import Meter, Quota
from router.engine.lookups import NO_ANSWERS, Answers, Lookups
from router.engine.opt_outs import OptOuts
from router.engine.preparing import INTERNAL, Preparer, Via
from router.engine.running import Running
from router.engine.wallets import Wallets
from router.message import Message, State
from router.ports.clock import Clock
from router.ports.store import KEYS_KEPT, Remembered, Rider, StoreUnavailable
from router.ports.watching import Metrics
from router.refusal import Refusal
from router.submit import Submit
from router.wallet import Entry

# How long a second request with an Idempotency-Key waits for the first one's answer.
_PATIENCE = 10.0
_OPEN = (State.QUEUED, State.SCHEDULED)

Done = Callable[[StoreUnavailable | None], None]


class Prepared(Struct, gc=False):
    """Messages of one account, ready to be made durable, and the answer that says so. `reference` and `detail` are
    those of the entry in the account's wallet; the reference is the id of a single message where none is given.
    `riders` are written with the messages or not at all."""

    messages: list[Message]
    status: int
    body: bytes
    reference: str | None = None
    detail: str = ""
    riders: Sequence[Rider] = ()


class Answer(Struct, frozen=True, gc=False):
    status: int
    body: bytes
    replayed: bool


class Intake:
    """Takes messages from accounts. What it has answered with is on disk."""

    def __init__(
        self,
        ledger: Ledger,
        running: Running,
        chooser: Chooser,
        dispatcher: Dispatcher,
        clock: Clock,
        metrics: Metrics,
        ids: Ids,
        lookups: Lookups,
        opt_outs: OptOuts,
        wallets: Wallets,
    ) -> None:
        self._ledger = ledger
        self._running = running
        self._dispatcher = dispatcher
        self._clock = clock
        self._metrics = metrics
        self._lookups = lookups
        self._wallets = wallets
        self._gate = Gate()
        self._preparer = Preparer(running, chooser, clock, ids, lookups, opt_outs, self._gate)
        self._meters: dict[str, Meter] = {}
        self._answering: dict[tuple[str, str], asyncio.Future[None]] = {}

    async def look_up(self, account: Account, submits: Sequence[Submit]) -> Answers:
        """What has to be waited for before `prepare`, which takes it; nothing for what that would refuse anyway."""
        if not self._lookups.waits:
            return NO_ANSWERS
        now = self._clock.monotonic()
        try:
            self._check_request(account, len(submits))
        except Refusal:
            return NO_ANSWERS
        if account.rate is not None and not self._meter(account).has(len(submits), now):
            return NO_ANSWERS
        broke = self._wallets.available(account.name) == 0
        request = self._preparer.request(account, NO_ANSWERS, None, INTERNAL)
        numbers = []
        for submit in submits:
            try:
                to, terms = self._preparer.check(request, submit)
                if account.guards is not None:
                    self._gate.check(account.guards, account.name, to, submit, now)
            except Refusal:
                continue
            price = terms.prices.longest(to[1:]) if terms.prices is not None else None
            if is_email(to) or (broke and price is not None and price.amount > 0):
                continue
            rule = terms.rule(to[1:])
            if rule is None or rule.refuse is None:
                numbers.append(to)
        return await self._lookups.ask(numbers)

    def prepare(
        self, account: Account, submits: Sequence[Submit], answers: Answers = NO_ANSWERS, via: Via = INTERNAL
    ) -> list[Message | Refusal]:
        """A message or the reason for its refusal, for each submit in order; the numbers (`no`) of the messages have no
        other's between them. Nothing is kept or charged yet; what the account's wallet cannot pay, after the messages
        before it, is refused with `insufficient_credit`. That holds only while nothing is awaited between this and
        `keep`, or the end of the `make` that calls it: the wallet is then as found.

        Raises Refusal where the whole request is refused: `forbidden`, `store_unavailable`, `queue_full`,
        `rate_limited`.
        """
        self._check_request(account, len(submits))
        if account.rate is not None:
            self._meter(account).take(len(submits), self._clock.monotonic())
        purse = self._wallets.purse(account) if account.wallet != "off" else None
        request = self._preparer.request(account, answers, purse, via)
        prepare = self._preparer.message
        prepared: list[Message | Refusal] = []
        messages: list[Message] = []
        for submit in submits:
            try:
                message = prepare(request, submit)
            except Refusal as refusal:
                prepared.append(refusal)
                continue
            if purse is not None:
                purse.pay(message)
            prepared.append(message)
            messages.append(message)
        self._ledger.number(messages)
        return prepared

    def discard(self, messages: Sequence[Message]) -> None:
        """Messages that were prepared are not accepted after all: sent later, they are no duplicates."""
        self._gate.take_back(messages)

    def _check_request(self, account: Account, count: int) -> None:
        if account.status != "active":
            raise Refusal("forbidden", f"the account is {account.status}")
        if not self._ledger.store.healthy:
            raise Refusal("store_unavailable", "messages cannot be stored at the moment; try again", retry_after=1)
        if self._ledger.open + count > self._running.plan.settings.limits.queued:
            raise Refusal("queue_full", f"{self._ledger.open} messages wait already; try again later", retry_after=5)

    @property
    def looks_up(self) -> bool:
        """Whether `look_up` may have to wait for somebody."""
        return self._lookups.waits

    @property
    def waiting(self) -> int:
        """How many messages are accepted and not given to an operator yet, of all accounts."""
        return self._ledger.open

    def quota(self, account: Account) -> Quota | None:
        """What the account may submit now, None where it has no limit."""
        if account.rate is None:
            return None
        return self._meter(account).quota(self._clock.monotonic())

    async def answer(
        self,
        account: Account,
        key: str | None,
        digest: bytes,
        make: Callable[[], Awaitable[Prepared]],
        patience: float = _PATIENCE,
    ) -> Answer:
        """Make durable what `make` prepares, then give its answer; the same key and digest give the first answer again,
        which is waited for `patience` seconds at most.

        Raises Refusal: what `make` raises, `store_unavailable`, `idempotency_mismatch`, `idempotency_in_progress`;
        `insufficient_credit` where `make` awaited something after `prepare` and the wallet was emptied meanwhile.
        """
        stored: asyncio.Future[StoreUnavailable | None] = asyncio.get_running_loop().create_future()
        done = partial(resolve, stored)
        if key is None:
            prepared = await make()
            self.keep(account, prepared, done)
            # Whoever stops waiting cancels a future that nobody else waits for.
            if await stored is not None:
                raise unavailable()
            return Answer(prepared.status, prepared.body, False)
        slot = (account.name, key)
        deadline = self._clock.monotonic() + patience
        while (first := self._answering.get(slot)) is not None:
            try:
                async with asyncio.timeout(deadline - self._clock.monotonic()):
                    await asyncio.shield(first)
            except TimeoutError:
                detail = "the first request with this Idempotency-Key is not answered yet; try again"
                raise Refusal("idempotency_in_progress", detail, retry_after=1) from None
        mine = self._answering[slot] = asyncio.get_running_loop().create_future()
        begun = False
        try:
            known = await self._known(account, key, digest)
            if known is not None:
                return known
            prepared = await make()
            answer = Remembered(account.name, key, digest, prepared.status, prepared.body, self._clock.now())
            self.keep(account, prepared, done, answer)
            begun = True
            if await asyncio.shield(stored) is not None:
                raise unavailable()
            return Answer(prepared.status, prepared.body, False)
        finally:
            free = partial(self._free, slot, mine)
            # Also when nobody waits for the answer any more, the key is taken until it is on disk or nowhere.
            if begun and not stored.done():
                stored.add_done_callback(free)
            else:
                free()

    def _free(self, slot: tuple[str, str], mine: asyncio.Future[None], stored: object = None) -> None:
        del self._answering[slot]
        mine.set_result(None)

    async def _known(self, account: Account, key: str, digest: bytes) -> Answer | None:
        """The first answer to this key, where there is one."""
        try:
            known = await self._ledger.store.recall(account.name, key)
        except StoreUnavailable:
            raise unavailable() from None
        if known is None or known.at <= self._clock.now() - KEYS_KEPT:
            return None
        if known.digest != digest:
            detail = "this Idempotency-Key was used for another request; take a new key for a new request"
            raise Refusal("idempotency_mismatch", detail)
        return Answer(known.status, known.body, True)

    def keep(self, account: Account, prepared: Prepared, done: Done, remembered: Remembered | None = None) -> None:
        """Give what was prepared, and nothing awaited since, to the store and to the queues; `done` is called once it
        is on disk, or is not. Raises Refusal `insufficient_credit`; then nothing was given."""
        messages = prepared.messages
        if not messages and remembered is None and not prepared.riders:
            done(None)
            return
        debit = self._debit(account, prepared) if account.wallet != "off" else None
        self._ledger.enrol(messages)
        stored = partial(self._stored, account.name, messages, done)
        self._ledger.store.accept(messages, remembered, stored, debit, prepared.riders)
        self._dispatcher.take(messages)

    def _debit(self, account: Account, prepared: Prepared) -> Entry | None:
        """Take what the messages cost together. Raises Refusal `insufficient_credit`."""
        messages = prepared.messages
        charged = sum(message.charged for message in messages)
        if not charged:
            return None
        reference = messages[0].id if prepared.reference is None and len(messages) == 1 else prepared.reference
        return self._wallets.take(account.name, charged, reference, prepared.detail)

    def _stored(self, account: str, messages: list[Message], done: Done, error: StoreUnavailable | None) -> None:
        """The store has them, or nobody has: also when the request is not waited for any more."""
        if error is not None:
            self._lost(messages)
        done(error)
        if error is None:
            counts: dict[str, int] = {}
            for message in messages:
                counts[message.channel] = counts.get(message.channel, 0) + 1
            for channel, count in counts.items():
                self._metrics.accepted(account, channel, count)

    def _lost(self, messages: list[Message]) -> None:
        """They were not stored: nobody has taken them."""
        for message in messages:
            if message.state in _OPEN:
                self._ledger.open -= 1
            if message.charged:
                self._wallets.give_back(message.account, message.charged - message.refunded)
                message.charged = message.refunded = 0
            # Whoever still holds it will leave it alone.
            message.state = State.FAILED
            self._ledger.active.pop(message.no, None)
        self._gate.take_back(messages)

    def _meter(self, account: Account) -> Meter:
        assert account.rate is not None
        meter = self._meters.get(account.name)
        if meter is None or meter.limit != account.rate:
            meter = self._meters[account.name] = Meter(account.rate)
        return meter


def unavailable() -> Refusal:
    """What is said where the store did not take it."""
    return Refusal("store_unavailable", "the message could not be stored and was not taken; try again", retry_after=1)
