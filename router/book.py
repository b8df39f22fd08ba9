"""What the gateway domain asks of the store: what accounts keep with us beside their messages.

Calls that read or write raise StoreUnavailable. What belongs to another account is not found. A write is on disk when
its call returns; a Rider is written by the Store with the messages it goes with, or not at all.
"""

from collections.abc import Sequence
from typing import Protocol

from router.gateway.records import IssuedKey, Send
from router.message import Message
from router.ports import Rider


class Sends(Protocol):
    """What was sent by which request."""

    def record(self, send: Send) -> Rider: ...

    async def find(self, account: str, face: str, no: int) -> Send | None: ...

    async def page(self, account: str, face: str, offset: int, limit: int) -> tuple[list[Send], int]:
        """Newest first, and how many there are."""

    async def messages(self, send: Send) -> list[Message]:
        """As they stand on disk, in the order in which they were given."""

    async def first_messages(self, sends: Sequence[Send]) -> dict[int, Message]:
        """The first message of each send, by the number of the send; absent where retention took it."""


class KeysOfAccounts(Protocol):
    """Keys that accounts made for themselves, one each; `found` are those there were when the Book was opened."""

    found: list[IssuedKey]

    async def put(self, key: IssuedKey) -> None:
        """In place of the account's one."""

    async def remove(self, account: str) -> None: ...


class Book(Protocol):
    """Everything, by what it is about. `next_no` gives numbers, each once, also over a restart."""

    sends: Sends
    keys: KeysOfAccounts

    async def open(self) -> None:
        """After the store is open."""

    def next_no(self) -> int: ...
