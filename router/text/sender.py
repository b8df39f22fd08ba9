"""Whether a name can be written as a sender."""

from router.refusal import Refusal
from router.text import gsm7

LONGEST_NAME = 11
"""Septets of an alphanumeric address (3GPP TS 23.040, 9.1.2.5: 10 octets packed)."""


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
