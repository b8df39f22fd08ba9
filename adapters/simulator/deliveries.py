"""What the SMSC sends: receipts and messages from handsets, to any session of a system_id that can receive.

As operators do, it keeps them while nobody is bound, spreads them over all sessions, leaves a bounded number
unanswered, and sends again what was not answered, or refused for now.
"""

import time
from collections import deque
from typing import Final

from adapters.simulator.observed import Counts
from adapters.simulator.options import SmscOptions
from adapters.simulator.receipt_pdu import Delivery
from adapters.simulator.session import Session
from adapters.smpp.constants import (
    ESME_RDELIVERYFAILURE,
    ESME_RMSGQFUL,
    ESME_ROK,
    ESME_RQUERYFAIL,
    ESME_RSUBMITFAIL,
    ESME_RSYSERR,
    ESME_RTHROTTLED,
    ESME_RUNKNOWNERR,
    ESME_RX_T_APPN,
)

_SENT_AGAIN: Final = frozenset(
    {
        ESME_RTHROTTLED,
        ESME_RSYSERR,
        ESME_RMSGQFUL,
        ESME_RX_T_APPN,
        ESME_RSUBMITFAIL,
        ESME_RQUERYFAIL,
        ESME_RDELIVERYFAILURE,
        ESME_RUNKNOWNERR,
    }
)
"""Answers to a deliver_sm after which operators send it again; after any other it is dropped."""


class Account:
    """All sessions of one system_id that can receive, and what waits for them."""

    def __init__(self, pending: int) -> None:
        self.receivers: list[Session] = []
        self.waiting: deque[Delivery] = deque(maxlen=pending)
        self.turn = 0


class Deliveries:
    """Call `pump` at the end of each batch, and `wake` at `due`. Times are monotonic seconds."""

    def __init__(self, options: SmscOptions, counts: Counts) -> None:
        self.accounts: dict[str, Account] = {}
        self._options = options
        self._counts = counts
        self._busy: set[Account] = set()
        self._again: deque[tuple[float, Account, Delivery]] = deque()

    def join(self, system_id: str, session: Session) -> None:
        """A session of `system_id` was bound."""
        account = self.accounts.get(system_id)
        if account is None:
            account = self.accounts[system_id] = Account(self._options.pending)
        if session.can_receive:
            account.receivers.append(session)
            self._busy.add(account)

    def leave(self, system_id: str, session: Session) -> None:
        """It is gone: what it did not answer goes to the others, first."""
        account = self.accounts[system_id]
        if session.can_receive:
            account.receivers.remove(session)
            self._counts.resent += len(session.unanswered)
            account.waiting.extendleft(delivery for _, delivery in reversed(session.unanswered.values()))
            session.unanswered.clear()
            self._busy.add(account)

    def add(self, system_id: str, deliveries: list[Delivery]) -> None:
        account = self.accounts[system_id]
        account.waiting.extend(deliveries)
        self._busy.add(account)

    def add_elsewhere(self, system_id: str, deliveries: list[Delivery], session: Session) -> None:
        """Send at once to another session than this one, where one has room."""
        others = [other for other in self.accounts[system_id].receivers if other is not session and other.room()]
        if not others:
            self.add(system_id, deliveries)
            return
        for delivery in deliveries:
            self._counts.deliveries += 1
            others[0].deliver(delivery, time.monotonic())

    def answered(self, system_id: str, session: Session, sequence: int, status: int) -> Delivery | None:
        """A deliver_sm_resp or data_sm_resp; returns what it answers, None where nothing waits for it (any more)."""
        _, delivery = session.unanswered.pop(sequence, (0.0, None))
        if delivery is None:
            return None
        account = self.accounts[system_id]
        self._busy.add(account)
        if status == ESME_ROK:
            self._counts.delivered += 1
        elif status in _SENT_AGAIN:
            self._again.append((time.monotonic() + self._options.resend, account, delivery))
        else:
            self._counts.dropped += 1
        return delivery

    def has_room(self, system_id: str) -> None:
        """A session of `system_id` can be written to again."""
        self._busy.add(self.accounts[system_id])

    def pump(self) -> None:
        """Send what waits, in turn over all sessions that have room."""
        for account in self._busy:
            if account.waiting:
                self._pump(account)
        self._busy.clear()

    def due(self) -> float:
        """When something is to be sent again; infinity for never."""
        resend = self._options.resend
        due = self._again[0][0] if self._again else float("inf")
        for account in self.accounts.values():
            for session in account.receivers:
                oldest = session.oldest()
                if oldest is not None and oldest + resend < due:
                    due = oldest + resend
        return due

    def wake(self, now: float) -> None:
        while self._again and self._again[0][0] <= now:
            _, account, delivery = self._again.popleft()
            self._send_again(account, delivery)
        for account in self.accounts.values():
            for session in account.receivers:
                for delivery in session.overdue(now - self._options.resend):
                    self._send_again(account, delivery)

    def _send_again(self, account: Account, delivery: Delivery) -> None:
        self._counts.resent += 1
        account.waiting.append(delivery)
        self._busy.add(account)

    def _pump(self, account: Account) -> None:
        waiting = account.waiting
        receivers = account.receivers
        now = time.monotonic()
        rooms = [session.room() for session in receivers]
        free = sum(rooms)
        while waiting and free:
            account.turn = (account.turn + 1) % len(receivers)
            if rooms[account.turn]:
                rooms[account.turn] -= 1
                free -= 1
                self._counts.deliveries += 1
                receivers[account.turn].deliver(waiting.popleft(), now)
