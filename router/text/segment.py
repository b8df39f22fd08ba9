"""From a text to the segments that carry it."""

from msgspec import Struct

from router.message import Encoding


class Segment(Struct, frozen=True, gc=False):
    """What one short message carries, without any header.

    `payload` is in the operator's alphabet (GSM septets one to an octet, or packed, Latin-1, ASCII, UTF-16BE, or
    the binary data); `text` is the piece of text it stands for, None for binary; `units` is septets, UTF-16 code
    units or octets.
    """

    payload: bytes
    units: int
    text: str | None = None


class Segmentation(Struct, frozen=True, gc=False):
    """How a content is cut for one operator.

    `encoding` is what goes on the air, `reason` the characters that forced it, None where nothing did.
    `units` counts the whole content, `units_per_segment` the capacity of one segment of this many.
    `count` is the number of short messages on the air (what is paid for); `segments` is what we submit: the same
    number, but one for an operator that takes long content whole.
    """

    encoding: Encoding
    reason: str | None
    units: int
    units_per_segment: int
    count: int
    segments: tuple[Segment, ...]
