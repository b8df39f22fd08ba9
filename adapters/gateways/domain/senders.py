"""Senders as clients of the public APIs write them."""

from router.account import Account


def sender_of(account: Account, written: str) -> str:
    """A number that the account has, or may send from, as it stands there: with or without its plus sign."""
    bare = written.removeprefix("+")
    for known in (*(account.senders or ()), *(own.number for own in account.numbers)):
        if known.removeprefix("+") == bare:
            return known
    return written
