"""Long messages from handsets: which of the pieces that came make one message."""

from collections.abc import Sequence
from typing import NamedTuple

from router.inbound import Inbound, Piece


class Assembly(NamedTuple):
    """`messages` are over, each one its pieces by number, fewer than its total where some never came; `repeated` is
    what came twice. Nothing waits for any of these pieces any more."""

    messages: list[list[Piece]]
    repeated: list[Piece]


def assemble(pieces: Sequence[Piece], given_up: int) -> Assembly:
    """What the pieces of one LongMessage, in the order they came, amount to.

    A message is over when all its pieces are there; when one of them came at or before `given_up` (ms); and when one
    comes again with other content, for then its reference is in use anew. The same piece again is passed over.
    """
    messages: list[list[Piece]] = []
    repeated: list[Piece] = []
    waiting: dict[int, Piece] = {}
    for piece in pieces:
        place = piece.inbound.place
        known = waiting.get(place.number)
        if known is not None:
            if fingerprint(known.inbound) == fingerprint(piece.inbound):
                repeated.append(piece)
                continue
            messages.append(_in_order(waiting))
            waiting = {}
        waiting[place.number] = piece
        if len(waiting) == place.total:
            messages.append(_in_order(waiting))
            waiting = {}
    if waiting and min(piece.inbound.received_at for piece in waiting.values()) <= given_up:
        messages.append(_in_order(waiting))
    return Assembly(messages, repeated)


def fingerprint(piece: Inbound) -> tuple[int, str | None, bytes, bytes | None]:
    """What is equal in a piece that was sent twice, and in no two pieces of one message."""
    return piece.place.number, piece.alphabet, piece.content, piece.udh


def _in_order(pieces: dict[int, Piece]) -> list[Piece]:
    return [pieces[number] for number in sorted(pieces)]
