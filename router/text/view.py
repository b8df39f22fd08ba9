"""A segmentation as people and programs outside see it: the answer of the API and of the command line."""

from msgspec import UNSET, Struct, UnsetType

from router.money import Money
from router.text.languages import Language
from router.text.segment import Segmentation


class PartView(Struct, frozen=True, gc=False):
    text: str
    units: int


class SegmentationView(Struct, frozen=True, gc=False):
    """What a text becomes; `segments` is the number of short messages, `units` are septets or UTF-16 code units.

    Where the recipient is known: the `operator` that would carry it, its `cost` and the account's `price` in all.
    """

    encoding: str
    reason: str | None
    segments: int
    units: int
    units_per_segment: int
    parts: list[PartView]
    language: Language | None = None
    operator: str | UnsetType = UNSET
    cost: Money | UnsetType = UNSET
    price: Money | UnsetType = UNSET


def view(segmentation: Segmentation) -> SegmentationView:
    """The view of a segmented text."""
    return SegmentationView(
        encoding=segmentation.encoding.value,
        reason=segmentation.reason,
        segments=segmentation.count,
        units=segmentation.units,
        units_per_segment=segmentation.units_per_segment,
        parts=[PartView(segment.text or "", segment.units) for segment in segmentation.segments],
        language=segmentation.language,
    )
