"""What one attempt came to."""

from enum import StrEnum

from msgspec import Struct


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"
    """The operator took the part."""
    THROTTLED = "throttled"
    """Too fast: the part goes back first in line and no attempt is counted."""
    FAILED = "failed"
    """Not now: the same operator may be tried again."""
    REJECTED = "rejected"
    """Final, for this operator or for the whole message (`Outcome.fault`)."""
    UNKNOWN = "unknown"
    """Written, never answered."""


class Fault(StrEnum):
    """What an operator complains of."""

    OPERATOR = "operator"
    """The message does not fit this operator."""
    MESSAGE = "message"
    """The message itself: nobody would take it."""
    UNCLEAR = "unclear"
    """A status of the operator's own: it refuses this message, or everything that we have."""
    ACCOUNT = "account"
    """Our account there: nothing of ours is taken for now. Nothing is learnt about the message."""
    BIND = "bind"
    """The bind is not what the operator thinks. Nothing is learnt about the message."""
    RATE = "rate"
    """We are too fast."""
    QUEUE = "queue"
    """A queue is full: the operator's, or that of this recipient."""


NO_ATTEMPT = frozenset({Fault.ACCOUNT, Fault.BIND, Fault.RATE, Fault.QUEUE})
"""What tells nothing of the message: it goes back first in line, as if it had not been tried."""


class Outcome(Struct, frozen=True, gc=False):
    """One attempt's result, in words that no protocol knows.

    `status` is the protocol's (SMPP command_status, HTTP status, SMTP reply) where there was one, `detail` its reason
    in a sentence. `code` is the operator's own word for the error, shown in place of a command_status.
    `smsc_message_id` is kept byte for byte as the operator gave it; it may be missing even when accepted.
    """

    kind: OutcomeKind
    smsc_message_id: str | None = None
    status: int | None = None
    detail: str = ""
    fault: Fault = Fault.OPERATOR
    code: str | None = None
