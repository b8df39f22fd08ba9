"""The accounts' events in one table, in the order in which they were told: appended, read by account, forgotten.

What an account is told in one transaction stands together in a row, a run; rows of one event would be a third of all
rows. An index by account would make a commit write a page for every account that it tells something. So the places of
the runs are written down for a thousand at once; those behind are looked for one by one.
"""

from collections.abc import Iterator, Sequence

import msgspec
from apsw import Connection

from adapters.store.rows import Row
from router.event import EventType, LoggedEvent, by_account

# A run has so many events and, besides one, so many octets of payloads at most, for it is read and forgotten whole.
_LONGEST, _LARGEST = 50, 128 * 1024
# So many runs at most have no place yet, besides those of one batch.
_RUN = 1024

_Head = tuple[int, EventType, int, int]
"""The seq, the type and the time of an event, and how many octets its payload has."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Head]).decode

_INSERT = "INSERT INTO events (account, seq, at, heads, payloads) VALUES (?, ?, ?, ?, ?)"
_UPSERT_LAST = (
    "INSERT INTO logs VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)"
)
_PLACE = "INSERT INTO event_places SELECT account, seq, no FROM events WHERE no > ?"
_PLACED_TO = "SELECT value FROM marks WHERE name = 'events_placed_to'"
_FIND = (
    "SELECT heads, payloads FROM event_places AS places CROSS JOIN events USING (no)"
    " WHERE places.account = ? AND places.seq > ? ORDER BY places.seq"
)
_LOOK = "SELECT heads, payloads FROM events WHERE no > ? AND account = ? AND seq > ? ORDER BY no"


def append(connection: Connection, events: Sequence[LoggedEvent]) -> None:
    """In an open transaction; of each account in the order of their seq."""
    told = by_account(events)
    runs = [_run_row(account, run) for account, of_account in told.items() for run in _runs(of_account)]
    connection.executemany(_INSERT, runs)
    last = connection.last_insert_rowid()
    connection.executemany(_UPSERT_LAST, [(account, of_account[-1].seq) for account, of_account in told.items()])
    if last // _RUN > (last - len(runs)) // _RUN:
        connection.execute(_PLACE, (_placed_to(connection),))
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('events_placed_to', ?)", (last,))


def read(connection: Connection, account: str, after: int, limit: int) -> list[LoggedEvent]:
    """The account's events with seq > `after` in order, at most `limit`. The mark is read first: a place that is
    written down meanwhile is then found by it, or behind it, and never missed."""
    placed_to = _placed_to(connection)
    found: list[LoggedEvent] = []
    for question, parameters in ((_FIND, (account,)), (_LOOK, (placed_to, account))):
        last = found[-1].seq if found else after
        for heads, payloads in connection.execute(question, (*parameters, last)):
            found += (event for event in _events(account, heads, payloads) if event.seq > after)
            if len(found) >= limit:
                return found[:limit]
    return found


def forget(connection: Connection, before: int, most: int) -> bool:
    """In an open transaction: of the oldest `most` runs delete those of which all was told before a time (ms); whether
    there may be more."""
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


def _runs(events: Sequence[LoggedEvent]) -> Iterator[list[LoggedEvent]]:
    run: list[LoggedEvent] = []
    size = 0
    for event in events:
        if len(run) == _LONGEST or size >= _LARGEST:
            yield run
            run, size = [], 0
        run.append(event)
        size += len(event.payload)
    yield run


def _run_row(account: str, run: Sequence[LoggedEvent]) -> Row:
    """The seq of the run's last event and the time of its newest are what it is found and forgotten by."""
    heads = [(event.seq, event.type, event.at, len(event.payload)) for event in run]
    payloads = b"".join([event.payload for event in run])
    return account, run[-1].seq, max([event.at for event in run]), _encode(heads), payloads


def _events(account: str, heads: bytes, payloads: bytes) -> Iterator[LoggedEvent]:
    start = 0
    for seq, type, at, size in _decode(heads):
        yield LoggedEvent(account, seq, type, at, payloads[start : start + size])
        start += size


def _placed_to(connection: Connection) -> int:
    placed_to: int | None = connection.execute(_PLACED_TO).get
    return placed_to or 0
