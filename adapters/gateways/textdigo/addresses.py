"""Whom a request names: a number or an address, as written and as the engine has it."""

from adapters.gateways.domain.numbers import number_of
from adapters.gateways.textdigo.errors import About
from router.address import email_address
from router.refusal import Refusal

_SHOWN = 64


def phone_number(written: str) -> str:
    """E.164 with its plus sign. Raises About `invalid_number`."""
    try:
        return number_of(written)
    except Refusal as refusal:
        raise About(refusal.code, written[:_SHOWN]) from None


def email(written: str) -> str:
    """Raises About `invalid_address`."""
    try:
        return email_address(written.strip())
    except ValueError:
        raise About("invalid_address", written[:_SHOWN]) from None
