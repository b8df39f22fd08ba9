"""A search over the messages of all accounts, newest first, that never takes long: it ends after so many looks, and
says where it is to go on.

A number, a reference, any state but `delivered` or the messages of an account are looked up account by account in each
block of messages (see migration 0005); the rest is walked down.
"""

from apsw import Connection

from adapters.store.rows import id_bytes, messages
from router.message import Message, State
from router.ports.store import MessageSearch, MessagesFound

_BLOCK = 14  # bits
# Looks into an index (some microseconds each), or rows walked past (under a microsecond each).
_LOOKS = 10_000
_WALK = 20_000

_LOOKED_UP = ("reference", "recipient", "state")


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
        accounts = _accounts(connection) if query.account is None else [query.account]
        if query.id is not None:
            return MessagesFound(_by_id(connection, query.id, accounts, wanted), None)
        delivered = wanted == {"state": State.DELIVERED.value}
        if (wanted and not delivered) or (not wanted and query.account is not None):
            return _by_blocks(connection, wanted, accounts, oldest, below, query.limit)
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
    question = "SELECT body FROM messages WHERE account = ? AND id = ?" + _and(wanted)
    key = id_bytes(id)
    return [
        found
        for account in accounts
        for found in messages(connection.execute(question, (account, key, *wanted.values())))
    ]


def _by_blocks(
    connection: Connection, wanted: dict[str, str], accounts: list[str], oldest: int, below: int, limit: int
) -> MessagesFound:
    column = next((column for column in _LOOKED_UP if column in wanted), "recipient")
    question = (
        f"SELECT no FROM messages INDEXED BY messages_{column} WHERE account = ? AND no >> {_BLOCK} = ? AND no < ?"
        + _and(wanted)
    )
    if column == "state":
        question += f" AND state <> '{State.DELIVERED.value}'"  # so the index is known to hold them all
    question += " ORDER BY no DESC LIMIT ?"
    numbers: list[int] = []
    last = oldest >> _BLOCK
    block = (below - 1) >> _BLOCK
    looks = 0
    while block >= last and looks < _LOOKS and len(numbers) < limit:
        left = limit - len(numbers)
        here = [
            no
            for account in accounts
            for (no,) in connection.execute(question, (account, block, below, *wanted.values(), left))
        ]
        numbers += sorted(here, reverse=True)[:left]
        looks += len(accounts)
        block -= 1
    found = [one for no in numbers for one in _numbered(connection, no)]
    if len(numbers) == limit:
        return MessagesFound(found, numbers[-1])
    return MessagesFound(found, (block + 1) << _BLOCK if block >= last else None)


def _walk(connection: Connection, wanted: dict[str, str], oldest: int, below: int, limit: int) -> MessagesFound:
    floor = max(oldest, below - _WALK)
    rows = connection.execute(
        f"SELECT body FROM messages NOT INDEXED WHERE no < ? AND no >= ?{_and(wanted)} ORDER BY no DESC LIMIT ?",
        (below, floor, *wanted.values(), limit),
    )
    found = messages(rows)
    if len(found) == limit:
        return MessagesFound(found, found[-1].no)
    return MessagesFound(found, floor if floor > oldest else None)


def _numbered(connection: Connection, no: int) -> list[Message]:
    return messages(connection.execute("SELECT body FROM messages WHERE no = ?", (no,)))


def _and(wanted: dict[str, str]) -> str:
    return "".join(f" AND {column} = ?" for column in wanted)
