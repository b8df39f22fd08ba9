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

    `status` is the protocol's where there was one: a number is an SMPP command_status, a text what any other protocol
    says (HTTP `429`, SMTP `550`). `detail` is its reason in a sentence, `code` the operator's own word for the error.
    `smsc_message_id` is kept byte for byte as the operator gave it; it may be missing even when accepted.
    """

    kind: OutcomeKind
    smsc_message_id: str | None = None
    status: int | str | None = None
    detail: str = ""
    fault: Fault = Fault.OPERATOR
    code: str | None = None


def shown_status(status: int | str | None) -> str | None:
    """A status as people know it: a command_status as `0x0000000B`, any other as it is."""
    return f"0x{status:08X}" if isinstance(status, int) else status
