"""How much accounts send."""

from collections import Counter
from functools import partial
from typing import Any

from apsw import Connection

from adapters.store.rows import first_id
from adapters.store.sqlite import SqliteStore
from router.gateway.records import Traffic
from router.message import State

# Messages that are counted in one question: others wait no longer than it takes.
_CHUNK = 20_000

_COUNT = (
    "SELECT ifnull(json_extract(body, '$.channel'), 'sms'), state, count(*),"
    " sum(ifnull(json_extract(body, '$.segments'), 1)), max(id)"
    " FROM (SELECT id, state, CAST(body AS TEXT) AS body FROM messages WHERE account = ? AND id > ?"
    " ORDER BY id LIMIT ?) GROUP BY 1, 2"
)
_CODES = (
    "SELECT count(*), count(*) FILTER (WHERE json_extract(body, '$.state') = 'verified')"
    " FROM (SELECT CAST(body AS TEXT) AS body FROM codes WHERE account = ? AND face = ?)"
    " WHERE json_extract(body, '$.created') >= ?"
)

_Kind = tuple[str, State]


class SqliteUsage:
    """Ids grow with time, so a month is a range of the index that finds a message by its id."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def since(self, account: str, at: int) -> list[Traffic]:
        messages: Counter[_Kind] = Counter()
        parts: Counter[_Kind] = Counter()
        after = first_id(at)
        while True:
            rows = await self._store.search(partial(_count, wanted=(account, after, _CHUNK)))
            for channel, state, count, segments, _ in rows:
                kind = channel, State(state)
                messages[kind] += count
                parts[kind] += segments
            if sum(row[2] for row in rows) < _CHUNK:
                break
            after = max(row[4] for row in rows)
        return [Traffic(*kind, count, parts[kind]) for kind, count in messages.items()]

    async def codes(self, account: str, face: str, at: int) -> tuple[int, int]:
        return await self._store.search(partial(_codes, wanted=(account, face, at)))


def _codes(connection: Connection, wanted: tuple[str, str, int]) -> tuple[int, int]:
    made, verified = connection.execute(_CODES, wanted).get
    return made, verified


def _count(connection: Connection, wanted: tuple[str, bytes, int]) -> list[tuple[str, str, int, int, bytes]]:
    rows: list[Any] = connection.execute(_COUNT, wanted).fetchall()
    return rows
