"""Where an account's messages to a number, with a reference and of a sender stand: written down for many at once.

What comes together goes to many numbers, so an index over them would take a page to be written for nearly every
message. The places of a thousand messages share their pages; the messages behind those are looked at one by one.
Numbers come in blocks: the places of a block stand together, and hardly any come to them once the next one has begun.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from apsw import Connection

from adapters.store.rows import Row

BLOCK = 14
"""Bits: a block has so many numbers."""

# So many messages at most have no places yet, besides those of one batch.
_RUN = 1024

_FIELDS = {"recipient": 0, "reference": 1, "sender": 2}

_PLACES = " UNION ALL ".join(
    f"SELECT account, {field} AS field, no >> {BLOCK} AS block, {column} AS value, no FROM messages"
    f" WHERE no > ?1 AND no <= ?2 AND {column} IS NOT NULL"
    for column, field in _FIELDS.items()
)
_PLACE = f"INSERT INTO message_places {_PLACES}"
_FORGET = "DELETE FROM message_places WHERE account = ? AND field = ? AND block = ? AND value = ? AND no = ?"
_PLACED_TO = "SELECT value FROM marks WHERE name = 'messages_placed_to'"

# The first that is asked for is looked up, the others are checked on what that finds. The state of a message changes:
# it has an index, which most messages leave with their last one.
_LOOKED_UP = ("reference", "recipient", "sender", "state")
_PLACED = "WHERE account = ? AND block = ? AND no < ? AND field = ?"
_BY_PLACE = f"message_places CROSS JOIN messages USING (account, no) {_PLACED} AND value = ?"
_BY_STATE = (
    f"messages INDEXED BY messages_state WHERE account = ? AND no >> {BLOCK} = ? AND no < ?"
    " AND state = ? AND state <> 'delivered'"  # so the index is known to hold them all
)
_ALL = (1 << 63) - 1


def to_phones(column: str) -> str:
    """The condition that a column with a recipient has a number and no address."""
    return f"instr({column}, '@') = 0"


_COUNT_PLACED = (
    f"SELECT count(*) FROM message_places WHERE account = ? AND field = {_FIELDS['recipient']} AND no <= ?"
    f" AND {to_phones('value')}"
)
_COUNT_BEHIND = f"SELECT count(*) FROM messages NOT INDEXED WHERE account = ? AND no > ? AND {to_phones('recipient')}"


class LookUp(NamedTuple):
    """`block` is what stands behind FROM for what is found in one block; its parameters are account, block, the number
    that it is below, and `values`. What has a number over `to` is to be looked at one by one.

    `to` was read before anything is looked up. What gets its place meanwhile is over it: nothing is missed, and whoever
    looks up to `to` only finds nothing twice.
    """

    block: str
    values: tuple[int | str, ...]
    to: int


def place(connection: Connection, numbers: Collection[int]) -> None:
    """In an open transaction that has inserted the messages of these numbers."""
    done = _placed_to(connection)
    # Who waited for something else between its numbers and the store comes late.
    late = [(no - 1, no) for no in numbers if no <= done]
    if late:
        connection.executemany(_PLACE, late)
    last = max(numbers)
    if last - done >= _RUN:
        connection.execute(_PLACE, (done, last))
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('messages_placed_to', ?)", (last,))


def forget(connection: Connection, messages: Iterable[Row]) -> None:
    """In an open transaction: the places of messages, each given as its number, account, recipient, reference and
    sender. Those that have none yet will get none once they are deleted."""
    connection.executemany(
        _FORGET,
        [
            (account, field, no >> BLOCK, value, no)
            for no, account, *values in messages
            for field, value in enumerate(values)
            if value is not None
        ],
    )


def _placed_to(connection: Connection) -> int:
    number: int | None = connection.execute(_PLACED_TO).get
    return number or 0


def look_up(connection: Connection, wanted: dict[str, str]) -> LookUp:
    """How to look up messages that have these values in these columns; where there are none, the numbers of all."""
    column = next((column for column in _LOOKED_UP if column in wanted), None)
    if column == "state":
        return LookUp(_BY_STATE, (wanted[column],), _ALL)
    if column is None:
        return LookUp(f"message_places {_PLACED}", (_FIELDS["recipient"],), _placed_to(connection))
    return LookUp(_BY_PLACE, (_FIELDS[column], wanted[column]), _placed_to(connection))


def and_(wanted: Iterable[str]) -> str:
    """The further conditions that columns have a value each."""
    return "".join(f" AND {column} = ?" for column in wanted)


def count_to_phones(connection: Connection, account: str) -> int:
    """How many messages an account has that are no emails, found without looking at most of them."""
    to = _placed_to(connection)
    placed: int = connection.execute(_COUNT_PLACED, (account, to)).get
    behind: int = connection.execute(_COUNT_BEHIND, (account, to)).get
    return placed + behind
