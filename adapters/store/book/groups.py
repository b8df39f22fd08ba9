"""Groups of contacts, which are lists as well."""

from collections.abc import Iterable, Sequence
from functools import partial

from apsw import Connection
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from adapters.store.book.departed import depart
from adapters.store.numbers import array, number_for, used
from adapters.store.sqlite import SqliteStore
from router.gateway.records import Group
from router.refusal import Refusal
from router.routing.opt_out import plain

_encode = Encoder().encode
_decode = Decoder(Group).decode

_SELECT = "SELECT number, body FROM contact_groups"

# Memberships that are deleted in one transaction: what is being accepted waits behind it.
_CHUNK = 500


class SqliteGroups:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def add(self, group: Group) -> Group:
        number = await self._store.write(partial(_add, group=group, body=_encode(group)))
        return replace(group, number=number)

    async def save(self, group: Group) -> None:
        await self._store.write(partial(_save, group=group, body=_encode(group)))

    async def delete(self, group: Group) -> None:
        await self._store.write(partial(_take_away, group=group))
        await self._sweep(group.no)

    async def sweep(self) -> None:
        """End the deletions that a stop of the daemon broke off."""
        for no in await self._store.read(_taken_away):
            await self._sweep(no)

    async def find(self, account: str, nos: Sequence[int]) -> dict[int, Group]:
        return {group.no: group for group in await self._store.read(partial(_find, column="no", whose=(account, nos)))}

    async def numbered(self, account: str, numbers: Sequence[int]) -> dict[int, Group]:
        found = await self._store.read(partial(_find, column="number", whose=(account, numbers)))
        return {group.number: group for group in found}

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Group], int]:
        return await self._store.search(partial(_page, account=account, offset=offset, limit=limit))

    async def counts(self, nos: Sequence[int], subscribed: bool = False) -> dict[int, int]:
        return await self._store.search(partial(_counts, nos=nos, subscribed=subscribed))

    async def with_word(self, account: str, word: str) -> list[Group]:
        return await self._store.read(partial(_with_word, account=account, word=plain(word)))

    async def _sweep(self, no: int) -> None:
        while await self._store.write(partial(_delete_some, no=no)):
            pass


def check(connection: Connection, nos: Sequence[int]) -> None:
    """Raises Refusal `group_not_found` where one of these groups is gone."""
    question = "SELECT count(*) FROM contact_groups WHERE account NOTNULL AND no IN (SELECT value FROM json_each(?))"
    if connection.execute(question, (array(nos),)).get != len(set(nos)):
        raise Refusal("group_not_found", "there is no such group")


def _add(connection: Connection, group: Group, body: bytes) -> int:
    number = number_for(connection, "contact_groups", group.account, group.number, group.no)
    row = (group.no, group.account, number, _word(group), body)
    connection.execute("INSERT INTO contact_groups VALUES (?, ?, ?, ?, ?)", row)
    return number


def _save(connection: Connection, group: Group, body: bytes) -> None:
    check(connection, (group.no,))
    connection.execute("UPDATE contact_groups SET word = ?, body = ? WHERE no = ?", (_word(group), body, group.no))


def _groups(rows: Iterable[tuple[int, bytes]]) -> list[Group]:
    return [replace(_decode(body), number=number) for number, body in rows]


def _word(group: Group) -> str | None:
    return plain(group.subscribe_word) if group.subscribe_word is not None else None


def _take_away(connection: Connection, group: Group) -> None:
    connection.execute("UPDATE contact_groups SET account = NULL, word = NULL WHERE no = ?", (group.no,))


def _taken_away(connection: Connection) -> list[int]:
    return [no for (no,) in connection.execute("SELECT no FROM contact_groups WHERE account IS NULL")]


def _delete_some(connection: Connection, no: int) -> bool:
    """Of a group that was taken away; whether there is more to do."""
    rows = connection.execute(
        "SELECT contact_no FROM memberships WHERE group_no = ? ORDER BY contact_no LIMIT ?", (no, _CHUNK)
    )
    contacts = [contact for (contact,) in rows]
    if contacts:
        depart(connection, contacts)
        connection.execute("DELETE FROM memberships WHERE group_no = ? AND contact_no <= ?", (no, contacts[-1]))
        connection.execute(
            "DELETE FROM contacts WHERE no IN (SELECT value FROM json_each(?))"
            " AND NOT EXISTS (SELECT 1 FROM memberships WHERE contact_no = contacts.no)",
            (array(contacts),),
        )
        used(connection, contacts[-1])
    if len(contacts) == _CHUNK:
        return True
    connection.execute("DELETE FROM contact_groups WHERE no = ?", (no,))
    used(connection, no)
    return False


def _find(connection: Connection, column: str, whose: tuple[str, Sequence[int]]) -> list[Group]:
    account, wanted = whose
    question = (
        f"SELECT number, body FROM contact_groups WHERE account = ? AND {column} IN (SELECT value FROM json_each(?))"
    )
    return _groups(connection.execute(question, (account, array(wanted))))


def _page(connection: Connection, account: str, offset: int, limit: int) -> tuple[list[Group], int]:
    total: int = connection.execute("SELECT count(*) FROM contact_groups WHERE account = ?", (account,)).get
    rows = connection.execute(
        "SELECT number, body FROM contact_groups WHERE account = ? ORDER BY no DESC LIMIT ? OFFSET ?",
        (account, limit, offset),
    )
    return _groups(rows), total


def _counts(connection: Connection, nos: Sequence[int], subscribed: bool) -> dict[int, int]:
    question = "SELECT group_no, count(*) FROM memberships AS m"
    if subscribed:
        question += (
            " CROSS JOIN contacts AS c ON c.no = m.contact_no AND c.active AND NOT EXISTS"
            " (SELECT 1 FROM opted_out WHERE account = c.account AND number = ifnull(c.number, c.address))"
        )
    question += " WHERE group_no IN (SELECT value FROM json_each(?)) GROUP BY group_no"
    found = dict.fromkeys(nos, 0)
    found.update(connection.execute(question, (array(nos),)))
    return found


def _with_word(connection: Connection, account: str, word: str) -> list[Group]:
    rows = connection.execute(f"{_SELECT} WHERE account = ? AND word = ?", (account, word))
    return _groups(rows)
