"""Texts with placeholders."""

from collections.abc import Iterable
from functools import partial

from apsw import Connection
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from adapters.store.numbers import number_for
from adapters.store.sqlite import SqliteStore
from router.gateway.records import Template

_encode = Encoder().encode
_SELECT = "SELECT number, body FROM templates"

_decode = Decoder(Template).decode


class SqliteTemplates:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def add(self, template: Template) -> Template:
        number = await self._store.write(partial(_add, template=template, body=_encode(template)))
        return replace(template, number=number)

    async def find(self, account: str, no: int) -> Template | None:
        return await self._store.read(partial(_find, column="no", wanted=(account, no)))

    async def numbered(self, account: str, number: int) -> Template | None:
        return await self._store.read(partial(_find, column="number", wanted=(account, number)))

    async def provided(self, account: str, channel: str, name: str) -> Template | None:
        return await self._store.read(partial(_provided, wanted=(account, channel, name)))

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Template], int]:
        return await self._store.search(partial(_page, account=account, offset=offset, limit=limit))


def _add(connection: Connection, template: Template, body: bytes) -> int:
    number = number_for(connection, "templates", template.account, template.number, template.no)
    connection.execute("INSERT INTO templates VALUES (?, ?, ?, ?)", (template.no, template.account, number, body))
    return number


def _find(connection: Connection, column: str, wanted: tuple[str, int]) -> Template | None:
    question = f"{_SELECT} WHERE account = ? AND {column} = ?"
    found = _templates(connection.execute(question, wanted))
    return found[0] if found else None


def _templates(rows: Iterable[tuple[int, bytes]]) -> list[Template]:
    return [replace(_decode(body), number=number) for number, body in rows]


def _provided(connection: Connection, wanted: tuple[str, str, str]) -> Template | None:
    body = connection.execute(
        "SELECT body FROM templates WHERE account = ? AND json_extract(CAST(body AS TEXT), '$.channel') = ?"
        " AND json_extract(CAST(body AS TEXT), '$.config.template') = ? ORDER BY no DESC LIMIT 1",
        wanted,
    ).get
    return _decode(body) if body is not None else None


def _page(connection: Connection, account: str, offset: int, limit: int) -> tuple[list[Template], int]:
    total: int = connection.execute("SELECT count(*) FROM templates WHERE account = ?", (account,)).get
    rows = connection.execute(
        "SELECT number, body FROM templates WHERE account = ? ORDER BY no DESC LIMIT ? OFFSET ?",
        (account, limit, offset),
    )
    return _templates(rows), total
