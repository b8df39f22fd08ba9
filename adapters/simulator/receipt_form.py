"""What comes back about a message that was taken, and how it is written: every form in which operators do."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from adapters.simulator.damage import Damage
from adapters.simulator.ids import IdForm

# Appendix B of SMPP 3.4, and what has been met of it. The fields: id, dlvrd, submit, done (the dates), stat, err, text.
USUAL: Final = (
    b"id:%(id)b sub:001 dlvrd:%(dlvrd)03d submit date:%(submit)b done date:%(done)b stat:%(stat)b err:%(err)b "
    b"text:%(text)b"
)
UNPADDED: Final = (
    b"id:%(id)b sub:1 dlvrd:%(dlvrd)d submit date:%(submit)b done date:%(done)b stat:%(stat)b err:%(err)b Text:%(text)b"
)
OTHER_ORDER: Final = (
    b"sub:001 dlvrd:%(dlvrd)03d err:%(err)b stat:%(stat)b id:%(id)b done date:%(done)b submit date:%(submit)b "
    b"text:%(text)b"
)
STAT_BEHIND_TEXT: Final = (
    b"id:%(id)b sub:001 dlvrd:%(dlvrd)03d submit date:%(submit)b done date:%(done)b err:%(err)b text: stat:%(stat)b"
)
ERR_BEHIND_TEXT: Final = b"id:%(id)b submit date:%(submit)b done date:%(done)b stat:%(stat)b text:err:%(err)b"
NO_LABEL: Final = b"id:%(id)b submit date:%(submit)b done date:%(done)b %(stat)b err:%(err)b"
NO_ERR: Final = b"id:%(id)b sub:001 dlvrd:%(dlvrd)03d submit date:%(submit)b done date:%(done)b stat:%(stat)b"
ID_AND_STAT: Final = b"id:%(id)b stat:%(stat)b"
STAT_ONLY: Final = b"stat:%(stat)b"
COMMAS: Final = b"00,%(done)b,%(submit)b,%(err)b,447700900001,ACME,%(id)b"
MEANINGLESS: Final = b"362d9701 2"
MISLEADING: Final = (
    b"id:%(id)b submit date:%(submit)b done date:%(done)b stat:%(stat)b err:%(err)b "
    b"text:\0\x1b\x84\r\nid:1 stat:UNDELIV err:9"
)
NO_TEXT: Final = b""

# Dates as strftime takes them.
MINUTES: Final = "%y%m%d%H%M"
SECONDS: Final = "%y%m%d%H%M%S"
LONG_YEAR: Final = "%Y%m%d%H%M"
LONG_YEAR_SECONDS: Final = "%Y%m%d%H%M%S"


class Place(StrEnum):
    """Where the text stands."""

    SHORT_MESSAGE = "short_message"
    PAYLOAD = "message_payload"
    """Closed by a NUL, behind an empty short_message."""
    DATA_SM = "data_sm"
    """In message_payload too, in another PDU."""


class ReceiptForm(Struct, frozen=True):
    """`stats` are the receipts in order, each sent `copies` times with `error` as its err.

    `text` is one of the layouts above and stands in `place`, in the octets of `data_coding`; `utf16` writes it so.
    `date` is the form of both dates, `submit_date` where that one has another. `esm_class` of None tells what the
    receipt is. `tlvs` are receipted_message_id and message_state, this from the stat where `state` is None;
    `network_error` is a TLV too where not empty. An id of None is written as the options say.
    With `damage` a damaged one comes, alone or with `then_whole` before a whole one.
    `elsewhere`: to another session than the one it was submitted on; `first_part_only`: none for later parts.
    """

    stats: tuple[str, ...] = ("DELIVRD",)
    error: str = "000"
    copies: int = 1
    text: bytes = USUAL
    place: Place = Place.SHORT_MESSAGE
    data_coding: int = 0
    utf16: bool = False
    date: str = MINUTES
    submit_date: str | None = None
    esm_class: int | None = None
    tlvs: bool = True
    state: int | None = None
    network_error: bytes = b""
    id: IdForm | None = None
    id_in_tlv: IdForm | None = None
    damage: Damage | None = None
    then_whole: bool = False
    elsewhere: bool = False
    first_part_only: bool = False
