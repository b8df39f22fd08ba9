"""A message from a handset (MO) as values: as an operator hands it over, as it is kept, as an account is told of it."""

from typing import NamedTuple

from msgspec import Struct


class Place(Struct, frozen=True, gc=False):
    """Which piece of a message this is: `number` of `total`, from 1; `wide` where the reference is of 16 bits."""

    reference: int
    total: int
    number: int
    wide: bool = False


WHOLE = Place(0, 1, 1)


class LongMessage(NamedTuple):
    """What the pieces of one long message have in common."""

    operator: str
    sender: str
    to: str
    reference: int
    wide: bool
    total: int


class Media(Struct, frozen=True, gc=False):
    """What came with a message beside its text: the operator's id of it, where it is, and its media type (RFC 6838)."""

    id: str | None = None
    url: str | None = None
    type: str | None = None


class Inbound(Struct, frozen=True, gc=False):
    """One short message from a handset.

    `sender` is in E.164 where it is known to be a number, else as sent; `to` is as sent.
    `content` is its octets behind `udh`, the user data header with its length octet; `alphabet` is one of those in
    router.text.received, None for octets that are no text. `received_at` is milliseconds since the epoch, UTC.
    `id` is what the operator calls it, where it does: the same when it is handed over again.
    """

    operator: str
    sender: str
    to: str
    received_at: int
    content: bytes
    alphabet: str | None
    udh: bytes | None = None
    place: Place = WHOLE
    media: Media | None = None
    id: str | None = None


class Piece(Struct, frozen=True, gc=False):
    """A short message that is one of several, as it is kept until the others are there; ids grow with arrival."""

    id: str
    inbound: Inbound

    @property
    def message(self) -> LongMessage:
        inbound, place = self.inbound, self.inbound.place
        return LongMessage(inbound.operator, inbound.sender, inbound.to, place.reference, place.wide, place.total)


class Received(Struct, frozen=True, gc=False):
    """A message as its account has it: exactly one of `text` and `data` is set.

    `udh` is what the header of `data` said beside its place. `segments` is how many short messages came,
    `complete` is false where there should have been more.
    """

    operator: str
    sender: str
    to: str
    text: str | None
    data: bytes | None
    udh: bytes | None
    segments: int
    complete: bool
    media: Media | None = None
