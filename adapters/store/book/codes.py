"""One-time codes."""

from collections.abc import Collection
from functools import partial

from apsw import Connection
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from adapters.store.numbers import words
from adapters.store.sqlite import SqliteStore
from router.gateway.codes import Change
from router.gateway.records import Code
from router.ports.store import Rider

_encode = Encoder().encode
_decode = Decoder(Code).decode


class SqliteCodes:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def record(self, code: Code) -> Rider:
        return partial(_record, code=code)

    async def find(self, account: str, face: str, no: int) -> Code | None:
        return await self._store.read(partial(_find, account=account, face=face, no=no))

    async def pending(self, account: str, face: str, channel: str, contact: str) -> Code | None:
        return await self._store.read(partial(_pending, whose=(account, face, _contact(channel, contact))))

    async def active(
        self, account: str, face: str, now: int, besides: Collection[tuple[str, str]] = ()
    ) -> tuple[int, int | None]:
        others = words(_contact(*one) for one in besides)
        return await self._store.read(partial(_active, wanted=(account, face, now, others)))

    async def change(self, account: str, face: str, no: int, change: Change) -> Code | None:
        return await self._store.write(partial(_change, account=account, face=face, no=no, change=change))


def _contact(channel: str, contact: str) -> str:
    return f"{channel}:{contact}"


def _record(connection: Connection, code: Code) -> None:
    before = _pending(connection, (code.account, code.face, _contact(code.channel, code.contact)))
    if before is not None:
        _save(connection, replace(before, state="replaced"))
    connection.execute(
        "INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?)",
        (code.no, code.account, code.face, _contact(code.channel, code.contact), code.expires, _encode(code)),
    )


def _save(connection: Connection, code: Code) -> None:
    contact = _contact(code.channel, code.contact) if code.state == "pending" else None
    connection.execute("UPDATE codes SET contact = ?, body = ? WHERE no = ?", (contact, _encode(code), code.no))


def _find(connection: Connection, account: str, face: str, no: int) -> Code | None:
    wanted = (no, account, face)
    body = connection.execute("SELECT body FROM codes WHERE no = ? AND account = ? AND face = ?", wanted).get
    return _decode(body) if body is not None else None


def _pending(connection: Connection, whose: tuple[str, str, str]) -> Code | None:
    body = connection.execute(
        "SELECT body FROM codes WHERE account = ? AND face = ? AND contact = ? ORDER BY no DESC LIMIT 1", whose
    ).get
    return _decode(body) if body is not None else None


def _active(connection: Connection, wanted: tuple[str, str, int, str]) -> tuple[int, int | None]:
    (count, soonest), *_ = connection.execute(
        "SELECT count(*), min(expires) FROM codes WHERE account = ? AND face = ? AND contact IS NOT NULL"
        " AND expires > ? AND contact NOT IN (SELECT value FROM json_each(?))",
        wanted,
    )
    return count, soonest


def _change(connection: Connection, account: str, face: str, no: int, change: Change) -> Code | None:
    code = _find(connection, account, face, no)
    if code is None:
        return None
    changed = change(code)
    _save(connection, changed)
    return changed
