"""Senders: what kind one is, and whether a name can be written."""

from enum import StrEnum

from router.refusal import Refusal
from router.text import gsm7


class SenderKind(StrEnum):
    """How a sender is addressed; the names are those of an operator's `addressing`."""

    ALPHANUMERIC = "alphanumeric"
    SHORTCODE = "shortcode"
    INTERNATIONAL = "international"


LONGEST_NAME = 11
"""Septets of an alphanumeric address (3GPP TS 23.040, 9.1.2.5: 10 octets packed)."""


def sender_kind(sender: str) -> SenderKind:
    """By its looks: 3 to 8 digits are a short code, 9 to 15 or digits behind a plus sign a number, all else a name."""
    digits = sender[1:] if sender[:1] == "+" else sender
    if not (digits.isdigit() and digits.isascii()):
        return SenderKind.ALPHANUMERIC
    if digits is not sender or 9 <= len(digits) <= 15:
        return SenderKind.INTERNATIONAL
    return SenderKind.SHORTCODE if 3 <= len(digits) <= 8 else SenderKind.ALPHANUMERIC


def check_name(sender: str) -> None:
    """Raises Refusal `sender_not_allowed` for the field `from` where an alphanumeric sender cannot be written."""
    if not sender.strip():
        raise _refused("The sender is empty.")
    if not sender.isprintable():
        raise _refused("The sender holds a control character.")
    septets = gsm7.encode(sender)
    if septets is None:
        missing = " ".join(gsm7.missing(sender))
        raise _refused(f"These characters of the sender are not in the GSM 7-bit alphabet: {missing}")
    if len(septets) > LONGEST_NAME:
        raise _refused(
            f"A name as sender takes at most {LONGEST_NAME} GSM 7-bit characters; this takes {len(septets)}."
        )


def _refused(detail: str) -> Refusal:
    return Refusal("sender_not_allowed", detail, "from")
