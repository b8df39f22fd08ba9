"""What kind of sender one is."""

from enum import StrEnum


class SenderKind(StrEnum):
    """How a sender is addressed; the names are those of an operator's `addressing`."""

    ALPHANUMERIC = "alphanumeric"
    SHORTCODE = "shortcode"
    INTERNATIONAL = "international"


def sender_kind(sender: str) -> SenderKind:
    """By its looks: 3 to 8 digits are a short code, 9 to 15 or digits behind a plus sign a number, all else a name."""
    digits = sender[1:] if sender[:1] == "+" else sender
    if not (digits.isdigit() and digits.isascii()):
        return SenderKind.ALPHANUMERIC
    if digits is not sender or 9 <= len(digits) <= 15:
        return SenderKind.INTERNATIONAL
    return SenderKind.SHORTCODE if 3 <= len(digits) <= 8 else SenderKind.ALPHANUMERIC
