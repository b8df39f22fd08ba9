"""What a start finds. Every question is answered from an index that holds nothing of the history."""

from array import array

from apsw import Connection

from adapters.store.rows import (
    OPEN,
    UNSETTLED,
    decode_long_message,
    decode_piece,
    decode_receipt,
    messages,
    spent_of,
)
from router.ports.store import Lane, LaneBacklog, Recovery

# The last element of what the pieces have in common is how many they are.
_JOINABLE = (
    "SELECT message FROM pieces GROUP BY message"
    " HAVING count(*) >= json_extract(CAST(message AS TEXT), '$[#-1]') ORDER BY min(id)"
)

# Also of messages that are all deleted by now: their numbers are not given again, for marks and ranges speak of them.
_LAST_NO = (
    "SELECT max(no) FROM (SELECT max(no) AS no FROM messages UNION ALL"
    " SELECT value FROM marks WHERE name IN ('texts_gone_to', 'messages_gone_to'))"
)


def recover(connection: Connection) -> Recovery:
    """Raises apsw.Error, and msgspec.MsgspecError for a document that cannot be read."""
    lanes = []
    last_position = 0
    for operator, rank, account, count, last in connection.execute(
        "SELECT operator, rank, account, count(*), max(position) FROM messages WHERE position IS NOT NULL"
        " GROUP BY operator, rank, account"
    ):
        lanes.append(LaneBacklog(Lane(operator, rank, account), count))
        last_position = max(last_position, last)
    return Recovery(
        last_no=_value(connection, _LAST_NO) or 0,
        last_position=last_position,
        last_seqs=dict(connection.execute("SELECT account, last_seq FROM logs")),
        open_messages=_value(connection, f"SELECT count(*) FROM messages WHERE live IN ({OPEN}, {OPEN | UNSETTLED})")
        or 0,
        lanes=lanes,
        next_due=next_due(connection),
        unsettled=messages(
            connection.execute(f"SELECT body FROM messages WHERE live IN ({UNSETTLED}, {OPEN | UNSETTLED}) ORDER BY no")
        ),
        parked=[decode_receipt(row) for (row,) in connection.execute("SELECT receipt FROM parked ORDER BY rowid")],
        cursors=dict(connection.execute("SELECT reader, seq FROM cursors")),
        joinable=[decode_long_message(row) for (row,) in connection.execute(_JOINABLE)],
        oldest_piece=oldest_piece(connection),
        last_piece=_last_piece(connection),
        spent=[spent_of(row) for row in connection.execute("SELECT operator, day, parts, spend FROM spent")],
        opted_out=_opted_out(connection),
        wallets=dict(connection.execute("SELECT account, balance FROM wallets")),
    )


def _opted_out(connection: Connection) -> "dict[str, array[int]]":
    lists: dict[str, array[int]] = {}
    for account, number in connection.execute("SELECT account, number FROM opted_out ORDER BY account, number"):
        if account not in lists:
            lists[account] = array("Q")
        lists[account].append(number)
    return lists


def next_due(connection: Connection) -> int | None:
    return _value(connection, "SELECT min(due_at) FROM messages WHERE due_at IS NOT NULL")


def oldest_piece(connection: Connection) -> int | None:
    return _value(connection, "SELECT min(received_at) FROM pieces")


def _last_piece(connection: Connection) -> str | None:
    row = connection.execute("SELECT body FROM pieces ORDER BY id DESC LIMIT 1").fetchone()
    return decode_piece(row[0]).id if row else None


def _value(connection: Connection, question: str) -> int | None:
    value: int | None = connection.execute(question).get
    return value
