"""Typographic characters and what GSM 7-bit has in their place, for accounts that prefer a cheaper message."""

import re

_REPLACED = {
    '"': "“”„‟″«»",
    "'": "‘’‚‛′‹›´`",
    "-": "‐‑‒–—―−⁃",
    "...": "…",
    "..": "‥",
    ".": "․",
    "*": "•‣∙●▪",
    "/": "⁄∕",
    "~": "∼",
    "ff": "ﬀ",
    "fi": "ﬁ",
    "fl": "ﬂ",
    "ffi": "ﬃ",
    "ffl": "ﬄ",
    # Spaces of every width, the ones that break no line, and the tab.
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u0085\u2028\u2029",
    # What cannot be seen at all.
    "": "\u00ad\u200b\u2060\ufeff",
}
_LOOKALIKES = {ord(character): like for like, characters in _REPLACED.items() for character in characters}
_ANY = re.compile("[" + re.escape("".join(map(chr, _LOOKALIKES))) + "]")


def invisible(text: str) -> int:
    """How many characters of `text` have nothing in their place."""
    return sum(map(text.count, _REPLACED[""]))


def replaced(text: str) -> str:
    """The distinct characters of `text` that have a look-alike, in the order they come."""
    return "".join(dict.fromkeys(_ANY.findall(text)))


def replace(text: str) -> str:
    """`text` with its typographic characters replaced; it may be longer (an ellipsis) or shorter than before."""
    return text.translate(_LOOKALIKES)
