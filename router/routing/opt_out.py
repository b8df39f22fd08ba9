"""What a handset's message says about wanting more."""

from unicodedata import combining, normalize

from router.account import OptOut

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
