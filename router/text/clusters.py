"""Grapheme clusters: what a reader takes for one character (Unicode UAX 29), found only where a cut would fall."""

from functools import lru_cache

import regex

_CLUSTER = regex.compile(r"\X")
_JOINING = regex.compile(r"[^\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]")


def start(text: str, index: int, known: int = 0) -> int:
    """Where the cluster begins that a cut before `text[index]` would break; `index` itself where it breaks none.

    `index` is within the text, neither 0 nor its end; `known` is a place before it where a cluster begins.
    """
    behind = _joins(text[index - 1])
    if not behind and not _joins(text[index]):
        return index
    # Clusters are only defined from a known boundary on; between two characters that join nothing there is one.
    begin = index - 1
    while begin > known:
        here, behind = behind, _joins(text[begin - 1])
        if not here and not behind:
            break
        begin -= 1
    while (cluster := _CLUSTER.match(text, begin)) is not None and cluster.end() <= index:
        begin = cluster.end()
    return begin


@lru_cache(4096)
def _joins(character: str) -> bool:
    """Whether it can be in one cluster with another; a whole syllable of Hangul only can with a joining letter."""
    return _JOINING.match(character) is not None
