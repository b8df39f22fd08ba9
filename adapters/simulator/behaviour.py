"""What the SMSC does with a submit_sm, chosen by the last three digits of its destination: one table.

`simulate smsc --help` prints it and its test walks it.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from adapters.simulator import damage
from adapters.simulator import receipt_form as layout
from adapters.simulator.damage import Damage
from adapters.simulator.ids import IdForm
from adapters.simulator.receipt_form import Place, ReceiptForm
from adapters.smpp.constants import (
    CODING_UCS2,
    ESM_TYPE_DELIVERY_ACK,
    ESME_RINVBNDSTS,
    ESME_RINVCMDID,
    ESME_RINVDSTADR,
    ESME_RINVSRCADR,
    ESME_RMSGQFUL,
    ESME_RSUBMITFAIL,
    ESME_RSYSERR,
    ESME_RTHROTTLED,
    ESME_RUNKNOWNERR,
    ESME_RX_P_APPN,
    ESME_RX_T_APPN,
    STATE_DELIVERED,
)


class Reply(StrEnum):
    """How a fault is answered."""

    RESPONSE = "response"
    NACK = "nack"
    """generic_nack in place of submit_sm_resp."""
    SILENCE = "silence"
    CUT = "cut"
    """The connection ends instead."""


class Behaviour(Struct, frozen=True):
    """One row. The fault comes first, `times` times for one message (None: always), then the message is taken.

    `status` refuses, in the manner of `reply`; `taken` tells whether a message whose fault has no answer is delivered
    all the same. Any answer comes `late`, by the option of that name, and with its `damage`.
    `receipts` are those of a taken message; `receipt_first`: before the response.
    An id form of None leaves the choice to the options.
    """

    ending: str
    what: str
    status: int = 0
    reply: Reply = Reply.RESPONSE
    taken: bool = False
    times: int | None = 0
    late: bool = False
    damage: Damage | None = None
    receipt_first: bool = False
    id_in_response: IdForm | None = None
    receipts: ReceiptForm = ReceiptForm()


DELIVERED: Final = Behaviour("", "accepted, then a receipt DELIVRD (every other ending too)")

BEHAVIOURS: Final[tuple[Behaviour, ...]] = (
    # the receipt tells what went wrong
    Behaviour("901", "undeliverable: receipt UNDELIV, err 001", receipts=ReceiptForm(("UNDELIV",), "001")),
    Behaviour("902", "expired: receipt EXPIRED, err 027", receipts=ReceiptForm(("EXPIRED",), "027")),
    Behaviour("903", "rejected by receipt: REJECTD, err 045", receipts=ReceiptForm(("REJECTD",), "045")),
    Behaviour("904", "receipt UNKNOWN", receipts=ReceiptForm(("UNKNOWN",))),
    Behaviour("905", "receipt DELETED", receipts=ReceiptForm(("DELETED",))),
    Behaviour("906", "stat:FAILED, a word of the vendor's", receipts=ReceiptForm(("FAILED",), "21b", tlvs=False)),
    Behaviour("907", "stat:DND_REJECTED, err 0000", receipts=ReceiptForm(("DND_REJECTED",), "0000", tlvs=False)),
    Behaviour("908", "receipt SKIPPED (message_state 9 of SMPP 5.0)", receipts=ReceiptForm(("SKIPPED",), "2050")),
    Behaviour("909", "stat:LOST, a word that nobody knows", receipts=ReceiptForm(("LOST",), tlvs=False)),
    Behaviour("910", "receipt ACCEPTD and nothing more", receipts=ReceiptForm(("ACCEPTD",))),
    # the submit_sm_resp does
    Behaviour("911", "refused: invalid destination (0x0B)", ESME_RINVDSTADR, times=None),
    Behaviour("912", "refused: cannot take it, another operator may (0x45)", ESME_RSUBMITFAIL, times=None),
    Behaviour("913", "throttled (0x58) once, then delivered", ESME_RTHROTTLED, times=1),
    Behaviour("914", "throttled (0x58) five times, then delivered", ESME_RTHROTTLED, times=5),
    Behaviour("915", "queue full (0x14) twice, then delivered", ESME_RMSGQFUL, times=2),
    Behaviour("916", "system error (0x08) once, then delivered", ESME_RSYSERR, times=1),
    Behaviour("917", "system error (0x08) always", ESME_RSYSERR, times=None),
    Behaviour("918", "refused: permanent error (0x65)", ESME_RX_P_APPN, times=None),
    Behaviour("919", "refused with a status of the vendor's own (0x4A1)", 0x4A1, times=None),
    Behaviour("920", "refused (0x0B), with a body", ESME_RINVDSTADR, times=None, damage=damage.stray_nul),
    # no answer comes, or not in time, or not the right one
    Behaviour("921", "never answered, but delivered with a receipt", reply=Reply.SILENCE, taken=True, times=None),
    Behaviour("922", "never answered and not taken", reply=Reply.SILENCE, times=None),
    Behaviour("923", "not answered and not taken once, then delivered", reply=Reply.SILENCE, times=1),
    Behaviour("924", "link cut instead of the answer once, not taken, then delivered", reply=Reply.CUT, times=1),
    Behaviour(
        "925", "link cut instead of the answer once, but taken and delivered", reply=Reply.CUT, taken=True, times=1
    ),
    Behaviour("926", "accepted late (see --late), its receipt before that", late=True),
    Behaviour("927", "refused (0x0B) late", ESME_RINVDSTADR, times=None, late=True),
    Behaviour("928", "says once that we are not bound (0x04), then delivered", ESME_RINVBNDSTS, times=1),
    Behaviour("929", "generic_nack (0x03) instead of the response", ESME_RINVCMDID, Reply.NACK, times=None),
    Behaviour("930", "accepted, but no NUL behind the id", damage=damage.cut_short),
    # receipts that are hard to match
    Behaviour("931", "receipt before the response", receipt_first=True),
    Behaviour("932", "receipt twice", receipts=ReceiptForm(copies=2)),
    Behaviour(
        "933",
        "id in hex in the response, in decimal in the receipt",
        id_in_response=IdForm.HEX,
        receipts=ReceiptForm(id=IdForm.DECIMAL),
    ),
    Behaviour(
        "934",
        "id in decimal in the response, in hex in the receipt",
        id_in_response=IdForm.DECIMAL,
        receipts=ReceiptForm(id=IdForm.HEX),
    ),
    Behaviour(
        "935",
        "zeros in front of the id in the response, none in the receipt",
        id_in_response=IdForm.PADDED,
        receipts=ReceiptForm(id=IdForm.STRIPPED),
    ),
    Behaviour("936", "delivered, but no receipt ever comes", receipts=ReceiptForm(())),
    Behaviour(
        "937", "receipts ENROUTE, ACCEPTD, then DELIVRD", receipts=ReceiptForm(("ENROUTE", "ACCEPTD", "DELIVRD"))
    ),
    Behaviour("938", "receipt of TLVs only", receipts=ReceiptForm(text=layout.NO_TEXT)),
    Behaviour("939", "receipt of text only", receipts=ReceiptForm(tlvs=False)),
    Behaviour("940", "accepted without an id; the receipt has one", id_in_response=IdForm.NONE),
    # where the receipt stands
    Behaviour("941", "text in message_payload, closed by a NUL", receipts=ReceiptForm(place=Place.PAYLOAD, tlvs=False)),
    Behaviour("942", "TLVs beside a text that says nothing", receipts=ReceiptForm(text=layout.MEANINGLESS)),
    Behaviour("943", "data_sm of TLVs only", receipts=ReceiptForm(place=Place.DATA_SM, text=layout.NO_TEXT)),
    Behaviour("944", "esm_class 0, text and TLVs", receipts=ReceiptForm(esm_class=0)),
    Behaviour(
        "945", "esm_class 0, text only: any handset could send it", receipts=ReceiptForm(esm_class=0, tlvs=False)
    ),
    Behaviour("946", "text in UCS-2", receipts=ReceiptForm(data_coding=CODING_UCS2, utf16=True, tlvs=False)),
    Behaviour("947", "data_coding 8 on an ASCII text", receipts=ReceiptForm(data_coding=CODING_UCS2, tlvs=False)),
    Behaviour("948", "a list with commas in place of labels", receipts=ReceiptForm(text=layout.COMMAS, tlvs=False)),
    Behaviour("949", "esm_class 0x87: mode and reply path set too", receipts=ReceiptForm(esm_class=0x87)),
    # its text
    Behaviour("950", "fields in another order", receipts=ReceiptForm(text=layout.OTHER_ORDER, tlvs=False)),
    Behaviour("951", "stat behind text:", receipts=ReceiptForm(text=layout.STAT_BEHIND_TEXT, tlvs=False)),
    Behaviour("952", "only id and stat", receipts=ReceiptForm(text=layout.ID_AND_STAT, tlvs=False)),
    Behaviour("953", "only stat, the id in its TLV", receipts=ReceiptForm(text=layout.STAT_ONLY)),
    Behaviour("954", "the word without stat:", receipts=ReceiptForm(text=layout.NO_LABEL, tlvs=False)),
    Behaviour("955", "numbers not padded, Text: in capitals", receipts=ReceiptForm(error="0", text=layout.UNPADDED)),
    Behaviour(
        "956", "id:, stat:UNDELIV and odd octets behind text:", receipts=ReceiptForm(text=layout.MISLEADING, tlvs=False)
    ),
    Behaviour("957", "UNDELIV, err:nul", receipts=ReceiptForm(("UNDELIV",), "nul")),
    Behaviour("958", "DELIVRD, err:002", receipts=ReceiptForm(error="002")),
    Behaviour(
        "959", "UNDELIV, err:31 behind text:", receipts=ReceiptForm(("UNDELIV",), "31", text=layout.ERR_BEHIND_TEXT)
    ),
    # its dates, and errors in a TLV
    Behaviour("960", "dates of 12 digits, with seconds", receipts=ReceiptForm(date=layout.SECONDS)),
    Behaviour("961", "dates of 12 digits, with the century", receipts=ReceiptForm(date=layout.LONG_YEAR)),
    Behaviour("962", "dates of 14 digits", receipts=ReceiptForm(date=layout.LONG_YEAR_SECONDS)),
    Behaviour("963", "only the submit date has seconds", receipts=ReceiptForm(submit_date=layout.SECONDS)),
    Behaviour("964", "dates of zeros", receipts=ReceiptForm(date="0000000000")),
    Behaviour("965", "dates that cannot be", receipts=ReceiptForm(date="269931997799")),
    Behaviour("966", "dates left empty", receipts=ReceiptForm(date="")),
    Behaviour(
        "967",
        "UNDELIV, its err in network_error_code",
        receipts=ReceiptForm(("UNDELIV",), text=layout.NO_ERR, network_error=b"\x03\0\x22"),
    ),
    Behaviour(
        "968",
        "the same in three ASCII digits",
        receipts=ReceiptForm(("UNDELIV",), text=layout.NO_ERR, network_error=b"034"),
    ),
    Behaviour(
        "969",
        "the handset's own acknowledgement (esm_class 0x08), which is none",
        receipts=ReceiptForm(esm_class=ESM_TYPE_DELIVERY_ACK, tlvs=False),
    ),
    # which state counts
    Behaviour(
        "970",
        "stat:SCHEDLD, BUFFRED, ACKED, then DELIVRD",
        receipts=ReceiptForm(("SCHEDLD", "BUFFRED", "ACKED", "DELIVRD"), tlvs=False),
    ),
    Behaviour("971", "DELIVRD, then ENROUTE", receipts=ReceiptForm(("DELIVRD", "ENROUTE"))),
    Behaviour("972", "DELIVRD, then UNDELIV", receipts=ReceiptForm(("DELIVRD", "UNDELIV"))),
    Behaviour("973", "UNKNOWN, then DELIVRD", receipts=ReceiptForm(("UNKNOWN", "DELIVRD"))),
    Behaviour(
        "974", "message_state delivered, stat:UNDELIV", receipts=ReceiptForm(("UNDELIV",), state=STATE_DELIVERED)
    ),
    Behaviour("975", "stat:0", receipts=ReceiptForm(("0",), tlvs=False)),
    Behaviour("976", "a receipt for the first part only", receipts=ReceiptForm(first_part_only=True)),
    # which id, and where
    Behaviour(
        "980",
        "the id in its TLV, another one in the text",
        receipts=ReceiptForm(id=IdForm.FOREIGN, id_in_tlv=IdForm.DECIMAL),
        id_in_response=IdForm.DECIMAL,
    ),
    Behaviour(
        "981",
        "the id in the text, in hex in its TLV",
        receipts=ReceiptForm(id=IdForm.DECIMAL, id_in_tlv=IdForm.LOWER),
        id_in_response=IdForm.DECIMAL,
    ),
    Behaviour(
        "982",
        "id in capitals in the response, in small letters in the receipt",
        id_in_response=IdForm.HEX,
        receipts=ReceiptForm(id=IdForm.LOWER),
    ),
    Behaviour("983", "receipt under an id that no response gave", receipts=ReceiptForm(id=IdForm.FOREIGN)),
    Behaviour("984", "receipt on another bind than the submit's", receipts=ReceiptForm(elsewhere=True)),
    # PDUs against the standard
    Behaviour("990", "receipt with an unknown TLV and an empty one", receipts=ReceiptForm(damage=damage.odd_tlvs)),
    Behaviour(
        "991", "a NUL too much behind the receipt's text", receipts=ReceiptForm(tlvs=False, damage=damage.stray_nul)
    ),
    Behaviour(
        "992",
        "receipt cut short, then whole",
        receipts=ReceiptForm(tlvs=False, damage=damage.cut_short, then_whole=True),
    ),
    Behaviour("993", "receipt whose source_addr is too long", receipts=ReceiptForm(damage=damage.long_source)),
    Behaviour("994", "accepted with an unknown TLV and an empty one", damage=damage.odd_tlvs),
    # statuses that operators disagree about
    Behaviour("995", "temporary error (0x64) once, then delivered", ESME_RX_T_APPN, times=1),
    Behaviour("996", "refused: sender not allowed here (0x0A)", ESME_RINVSRCADR, times=None),
    Behaviour("997", "refused: network not covered (0x22)", 0x22, times=None),
    Behaviour("998", "refused: unknown error, or no credit (0xFF)", ESME_RUNKNOWNERR, times=None),
    Behaviour("999", "refused: no credit, or not routable (0x400)", 0x400, times=None),
)

BY_ENDING: Final[dict[str, Behaviour]] = {behaviour.ending: behaviour for behaviour in BEHAVIOURS}


def help_text() -> str:
    """The table for people."""
    rows = [f"  ...{behaviour.ending}  {behaviour.what}" for behaviour in BEHAVIOURS]
    return "\n".join(
        ["The last three digits of a destination choose what happens:", *rows, f"  others  {DELIVERED.what}"]
    )
