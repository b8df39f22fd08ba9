"""Where long content is cut: into as few pieces as can be, and among those cuts through the fewest clusters."""

from msgspec import Struct

from router.text import clusters


class Units:
    """How content is counted: units of `width` octets; one whose first octet is among `leads` goes with the next, and
    the two are one character."""

    def __init__(self, width: int, leads: bytes = b"") -> None:
        self.width = width
        self._leading = bytes([octet in leads for octet in range(256)])

    def leading(self, content: bytes) -> bytes:
        """An octet for each unit of `content`: 1 where it goes with the next, else 0."""
        return content[:: self.width].translate(self._leading)


class Cut(Struct, frozen=True, gc=False):
    """A place to cut: in units of the content, in characters of its text, and the cuts before it.

    `whole` is where the last cluster begins that is known to begin at or before it; it is broken if that is before it.
    """

    units: int
    characters: int
    whole: int
    before: "Cut | None"


def ends(leading: bytes, capacity: int) -> list[int]:
    """Where each piece ends, in units, when every piece is as full as it can be: no other way takes fewer."""
    found = []
    last = len(leading)
    end = capacity
    while end < last:
        end -= leading[end - 1]
        found.append(end)
        end += capacity
    found.append(last)
    return found


def cuts(leading: bytes, capacity: int, text: str, count: int) -> list[Cut]:
    """Where each of `count` pieces ends, as few as can be; among the ways to cut so many one that breaks the fewest
    grapheme clusters of `text`.

    Of the ways that have broken so many clusters, the one that has come furthest is as good as any: less remains. It
    is found for no broken cluster first, then for one more at a time, until one reaches the end.
    """
    nearest = _nearest(leading, capacity, count)
    way: Cut | None = Cut(0, 0, 0, None)
    breaking: list[Cut | None] = [None] * len(nearest)
    while True:
        broken, breaking = breaking, []
        for earliest, other in zip(nearest, broken, strict=True):
            here = further = None
            if way is not None:
                begin = way.units
                units = begin + capacity
                units -= leading[units - 1]
                characters = way.characters + units - begin - leading.count(1, begin, units)
                whole = clusters.start(text, characters, way.whole)
                if whole != characters:
                    further = Cut(units, characters, whole, way)
                    for _ in range(characters - whole):
                        units -= 1 + leading[units - 2]
                if units >= earliest:
                    here = Cut(units, whole, whole, way)
            breaking.append(further)
            way = other if here is None or (other is not None and other.units > here.units) else here
        if way is not None:
            break
    found = [Cut(len(leading), len(text), len(text), way)]
    while way.before is not None:
        found.append(way)
        way = way.before
    return found[::-1]


def _nearest(leading: bytes, capacity: int, count: int) -> list[int]:
    """Before which unit each cut but the last must not be, or the rest would not fit the pieces left for it."""
    found = []
    start = len(leading)
    for _ in range(count - 1):
        start -= capacity
        start += leading[start - 1]
        found.append(start)
    return found[::-1]
