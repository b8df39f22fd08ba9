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
    """Final, for this operator or for the whole message (`Outcome.for_message`)."""
    UNKNOWN = "unknown"
    """Written, never answered."""


class Outcome(Struct, frozen=True, gc=False):
    """One attempt's result, in words that no protocol knows.

    `status` is the SMPP command_status where there was one, `detail` its reason in a sentence.
    `smsc_message_id` is kept byte for byte as the operator gave it; it may be missing even when accepted.
    """

    kind: OutcomeKind
    smsc_message_id: str | None = None
    status: int | None = None
    detail: str = ""
    for_message: bool = False
