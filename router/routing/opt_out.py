"""Who wants nothing more: what a handset's message says of it, and which messages that keeps back."""

from unicodedata import combining, normalize

from router.account import Account, OptOut

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


def holds_for(account: Account | None, traffic_class: str) -> bool:
    """Whether messages of a class do not go to numbers on the account's opt-out list."""
    rules = account.guards.opt_out if account is not None and account.guards is not None else None
    return traffic_class in (rules or _DEFAULT).classes
