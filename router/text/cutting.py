"""Where long content is cut: into as few pieces as can be, and among those cuts through the fewest clusters."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from router.text import clusters


class Units(Struct, frozen=True, gc=False):
    """How content is counted: units of `width` octets; one whose first octet is among `leads` stays with the next.

    `encode` and `decode` turn text into whole units and back; None for content that is no text.
    """

    width: int
    leads: bytes = b""
    encode: Callable[[str], bytes | None] | None = None
    decode: Callable[[bytes], str] | None = None


class Place(NamedTuple):
    """A place in the content, in octets, and the same place in its text, in characters."""

    octets: int
    characters: int


class _Way(NamedTuple):
    """How far some cuts have come: `cut` clusters are broken so far."""

    cut: int
    place: Place
    before: "_Way | None"


def ends(content: bytes, units: Units, capacity: int) -> list[int]:
    """Where each piece ends, in octets, when every piece is as full as it can be: no other way takes fewer."""
    found = []
    end = 0
    while end < len(content):
        end = _reach(content, units, capacity, end)
        found.append(end)
    return found


def places(content: bytes, text: str, units: Units, capacity: int, furthest: list[int]) -> list[Place]:
    """Where each piece ends, given its `ends`: as many pieces, and among the ways to cut so many one that breaks the
    fewest grapheme clusters."""
    even = len(content) == len(text) * units.width
    found = []
    octets = characters = 0
    for end in furthest:
        characters += (end - octets) // units.width if even else _characters(content[octets:end], units)
        octets = end
        found.append(Place(octets, characters))
    if all(clusters.start(text, place.characters) == place.characters for place in found[:-1]):
        return found
    return _softened(content, text, units, capacity, furthest)


def _softened(content: bytes, text: str, units: Units, capacity: int, furthest: list[int]) -> list[Place]:
    """For each number of broken clusters the way that has come furthest is as good as any other: what remains is
    shorter. So one way for each number is followed, and dropped where one with fewer has come as far."""
    ways = [_Way(0, Place(0, 0), None)]
    for nearest in _nearest(content, units, capacity, len(furthest)):
        best: dict[int, _Way] = {}
        for way in ways:
            octets = _reach(content, units, capacity, way.place.octets)
            characters = way.place.characters + _characters(content[way.place.octets : octets], units)
            whole = clusters.start(text, characters)
            if whole != characters:
                _keep(best, _Way(way.cut + 1, Place(octets, characters), way))
                octets -= _octets(text[whole:characters], units)
            if octets >= nearest:
                _keep(best, _Way(way.cut, Place(octets, whole), way))
        ways = []
        for cut in sorted(best):
            if not ways or best[cut].place > ways[-1].place:
                ways.append(best[cut])
    found = [Place(len(content), len(text))]
    last: _Way | None = ways[0]
    while last is not None and last.before is not None:
        found.append(last.place)
        last = last.before
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


def _keep(best: dict[int, _Way], way: _Way) -> None:
    known = best.get(way.cut)
    if known is None or way.place > known.place:
        best[way.cut] = way


def _reach(content: bytes, units: Units, capacity: int, start: int) -> int:
    end = start + capacity * units.width
    if end >= len(content):
        return len(content)
    return end - units.width if content[end - units.width] in units.leads else end


def _characters(piece: bytes, units: Units) -> int:
    assert units.decode is not None
    return len(units.decode(piece))


def _octets(text: str, units: Units) -> int:
    assert units.encode is not None
    return len(units.encode(text) or b"")
