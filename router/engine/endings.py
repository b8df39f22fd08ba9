"""How a message ends, in one place: state, money, event, counts."""

from collections.abc import Callable

from router.engine.feed import Feed
from router.engine.ledger import Ledger
from router.engine.wallets import Wallets
from router.event import EventType
from router.message import Message, MessageError, State
from router.ports.watching import Metrics

_EVENTS = {
    State.DELIVERED: EventType.DELIVERED,
    State.UNDELIVERED: EventType.UNDELIVERED,
    State.EXPIRED: EventType.EXPIRED,
    State.REJECTED: EventType.REJECTED,
    State.FAILED: EventType.FAILED,
    State.CANCELLED: EventType.CANCELLED,
    State.UNKNOWN: EventType.UNKNOWN,
}


class Endings:
    """Tells accounts what became of their messages; a final state is stored together with its event. `on_end` hears of
    every message that has reached one."""

    def __init__(
        self,
        ledger: Ledger,
        feed: Feed,
        metrics: Metrics,
        wallets: Wallets,
        on_end: Callable[[Message], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._feed = feed
        self._metrics = metrics
        self._wallets = wallets
        self._on_end = on_end

    def end(self, message: Message, state: State, now: int, error: MessageError | None = None) -> None:
        """End a message that was still queued or scheduled, with all of its parts that were not submitted."""
        self._ledger.open -= 1
        message.state = state
        message.done_at = now
        if error is not None:
            message.error = error
        for part in message.parts:
            if part.state is State.QUEUED:
                part.state = state
        self.close(message, now)

    def close(self, message: Message, now: int) -> None:
        """Store and tell the final state that a message has reached."""
        message.position = None
        message.due_at = None
        message.waiting_for = None
        self._ledger.active.pop(message.no, None)
        if message.charged:
            self._wallets.settle(message)
        self._store.save(message)
        self._feed.tell(_EVENTS[message.state], message, now)
        self._metrics.final(message.operator or "", message.state)
        if self._on_end is not None:
            self._on_end(message)

    def settle(self, message: Message) -> None:
        """Something more is known of a message that may have ended: what it was charged is kept or given back by that.
        The caller saves it."""
        if message.charged:
            self._wallets.settle(message)
