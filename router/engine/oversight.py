"""What the administrator may ask of the messages of all accounts."""

from router.engine.feed import Feed
from router.engine.ledger import Ledger
from router.event import LoggedEvent
from router.message import Message
from router.ports.store import MessageSearch, MessagesFound, StoreUnavailable
from router.refusal import Refusal

# Milliseconds about a message's own time in which its event is looked for, and how many events of that time.
_BEFORE, _AFTER = 50, 250
_MOST = 2_000


class Oversight:
    """Find, and tell what was told. Every call raises Refusal `store_unavailable` when the store cannot be read."""

    def __init__(self, ledger: Ledger, feed: Feed) -> None:
        self._ledger = ledger
        self._feed = feed

    async def search(self, query: MessageSearch) -> MessagesFound:
        """As of the store, each message as it stands."""
        try:
            found = await self._ledger.store.search_messages(query)
        except StoreUnavailable:
            raise _unreadable() from None
        return MessagesFound([self._ledger.current(message) for message in found.messages], found.next)

    async def find(self, message_id: str) -> Message | None:
        """One message, whosever it is; None where there is none."""
        message = self._ledger.find(message_id)
        if message is not None:
            return message
        return next(iter((await self.search(MessageSearch(id=message_id))).messages), None)

    async def events_of(self, message: Message) -> list[LoggedEvent]:
        """The events told about a message, as far as they are kept: those of the times that the message bears."""
        mark = message.id.encode()
        found: dict[int, LoggedEvent] = {}
        try:
            for at in (message.submitted_at, message.done_at):
                if at is not None:
                    found |= {event.seq: event for event in await self._about(message.account, at, mark)}
        except StoreUnavailable:
            raise _unreadable() from None
        return [found[seq] for seq in sorted(found)]

    async def _about(self, account: str, at: int, mark: bytes) -> list[LoggedEvent]:
        """The account's events of about that time that name a message."""
        events = self._ledger.store.events
        first, last = 0, self._feed.last_seq(account)
        while first < last:  # the last seq that is earlier
            middle = (first + last) // 2
            found = await events(account, middle, 1)
            if found and found[0].at < at - _BEFORE:
                first = found[0].seq
            else:
                last = middle
        near = await events(account, first, _MOST)
        return [event for event in near if event.at <= at + _AFTER and mark in event.payload]


def _unreadable() -> Refusal:
    return Refusal("store_unavailable", "messages cannot be read at the moment; try again", retry_after=1)
