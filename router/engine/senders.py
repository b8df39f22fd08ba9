"""Which sender a message gets, and whether it may."""

from functools import lru_cache

from router.account import Account
from router.refusal import Refusal
from router.routing.msisdn import normalise
from router.sender import SenderKind, sender_kind
from router.text.sender import check_name


def sender_for(account: Account, wanted: str | None) -> str | None:
    """The sender of a message for which `wanted` was asked; None where the account has no default either.

    Raises Refusal `sender_not_allowed` for the field `from`.
    """
    sender = wanted if wanted is not None else account.default_sender
    if sender is None:
        return None
    check_sender(sender)
    if account.senders is None or sender in account.senders:
        return sender
    if any(own.active and own.number == sender for own in account.numbers):
        return sender
    raise Refusal("sender_not_allowed", f"The account may not send as {sender!r}.", "from")


@lru_cache(maxsize=4096)
def check_sender(sender: str) -> SenderKind:
    """The kind of a sender that can be sent at all. Raises Refusal `sender_not_allowed` for the field `from`."""
    kind = sender_kind(sender)
    if kind is SenderKind.INTERNATIONAL:
        try:
            normalise(sender if sender[0] == "+" else f"+{sender}", "possible")
        except Refusal as refusal:
            detail = f"As a sender this is no possible number: {refusal.detail}"
            raise Refusal("sender_not_allowed", detail, "from") from None
    elif kind is SenderKind.ALPHANUMERIC:
        check_name(sender)
    return kind
