"""Where long content is cut: into as few pieces as can be, and among those cuts through the fewest clusters."""

from msgspec import Struct

from router.text import clusters


class Units:
    """How content is counted: units of `width` octets; one whose first octet is among `leads` goes with the next, and
    the two are one character."""

    def __init__(self, width: int, leads: bytes = b"") -> None:
        self.width = width
        self.leads = leads
        self.others = bytes(set(range(256)) - set(leads))


class Cut(Struct, frozen=True, gc=False):
    """A place to cut: in octets of the content, in characters of its text, and the cuts before it.

    `whole` is where the last cluster begins that is known to begin at or before it; it is broken if that is before it.
    """

    octets: int
    characters: int
    whole: int
    before: "Cut | None"


def ends(content: bytes, units: Units, capacity: int) -> list[int]:
    """Where each piece ends, in octets, when every piece is as full as it can be: no other way takes fewer."""
    found = []
    end = 0
    while end < len(content):
        end = _reach(content, units, capacity, end)
        found.append(end)
    return found


def cuts(content: bytes, units: Units, capacity: int, text: str, count: int) -> list[Cut]:
    """Where each of `count` pieces ends, as few as can be; among the ways to cut so many one that breaks the fewest
    grapheme clusters of `text`.

    Of the ways that have broken so many clusters, the one that has come furthest is as good as any: less remains. It
    is found for no broken cluster first, then for one more at a time, until one reaches the end.
    """
    nearest = _nearest(content, units, capacity, count)
    even = len(content) == len(text) * units.width
    way: Cut | None = Cut(0, 0, 0, None)
    breaking: list[Cut | None] = [None] * len(nearest)
    while True:
        broken, breaking = breaking, []
        for earliest, other in zip(nearest, broken, strict=True):
            here = further = None
            if way is not None:
                octets = _reach(content, units, capacity, way.octets)
                characters = (
                    octets // units.width if even else way.characters + _characters(content, units, way.octets, octets)
                )
                whole = clusters.start(text, characters, way.whole)
                if whole != characters:
                    further = Cut(octets, characters, whole, way)
                    octets = _back(content, units, octets, characters - whole)
                if octets >= earliest:
                    here = Cut(octets, whole, whole, way)
            breaking.append(further)
            way = other if here is None or (other is not None and other.octets > here.octets) else here
        if way is not None:
            break
    found = [Cut(len(content), len(text), len(text), way)]
    while way.before is not None:
        found.append(way)
        way = way.before
    return found[::-1]


def _nearest(content: bytes, units: Units, capacity: int, count: int) -> list[int]:
    """Before which octet each cut but the last must not be, or the rest would not fit the pieces left for it."""
    found = []
    start = len(content)
    for _ in range(count - 1):
        start = max(start - capacity * units.width, 0)
        if start and content[start - units.width] in units.leads:
            start += units.width
        found.append(start)
    return found[::-1]


def _reach(content: bytes, units: Units, capacity: int, start: int) -> int:
    end = start + capacity * units.width
    if end >= len(content):
        return len(content)
    return end - units.width if content[end - units.width] in units.leads else end


def _characters(content: bytes, units: Units, start: int, end: int) -> int:
    """How many characters the units from `start` to `end` are."""
    first_octets = content[start : end : units.width]
    return len(first_octets) - len(first_octets.translate(None, units.others))


def _back(content: bytes, units: Units, octets: int, characters: int) -> int:
    """The place so many characters before another."""
    for _ in range(characters):
        octets -= units.width
        if content[octets - units.width] in units.leads:
            octets -= units.width
    return octets
