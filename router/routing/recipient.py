"""The recipient of a message as its channel has them."""

from router.address import email_address
from router.refusal import Refusal
from router.routing.msisdn import Judge, normalise
from router.submit import Channel

EMAIL = Channel.EMAIL.value


def recipient(to: str, channel: str, judge: Judge) -> str:
    """`to` normalised: an address on channel email, a number in E.164 on every other.

    Raises Refusal `invalid_address` or `invalid_number` for the field `to`.
    """
    if channel != EMAIL:
        return normalise(to, judge)
    try:
        return email_address(to)
    except ValueError as error:
        raise Refusal("invalid_address", f"This is not an address to send to: {error}", "to") from None


def channel_of(to: str, otherwise: str = Channel.SMS.value) -> str:
    """The channel that a recipient is meant for where nobody names it: email for what looks like an address."""
    return EMAIL if "@" in to else otherwise
