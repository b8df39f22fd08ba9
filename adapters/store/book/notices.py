"""What webhooks of the public APIs are still to be told."""

from collections.abc import Sequence
from functools import partial

from apsw import Connection

from adapters.store.book.inbound import insert
from adapters.store.sqlite import SqliteStore
from router.gateway.records import InboundMessage, Notice

_INSERT = "INSERT INTO notices (account, channel, about, at, body) VALUES (?, ?, ?, ?, ?)"
_MOVE = "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (reader) DO UPDATE SET seq = max(seq, excluded.seq)"


class SqliteNotices:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def follow(self, reader: str, seq: int, inbound: Sequence[InboundMessage], notices: Sequence[Notice]) -> None:
        await self._store.write(partial(_follow, reader=reader, seq=seq, inbound=inbound, notices=notices))

    async def waiting(self, account: str, channel: str, after: int, limit: int) -> list[Notice]:
        return await self._store.read(partial(_waiting, whose=(account, channel, after, limit)))

    async def done(self, nos: Sequence[int]) -> None:
        await self._store.write(partial(_done, nos=nos))


def _follow(
    connection: Connection, reader: str, seq: int, inbound: Sequence[InboundMessage], notices: Sequence[Notice]
) -> None:
    reached = connection.execute("SELECT seq FROM cursors WHERE reader = ?", (reader,)).get
    if reached is not None and reached >= seq:
        return
    for message in inbound:
        insert(connection, message)
    rows = [(notice.account, notice.channel, notice.about, notice.at, notice.body) for notice in notices]
    connection.executemany(_INSERT, rows)
    connection.execute(_MOVE, (reader, seq))


def _waiting(connection: Connection, whose: tuple[str, str, int, int]) -> list[Notice]:
    rows = connection.execute(
        "SELECT account, channel, about, at, body, no FROM notices WHERE account = ? AND channel = ? AND no > ?"
        " ORDER BY no LIMIT ?",
        whose,
    )
    return [Notice(*row) for row in rows]


def _done(connection: Connection, nos: Sequence[int]) -> None:
    connection.executemany("DELETE FROM notices WHERE no = ?", [(no,) for no in nos])
