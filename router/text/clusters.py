"""Grapheme clusters: what a reader takes for one character (Unicode UAX 29), found only where a cut would fall."""

from functools import lru_cache
from itertools import chain

import regex

_CLUSTER = regex.compile(r"\X")
_JOINING = regex.compile(r"[^\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]")
_PLANES = chain(range(0x20000), range(0xE0000, 0xE1000))
JOINING = frozenset(_JOINING.findall("".join(map(chr, _PLANES))))
"""The characters that can be in one cluster with any other; a whole syllable of Hangul only can with one of these."""

_COMMON = 32
"""So many characters are a cluster met again and again; the answers for longer ones are not worth their memory."""


def start(text: str, index: int, known: int = 0) -> int:
    """Where the cluster begins that a cut before `text[index]` would break; `index` itself where it breaks none.

    `index` is within the text, neither 0 nor its end; `known` is a place before it where a cluster begins.
    """
    begin = index - 1
    behind = text[begin] in JOINING
    if not behind and text[index] not in JOINING:
        return index
    # Clusters are only defined from a known boundary on; between two characters that join nothing there is one.
    while begin > known:
        here, behind = behind, text[begin - 1] in JOINING
        if not here and not behind:
            break
        begin -= 1
    run = text[begin : index + 1]
    return begin + (_last(run) if len(run) <= _COMMON else _last.__wrapped__(run))


@lru_cache(4096)
def _last(run: str) -> int:
    """Where the cluster of the last character of `run` begins."""
    begin, last = 0, len(run) - 1
    while (cluster := _CLUSTER.match(run, begin)) is not None and cluster.end() <= last:
        begin = cluster.end()
    return begin
