"""Grapheme clusters: what a reader takes for one character (Unicode UAX 29), found only where a cut would fall."""

from functools import lru_cache

import regex

_CLUSTER = regex.compile(r"\X")
_JOINING = regex.compile(r"[^\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]")


def start(text: str, index: int) -> int:
    """Where the cluster begins that a cut before `text[index]` would break; `index` itself where it breaks none.

    `index` is within the text, neither 0 nor its end.
    """
    if not (_joins(text[index]) or _joins(text[index - 1])):
        return index
    # Clusters are only defined from a known boundary on; between two characters that join nothing there is one.
    known = index - 1
    while known and (_joins(text[known]) or _joins(text[known - 1])):
        known -= 1
    begins = known
    for cluster in _CLUSTER.finditer(text, known):
        if cluster.end() > index:
            begins = cluster.start()
            break
    return begins


@lru_cache(4096)
def _joins(character: str) -> bool:
    """Whether it can be in one cluster with another; a whole syllable of Hangul only can with a joining letter."""
    return _JOINING.match(character) is not None
