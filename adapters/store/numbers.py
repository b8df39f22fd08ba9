"""The numbers of things: the Book's own, and the small ones that some APIs show, one sequence per account and table."""

from collections.abc import Iterable

from apsw import Connection
from msgspec.json import Encoder

from router.refusal import Refusal

_encode = Encoder().encode


def used(connection: Connection, no: int) -> None:
    """What has this number is deleted: it is not given to anything else, also when it was the last one."""
    raise_mark(connection, "book_no", no)


def raise_mark(connection: Connection, name: str, value: int) -> None:
    """Set a mark, unless it is higher already."""
    connection.execute(
        "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        (name, value),
    )


def last(connection: Connection, tables: Iterable[str]) -> int:
    """The largest number that was ever given to what is, or was, in one of these tables."""
    deleted: int = connection.execute("SELECT ifnull(max(value), 0) FROM marks WHERE name = 'book_no'").get
    largest: int = max(connection.execute(f"SELECT ifnull(max(no), 0) FROM {table}").get for table in tables)
    return max(deleted, largest)


def number_for(connection: Connection, table: str, account: str, wanted: int, no: int) -> int:
    """The number in its account of a new thing: as wanted, or where that is 0 its own or the next free one. Raises
    Refusal `number_taken`."""
    taken = f"SELECT 1 FROM {table} WHERE account = ? AND number = ?"
    if wanted:
        if connection.execute(taken, (account, wanted)).get:
            raise Refusal("number_taken", f"the account has one with the id {wanted} already", "id")
        return wanted
    if not connection.execute(taken, (account, no)).get:
        return no
    largest: int = connection.execute(f"SELECT max(number) FROM {table} WHERE account = ?", (account,)).get
    return largest + 1


def array(numbers: Iterable[int]) -> str:
    """Numbers as json_each takes them."""
    return _encode(list(numbers)).decode()


def words(names: Iterable[str]) -> str:
    """Words as json_each takes them."""
    return _encode(list(names)).decode()
