"""Lists of an account's messages, newest first, in a time that hardly grows with the history.

What most messages meet is found by walking down their ids. For a number, a reference, a sender or any state but
`delivered` messages are looked up block by block (of so many numbers each, see adapters/store/message_places.py): one
look per block, and no more blocks than it takes to fill the page.
"""

from apsw import Connection

from adapters.store.message_places import BLOCK, and_, look_up
from adapters.store.rows import LARGEST_TIME, first_id, id_bytes, messages
from router.message import Message, State
from router.ports.store import MessageFilter


def list_messages(connection: Connection, query: MessageFilter) -> list[Message]:
    first = first_id(0 if query.after is None else query.after + 1)
    end = first_id(LARGEST_TIME) if query.before is None else first_id(query.before)
    conditions = {
        "reference": query.reference,
        "recipient": query.to,
        "sender": query.sender,
        "state": query.state and query.state.value,
    }
    wanted = {column: value for column, value in conditions.items() if value is not None}
    try:
        cursor = None if query.cursor is None else id_bytes(query.cursor)
        if wanted and wanted != {"state": State.DELIVERED.value}:
            return _by_blocks(connection, query, wanted, first, end, cursor)
        rows = connection.execute(
            "SELECT body FROM messages WHERE account = ? AND id >= ? AND id < ?"
            f"{and_(wanted)} ORDER BY id DESC LIMIT ?",
            (query.account, first, end if cursor is None else min(end, cursor), *wanted.values(), query.limit),
        )
        return messages(rows)
    except ValueError:  # a cursor that is no id, or text that is no Unicode, is met by no message
        return []


def _by_blocks(
    connection: Connection, query: MessageFilter, wanted: dict[str, str], first: bytes, end: bytes, cursor: bytes | None
) -> list[Message]:
    """Numbers are given in the order of ids, but for a clock that was put back between two runs; a page begins below
    the number of the last message before it, so that none is left out or comes twice."""
    below = _below(connection, query.account, cursor)
    oldest: int | None = connection.execute("SELECT min(no) FROM messages").get
    if oldest is None:
        return []
    source = look_up(connection, wanted)
    page = f" AND id >= ? AND id < ?{and_(wanted)} ORDER BY no DESC LIMIT ?"
    bounds = (first, end, *wanted.values())
    behind = f"SELECT body FROM messages NOT INDEXED WHERE account = ? AND no > ? AND no < ?{page}"
    found = messages(connection.execute(behind, (query.account, source.to, below, *bounds, query.limit)))
    below = min(below, source.to + 1)
    in_block = f"SELECT body FROM {source.block}{page}"
    for block in range((below - 1) >> BLOCK, (oldest >> BLOCK) - 1, -1):
        left = query.limit - len(found)
        if not left:
            break
        found += messages(connection.execute(in_block, (query.account, block, below, *source.values, *bounds, left)))
    return found


def _below(connection: Connection, account: str, cursor: bytes | None) -> int:
    """The number that the page's messages are below; the one at the cursor may be gone by now."""
    if cursor is None:
        newest: int | None = connection.execute("SELECT max(no) FROM messages").get
        return (newest or 0) + 1
    row: tuple[int, bytes] | None = connection.execute(
        "SELECT no, id FROM messages WHERE account = ? AND id <= ? ORDER BY id DESC LIMIT 1", (account, cursor)
    ).fetchone()
    return 0 if row is None else row[0] + (row[1] != cursor)
