"""Who wants nothing more: what a handset's message says of it, and which messages that keeps back."""

from hashlib import blake2b
from unicodedata import combining, normalize

from router.account import Account, OptOut
from router.address import is_email

ADDRESSES = 1 << 62
"""Keys from here on stand for addresses: above every number, and a database has them in its signed integers."""

_LONGEST = 15  # digits of a number in E.164
_DEFAULT = OptOut()
_AROUND = " \t\r\n.,;:!?\"'()*«»“”‘’"


def plain(text: str) -> str:
    """A text without case, accents, and what stands around its words: as opt-out words are compared."""
    bare = "".join(character for character in normalize("NFKD", text) if not combining(character))
    return " ".join(bare.casefold().split()).strip(_AROUND)


def wants_out(rules: OptOut, text: str) -> bool | None:
    """True where the text is, as a whole, a word that opts out, False for one that opts in again, else None."""
    said = plain(text)
    if said in rules.words:
        return True
    return False if said in rules.back else None


def list_key(to: str) -> int | None:
    """What stands on a list for a recipient: a number in E.164 without its plus sign, of an address its hash; None for
    what is neither. Nobody means two people by capitals before an @."""
    if is_email(to):
        return ADDRESSES | int.from_bytes(blake2b(to.casefold().encode(), digest_size=8).digest()) >> 2
    digits = to[1:]
    if to[:1] == "+" and len(digits) <= _LONGEST and digits.isascii() and digits.isdigit():
        return int(digits)
    return None


def holds_for(account: Account | None, traffic_class: str) -> bool:
    """Whether messages of a class do not go to numbers on the account's opt-out list."""
    rules = account.guards.opt_out if account is not None and account.guards is not None else None
    return traffic_class in (rules or _DEFAULT).classes
