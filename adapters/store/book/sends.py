"""Requests to send, and the messages that belong to them."""

from collections.abc import Sequence
from functools import partial

import msgspec
from apsw import Connection

from adapters.store.rows import decode_message
from adapters.store.sqlite import SqliteStore
from router.gateway.records import Send
from router.message import Message
from router.ports import Rider

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Send).decode


class SqliteSends:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def record(self, send: Send) -> Rider:
        return partial(_insert, row=(send.no, send.account, send.face, _encode(send)))

    async def find(self, account: str, face: str, no: int) -> Send | None:
        return await self._store.read(partial(_find, wanted=(no, account, face)))

    async def page(self, account: str, face: str, offset: int, limit: int) -> tuple[list[Send], int]:
        return await self._store.search(partial(_page, whose=(account, face), offset=offset, limit=limit))

    async def messages(self, send: Send) -> list[Message]:
        return await self._store.read(partial(_messages, send=send))

    async def first_messages(self, sends: Sequence[Send]) -> dict[int, Message]:
        return await self._store.read(partial(_first_messages, sends=sends))


def _insert(connection: Connection, row: tuple[int, str, str, bytes]) -> None:
    connection.execute("INSERT INTO sends VALUES (?, ?, ?, ?)", row)


def _find(connection: Connection, wanted: tuple[int, str, str]) -> Send | None:
    body = connection.execute("SELECT body FROM sends WHERE no = ? AND account = ? AND face = ?", wanted).get
    return _decode(body) if body is not None else None


def _page(connection: Connection, whose: tuple[str, str], offset: int, limit: int) -> tuple[list[Send], int]:
    total: int = connection.execute("SELECT count(*) FROM sends WHERE account = ? AND face = ?", whose).get
    rows = connection.execute(
        "SELECT body FROM sends WHERE account = ? AND face = ? ORDER BY no DESC LIMIT ? OFFSET ?",
        (*whose, limit, offset),
    )
    return [_decode(body) for (body,) in rows], total


def _messages(connection: Connection, send: Send) -> list[Message]:
    rows = connection.execute(
        "SELECT body FROM messages WHERE no BETWEEN ? AND ? AND account = ?", (send.first, send.last, send.account)
    )
    return [decode_message(body) for (body,) in rows]


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
