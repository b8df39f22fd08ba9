"""What handsets wrote to accounts that have a public API."""

from functools import partial

from apsw import Connection
from msgspec.json import Decoder, Encoder

from adapters.store.sqlite import SqliteStore
from router.gateway.records import InboundMessage

_encode = Encoder().encode
_decode = Decoder(InboundMessage).decode


class SqliteInbound:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def find(self, account: str, no: int) -> InboundMessage | None:
        return await self._store.read(partial(_find, wanted=(no, account)))

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[InboundMessage], int]:
        return await self._store.search(partial(_page, account=account, offset=offset, limit=limit))


def insert(connection: Connection, message: InboundMessage) -> None:
    """Once for each event."""
    row = (message.no, message.account, message.at, message.event, _encode(message))
    connection.execute("INSERT OR IGNORE INTO inbound VALUES (?, ?, ?, ?, ?)", row)


def _find(connection: Connection, wanted: tuple[int, str]) -> InboundMessage | None:
    body = connection.execute("SELECT body FROM inbound WHERE no = ? AND account = ?", wanted).get
    return _decode(body) if body is not None else None


def _page(connection: Connection, account: str, offset: int, limit: int) -> tuple[list[InboundMessage], int]:
    total: int = connection.execute("SELECT count(*) FROM inbound WHERE account = ?", (account,)).get
    rows = connection.execute(
        "SELECT body FROM inbound WHERE account = ? ORDER BY no DESC LIMIT ? OFFSET ?", (account, limit, offset)
    )
    return [_decode(body) for (body,) in rows], total
