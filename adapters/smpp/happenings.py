"""What a session tells of: its state, and what happened on it."""

from enum import StrEnum

from msgspec import Struct

from adapters.smpp.pdu import DataSm, QuerySmResp, ShortMessage, Simple
from router.ports.operators import Question, Submission


class SessionState(StrEnum):
    OPEN = "open"
    BINDING = "binding"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"
    CLOSED = "closed"


class Bound(Struct, frozen=True, gc=False):
    """The SMSC took the bind."""


class Answered(Struct, gc=False):
    """The SMSC's answer to a submission; `late` when it had been given up as unanswered before."""

    submission: Submission
    status: int
    message_id: str
    late: bool


class Unanswered(Struct, gc=False):
    """Written, and no readable answer came."""

    submission: Submission
    reason: str


class Replied(Struct, gc=False):
    """What came of a question: a query_sm_resp or cancel_sm_resp, or nothing that can be used (None)."""

    question: Question
    pdu: QuerySmResp | Simple | None


class Delivered(Struct, gc=False):
    """A deliver_sm or data_sm, to be answered by `acknowledge` with this sequence_number."""

    pdu: ShortMessage | DataSm
    sequence: int


class Closed(Struct, gc=False):
    """The end. `credentials`: the SMSC refused who we say we are. `bound`: it had once taken the bind."""

    reason: str
    credentials: bool
    bound: bool
    lost: list[Submission]


Event = Bound | Answered | Unanswered | Replied | Delivered | Closed
