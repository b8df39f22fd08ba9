"""Parts that are about to be written to an operator, for as long as the rows of their messages do not say so.

That a part is being sent is on disk before it is. To write its message anew for that would be a third of all writes,
and a moment later the message is written again with what came of it. So parts that are claimed together stand in one
small row; each leaves it when its message is next saved. A start writes what it finds there into the messages.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec
from apsw import Connection

from adapters.store.rows import claimed_row, decode_message
from router.message import Attempt, Message

# A row is written anew when one of its messages leaves it, so it has but so many.
_MOST = 64

_Claim = tuple[int, int, str, int]
"""The number of the message, that of the part, the operator and the time (ms) of an attempt without outcome."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Claim]).decode

_WRITE = "INSERT OR REPLACE INTO claims VALUES (?, ?)"
_DELETE = "DELETE FROM claims WHERE no = ?"
_CLAIM_MESSAGE = "UPDATE messages SET live = ?, body = ? WHERE no = ?"

CLAIMED = "SELECT json_extract(value, '$[0]') AS no FROM claims, json_each(CAST(claims.body AS TEXT))"
"""The numbers of the messages that have claims."""

SINCE = 16
"""The version of the schema that brought them."""


class Claims:
    """What stands in the rows. A change holds once `committed` is called; noted again before that, it is another."""

    def __init__(self) -> None:
        self._rows: dict[int, list[_Claim]] = {}
        self._row_of: dict[int, int] = {}
        self._last = 0
        self._changed: dict[int, list[_Claim]] = {}

    def holds(self, no: int) -> bool:
        """Whether the message of this number has a claim on disk."""
        return no in self._row_of

    def note(self, connection: Connection, claimed: Sequence[Message], saved: Collection[int]) -> None:
        """In an open transaction, which also saves the messages of the numbers `saved`."""
        row_of = self._row_of
        changed = self._changed = {
            row: [claim for claim in self._rows[row] if claim[0] not in saved]
            for row in {row_of[no] for no in saved if no in row_of}
        }
        for start in range(0, len(claimed), _MOST):
            self._last += 1
            changed[self._last] = [claim for message in claimed[start : start + _MOST] for claim in _claims(message)]
        connection.executemany(_DELETE, [(row,) for row, claims in changed.items() if not claims])
        connection.executemany(_WRITE, [(row, _encode(claims)) for row, claims in changed.items() if claims])

    def committed(self) -> None:
        """What was noted last is on disk."""
        rows, row_of = self._rows, self._row_of
        for row, claims in self._changed.items():
            for claim in rows.pop(row, ()):
                row_of.pop(claim[0], None)
            if claims:
                rows[row] = claims
                for claim in claims:
                    row_of[claim[0]] = row
        self._changed = {}


def bring_in(connection: Connection) -> None:
    """At a start: write what is claimed into the messages. Raises apsw.Error, and msgspec.MsgspecError for what cannot
    be read."""
    claims = [claim for (body,) in connection.execute("SELECT body FROM claims") for claim in _decode(body)]
    if not claims:
        return
    claimed: dict[int, Message] = {}
    for no, number, operator, at in claims:
        body = connection.execute("SELECT body FROM messages WHERE no = ?", (no,)).get
        # What was never accepted is not there.
        message = claimed.get(no) or (body and decode_message(body))
        if message:
            attempts = message.parts[number - 1].attempts
            # That of a part which was under way when another one made its message be saved is there already.
            if not attempts or attempts[-1].outcome is not None:
                attempts.append(Attempt(operator, at))
            message.waiting_for = None
            message.slow_at = []
            claimed[no] = message
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_CLAIM_MESSAGE, [claimed_row(message) for message in claimed.values()])
    connection.execute("DELETE FROM claims")
    connection.execute("COMMIT")


def _claims(message: Message) -> Iterator[_Claim]:
    for part in message.parts:
        if part.attempts and part.attempts[-1].outcome is None:
            attempt = part.attempts[-1]
            yield message.no, part.number, attempt.operator, attempt.at
