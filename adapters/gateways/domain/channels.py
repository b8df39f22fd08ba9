"""By which of its channels an account sends."""

from router.account import Account, AccountChannel
from router.refusal import Refusal


def active_channel(account: Account, type: str) -> AccountChannel:
    """The first active channel of a type. Raises Refusal `channel_off`."""
    for channel in account.channels:
        if channel.type == type and channel.active:
            return channel
    raise Refusal("channel_off", f"the account has no active channel {type}")


def channel_by_id(account: Account, type: str, id: str) -> AccountChannel:
    """The channel of a type with this id, active or not. Raises Refusal `line_not_found`."""
    for channel in account.channels:
        if channel.type == type and channel.id == id:
            return channel
    raise Refusal("line_not_found", f"the account has no such channel {type}")


def line_of(account: Account, type: str, to: str) -> AccountChannel | None:
    """The channel that a message from a handset came in by: the one that sends from the address it was written to, else
    the first of its type."""
    lines = [channel for channel in account.channels if channel.type == type]
    for channel in lines:
        if channel.sender is not None and channel.sender.lstrip("+") == to.lstrip("+"):
            return channel
    return next(iter(sorted(lines, key=lambda channel: not channel.active)), None)
