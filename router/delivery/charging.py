"""What a message is charged when it is accepted, and whether that is kept when it has ended: the one written rule."""

from router.account import ChargeRule
from router.delivery.settle import committed_to
from router.message import Message, State
from router.money import NANO, to_nano
from router.outcome import OutcomeKind
from router.wallet import Tariff

_WITHDRAWN = (State.CANCELLED, State.EXPIRED)
_GOOD = (State.SUBMITTED, State.DELIVERED)


def charge_of(message: Message, tariff: Tariff) -> int:
    """What a message costs its account, in nano: nothing where the account has no price for it."""
    if tariff is Tariff.UNIT:
        return message.segments * NANO
    return to_nano(message.price.amount) if message.price is not None else 0


def is_kept(rule: ChargeRule, message: Message) -> bool:
    """Whether a message that came to a final state keeps what it was charged.

    `accepted`: always, but where it was cancelled or ran out of time before an operator had, or may have had, any of
    it. `submitted`: if an operator has accepted a part of it. `delivered`: if it was delivered; `unknown` is not.
    A message that waits for no receipt ends as `submitted` and keeps it by every rule.
    """
    match rule:
        case "accepted":
            return message.state not in _WITHDRAWN or committed_to(message) is not None
        case "submitted":
            return message.state in _GOOD or any(
                attempt.outcome is OutcomeKind.ACCEPTED for part in message.parts for attempt in part.attempts
            )
        case "delivered":
            return message.state in _GOOD
