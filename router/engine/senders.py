"""Which sender a message gets, and whether it may."""

from functools import lru_cache

from router.account import Account
from router.address import email_address, is_email
from router.refusal import Refusal
from router.routing.msisdn import normalise
from router.routing.recipient import EMAIL
from router.sender import SenderKind, sender_kind
from router.text.sender import check_name


def sender_for(account: Account, wanted: str | None, channel: str) -> str | None:
    """The sender of a message for which `wanted` was asked; None where the account has no default either.

    On channel email it is an address, with its domain normalised, and never None.
    Raises Refusal `sender_not_allowed` for the field `from`.
    """
    sender = wanted if wanted is not None else account.default_sender
    if channel == EMAIL:
        sender = _from_address(sender if wanted is not None or is_email(sender or "") else None)
    elif sender is None:
        return None
    else:
        check_sender(sender)
    if account.senders is None or sender in account.senders:
        return sender
    if any(own.active and own.number == sender for own in account.numbers):
        return sender
    own_lines = {
        one.sender for one in account.channels if one.active and one.type == channel and one.sender is not None
    }
    if wanted in own_lines or sender in own_lines:
        return sender
    raise Refusal("sender_not_allowed", f"The account may not send as {sender!r}.", "from")


def _from_address(sender: str | None) -> str:
    if sender is None:
        raise Refusal("sender_not_allowed", "An email needs an address as its sender.", "from")
    try:
        return email_address(sender)
    except ValueError as error:
        raise Refusal("sender_not_allowed", f"This is not an address to send from: {error}", "from") from None


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
