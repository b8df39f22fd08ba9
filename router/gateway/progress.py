"""How far the messages of one request have come together, by the states that they are in."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from router.message import State

NOT_SENT: Final = frozenset({State.FAILED, State.CANCELLED})
"""Ended before any operator had the message."""

WAITING: Final = frozenset({State.SCHEDULED, State.QUEUED})

SENT: Final = frozenset(State) - NOT_SENT - WAITING
"""Some operator has, or had, the message."""


class Progress(StrEnum):
    """`pending` until the first message is sent; `failed` where none was and none will be."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


def progress(states: Iterable[State]) -> Progress:
    """Of at least one message."""
    found = set(states)
    if found & SENT:
        return Progress.SENT
    return Progress.PENDING if found & WAITING else Progress.FAILED
