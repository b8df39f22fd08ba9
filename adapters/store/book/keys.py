"""Keys that accounts made for themselves, one each."""

from functools import partial

from apsw import Connection

from adapters.store.sqlite import SqliteStore
from router.gateway.records import IssuedKey


class SqliteKeys:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.found: list[IssuedKey] = []

    async def open(self) -> None:
        self.found = await self._store.read(_all)

    async def put(self, key: IssuedKey) -> None:
        await self._store.write(partial(_put, key=key))

    async def remove(self, account: str) -> None:
        await self._store.write(partial(_remove, account=account))


def _all(connection: Connection) -> list[IssuedKey]:
    return [IssuedKey(*row) for row in connection.execute("SELECT account, digest, made, expires FROM keys")]


def _put(connection: Connection, key: IssuedKey) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)", (key.account, key.digest, key.made, key.expires)
    )


def _remove(connection: Connection, account: str) -> None:
    connection.execute("DELETE FROM keys WHERE account = ?", (account,))
