"""What accounts ask of people, and the files that came with it: in a folder beside the database, named by number."""

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from apsw import Connection
from msgspec.json import Decoder, Encoder

from adapters.store.sqlite import SqliteStore
from router.gateway.records import Ticket
from router.ports.store import StoreUnavailable

_encode = Encoder().encode
_decode = Decoder(Ticket).decode


def files_beside(path: Path) -> Path:
    """The folder of the files that came with tickets, for the database at `path`."""
    return Path(f"{path}.files")


class SqliteTickets:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._folder = files_beside(store.path)

    async def sweep(self) -> None:
        """Remove the files of tickets that were never added, for a stop of the daemon came between."""
        names = await asyncio.to_thread(_names, self._folder)
        if names:
            kept = await self._store.read(partial(_known, nos=names))
            for no in names:
                if no not in kept:
                    await self.drop_file(no)

    async def keep_file(self, no: int, pieces: AsyncIterator[bytes]) -> int:
        path = self._folder / str(no)
        size = 0
        try:
            file = await asyncio.to_thread(_create, path)
            try:
                async for piece in pieces:
                    size += await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_sync, file)
            finally:
                file.close()
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
                raise StoreUnavailable(f"a file cannot be kept: {error.strerror}") from error
            raise
        return size

    async def drop_file(self, no: int) -> None:
        await asyncio.to_thread((self._folder / str(no)).unlink, missing_ok=True)

    async def add(self, ticket: Ticket) -> None:
        await self._store.write(partial(_insert, row=(ticket.no, ticket.account, _encode(ticket))))

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Ticket], int]:
        return await self._store.search(partial(_page, account=account, offset=offset, limit=limit))


def _names(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir() if file.name.isdigit()] if folder.is_dir() else []


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _known(connection: Connection, nos: list[int]) -> set[int]:
    return {no for no in nos if connection.execute("SELECT 1 FROM tickets WHERE no = ?", (no,)).get}


def _insert(connection: Connection, row: tuple[int, str, bytes]) -> None:
    connection.execute("INSERT INTO tickets VALUES (?, ?, ?)", row)


def _page(connection: Connection, account: str, offset: int, limit: int) -> tuple[list[Ticket], int]:
    total: int = connection.execute("SELECT count(*) FROM tickets WHERE account = ?", (account,)).get
    rows = connection.execute(
        "SELECT body FROM tickets WHERE account = ? ORDER BY no DESC LIMIT ? OFFSET ?", (account, limit, offset)
    )
    return [_decode(body) for (body,) in rows], total
