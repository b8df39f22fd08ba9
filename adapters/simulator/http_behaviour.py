"""What the HTTP carrier does with a message, chosen by the last three digits of its number: one table.

`simulate http --help` prints it and its test walks it. Where the SMSC has the same ending, it means the same.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class HttpReply(StrEnum):
    """How a fault is answered."""

    STATUS = "status"
    """With an error status and, where there is one, a code of our own."""
    SILENCE = "silence"
    """Not at all; the connection stays."""
    CUT = "cut"
    """The connection ends instead."""
    GARBAGE = "garbage"
    """200, and a body that is no JSON."""
    HALF = "half"
    """200 and the first half of the body; then the connection ends."""


class HttpBehaviour(Struct, frozen=True):
    """One row. The fault comes first, `times` times for one message (None: always), then the message is taken; with
    `taken` it is taken although the answer is a fault. `wait` seconds are asked for by Retry-After.

    `late`: the answer comes later, by the option of that name. `receipts` are the states of its callbacks, `copies`
    times each, `receipt_late` by that option too; `receipt_first`: before the answer. `forged`: what is sent before
    them with a signature that is wrong; `broken`: octets that are no JSON before them. `reply`: the handset answers.
    `conflict`: a key that is known is answered with 409 and not with the first answer.
    """

    ending: str
    what: str
    fault: HttpReply = HttpReply.STATUS
    status: int = 0
    code: str = ""
    wait: str = ""
    times: int | None = 0
    taken: bool = False
    late: bool = False
    no_id: bool = False
    receipts: tuple[str, ...] = ("delivered",)
    error: str = ""
    copies: int = 1
    receipt_first: bool = False
    receipt_late: bool = False
    forged: tuple[str, ...] = ()
    broken: bool = False
    reply: str = ""
    conflict: bool = False


DELIVERED: Final = HttpBehaviour("", "accepted, then a callback: delivered (every other ending too)")

HTTP_BEHAVIOURS: Final[tuple[HttpBehaviour, ...]] = (
    # the callback tells what went wrong
    HttpBehaviour("901", "undeliverable, error 001", receipts=("undelivered",), error="001"),
    HttpBehaviour("902", "expired, error 027", receipts=("expired",), error="027"),
    HttpBehaviour("903", "rejected by callback, error 045", receipts=("rejected",), error="045"),
    HttpBehaviour("904", "a callback with a word that nobody knows", receipts=("lost",)),
    # the answer does
    HttpBehaviour("911", "refused: 400, code invalid_number", status=400, code="invalid_number", times=None),
    HttpBehaviour(
        "912", "refused: 422, code not_covered, another carrier may", status=422, code="not_covered", times=None
    ),
    HttpBehaviour("913", "429, Retry-After 1, once, then delivered", status=429, wait="1", times=1),
    HttpBehaviour("914", "429 without Retry-After five times, then delivered", status=429, times=5),
    HttpBehaviour("915", "503, Retry-After as a date, once, then delivered", status=503, wait="date", times=1),
    HttpBehaviour("916", "500 once, then delivered", status=500, times=1),
    HttpBehaviour("917", "500 always", status=500, times=None),
    HttpBehaviour("918", "refused: 403", status=403, times=None),
    HttpBehaviour("919", "refused: 402, out of credit", status=402, code="no_credit", times=None),
    HttpBehaviour("920", "200, but its status says rejected", status=200, code="rejected", times=None),
    # no answer comes, or not in time, or not the right one
    HttpBehaviour("921", "never answered, but delivered with a callback", HttpReply.SILENCE, times=None, taken=True),
    HttpBehaviour("922", "never answered and not taken", HttpReply.SILENCE, times=None),
    HttpBehaviour("923", "not answered and not taken once, then delivered", HttpReply.SILENCE, times=1),
    HttpBehaviour("924", "cut instead of the answer once, not taken, then delivered", HttpReply.CUT, times=1),
    HttpBehaviour("925", "cut instead of the answer once, but taken and delivered", HttpReply.CUT, times=1, taken=True),
    HttpBehaviour("926", "answered late (see --late), its callback before that", late=True),
    HttpBehaviour("927", "504 from a gateway once, but taken and delivered", status=504, times=1, taken=True),
    HttpBehaviour("928", "garbage instead of the answer once, but taken", HttpReply.GARBAGE, times=1, taken=True),
    HttpBehaviour("929", "half of the answer once, then cut, but taken", HttpReply.HALF, times=1, taken=True),
    HttpBehaviour("930", "301 to somewhere else", status=301, times=None),
    HttpBehaviour(
        "934",
        "cut once, but taken; under the same key it is a 409 then",
        HttpReply.CUT,
        times=1,
        taken=True,
        conflict=True,
    ),
    # callbacks that are hard to match
    HttpBehaviour("931", "callback before the answer", receipt_first=True),
    HttpBehaviour("932", "callback twice", copies=2),
    HttpBehaviour("933", "callback late (see --late)", receipt_late=True),
    HttpBehaviour("936", "delivered, but no callback ever comes", receipts=()),
    HttpBehaviour("937", "callbacks queued, sent, then delivered", receipts=("queued", "sent", "delivered")),
    HttpBehaviour("938", "delivered, then sent", receipts=("delivered", "sent")),
    HttpBehaviour("940", "accepted without an id; the callback has one", no_id=True),
    # callbacks that should not be believed, or cannot be read
    HttpBehaviour("941", "a forged callback only: undelivered", receipts=(), forged=("undelivered",)),
    HttpBehaviour("942", "a forged callback: undelivered, then the true one", forged=("undelivered",)),
    HttpBehaviour("943", "a callback that is no JSON, then a whole one", broken=True),
    # the handset
    HttpBehaviour("950", "delivered, and the handset answers: STOP", reply="STOP"),
)

BY_HTTP_ENDING: Final[dict[str, HttpBehaviour]] = {behaviour.ending: behaviour for behaviour in HTTP_BEHAVIOURS}


def http_help_text() -> str:
    """The table for people."""
    rows = [f"  ...{behaviour.ending}  {behaviour.what}" for behaviour in HTTP_BEHAVIOURS]
    return "\n".join(["The last three digits of a number choose what happens:", *rows, f"  others  {DELIVERED.what}"])
