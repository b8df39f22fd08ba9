"""What the engine asks of the store: everything that has to outlive the daemon."""

from array import array
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeVarTuple, Unpack

from msgspec import Struct

from router.audit import AuditEntry
from router.event import LoggedEvent
from router.inbound import LongMessage, Piece
from router.message import Message, State
from router.receipt import Receipt
from router.wallet import Entry

Ts = TypeVarTuple("Ts")


class StoreUnavailable(Exception):
    """The store cannot write or read now; nothing of what was asked has been kept."""


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
        """Write that parts of a stored message are about to be submitted: those whose last attempt has no outcome. What
        else was changed is not written, but a start finds the message waiting for nothing (`waiting_for`, `slow_at`).
        The next `save` writes all of it."""

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

    def before_commit(self, call: Callable[[], None]) -> None:
        """Have `call` called each time that a batch is about to be cut: what it writes is in that batch."""

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
        given times (ms; events told at once go with the newest of them), blank texts (and the options beside them)
        older than `text_before`; of the Book what handsets wrote before `text_before` and notices to webhooks from
        before `keys_before`. Entries of wallets older than `messages_before` become one `carried` for each account, so
        that their sum stays.
        True while there is more to do."""
