"""What accounts sent to phones and heard from them, as one list.

Both are kept in tables of their own, in the order of their times. Where a page begins in each is found by counting what
stands before a received message, in an index alone; of an account that sends emails too, which are left out, the rows
are looked at.
"""

from bisect import bisect_left
from functools import partial

from apsw import Connection
from msgspec.json import Decoder

from adapters.store.message_places import count_to_phones, to_phones
from adapters.store.rows import decode_message, first_id
from adapters.store.sqlite import SqliteStore
from router.gateway.records import InboundMessage
from router.message import Message

_received = Decoder(InboundMessage).decode

_TO_PHONES = to_phones("recipient")


class SqliteHistory:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def sent(self, account: str, no: int) -> Message | None:
        return await self._store.read(partial(_sent, wanted=(no, account)))

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Message | InboundMessage], int]:
        return await self._store.search(partial(_page, account=account, offset=offset, limit=limit))


def _sent(connection: Connection, wanted: tuple[int, str]) -> Message | None:
    body = connection.execute(f"SELECT body FROM messages WHERE no = ? AND account = ? AND {_TO_PHONES}", wanted).get
    return decode_message(body) if body is not None else None


def _page(connection: Connection, account: str, offset: int, limit: int) -> tuple[list[Message | InboundMessage], int]:
    everything: int = connection.execute("SELECT count(*) FROM messages WHERE account = ?", (account,)).get
    phones = count_to_phones(connection, account)
    heard: int = connection.execute("SELECT count(*) FROM inbound WHERE account = ?", (account,)).get
    whose = "account = ?" if phones == everything else f"account = ? AND {_TO_PHONES}"

    def place(received: int) -> int:
        """Where in the list of both the received message stands that so many received ones are newer than."""
        at: int = connection.execute(
            "SELECT at FROM inbound WHERE account = ? ORDER BY no DESC LIMIT 1 OFFSET ?", (account, received)
        ).get
        newer: int = connection.execute(
            f"SELECT count(*) FROM messages WHERE {whose} AND id >= ?", (account, first_id(at))
        ).get
        return received + newer

    before = bisect_left(range(heard), offset, key=place)
    received = connection.execute(
        "SELECT body FROM inbound WHERE account = ? ORDER BY no DESC LIMIT ? OFFSET ?", (account, limit, before)
    )
    sent = connection.execute(
        f"SELECT body FROM messages WHERE {whose} ORDER BY id DESC LIMIT ? OFFSET ?", (account, limit, offset - before)
    )
    both: list[Message | InboundMessage] = [decode_message(body) for (body,) in sent]
    both += [_received(body) for (body,) in received]
    both.sort(key=_time, reverse=True)
    return both[:limit], phones + heard


def _time(message: Message | InboundMessage) -> int:
    return message.created_at if isinstance(message, Message) else message.at
