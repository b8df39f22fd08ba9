"""A search over the messages of all accounts, newest first, that never takes long: it ends after so many looks, and
says where it is to go on.

A number, a reference, any state but `delivered` or the messages of an account are looked up account by account in each
block of messages (see adapters/store/message_places.py); the rest is walked down.
"""

from apsw import Connection

from adapters.store.message_places import BLOCK, and_, look_up
from adapters.store.rows import Row, id_bytes, messages
from router.message import Message, State
from router.ports.store import MessageSearch, MessagesFound

# Looks into an index (some microseconds each), or rows walked past (under a microsecond each).
_LOOKS = 10_000
_WALK = 20_000


def search_messages(connection: Connection, query: MessageSearch) -> MessagesFound:
    conditions = {
        "reference": query.reference,
        "recipient": query.to,
        "state": query.state and query.state.value,
    }
    wanted = {column: value for column, value in conditions.items() if value is not None}
    oldest, newest = connection.execute("SELECT min(no), max(no) FROM messages").get
    if oldest is None:
        return MessagesFound([], None)
    below = newest + 1 if query.before is None else min(query.before, newest + 1)
    try:
        if query.id is not None:
            accounts = _accounts(connection) if query.account is None else [query.account]
            return MessagesFound(_by_id(connection, query.id, accounts, wanted), None)
        delivered = wanted == {"state": State.DELIVERED.value}
        if (wanted and not delivered) or (not wanted and query.account is not None):
            return _by_blocks(connection, wanted, query.account, oldest, below, query.limit)
        if query.account is not None:
            wanted["account"] = query.account
        return _walk(connection, wanted, oldest, below, query.limit)
    except ValueError:  # what is no id, or no Unicode, is met by no message
        return MessagesFound([], None)


def _accounts(connection: Connection) -> list[str]:
    """All that have messages, by one look into an index each."""
    rows = connection.execute(
        "WITH RECURSIVE found(name) AS (SELECT min(account) FROM messages UNION ALL"
        " SELECT (SELECT min(account) FROM messages WHERE account > name) FROM found WHERE name IS NOT NULL)"
        " SELECT name FROM found WHERE name IS NOT NULL"
    )
    return [name for (name,) in rows]


def _by_id(connection: Connection, id: str, accounts: list[str], wanted: dict[str, str]) -> list[Message]:
    question = "SELECT body FROM messages WHERE account = ? AND id = ?" + and_(wanted)
    key = id_bytes(id)
    return [
        found
        for account in accounts
        for found in messages(connection.execute(question, (account, key, *wanted.values())))
    ]


def _by_blocks(
    connection: Connection, wanted: dict[str, str], account: str | None, oldest: int, below: int, limit: int
) -> MessagesFound:
    source = look_up(connection, wanted)
    whole = wanted if account is None else {**wanted, "account": account}
    behind = f"SELECT no FROM messages NOT INDEXED WHERE no > ? AND no < ?{and_(whole)} ORDER BY no DESC LIMIT ?"
    numbers = _newest(connection, behind, [(source.to, below, *whole.values())], limit)
    accounts = _accounts(connection) if account is None else [account]
    in_block = f"SELECT no FROM {source.block}{and_(wanted)} ORDER BY no DESC LIMIT ?"
    values = (*source.values, *wanted.values())
    below = min(below, source.to + 1)
    last = oldest >> BLOCK
    block = (below - 1) >> BLOCK
    looks = 0
    while block >= last and looks < _LOOKS and len(numbers) < limit:
        numbers += _newest(
            connection,
            in_block,
            [(one, block, below, *values) for one in accounts],
            limit - len(numbers),
        )
        looks += len(accounts)
        block -= 1
    found = [one for no in numbers for one in _numbered(connection, no)]
    if len(numbers) == limit:
        return MessagesFound(found, numbers[-1])
    return MessagesFound(found, (block + 1) << BLOCK if block >= last else None)


def _newest(connection: Connection, question: str, bounds: list[Row], limit: int) -> list[int]:
    """The largest numbers that a question, asked with each of these bounds, finds together."""
    found = [no for one in bounds for (no,) in connection.execute(question, (*one, limit))]
    return sorted(found, reverse=True)[:limit]


def _walk(connection: Connection, wanted: dict[str, str], oldest: int, below: int, limit: int) -> MessagesFound:
    floor = max(oldest, below - _WALK)
    rows = connection.execute(
        f"SELECT body FROM messages NOT INDEXED WHERE no < ? AND no >= ?{and_(wanted)} ORDER BY no DESC LIMIT ?",
        (below, floor, *wanted.values(), limit),
    )
    found = messages(rows)
    if len(found) == limit:
        return MessagesFound(found, found[-1].no)
    return MessagesFound(found, floor if floor > oldest else None)


def _numbered(connection: Connection, no: int) -> list[Message]:
    return messages(connection.execute("SELECT body FROM messages WHERE no = ?", (no,)))
