"""Whom accounts write to."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from apsw import Connection
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from adapters.store.book.departed import COLUMNS, depart
from adapters.store.book.groups import check
from adapters.store.numbers import array, used
from adapters.store.sqlite import SqliteStore
from router.gateway.records import Address, Audience, Contact, ContactQuery
from router.refusal import Refusal
from router.routing.opt_out import list_key

_encode = Encoder().encode
_decode = Decoder(Contact).decode

_ARRAY = "(SELECT value FROM json_each(?))"
_OPTED_OUT = "EXISTS (SELECT 1 FROM opted_out WHERE account = c.account AND number = ifnull(c.number, c.address))"
_SELECT = f"SELECT c.body, {_OPTED_OUT}"
_STATUS = {
    "active": f"c.active AND NOT {_OPTED_OUT}",
    "inactive": f"NOT c.active AND NOT {_OPTED_OUT}",
    "unsubscribed": _OPTED_OUT,
}


class SqliteContacts:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def add(self, contact: Contact, groups: Sequence[int] = (), unique_in: int | None = None) -> None:
        await self._store.write(partial(_add, row=_row(contact), groups=groups, unique_in=unique_in))

    async def put(self, group: int, contacts: Sequence[Contact], by: Address = "number") -> int:
        rows = [_row(contact) for contact in contacts]
        return await self._store.write(partial(_put, group=group, rows=rows, by=by))

    async def save(self, contact: Contact, unique_in: int) -> None:
        await self._store.write(partial(_save, row=_row(contact), unique_in=unique_in))

    async def delete(self, contact: Contact) -> None:
        await self._store.write(partial(_delete, no=contact.no))

    async def find(self, account: str, nos: Sequence[int]) -> dict[int, Contact]:
        return await self._store.read(partial(_find, account=account, nos=nos))

    async def in_group(self, group: int, no: int) -> Contact | None:
        return await self._store.read(partial(_in_group, group=group, no=no))

    async def page(self, query: ContactQuery, offset: int, limit: int) -> tuple[list[Contact], int]:
        return await self._store.search(partial(_page, query=query, offset=offset, limit=limit))

    async def groups_of(self, nos: Sequence[int]) -> dict[int, list[int]]:
        return await self._store.read(partial(_groups_of, nos=nos))

    async def audience(
        self,
        account: str,
        groups: Sequence[int],
        after: int,
        limit: int,
        by: Address = "number",
        of_run: tuple[int, int] | None = None,
    ) -> Audience:
        return await self._store.read(
            partial(_audience, account=account, groups=groups, after=after, limit=limit, by=by, of_run=of_run)
        )

    async def reached(self, account: str, groups: Sequence[int], by: Address = "number") -> int:
        return await self._store.search(partial(_reached, account=account, groups=groups, by=by))


def _contact(body: bytes, opted_out: int) -> Contact:
    contact = _decode(body)
    return replace(contact, opted_out=True) if opted_out else contact


def _contacts(rows: Iterable[tuple[bytes, int]]) -> list[Contact]:
    return [_contact(*row) for row in rows]


class _Row(NamedTuple):
    no: int
    account: str
    number: int | None
    address: int | None
    active: bool
    search: str
    body: bytes


def _row(contact: Contact) -> _Row:
    search = "\n".join((contact.full_name, contact.number or "", contact.email or "")).casefold()
    body = _encode(replace(contact, opted_out=False))
    return _Row(contact.no, contact.account, _key(contact.number), _key(contact.email), contact.active, search, body)


def _key(address: str | None) -> int | None:
    return list_key(address) if address is not None else None


def _add(connection: Connection, row: _Row, groups: Sequence[int], unique_in: int | None) -> None:
    check(connection, groups)
    if _is_taken(connection, row, "number", unique_in):
        raise _duplicate()
    _insert(connection, row, groups)


def _put(connection: Connection, group: int, rows: Sequence[_Row], by: Address) -> int:
    check(connection, (group,))
    count = 0
    for row in rows:
        if not _is_taken(connection, row, by, group):
            _insert(connection, row, (group,))
            count += 1
    return count


def _save(connection: Connection, row: _Row, unique_in: int) -> None:
    if not connection.execute("SELECT 1 FROM contacts WHERE no = ?", (row.no,)).get:
        raise Refusal("contact_not_found", "there is no such contact")
    if _is_taken(connection, row, "number", unique_in):
        raise _duplicate()
    depart(connection, (row.no,))
    connection.execute(
        "UPDATE contacts SET number = ?, address = ?, active = ?, search = ?, body = ? WHERE no = ?",
        (*row[2:], row.no),
    )


def _is_taken(connection: Connection, row: _Row, by: Address, group: int | None) -> bool:
    """Whether another contact has its address: in the group, or in the account where that is None."""
    question = f"SELECT 1 FROM contacts AS c WHERE account = ? AND {COLUMNS[by]} = ? AND no <> ?"
    if group is not None:
        question += " AND EXISTS (SELECT 1 FROM memberships WHERE group_no = ? AND contact_no = c.no)"
    whose = (row.account, row.number if by == "number" else row.address, row.no)
    found = connection.execute(question, whose if group is None else (*whose, group)).get
    return found is not None


def _insert(connection: Connection, row: _Row, groups: Sequence[int]) -> None:
    connection.execute("INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    for group in dict.fromkeys(groups):
        connection.execute("INSERT INTO memberships VALUES (?, ?)", (group, row.no))


def _duplicate() -> Refusal:
    return Refusal("duplicate_contact", "there is a contact with this number already")


def _delete(connection: Connection, no: int) -> None:
    depart(connection, (no,))
    connection.execute("DELETE FROM memberships WHERE contact_no = ?", (no,))
    connection.execute("DELETE FROM contacts WHERE no = ?", (no,))
    used(connection, no)


def _find(connection: Connection, account: str, nos: Sequence[int]) -> dict[int, Contact]:
    rows = connection.execute(
        f"{_SELECT} FROM contacts AS c WHERE no IN {_ARRAY} AND account = ?", (array(nos), account)
    )
    return {contact.no: contact for contact in _contacts(rows)}


def _in_group(connection: Connection, group: int, no: int) -> Contact | None:
    question = f"{_SELECT} FROM memberships CROSS JOIN contacts AS c ON no = contact_no WHERE group_no = ? AND no = ?"
    row = connection.execute(question, (group, no)).fetchone()
    return _contact(*row) if row is not None else None


def _page(connection: Connection, query: ContactQuery, offset: int, limit: int) -> tuple[list[Contact], int]:
    tables = "contacts AS c"
    conditions = ["c.account = ?"]
    values: list[str | int] = [query.account]
    if query.groups is not None and len(query.groups) == 1:
        tables = "memberships AS m CROSS JOIN contacts AS c ON c.no = m.contact_no"
        conditions.append("m.group_no = ?")
        values.append(query.groups[0])
    elif query.groups is not None:
        conditions.append(f"EXISTS (SELECT 1 FROM memberships WHERE contact_no = c.no AND group_no IN {_ARRAY})")
        values.append(array(query.groups))
    if query.tags is not None:
        conditions.append(
            f"EXISTS (SELECT 1 FROM json_each(CAST(c.body AS TEXT), '$.tags') AS tag WHERE tag.value IN {_ARRAY})"
        )
        values.append(_encode(query.tags).decode())
    if query.status is not None:
        conditions.append(_STATUS[query.status])
    if query.search is not None:
        conditions.append("instr(c.search, ?)")
        values.append(query.search.casefold())
    wanted = f"FROM {tables} WHERE {' AND '.join(conditions)}"
    total: int = connection.execute(f"SELECT count(*) {wanted}", values).get
    order = "m.contact_no" if tables[0] == "m" else "c.no"
    rows = connection.execute(f"{_SELECT} {wanted} ORDER BY {order} DESC LIMIT ? OFFSET ?", (*values, limit, offset))
    return _contacts(rows), total


def _groups_of(connection: Connection, nos: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = connection.execute(
        f"SELECT contact_no, group_no FROM memberships WHERE contact_no IN {_ARRAY} ORDER BY contact_no, group_no",
        (array(nos),),
    )
    for contact, group in rows:
        found.setdefault(contact, []).append(group)
    return found


def _audience(
    connection: Connection,
    account: str,
    groups: Sequence[int],
    after: int,
    limit: int,
    by: Address,
    of_run: tuple[int, int] | None,
) -> Audience:
    key = COLUMNS[by]
    # The next of each group hold the next of all.
    nexts = {
        no
        for group in groups
        for (no,) in connection.execute(
            "SELECT contact_no FROM memberships WHERE group_no = ? AND contact_no > ? ORDER BY contact_no LIMIT ?",
            (group, after, limit),
        )
    }
    nos = sorted(nexts)[:limit]
    rows = connection.execute(
        f"SELECT c.body FROM contacts AS c WHERE c.no IN {_ARRAY} AND c.account = ? AND c.active AND c.{key} NOTNULL"
        f" AND NOT EXISTS (SELECT 1 FROM opted_out WHERE account = c.account AND number = c.{key})"
        f" AND NOT EXISTS (SELECT 1 FROM contacts AS earlier CROSS JOIN memberships ON contact_no = earlier.no"
        f" WHERE earlier.account = c.account AND earlier.{key} = c.{key} AND earlier.no < c.no AND earlier.active"
        f" AND group_no IN {_ARRAY})"
        f" AND NOT EXISTS (SELECT 1 FROM departed WHERE campaign = ? AND run = ? AND address = c.{key}) ORDER BY c.no",
        (array(nos), account, array(groups), *(of_run or (None, None))),
    )
    contacts = [_decode(body) for (body,) in rows]
    return Audience(contacts, nos[-1] if len(nos) == limit else None)


def _reached(connection: Connection, account: str, groups: Sequence[int], by: Address) -> int:
    key = COLUMNS[by]
    count: int = connection.execute(
        f"SELECT count(DISTINCT c.{key}) FROM memberships CROSS JOIN contacts AS c ON c.no = contact_no"
        f" WHERE group_no IN {_ARRAY} AND c.account = ? AND c.active"
        f" AND NOT EXISTS (SELECT 1 FROM opted_out WHERE account = c.account AND number = c.{key})",
        (array(groups), account),
    ).get
    return count
