"""Whom a FullSMS message may come from (FS-9, FS-12, FS-14)."""

import re

from router.account import Account
from router.engine.senders import check_sender
from router.refusal import Refusal

_NUMBER = re.compile(r"\+?[0-9]{5,15}")


def is_number(sender: str) -> bool:
    """Whether a sender is meant as a number; anything else is a sender id."""
    return _NUMBER.fullmatch(sender) is not None


def sender_of(account: Account, written: str | None) -> str:
    """The sender as the account has it. Raises Refusal `number_not_allowed` where it is absent, or a number that is not
    an active one of the account, `sender_not_allowed` for a sender id that is not approved. Where the account has no
    list of them any will do (XA-10)."""
    if written is None or is_number(written):
        return _own_number(account, written or "")
    if account.senders is not None and written not in account.senders:
        raise Refusal("sender_not_allowed", "this sender id is not approved")
    check_sender(written)
    return written


def _own_number(account: Account, written: str) -> str:
    digits = written.removeprefix("+")
    for own in account.numbers:
        if own.number.removeprefix("+") == digits:
            if not own.active:
                raise _unknown()
            return own.number
    for known in account.senders or ():
        if known.removeprefix("+") == digits:
            return known
    if not digits or account.numbers or account.senders is not None:
        raise _unknown()
    try:
        check_sender(written)
    except Refusal:
        raise _unknown() from None
    return written


def _unknown() -> Refusal:
    return Refusal("number_not_allowed", "this is no active number of the account")
