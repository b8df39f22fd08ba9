"""The accounts' events in one table, in the order in which they were told: appended, read by account, forgotten.

An index by account would make a commit write a page for every account that it tells something. So the places of the
events are written down for a thousand at once; those behind are looked for one by one.
"""

from collections.abc import Sequence

from apsw import Connection

from adapters.store.rows import Row, event_row, logged_event
from router.event import LoggedEvent

# So many events at most have no place yet, besides those of one batch.
_RUN = 1024

_INSERT = "INSERT INTO events (account, seq, type, at, payload) VALUES (?, ?, ?, ?, ?)"
_UPSERT_LAST = (
    "INSERT INTO logs VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)"
)
_PLACE = "INSERT INTO event_places SELECT account, seq, no FROM events WHERE no > ?"
_PLACED_TO = "SELECT value FROM marks WHERE name = 'events_placed_to'"
_FIND = (
    "SELECT account, seq, type, at, payload FROM"
    " (SELECT no FROM event_places WHERE account = ? AND seq > ? ORDER BY seq LIMIT ?) JOIN events USING (no)"
    " ORDER BY seq"
)
_LOOK = (
    "SELECT account, seq, type, at, payload FROM events WHERE no > ? AND account = ? AND seq > ? ORDER BY no LIMIT ?"
)


def append(connection: Connection, events: Sequence[LoggedEvent]) -> None:
    """In an open transaction; of each account in the order of their seq."""
    connection.executemany(_INSERT, map(event_row, events))
    last = connection.last_insert_rowid()
    connection.executemany(_UPSERT_LAST, {event.account: event.seq for event in events}.items())
    if last // _RUN > (last - len(events)) // _RUN:
        connection.execute(_PLACE, (_placed_to(connection),))
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('events_placed_to', ?)", (last,))


def read(connection: Connection, account: str, after: int, limit: int) -> list[LoggedEvent]:
    """The account's events with seq > `after` in order, at most `limit`. The mark is read first: a place that is
    written down meanwhile is then found by it, or behind it, and never missed."""
    placed_to = _placed_to(connection)
    found: list[Row] = connection.execute(_FIND, (account, after, limit)).fetchall()
    if len(found) < limit:
        last = found[-1][1] if found else after
        found += connection.execute(_LOOK, (placed_to, account, last, limit - len(found))).fetchall()
    return [logged_event(row) for row in found]


def forget(connection: Connection, before: int, most: int) -> bool:
    """In an open transaction: delete those of the oldest events that were told before a time (ms); whether there may be
    more."""
    oldest: list[Row] = connection.execute(
        "SELECT no, account, seq, at FROM events ORDER BY no LIMIT ?", (most,)
    ).fetchall()
    old = [row[:3] for row in oldest if row[3] < before]
    if old and len(old) < len(oldest) and old[-1][0] == oldest[-1][0]:
        # The last of all goes with all others, for after it its number would be given again.
        del old[-1]
    if old:
        connection.executemany("DELETE FROM event_places WHERE account = ? AND seq = ?", [row[1:] for row in old])
        connection.executemany("DELETE FROM events WHERE no = ?", [row[:1] for row in old])
        connection.execute("DELETE FROM marks WHERE name = 'events_placed_to' AND NOT EXISTS (SELECT 1 FROM events)")
    return len(old) == most


def _placed_to(connection: Connection) -> int:
    placed_to: int | None = connection.execute(_PLACED_TO).get
    return placed_to or 0
