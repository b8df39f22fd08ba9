"""Forgetting, in steps small enough to share the writer with the traffic.

A message's age counts from when it was accepted, or was to be sent. Nothing here needs an index of its own: numbers
and ids grow with time, so what is old stands first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from apsw import Connection

from adapters.store import event_log, message_places
from adapters.store.forgetting import forget
from adapters.store.numbers import raise_mark
from adapters.store.rows import Row, first_id
from router.message import FINAL, State

# Rows of a kind at a time, and seconds after which a step takes no more: what is being accepted waits behind it.
_CHUNK = 50
_LONG_ENOUGH = 0.005

_NAMES = ", ".join(f"'{state.value}'" for state in sorted(FINAL))
# As rows.has_ended.
_ENDED = f"(state IN ({_NAMES}) OR state = '{State.SUBMITTED.value}' AND due_at IS NULL)"


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Milliseconds since the epoch; what is older goes."""

    messages: int
    events: int
    texts: int
    keys: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`texts_gone_to` is the number up to which texts are blanked; a message that is not final by then is written
    without its text once it is. `round` is how far this round of deleting has come; the next one starts over, for what
    has become final since.
    """

    texts_gone_to: int
    round: int = 0


def progress(connection: Connection) -> Progress:
    row = connection.execute("SELECT value FROM marks WHERE name = 'texts_gone_to'").fetchone()
    return Progress(row[0] if row else 0)


def step(
    connection: Connection, done: Progress, cutoffs: Cutoffs, monotonic: Callable[[], float]
) -> tuple[Progress, bool]:
    """In an open transaction. How far this came, and whether there is more to do."""
    began = monotonic()
    more = True
    while more and monotonic() - began < _LONG_ENOUGH:
        done, more = _chunk(connection, done, cutoffs)
    return done, more


def _chunk(connection: Connection, done: Progress, cutoffs: Cutoffs) -> tuple[Progress, bool]:
    round_, more_messages = _delete_messages(connection, done.round, cutoffs.messages)
    texts_gone_to, more_texts = _blank_texts(connection, done.texts_gone_to, cutoffs.texts)
    more_events = event_log.forget(connection, cutoffs.events, _CHUNK)
    more_audit = _delete_oldest(connection, "audit", "at", cutoffs.events)
    more_answers = _delete_oldest(connection, "remembered", "at", cutoffs.keys)
    more_parked = _delete_oldest(connection, "parked", "received_at", cutoffs.keys)
    more_notices = _delete_oldest(connection, "notices", "at", cutoffs.keys)
    more_entries = _carry_entries(connection, cutoffs.messages)
    more_of_gateways = forget(connection, cutoffs.messages, cutoffs.texts, _CHUNK)
    more = more_messages or more_texts or more_events or more_audit or more_answers or more_parked or more_entries
    return Progress(texts_gone_to, round_), more or more_notices or more_of_gateways


def _delete_messages(connection: Connection, after: int, before: int) -> tuple[int, bool]:
    last, more = _old_ones(connection, after, before)
    doomed: list[Row] = connection.execute(
        "SELECT no, account, recipient, reference, sender FROM messages WHERE no > ? AND no <= ?"
        f" AND {_ENDED} AND coalesce(json_extract(CAST(body AS TEXT), '$.send_at'), 0) < ? ORDER BY no",
        (after, last, before),
    ).fetchall()
    numbers = [row[:1] for row in doomed]
    connection.executemany("DELETE FROM links WHERE no = ?", numbers)
    message_places.forget(connection, doomed)
    connection.executemany("DELETE FROM messages WHERE no = ?", numbers)
    if doomed:
        # The next round begins anew with what has ended since, so this one may be behind the last.
        raise_mark(connection, "messages_gone_to", doomed[-1][0])
    return last if more else 0, more


def _blank_texts(connection: Connection, after: int, before: int) -> tuple[int, bool]:
    last, more = _old_ones(connection, after, before)
    if last > after:
        connection.execute(
            "UPDATE messages SET body ="
            " CAST(json_remove(CAST(body AS TEXT), '$.text', '$.data', '$.udh', '$.options') AS BLOB)"
            f" WHERE no > ? AND no <= ? AND {_ENDED}",
            (after, last),
        )
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('texts_gone_to', ?)", (last,))
    return last, more


def _old_ones(connection: Connection, after: int, before: int) -> tuple[int, bool]:
    """The last of the next few numbers accepted before a time, and whether there may be more."""
    last, count = connection.execute(
        "SELECT max(no), count(*) FROM (SELECT no, id FROM messages WHERE no > ? ORDER BY no LIMIT ?) WHERE id < ?",
        (after, _CHUNK, first_id(before)),
    ).get
    return last or after, count == _CHUNK


def _carry_entries(connection: Connection, before: int) -> bool:
    """Put the oldest entries of each wallet together: the last of them keeps its number and has the sum of all."""
    left = _CHUNK
    for (account,) in connection.execute("SELECT account FROM wallets").fetchall():
        last = connection.execute(
            "SELECT max(no) FROM (SELECT no, at FROM entries WHERE account = ? ORDER BY no LIMIT ?) WHERE at < ?",
            (account, left + 1, before),
        ).get
        count, amount = connection.execute(
            "SELECT count(*), sum(amount) FROM entries WHERE account = ? AND no <= ?", (account, last)
        ).get
        if count > 1:
            connection.execute("DELETE FROM entries WHERE account = ? AND no < ?", (account, last))
            connection.execute(
                "UPDATE entries SET kind = 'carried', amount = ?, reference = NULL, detail = '' WHERE no = ?",
                (amount, last),
            )
            left -= count - 1
            if left <= 0:
                return True
    return False


def _delete_oldest(connection: Connection, table: str, time: str, before: int) -> bool:
    connection.execute(
        f"DELETE FROM {table} WHERE {time} < ? AND rowid IN (SELECT rowid FROM {table} ORDER BY rowid LIMIT ?)",
        (before, _CHUNK),
    )
    return connection.changes() == _CHUNK
