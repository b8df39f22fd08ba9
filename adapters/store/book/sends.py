"""Requests to send, and the messages that belong to them."""

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec
from apsw import Connection

from adapters.store.rows import OPEN, UNSETTLED, decode_message, id_bytes
from adapters.store.sqlite import SqliteStore
from router.gateway.progress import NOT_SENT, SENT, WAITING, Progress
from router.gateway.records import Send, SendQuery
from router.message import Message, State
from router.ports.store import Rider

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Send).decode


class SqliteSends:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def record(self, send: Send) -> Rider:
        row = (send.no, send.account, send.face, _encode(send), send.at, send.first, send.last, send.campaign)
        return partial(_insert, row=row)

    async def find(self, account: str, face: str, no: int) -> Send | None:
        return await self._store.read(partial(_find, wanted=(no, account, face)))

    async def page(self, query: SendQuery, offset: int, limit: int) -> tuple[list[Send], int]:
        return await self._store.search(partial(_page, query=query, offset=offset, limit=limit))

    async def progress(self, sends: Sequence[Send]) -> dict[int, Progress]:
        return await self._store.search(partial(_progress, sends=sends))

    async def messages(self, send: Send) -> list[Message]:
        return await self._store.read(partial(_messages, send=send))

    async def by_id(self, account: str, ids: Sequence[str]) -> dict[str, Message]:
        return await self._store.read(partial(_by_id, account=account, ids=ids))

    async def first_messages(self, sends: Sequence[Send]) -> dict[int, Message]:
        return await self._store.read(partial(_first_messages, sends=sends))


def _insert(connection: Connection, row: tuple[int, str, str, bytes, int, int, int, int | None]) -> None:
    connection.execute("INSERT INTO sends VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _find(connection: Connection, wanted: tuple[int, str, str]) -> Send | None:
    body = connection.execute("SELECT body FROM sends WHERE no = ? AND account = ? AND face = ?", wanted).get
    return _decode(body) if body is not None else None


def _page(connection: Connection, query: SendQuery, offset: int, limit: int) -> tuple[list[Send], int]:
    conditions = ["account = ?", "face = ?"]
    values: list[str | int] = [query.account, query.face]
    if query.since is not None:
        conditions.append("at >= ?")
        values.append(query.since)
    if query.until is not None:
        conditions.append("at <= ?")
        values.append(query.until)
    if query.progress is not None:
        conditions.append(_PROGRESS[query.progress])
    wanted = f"FROM sends AS s WHERE {' AND '.join(conditions)}"
    total: int = connection.execute(f"SELECT count(*) {wanted}", values).get
    rows = connection.execute(f"SELECT body {wanted} ORDER BY no DESC LIMIT ? OFFSET ?", (*values, limit, offset))
    return [_decode(body) for (body,) in rows], total


def _progress(connection: Connection, sends: Sequence[Send]) -> dict[int, Progress]:
    """One look into a send's messages tells, as a rule: what was sent last has come least far."""
    found = {}
    for send in sends:
        bounds = {"first": send.first, "last": send.last}
        for progress, states in ((Progress.SENT, SENT), (Progress.PENDING, WAITING), (Progress.FAILED, NOT_SENT)):
            if connection.execute(f"SELECT {_any_of(states, ':first', ':last')}", bounds).get:
                found[send.no] = progress
                break
    return found


def _any_of(states: Iterable[State], first: str = "s.first", last: str = "s.last") -> str:
    names = ", ".join(f"'{state.value}'" for state in sorted(states))
    return f"EXISTS (SELECT 1 FROM messages WHERE no BETWEEN {first} AND {last} AND state IN ({names}))"


def _first_live(live: int) -> str:
    return f"ifnull((SELECT no FROM messages WHERE live = {live} ORDER BY no LIMIT 1), {_NEVER})"


_NEVER = 1 << 62
# No message before this one waits, so that what was sent long ago is not looked into.
_FIRST_WAITING = f"min({_first_live(OPEN)}, {_first_live(OPEN | UNSETTLED)})"

_PROGRESS = {
    Progress.SENT: _any_of(SENT),
    Progress.PENDING: f"s.last >= {_FIRST_WAITING} AND NOT {_any_of(SENT)} AND {_any_of(WAITING)}",
    Progress.FAILED: f"{_any_of(NOT_SENT)} AND NOT {_any_of(SENT | WAITING)}",
}


def _messages(connection: Connection, send: Send) -> list[Message]:
    rows = connection.execute(
        "SELECT body FROM messages WHERE no BETWEEN ? AND ? AND account = ?", (send.first, send.last, send.account)
    )
    return [decode_message(body) for (body,) in rows]


def _by_id(connection: Connection, account: str, ids: Sequence[str]) -> dict[str, Message]:
    found = {}
    for id in dict.fromkeys(ids):
        body = connection.execute("SELECT body FROM messages WHERE account = ? AND id = ?", (account, id_bytes(id))).get
        if body is not None:
            found[id] = decode_message(body)
    return found


def _first_messages(connection: Connection, sends: Sequence[Send]) -> dict[int, Message]:
    found = {}
    for send in sends:
        body = connection.execute(
            "SELECT body FROM messages WHERE no BETWEEN ? AND ? AND account = ? LIMIT 1",
            (send.first, send.last, send.account),
        ).get
        if body is not None:
            found[send.no] = decode_message(body)
    return found
