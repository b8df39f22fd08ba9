"""One batch as one transaction: a statement per table, always in the same order."""

from collections.abc import Callable, Collection

from apsw import Connection

from adapters.store import event_log, message_places
from adapters.store.batch import Batch
from adapters.store.claims import Claims
from adapters.store.reads import recall
from adapters.store.rows import (
    Row,
    entry_row,
    new_row,
    remembered_row,
    saved_row,
    spent_row,
)
from router.message import Message
from router.ports.store import Remembered
from router.wallet import Entry

_INSERT_MESSAGE = "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE_MESSAGE = (
    "UPDATE messages SET state = ?, operator = ?, position = ?, due_at = ?, live = ?, body = ? WHERE no = ?"
)
_INSERT_LINK = "INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?)"
_PARK = "INSERT OR IGNORE INTO parked VALUES (?, ?)"
_UNPARK = "DELETE FROM parked WHERE receipt = ?"
_KEEP = "INSERT INTO pieces VALUES (?, ?, ?, ?)"
_DROP = "DELETE FROM pieces WHERE message = ? AND id = ?"
_UPSERT_CURSOR = "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (reader) DO UPDATE SET seq = max(seq, excluded.seq)"
_REWIND = "INSERT OR REPLACE INTO cursors VALUES (?, ?)"
_AUDIT = "INSERT INTO audit (at, who, action, subject, outcome) VALUES (?, ?, ?, ?, ?)"
_SPEND = "INSERT OR REPLACE INTO spent VALUES (?, ?, ?, ?)"
_OPT_OUT = "INSERT OR IGNORE INTO opted_out VALUES (?, ?, ?)"
_OPT_IN = "DELETE FROM opted_out WHERE account = ? AND number = ?"
_REMEMBER = "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?, ?, ?)"
_ENTER = "INSERT INTO entries (account, at, kind, amount, reference, detail) VALUES (?, ?, ?, ?, ?, ?)"
_UPSERT_WALLET = (
    "INSERT INTO wallets VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET balance = balance + excluded.balance"
)
_COUNT_TRIAL = "INSERT INTO marks VALUES ('trials', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"


class Unwritable(Exception):
    """Some messages hold what no row can; `numbers` says which. Nothing has been begun."""

    def __init__(self, numbers: set[int]) -> None:
        super().__init__(f"{len(numbers)} messages cannot be written")
        self.numbers = numbers


def write(connection: Connection, batch: Batch, claims: Claims, texts_gone_to: int) -> None:
    """Begin a transaction and write the batch, all but its steps, as its messages stand now."""
    unwritable: set[int] = set()
    batch.settle_claims(claims)
    new = _rows(new_row, batch.new.values(), texts_gone_to, unwritable)
    saved = _rows(saved_row, batch.saved.values(), texts_gone_to, unwritable)
    if unwritable:
        raise Unwritable(unwritable)
    connection.execute("BEGIN IMMEDIATE")
    if new:
        connection.executemany(_INSERT_MESSAGE, new)
        message_places.place(connection, batch.new.keys())
    if saved:
        connection.executemany(_UPDATE_MESSAGE, saved)
    claims.note(connection, list(batch.claimed.values()), batch.saved.keys())
    if batch.links:
        connection.executemany(_INSERT_LINK, batch.links)
    if batch.events:
        event_log.append(connection, batch.events)
    if batch.parked:
        connection.executemany(_UNPARK, [(receipt,) for receipt, at in batch.parked.items() if at is None])
        connection.executemany(_PARK, [(receipt, at) for receipt, at in batch.parked.items() if at is not None])
    if batch.kept:
        connection.executemany(_KEEP, batch.kept)
    if batch.dropped:
        connection.executemany(_DROP, batch.dropped)
    if batch.rewound:
        connection.executemany(_REWIND, batch.rewound.items())
    if batch.cursors:
        connection.executemany(_UPSERT_CURSOR, batch.cursors.items())
    if batch.audited:
        connection.executemany(_AUDIT, batch.audited)
    if batch.spent:
        connection.executemany(_SPEND, map(spent_row, batch.spent.values()))
    for account, number, at in batch.opted_out:
        if at is None:
            connection.execute(_OPT_IN, (account, number))
        else:
            connection.execute(_OPT_OUT, (account, number, at))
    if batch.entries:
        connection.executemany(_ENTER, [entry_row(entry) for _, entry in batch.entries])
        connection.executemany(_UPSERT_WALLET, [(entry.account, entry.amount) for _, entry in batch.entries])
    answers = [acceptance.remembered for acceptance in batch.acceptances if acceptance.remembered is not None]
    if answers:
        connection.executemany(_REMEMBER, map(remembered_row, answers))


def pay(connection: Connection, entry: Entry, answer: Remembered | None, since: int) -> Remembered | None:
    """In the open transaction; see the port Store."""
    if answer is not None:
        known = recall(connection, answer.account, answer.key)
        if known is not None and known.at > since:
            return known
        connection.execute(_REMEMBER, remembered_row(answer))
    connection.execute(_ENTER, entry_row(entry))
    connection.execute(_UPSERT_WALLET, (entry.account, entry.amount))
    return None


def touch(connection: Connection) -> None:
    """Write something in the open transaction, so that its commit proves that the disk takes writes again."""
    connection.execute(_COUNT_TRIAL)


def _rows(
    row: Callable[[Message, int], Row], messages: Collection[Message], texts_gone_to: int, unwritable: set[int]
) -> list[Row]:
    """A row for each message but those whose numbers it adds to `unwritable`."""
    try:
        return [row(message, texts_gone_to) for message in messages]
    except (TypeError, ValueError):
        rows = []
    for message in messages:
        try:
            rows.append(row(message, texts_gone_to))
        except (TypeError, ValueError):
            unwritable.add(message.no)
    return rows
