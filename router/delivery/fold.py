"""A message's state from its parts: the one written rule."""

from collections.abc import Sequence

from router.message import Part, State

_WORST_FIRST = (State.REJECTED, State.FAILED, State.UNDELIVERED, State.EXPIRED, State.CANCELLED)


def message_state(parts: Sequence[Part]) -> State:
    """The state of a message with these parts.

    A part that failed for good decides at once, the worst first; else the message is `queued` while any part waits,
    `submitted` while any receipt is open, `unknown` when a receipt never came, and `delivered` when all parts are.
    """
    if len(parts) == 1:
        return parts[0].state
    states = {part.state for part in parts}
    for state in _WORST_FIRST:
        if state in states:
            return state
    for state in (State.QUEUED, State.SUBMITTED, State.UNKNOWN):
        if state in states:
            return state
    return State.DELIVERED
