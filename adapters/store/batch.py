"""What was asked of the store since the last cut, as one value."""

from collections.abc import Callable, Sequence, Set
from typing import Any

from apsw import Connection

from adapters.store.claims import Claims
from adapters.store.rows import Row
from router.event import LoggedEvent
from router.message import Message, State
from router.ports.store import Remembered, Rider, Spent, StoreUnavailable
from router.wallet import Entry

# Looking a member up in its enumeration takes longer than comparing it.
_QUEUED = State.QUEUED

Done = Callable[[StoreUnavailable | None], None]


class Acceptance:
    """New messages that are kept all or not at all."""

    __slots__ = ("done", "messages", "remembered", "riders")

    def __init__(
        self, messages: Sequence[Message], remembered: Remembered | None, done: Done, riders: Sequence[Rider] = ()
    ) -> None:
        self.messages = messages
        self.remembered = remembered
        self.done = done
        self.riders = riders


class Step:
    """A bounded piece of upkeep on the writer's connection, run within the batch's transaction."""

    __slots__ = ("done", "run")

    def __init__(self, run: Callable[[Connection], None], done: Done) -> None:
        self.run = run
        self.done = done


class Batch:
    """Several saves of one message are one write, and one of a message that is new in this batch is its insert.

    `size` counts what was asked, before that.
    """

    __slots__ = (
        "acceptances",
        "audited",
        "callbacks",
        "claimed",
        "cursors",
        "dropped",
        "entries",
        "events",
        "kept",
        "links",
        "new",
        "opted_out",
        "parked",
        "rewound",
        "saved",
        "size",
        "spent",
        "steps",
    )

    def __init__(self) -> None:
        self.acceptances: list[Acceptance] = []
        self.new: dict[int, Message] = {}
        self.saved: dict[int, Message] = {}
        self.claimed: dict[int, Message] = {}
        self.links: list[tuple[str, bytes, int, int]] = []
        self.events: list[LoggedEvent] = []
        self.parked: dict[bytes, int | None] = {}
        self.kept: list[Row] = []
        self.dropped: list[Row] = []
        self.cursors: dict[str, int] = {}
        self.rewound: dict[str, int] = {}
        self.audited: list[Row] = []
        self.spent: dict[str, Spent] = {}
        self.opted_out: list[tuple[str, int, int | None]] = []
        self.entries: list[tuple[int, Entry]] = []
        self.steps: list[Step] = []
        self.callbacks: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.size = 0

    def accept(self, acceptance: Acceptance, debit: Entry | None = None) -> None:
        self.acceptances.append(acceptance)
        for message in acceptance.messages:
            self.new[message.no] = message
        self.size += len(acceptance.messages) + (acceptance.remembered is not None) + len(acceptance.riders)
        if debit is not None:
            self.enter(debit, acceptance.messages[0].no)

    def save(self, message: Message) -> None:
        no = message.no
        if no in self.new:
            self.new[no] = message
        else:
            self.saved[no] = message
        self.size += 1

    def claim(self, message: Message) -> None:
        """The parts of a message that have an attempt without outcome."""
        self.claimed[message.no] = message
        self.size += 1

    def settle_claims(self, claims: Claims) -> None:
        """Before it is written: a claim of what is written whole, has one on disk or is no longer queued by now, is a
        save."""
        if self.claimed:
            for no, message in self.claimed.items():
                if no not in self.new and (message.state is not _QUEUED or claims.holds(no)):
                    self.saved[no] = message
            self.claimed = {
                no: message for no, message in self.claimed.items() if no not in self.new and no not in self.saved
            }

    def writes(self, no: int) -> bool:
        """Whether the message of this number is written with this batch."""
        return no in self.new or no in self.saved or no in self.claimed

    def enter(self, entry: Entry, no: int) -> None:
        """Into a wallet, for the message of this number, or 0 for none."""
        self.entries.append((no, entry))
        self.size += 1

    def link(self, operator: str, key: bytes, no: int, at: int) -> None:
        self.links.append((operator, key, no, at))
        self.size += 1

    def append(self, event: LoggedEvent) -> None:
        self.events.append(event)
        self.size += 1

    def park(self, receipt: bytes, received_at: int | None) -> None:
        """A receipt as it is stored, to be kept or, without a time, forgotten; the last word counts."""
        self.parked[receipt] = received_at
        self.size += 1

    def keep(self, piece: Row) -> None:
        self.kept.append(piece)
        self.size += 1

    def drop(self, pieces: list[Row], event: LoggedEvent | None) -> None:
        """Pieces by what the key of their table is."""
        self.dropped += pieces
        self.size += len(pieces)
        if event is not None:
            self.append(event)

    def move_cursor(self, reader: str, seq: int) -> None:
        if seq > self.cursors.get(reader, -1):
            self.cursors[reader] = seq
        self.size += 1

    def rewind(self, reader: str, seq: int) -> None:
        """Forgets how far the reader has moved before; it may move on from here."""
        self.cursors.pop(reader, None)
        self.rewound[reader] = seq
        self.size += 1

    def audit(self, entry: Row) -> None:
        self.audited.append(entry)
        self.size += 1

    def spend(self, spent: Spent) -> None:
        self.spent[spent.operator] = spent
        self.size += 1

    def opt_out(self, account: str, number: int, at: int | None) -> None:
        """Onto the list, or without a time off it; in the order given."""
        self.opted_out.append((account, number, at))
        self.size += 1

    def run(self, step: Step) -> None:
        self.steps.append(step)
        self.size += 1

    def refuse(self, concerned: Callable[[Acceptance], bool]) -> list[Acceptance]:
        """Take acceptances out again, with what they remember; their messages go by `forget` and `void`."""
        refused = [acceptance for acceptance in self.acceptances if concerned(acceptance)]
        if refused:
            self.acceptances = [acceptance for acceptance in self.acceptances if not concerned(acceptance)]
        return refused

    def void(self, numbers: Set[int]) -> None:
        """Take out every entry into a wallet for these messages, which nobody has accepted."""
        if self.entries:
            self.entries = [(no, entry) for no, entry in self.entries if no not in numbers]

    def take_over(self, later: "Batch") -> None:
        """Take the entries of a later batch for messages that are written, as they are now, with this one."""
        if later.entries:
            self.entries += [(no, entry) for no, entry in later.entries if self.writes(no)]
            later.entries = [(no, entry) for no, entry in later.entries if not self.writes(no)]

    def forget(self, numbers: Set[int]) -> None:
        """Take out every write that concerns these messages."""
        for no in numbers:
            self.new.pop(no, None)
            self.saved.pop(no, None)
            self.claimed.pop(no, None)
        if any(link[2] in numbers for link in self.links):
            self.links = [link for link in self.links if link[2] not in numbers]
