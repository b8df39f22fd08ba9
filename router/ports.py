"""What the engine asks of the outside. The contracts stand here; adapters keep them."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol, TypeVarTuple, Unpack, runtime_checkable

from msgspec import Struct

from router.audit import AuditEntry
from router.event import LoggedEvent
from router.inbound import Inbound, LongMessage, Piece
from router.message import Attempt, Message, Part, State
from router.operator import Operator
from router.outcome import Outcome
from router.receipt import Receipt
from router.settings import Settings
from router.text.segment import Segment
from router.wallet import Entry

Ts = TypeVarTuple("Ts")


class StoreUnavailable(Exception):
    """The store cannot write or read now; nothing of what was asked has been kept."""


class Clock(Protocol):
    def now(self) -> int:
        """Wall clock, milliseconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump."""


# --- store ---------------------------------------------------------------------------------------------------


KEYS_KEPT = 24 * 3_600_000
"""How long the answer to an Idempotency-Key is kept, in ms."""


class Remembered(Struct, frozen=True, gc=False):
    """The first answer to an Idempotency-Key; `digest` tells the same body from another. `at` in ms."""

    account: str
    key: str
    digest: bytes
    status: int
    body: bytes
    at: int


class MessageFilter(Struct, frozen=True, gc=False):
    """Which messages of one account to list, newest first; `after` and `before` bound created_at in ms (exclusive).

    `cursor` is the id of the last message of the page before.
    """

    account: str
    state: State | None = None
    to: str | None = None
    sender: str | None = None
    reference: str | None = None
    after: int | None = None
    before: int | None = None
    cursor: str | None = None
    limit: int = 50


class MessageSearch(Struct, frozen=True, gc=False):
    """Which messages of all accounts to look for, newest first; `before` is `next` of the page before."""

    id: str | None = None
    account: str | None = None
    to: str | None = None
    reference: str | None = None
    state: State | None = None
    before: int | None = None
    limit: int = 50


class MessagesFound(NamedTuple):
    """One page of a search; `next` is what to give as `before` to look on, None when all has been looked at."""

    messages: list[Message]
    next: int | None


Rider = Callable[[Any], None]
"""A write that the gateway domain's Book makes and the Store does in its own transaction; what it takes is theirs."""


class Lane(Struct, frozen=True, gc=False):
    """One line of the queue: all that waits for one operator, of one class (rank 0 first), of one account."""

    operator: str
    rank: int
    account: str


class LaneBacklog(Struct, frozen=True, gc=False):
    lane: Lane
    count: int


class Spent(Struct, frozen=True, gc=False):
    """What an operator was given on one day (ISO date in its caps' zone): parts, and their cost in its currency."""

    operator: str
    day: str
    parts: int
    spend: Decimal


class Recovery(Struct, frozen=True, gc=False):
    """What a start finds. `open_messages` counts all that are queued or scheduled; `unsettled` are the messages
    with an attempt that has no outcome, or whose outcome is unknown and not yet resolved. `joinable` are the long
    messages from handsets that may have all their pieces, `oldest_piece` is when the first of all pieces came (ms),
    `last_piece` the greatest id of a piece. `opted_out` holds for each account the keys on its opt-out list,
    sorted; `wallets` is what each account has, in nano."""

    last_no: int
    last_position: int
    last_seqs: dict[str, int]
    open_messages: int
    lanes: list[LaneBacklog]
    next_due: int | None
    unsettled: list[Message]
    parked: list[Receipt]
    cursors: dict[str, int]
    joinable: list[LongMessage] = []
    oldest_piece: int | None = None
    last_piece: str | None = None
    spent: list[Spent] = []
    opted_out: "dict[str, array[int]]" = {}
    wallets: dict[str, int] = {}


class Store(Protocol):
    """Durable state behind one ordered writer.

    The write calls are synchronous and only add to the open batch; the store commits it as one transaction within
    a few milliseconds, in the order of the calls, and then runs the callbacks of `after_commit` in their order.
    A batch holds references: a message is written as it stands when its batch is cut.
    When a commit fails, everything but `accept` is kept and tried again until it succeeds, in order; callbacks wait.
    Reads see what is committed. A message stays referenced until every read that began before its commit has been
    answered, so whoever holds messages weakly still finds the one that is newer than such an answer.
    All ids, keys and positions are given by the caller; to, sender, reference and class of a message do not change.
    """

    async def open(self) -> Recovery:
        """Create or migrate, then say what is there. Raises StoreUnavailable, also for a schema newer than ours."""

    async def close(self) -> None:
        """Commit what is open, then close."""

    @property
    def healthy(self) -> bool:
        """False from a failed commit until one succeeds."""

    def accept(
        self,
        messages: Sequence[Message],
        remembered: Remembered | None,
        done: Callable[[StoreUnavailable | None], None],
        debit: Entry | None = None,
        riders: Sequence[Rider] = (),
    ) -> None:
        """Insert new messages, all or none, with the answer to remember, what they cost their account and what rides
        with them. `done` runs after the commit (before the batch's `after_commit` callbacks), or with the error, and
        then nothing of them was kept and no other write of this batch concerns them any more."""

    def enter(self, entry: Entry, message: Message | None = None) -> None:
        """Add to the account's wallet. With the message that it is about, which says itself what it has paid: both are
        on disk at the same moment, and where the message is not kept (see `accept`) the entry is not either."""

    async def pay(self, entry: Entry, answer: Remembered | None, since: int) -> Remembered | None:
        """Add to the account's wallet, with the answer to remember, both or neither. Where that answer's key has one
        from after `since` (ms) nothing is added, and the one it has is given. Raises StoreUnavailable."""

    def save(self, message: Message) -> None:
        """Write an existing message (also one accepted in the same batch) anew."""

    def claim(self, message: Message) -> None:
        """As `save`, where nothing was changed since it was stored but `parts`, `waiting_for` and `slow_at`: this costs
        less than half."""

    def link(self, operator: str, key: str, message: Message, at: int) -> None:
        """Remember that a receipt of `operator` for correlation key `key` is about `message`."""

    def append(self, event: LoggedEvent) -> None:
        """Add to the account's log."""

    def park(self, receipt: Receipt) -> None:
        """Keep a receipt that matched nothing yet."""

    def unpark(self, receipt: Receipt) -> None:
        """Forget a parked receipt (equal by value)."""

    def keep(self, piece: Piece) -> None:
        """Keep a piece of a long message from a handset until it is dropped."""

    def drop(self, pieces: Sequence[Piece], event: LoggedEvent | None = None) -> None:
        """Forget pieces; with the event they became, which in the same transaction goes to its account's log."""

    def move_cursor(self, reader: str, seq: int) -> None:
        """Remember how far a reader (an account's webhook) has come; never goes back."""

    def rewind(self, reader: str, seq: int) -> None:
        """Put a reader's cursor where someone wants it, which may be back; `move_cursor` goes on from there."""

    def audit(self, entry: AuditEntry) -> None:
        """Add to the record of control actions; the store gives the entry its seq, which only grows."""

    def spend(self, spent: Spent) -> None:
        """Keep what an operator was given, in place of what was kept of it before."""

    def opt_out(self, account: str, number: int, at: int) -> None:
        """Put a number (E.164 digits, or what stands for an address, below 2**63) on the account's opt-out list, at a
        time (ms); twice is once, the first time."""

    def opt_in(self, account: str, number: int) -> None:
        """Take a number off the account's opt-out list, where it is on it."""

    def listen(self, heard: Callable[[Sequence[LoggedEvent]], None]) -> None:
        """Have `heard` told all events, in order, as soon as they are on disk."""

    def after_commit(self, call: Callable[[Unpack[Ts]], None], *args: *Ts) -> None:
        """Run `call` with `args` once everything written so far is on disk."""

    async def find(self, account: str, message_id: str) -> Message | None: ...

    async def list_messages(self, query: MessageFilter) -> list[Message]:
        """At most `query.limit`, newest first."""

    async def search_messages(self, query: MessageSearch) -> MessagesFound:
        """At most `query.limit` of all accounts, newest first, by a bounded amount of work: where that is used up
        first, there may be fewer, or none, and `next` goes on where it ended."""

    async def find_linked(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Message]]:
        """For each (operator, correlation key) the messages linked to it, newest first; absent where none."""

    async def load_lane(self, lane: Lane, after: int, limit: int) -> list[Message]:
        """Messages with a position in this lane greater than `after`, in order of position."""

    async def load_due(self, now: int, limit: int) -> list[Message]:
        """Messages with due_at <= now, soonest first."""

    async def next_due(self) -> int | None:
        """The soonest due_at of all."""

    async def events(self, account: str, after: int, limit: int) -> list[LoggedEvent]:
        """Events with seq > after, in order."""

    async def pieces(self, messages: Sequence[LongMessage]) -> dict[LongMessage, list[Piece]]:
        """For each message the pieces kept of it, in the order of their ids; absent where none."""

    async def overdue(self, before: int, limit: int) -> list[LongMessage]:
        """Messages with a piece received at or before a time (ms), those first that have waited longest; at most
        `limit`, at least one if there is any."""

    async def oldest_piece(self) -> int | None:
        """When the piece was received that has waited longest, ms."""

    async def audited(self, after: int, limit: int) -> list[AuditEntry]:
        """Control actions with seq > after, in order."""

    async def last_audited(self, before: int, limit: int) -> list[AuditEntry]:
        """Control actions with seq < before, newest first."""

    async def entries(self, account: str, before: int | None, limit: int) -> list[Entry]:
        """The account's wallet, newest first; only with numbers below `before` where that is given."""

    async def recall(self, account: str, key: str) -> Remembered | None:
        """The remembered answer, however old."""

    async def purge(self, messages_before: int, events_before: int, text_before: int, keys_before: int) -> bool:
        """Take one small step of retention: delete messages that have ended (final, or submitted with nothing due)
        and their links, events (and control actions, as old), remembered answers and parked receipts older than the
        given times (ms), blank texts (and the options beside them) older than `text_before`; of the Book what handsets
        wrote before `text_before` and notices to webhooks from before `keys_before`. Entries of wallets older
        than `messages_before` become one `carried` for each account, so that their sum stays.
        True while there is more to do."""


# --- operators -----------------------------------------------------------------------------------------------


class Submission(Struct, gc=False):
    """One part on its way to an operator.

    `slot` is the gateway's own token for the window slot it holds; `sender` is what the recipient sees;
    `written_at` is the monotonic second of writing, set by the gateway.
    """

    message: Message
    part: Part
    attempt: Attempt
    segment: Segment
    slot: Any
    sender: str | None
    written_at: float = 0.0


class Reply(Struct, frozen=True, gc=False):
    """What an operator answered to a question: `done` when it did what it was asked; to a query its `receipt`."""

    done: bool
    receipt: Receipt | None = None


class Question(Struct, gc=False):
    """Something to ask an operator about a part that it has accepted, with the id of `attempt`.

    `answered` is called exactly once, with None where no usable answer came. `written_at` as of a Submission.
    """

    kind: Literal["query", "cancel"]
    message: Message
    attempt: Attempt
    sender: str | None
    answered: Callable[[Reply | None], None]
    written_at: float = 0.0


class BindView(Struct, frozen=True, gc=False):
    """One bind for people: `state` is connecting, bound_trx, bound_tx, bound_rx, waiting, refused (our credentials are)
    or closed; of a mail server also idle (connected when there is something to send), of an HTTP carrier also open, or
    paused (it asked us to wait). The rates are per second, over about the last ten."""

    id: str
    state: str
    window: int
    in_use: int
    last_error: str | None
    since: int
    submits_per_second: float = 0.0
    deliveries_per_second: float = 0.0


class LinkState(Struct, frozen=True, gc=False):
    """`up` while something can be submitted; `settled` once the first connection attempts, at the start or after a
    loss, have come to a result or have taken some seconds: then nothing waits for them any more."""

    up: bool
    settled: bool


class OperatorGateway(Protocol):
    """One operator's binds as one pool. Synchronous calls only buffer; bytes leave at the end of the loop turn."""

    operator: Operator

    async def start(self) -> None:
        """Begin to connect and keep the binds up; returns at once."""

    async def stop(self, timeout: float) -> None:
        """Take no more, wait for outstanding answers at most `timeout` seconds, unbind, close. What is still
        unanswered is settled as unknown before this returns."""

    def reconfigure(self, operator: Operator) -> None:
        """Take new settings of the same operator whose link did not change, from the next submission on."""

    def link(self) -> LinkState: ...

    def room(self) -> int:
        """Free window slots over all bound binds."""

    def reserve(self, like: Any | None = None) -> Any | None:
        """Take a free slot (of the least filled bind), or None. The slot is held until `release`.

        With `like`, a slot held before: one of the same bind, and None while that is full; of any where it is gone."""

    def release(self, slot: Any) -> None:
        """Give a slot back; a slot of a closed bind may be given back too."""

    def submit(self, submission: Submission) -> bool:
        """Write one part on its slot's bind. False when the bind is gone and nothing was written."""

    def ask(self, question: Question) -> bool:
        """Put a question. False when nobody can be asked now; then `answered` is not called."""

    def acknowledge(self, tokens: Sequence[Any], stored: bool) -> None:
        """Answer the operator for receipts or messages: stored, or temporarily not."""

    def views(self) -> list[BindView]: ...


class Callback(Struct, frozen=True, gc=False):
    """A request that came to /callbacks/{operator}. `secret` is the piece of the path behind the operator's name, ""
    for none; names of `headers` are in small letters; `peer` is the address of who sent it, `target` path and query as
    they were written."""

    method: str
    secret: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str
    target: str = ""


class CallbackReply(Struct, frozen=True, gc=False):
    """How it is answered. `results` are what it held, to be counted: receipt, inbound, ignored, challenge, forged,
    unreadable or not_stored."""

    status: int
    results: tuple[str, ...]
    body: bytes = b""
    media: str = "text/plain; charset=utf-8"


@runtime_checkable
class TakesCallbacks(Protocol):
    """A gateway whose operator sends receipts or messages by HTTP."""

    async def called(self, callback: Callback) -> CallbackReply:
        """Take one; what it holds is stored when this returns with a 200. One that does not show that it comes from the
        operator changes nothing. Raises nothing for what the other side sends."""


class OperatorSink(Protocol):
    """What an operator's gateway tells the engine. Every call is synchronous and returns quickly."""

    def settled(self, results: Sequence[tuple[Submission, Outcome]]) -> None:
        """The results of submissions that were written, in order; each comes exactly once, but a late answer to one
        settled as unknown may follow as `answered_late`. The slot stays held until the engine releases it."""

    def answered_late(self, submission: Submission, outcome: Outcome) -> None: ...

    def received(self, operator: str, receipts: Sequence[tuple[Receipt, Any]]) -> None:
        """Receipts in the order they came; each to be acknowledged with its token once it is stored."""

    def inbound(self, operator: str, message: Inbound, token: Any) -> None:
        """A message from a handset; to be acknowledged with the token once it is stored."""

    def link_changed(self, operator: str) -> None:
        """Binds came up or went down, or slots became free by that."""


# --- configuration ---------------------------------------------------------------------------------------------


Cause = Literal["start", "signal", "request", "rollback"]


class KeptPlan(Struct, frozen=True, gc=False):
    """A plan that ran. Its files were also those of every version from `first` on; `cause` is what made it run: a
    start of the daemon, SIGHUP (signal), POST /v1/reload (request), or the same with the version to go back to."""

    version: int
    first: int
    at: datetime
    cause: Cause
    rolled_back_to: int | None = None


class LoadedPlan(NamedTuple):
    """What the files say, checked; `files` is a copy of them for `PlanFiles.keep`."""

    settings: Settings
    files: Any


class PlanFiles(Protocol):
    """The configuration files as they are now, and those of the last plans. Every call blocks while it reads or writes.

    Secrets are never kept, only where they are found; a plan that is recalled takes them anew.
    """

    def load(self) -> LoadedPlan:
        """Raises InvalidConfig with everything that is wrong in the files."""

    def recall(self, version: int) -> LoadedPlan:
        """Raises Refusal `not_found` for a version that is not kept, InvalidConfig where it does not load any more."""

    def keep(self, plan: KeptPlan, files: Any) -> None:
        """Keep a plan that runs now, on disk when this returns, and forget the oldest beyond ten. Raises OSError."""

    def kept(self) -> list[KeptPlan]:
        """The newest first, without what cannot be read."""


# --- number portability --------------------------------------------------------------------------------------


class Found(Struct, frozen=True, gc=False):
    """What one source says of a number: the network (MCC, MNC) that has it today; or why that is not known, as a code;
    or neither, where the source has nothing to say of this number."""

    network: tuple[str, str] | None = None
    error: str | None = None


class NumberLookup(Protocol):
    """A source that knows which network a number is with. Numbers are E.164 with their plus sign.

    `name` is how it is called in explanations and metrics, `budget` the seconds that `ask` may take at most.
    """

    name: str
    budget: float

    def known(self, number: str) -> Found | None:
        """What can be said at once, in microseconds; None where it has to be asked for."""

    async def ask(self, numbers: Sequence[str]) -> dict[str, Found]:
        """What is found out about each number within the budget; one that takes longer has the error `lookup_timeout`.
        Raises nothing for what the other side does."""

    async def close(self) -> None:
        """No more will be asked; whoever still waits for an answer gets it within the budget."""


# --- watching ------------------------------------------------------------------------------------------------


class Metrics(Protocol):
    """Counts of what happens; cheap enough for every message. Seconds are floats."""

    def accepted(self, account: str, channel: str, count: int) -> None: ...
    def refused(self, code: str) -> None: ...
    def final(self, operator: str, state: str) -> None: ...
    def submitted(self, operator: str, outcome: str, seconds: float) -> None: ...
    def spent(self, operator: str, currency: str, amount: float) -> None: ...
    def receipt(self, operator: str, result: str, seconds: float | None = None) -> None: ...
    def event(self, type: str, count: int) -> None: ...
    def inbound(self, operator: str, result: str) -> None: ...
    def callback(self, operator: str, result: str) -> None: ...
    def accept_seconds(self, seconds: float) -> None: ...
    def commit(self, seconds: float, size: int) -> None: ...
    def lookup(self, source: str, result: str) -> None: ...
    def lookup_seconds(self, seconds: float) -> None: ...


class GaugeSample(NamedTuple):
    """A reading taken at a scrape: a gauge's name without prefix, its label values in their declared order."""

    name: str
    labels: tuple[str, ...]
    value: float


class Measured(NamedTuple):
    """A histogram: inclusive upper bounds, rising, and by label values how many fell into each (not cumulative), into
    the one without bound, then their sum."""

    bounds: tuple[float, ...]
    rows: Mapping[tuple[str, ...], Sequence[float]]


class Reading(NamedTuple):
    """Every number there is, by name without prefix and by label values. What counts goes on counting: copy it."""

    counts: Mapping[str, Mapping[tuple[str, ...], float]]
    histograms: Mapping[str, Measured]
    gauges: Sequence[GaugeSample]


class WebhookView(Struct, frozen=True, gc=False):
    """An account's webhook: the seq of the last event it has acknowledged, how many it has not, whether it failed for
    so long that it is only tried now and then, and the types of events that it gets."""

    cursor: int
    backlog: int
    parked: bool
    types: frozenset[str]
