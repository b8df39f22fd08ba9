"""What the SMSC does with a submit_sm, chosen by the last three digits of its destination: one table.

`simulate smsc --help` prints it and its test walks it.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from adapters.smpp.constants import (
    ESME_RINVDSTADR,
    ESME_RMSGQFUL,
    ESME_RSUBMITFAIL,
    ESME_RSYSERR,
    ESME_RTHROTTLED,
    ESME_RX_P_APPN,
)


class IdForm(StrEnum):
    """How a message id, a number inside the SMSC, is written."""

    DECIMAL = "decimal"
    """Ten digits."""
    HEX = "hex"
    UUID = "uuid"
    PADDED = "padded"
    """Twenty digits, zeros in front."""
    STRIPPED = "stripped"
    """Decimal without zeros in front."""
    NONE = "none"
    """Not written at all."""


class Behaviour(Struct, frozen=True):
    """One row. The fault comes first, `times` times for one message (None: always), then the message is taken.

    `status` refuses; without `answer` no submit_sm_resp is sent; `cut` ends the connection instead of answering;
    `taken` tells whether a message with an unanswered fault is delivered all the same.
    `stats` are the receipts of a taken message, in order, each sent `copies` times with `error` as its err.
    An id form of None leaves the choice to the options.
    """

    ending: str
    what: str
    status: int = 0
    answer: bool = True
    cut: bool = False
    taken: bool = False
    times: int | None = 0
    stats: tuple[str, ...] = ("DELIVRD",)
    error: str = "000"
    copies: int = 1
    receipt_first: bool = False
    id_in_response: IdForm | None = None
    id_in_receipt: IdForm | None = None
    text: bool = True
    tlvs: bool = True


DELIVERED: Final = Behaviour("", "accepted, then a receipt DELIVRD (every other ending too)")

BEHAVIOURS: Final[tuple[Behaviour, ...]] = (
    # the receipt tells what went wrong
    Behaviour("901", "undeliverable: receipt UNDELIV, err 001", stats=("UNDELIV",), error="001"),
    Behaviour("902", "expired: receipt EXPIRED, err 027", stats=("EXPIRED",), error="027"),
    Behaviour("903", "rejected by receipt: REJECTD, err 045", stats=("REJECTD",), error="045"),
    Behaviour("904", "receipt UNKNOWN", stats=("UNKNOWN",)),
    Behaviour("905", "receipt DELETED", stats=("DELETED",)),
    # the submit_sm_resp does
    Behaviour("911", "refused: invalid destination (0x0B)", status=ESME_RINVDSTADR, times=None),
    Behaviour("912", "refused: cannot take it, another operator may (0x45)", status=ESME_RSUBMITFAIL, times=None),
    Behaviour("913", "throttled (0x58) once, then delivered", status=ESME_RTHROTTLED, times=1),
    Behaviour("914", "throttled (0x58) five times, then delivered", status=ESME_RTHROTTLED, times=5),
    Behaviour("915", "queue full (0x14) twice, then delivered", status=ESME_RMSGQFUL, times=2),
    Behaviour("916", "system error (0x08) once, then delivered", status=ESME_RSYSERR, times=1),
    Behaviour("917", "system error (0x08) always", status=ESME_RSYSERR, times=None),
    Behaviour("918", "refused: permanent error (0x65)", status=ESME_RX_P_APPN, times=None),
    Behaviour("919", "refused with a status of the vendor's own (0x4A1)", status=0x4A1, times=None),
    # no answer comes
    Behaviour("921", "never answered, but delivered with a receipt", answer=False, taken=True, times=None),
    Behaviour("922", "never answered and not taken", answer=False, times=None),
    Behaviour("923", "not answered and not taken once, then delivered", answer=False, times=1),
    Behaviour("924", "link cut instead of the answer once, not taken, then delivered", cut=True, times=1),
    Behaviour("925", "link cut instead of the answer once, but taken and delivered", cut=True, taken=True, times=1),
    # receipts that are hard to match
    Behaviour("931", "receipt before the response", receipt_first=True),
    Behaviour("932", "receipt twice", copies=2),
    Behaviour(
        "933",
        "id in hex in the response, in decimal in the receipt",
        id_in_response=IdForm.HEX,
        id_in_receipt=IdForm.DECIMAL,
    ),
    Behaviour(
        "934",
        "id in decimal in the response, in hex in the receipt",
        id_in_response=IdForm.DECIMAL,
        id_in_receipt=IdForm.HEX,
    ),
    Behaviour(
        "935",
        "zeros in front of the id in the response, none in the receipt",
        id_in_response=IdForm.PADDED,
        id_in_receipt=IdForm.STRIPPED,
    ),
    Behaviour("936", "delivered, but no receipt ever comes", stats=()),
    Behaviour("937", "receipts ENROUTE, ACCEPTD, then DELIVRD", stats=("ENROUTE", "ACCEPTD", "DELIVRD")),
    Behaviour("938", "receipt of TLVs only", text=False),
    Behaviour("939", "receipt of text only", tlvs=False),
    Behaviour("940", "accepted without an id; the receipt has one", id_in_response=IdForm.NONE),
)

BY_ENDING: Final[dict[str, Behaviour]] = {behaviour.ending: behaviour for behaviour in BEHAVIOURS}


def help_text() -> str:
    """The table for people."""
    rows = [f"  ...{behaviour.ending}  {behaviour.what}" for behaviour in BEHAVIOURS]
    return "\n".join(
        ["The last three digits of a destination choose what happens:", *rows, f"  others  {DELIVERED.what}"]
    )
