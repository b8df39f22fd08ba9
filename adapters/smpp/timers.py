"""How long one bind waits for what (SMPP 3.4 sections 2.9 and 7.2). Seconds of a monotonic clock, given as `now`."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

MISSED_ANSWERS: Final = 2
"""So many enquire_links in a row without any sign of life, and the link is dead."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`enquire_link`: silence after which we ask; `response`: until a request counts as unanswered;
    `handshake`: until a bind or an unbind must be answered."""

    enquire_link: float = 30.0
    response: float = 60.0
    handshake: float = 10.0


class Due(Enum):
    NOTHING = 0
    ENQUIRE = 1
    """Ask the peer whether it is alive."""
    DEAD = 2
    """It never answered."""
    OVERDUE = 3
    """The bind or unbind was not answered in time."""


class Timers:
    """The clockwork of one session.

    Silence is counted from what we hear, not from what we say: a peer that is written to but says nothing back
    must be asked, and whatever we hear makes us answer, so the peer's own inactivity timer is fed too.
    """

    __slots__ = ("_asked_at", "_deadline", "_heard_at", "_missed", "patience")

    def __init__(self, patience: Patience, now: float) -> None:
        self.patience = patience
        self._heard_at = now
        self._asked_at = now
        self._missed = 0
        self._deadline: float | None = None

    def heard(self, now: float) -> None:
        """Bytes came; any of them prove that the peer lives."""
        self._heard_at = now
        self._missed = 0

    def begin_handshake(self, now: float) -> None:
        self._deadline = now + self.patience.handshake

    def end_handshake(self) -> None:
        self._deadline = None

    def due(self, now: float) -> Due:
        """What must be done now; ENQUIRE is answered once and then counts as done."""
        if self._deadline is not None:
            return Due.OVERDUE if now >= self._deadline else Due.NOTHING
        patience = self.patience
        if self._missed == 0:
            if now - self._heard_at < patience.enquire_link:
                return Due.NOTHING
        else:
            if now - self._asked_at < min(patience.enquire_link, patience.response):
                return Due.NOTHING
            if self._missed == MISSED_ANSWERS:
                return Due.DEAD
        self._missed += 1
        self._asked_at = now
        return Due.ENQUIRE
