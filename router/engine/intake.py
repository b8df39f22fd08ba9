"""The way in: check, normalise, route, segment, price; then make durable, then answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct

from router.account import Account
from router.address import digits, is_email
from router.engine.choosing import Chooser
from router.engine.dispatch import Dispatcher
from router.engine.gate import Gate
from router.engine.ids import Ids
from router.engine.ledger import Ledger, resolve
from router.engine.limits import Meter, Quota
from router.engine.lookups import NO_ANSWERS, Answers, Lookups
from router.engine.opt_outs import OptOuts
from router.engine.running import Running
from router.engine.senders import sender_for
from router.engine.wallets import Purse, Wallets
from router.message import Encoding, Message, State
from router.ports.clock import Clock
from router.ports.store import KEYS_KEPT, Remembered, Rider, StoreUnavailable
from router.ports.watching import Metrics
from router.refusal import Refusal
from router.routing.guards import OPTED_OUT, QUIET_HOURS, check_destination, quiet_until
from router.routing.plan import network_of
from router.routing.rates import NetworkCode
from router.routing.recipient import EMAIL, recipient
from router.routing.route import matching_rule
from router.routing.terms import Terms
from router.submit import Channel, Submit
from router.text.email import email_of
from router.wallet import Entry, Tariff

# How long a second request with an Idempotency-Key waits for the first one's answer.
_PATIENCE = 10.0
# Looking a member up in its enumeration takes longer than all that is done with it here.
_QUEUED, _SCHEDULED = State.QUEUED, State.SCHEDULED
_OPEN = (_QUEUED, _SCHEDULED)
_GSM7 = Encoding.GSM7
_CHANNELS = {channel: channel.value for channel in Channel}

Stored = asyncio.Future[StoreUnavailable | None]


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


class Via(Struct, frozen=True, gc=False):
    """The public API that a request came by (None: the internal one), what it charges, and whether what it says is to
    be kept no longer than needed (a one-time code). `parts` is how many parts the longest text that the API allows can
    have: limits.message_parts does not go below that."""

    origin: str | None = None
    tariff: Tariff = Tariff.PRICE
    confidential: bool = False
    parts: int = 0


_INTERNAL = Via()


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
        self._chooser = chooser
        self._dispatcher = dispatcher
        self._clock = clock
        self._metrics = metrics
        self._ids = ids
        self._lookups = lookups
        self._opt_outs = opt_outs
        self._wallets = wallets
        self._gate = Gate()
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
        numbers = []
        for submit in submits:
            try:
                to, sender = self._check(account, submit)
                if account.guards is not None:
                    self._gate.check(account.guards, account.name, to, submit, now)
            except Refusal:
                continue
            if broke and self._has_price(account, to, submit):
                continue
            rule = matching_rule(self._running.plan.rules, digits(to), sender, submit.traffic_class)
            if not is_email(to) and (rule is None or rule.refuse is None):
                numbers.append(to)
        return await self._lookups.ask(numbers)

    def _has_price(self, account: Account, to: str, submit: Submit) -> bool:
        price = self._running.plan.price(account.name, digits(to), submit.traffic_class, submit.channel.value)
        return price is not None and price.amount > 0

    def prepare(
        self, account: Account, submits: Sequence[Submit], answers: Answers = NO_ANSWERS, via: Via = _INTERNAL
    ) -> list[Message | Refusal]:
        """A message or the reason for its refusal, for each submit in order; the numbers (`no`) of the messages have no
        other's between them. Nothing is kept or charged yet; what the account's wallet cannot pay, after the messages
        before it, is refused with `insufficient_credit`. That holds only while nothing is awaited between this and the
        end of the `make` that calls it: the wallet is then as found.

        Raises Refusal where the whole request is refused: `forbidden`, `store_unavailable`, `queue_full`,
        `rate_limited`.
        """
        self._check_request(account, len(submits))
        if account.rate is not None:
            self._meter(account).take(len(submits), self._clock.monotonic())
        now = self._clock.now()
        purse = self._wallets.purse(account) if account.wallet != "off" else None
        prepared: list[Message | Refusal] = []
        for submit in submits:
            try:
                message = self._message(account, submit, now, answers, purse, via)
            except Refusal as refusal:
                prepared.append(refusal)
                continue
            if purse is not None:
                purse.pay(message)
            prepared.append(message)
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

    def _check(self, account: Account, submit: Submit) -> tuple[str, str | None]:
        """Recipient and sender, normalised, of a message that nothing forbids, whatever network it would go to."""
        if (submit.text is None) == (submit.data is None):
            raise Refusal("invalid_request", "give exactly one of text and data", "text")
        if submit.udh is not None and submit.data is None:
            raise Refusal("invalid_request", "udh goes with data only", "udh")
        channel = _CHANNELS[submit.channel]
        if channel == EMAIL:
            _check_email(submit)
        plan = self._running.plan
        to = recipient(submit.to, channel, plan.settings.limits.numbers)
        sender = sender_for(account, submit.sender, channel)
        if account.guards is not None:
            check_destination(account.guards, plan, to)
        if self._opt_outs and self._opt_outs.refuses(account.name, to, submit.traffic_class):
            raise Refusal(OPTED_OUT, "this recipient does not want such messages from the account", "to")
        return to, sender

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
        if key is None:
            prepared = await make()
            # Whoever stops waiting cancels a future that nobody else waits for.
            if await self._begin(account, prepared, None) is not None:
                raise _unavailable()
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
        stored: Stored | None = None
        try:
            known = await self._known(account, key, digest)
            if known is not None:
                return known
            prepared = await make()
            answer = Remembered(account.name, key, digest, prepared.status, prepared.body, self._clock.now())
            stored = self._begin(account, prepared, answer)
            if await asyncio.shield(stored) is not None:
                raise _unavailable()
            return Answer(prepared.status, prepared.body, False)
        finally:
            free = partial(self._free, slot, mine)
            # Also when nobody waits for the answer any more, the key is taken until it is on disk or nowhere.
            if stored is None or stored.done():
                free()
            else:
                stored.add_done_callback(free)

    def _free(self, slot: tuple[str, str], mine: asyncio.Future[None], stored: Stored | None = None) -> None:
        del self._answering[slot]
        mine.set_result(None)

    async def _known(self, account: Account, key: str, digest: bytes) -> Answer | None:
        """The first answer to this key, where there is one."""
        try:
            known = await self._ledger.store.recall(account.name, key)
        except StoreUnavailable:
            raise _unavailable() from None
        if known is None or known.at <= self._clock.now() - KEYS_KEPT:
            return None
        if known.digest != digest:
            detail = "this Idempotency-Key was used for another request; take a new key for a new request"
            raise Refusal("idempotency_mismatch", detail)
        return Answer(known.status, known.body, True)

    def _message(
        self, account: Account, submit: Submit, now: int, answers: Answers, purse: Purse | None, via: Via
    ) -> Message:
        to, sender = self._check(account, submit)
        running = self._running
        plan = running.plan
        channel = _CHANNELS[submit.channel]
        send_at = None
        if submit.send_at is not None:
            send_at = round(submit.send_at.timestamp() * 1000)
            if send_at <= now:
                send_at = None
        # By position, in the order of the fields: a quarter of the cost of names.
        message = Message(
            self._ids.next(now),
            account.name,
            to,
            now,
            sender,
            None,
            submit.text,
            submit.data,
            submit.udh,
            submit.encoding,
            _GSM7,
            account.transliterate,
            False,
            1,
            0,
            0,
            submit.reference,
            submit.traffic_class,
            channel,
            send_at,
            None if submit.expires_in is None else (send_at or now) + submit.expires_in * 1000,
            submit.receipts,
            submit.plan,
            submit.max_price,
            submit.flash,
            submit.options,
            _QUEUED if send_at is None else _SCHEDULED,
        )
        if via is not _INTERNAL:
            message.origin, message.confidential = via.origin, via.confidential
        network = None
        if self._lookups.sources and channel != EMAIL:
            found = self._lookups.find(to, answers)
            if found is not None:
                network, message.looked_up = found
                if network is not None:
                    message.network = network_of(network, plan.network_names.get(network))
        terms = running.ranker.terms(account.name, channel, submit.traffic_class, sender, submit.plan)
        number = digits(to)
        price = None if terms.prices is None else terms.prices.longest(number)
        message.price = price
        self._route(message, terms, number, network, now, max(plan.settings.limits.message_parts, via.parts))
        if price is not None:
            message.price = price.times(message.segments)
        message.due_at = message.expires_at if send_at is None else send_at
        if plan.quiet is not None and (until := quiet_until(plan, message.traffic_class, message.to, send_at or now)):
            message.state = _SCHEDULED
            message.waiting_for = QUIET_HOURS
            message.due_at = until if message.expires_at is None else min(until, message.expires_at)
        if purse is not None:
            purse.charge(message, via.tariff)
        if account.guards is not None:
            # Last, for what is refused for another reason must not count.
            self._gate.admit(account.guards, message, self._clock.monotonic())
        message.no = self._ledger.next_no()
        return message

    def _route(
        self,
        message: Message,
        terms: Terms,
        number: str,
        network: NetworkCode | None,
        now: int,
        most_parts: int,
    ) -> None:
        running = self._running
        if message.max_price is not None and message.max_price.currency not in running.plan.settings.currencies:
            raise Refusal("invalid_request", f"no rate is known for {message.max_price.currency}", "max_price")
        ranking = running.ranker.rank(terms, number, network, now)
        chosen = self._chooser.choose(message, ranking, now, most_parts)
        if chosen is None:
            raise Refusal("unroutable", "the operators of this number are leaving the configuration", "to")
        candidate, cut = chosen
        self._chooser.assign(message, candidate, ranking, cut, now)

    def _begin(self, account: Account, prepared: Prepared, remembered: Remembered | None) -> Stored:
        """Give everything to the store and to the queues; the future tells once it is on disk, or is not."""
        stored: Stored = asyncio.get_running_loop().create_future()
        messages = prepared.messages
        if not messages and remembered is None and not prepared.riders:
            stored.set_result(None)
            return stored
        debit = self._debit(account, prepared) if account.wallet != "off" else None
        self._ledger.enrol(messages)
        done = partial(self._stored, messages, stored)
        self._ledger.store.accept(messages, remembered, done, debit, prepared.riders)
        self._dispatcher.take(messages)
        return stored

    def _debit(self, account: Account, prepared: Prepared) -> Entry | None:
        """Take what the messages cost together. Raises Refusal `insufficient_credit`."""
        messages = prepared.messages
        charged = sum(message.charged for message in messages)
        if not charged:
            return None
        reference = messages[0].id if prepared.reference is None and len(messages) == 1 else prepared.reference
        return self._wallets.take(account.name, charged, reference, prepared.detail)

    def _stored(self, messages: list[Message], stored: Stored, error: StoreUnavailable | None) -> None:
        """The store has them, or nobody has: also when the request is not waited for any more."""
        resolve(stored, error)
        if error is None:
            for (account, channel), count in Counter([(one.account, one.channel) for one in messages]).items():
                self._metrics.accepted(account, channel, count)
            return
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


def _check_email(submit: Submit) -> None:
    if submit.text is None:
        raise Refusal("invalid_request", "an email has a text, not data", "data")
    email_of(submit.text, submit.options)


def _unavailable() -> Refusal:
    return Refusal("store_unavailable", "the message could not be stored and was not taken; try again", retry_after=1)
