"""How a simulated SMSC is set up."""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from adapters.simulator.ids import IdForm
from adapters.smpp.constants import ESME_RALYBND, ESME_RINVPASWD, ESME_RINVSYSID, ESME_ROK, ESME_RUNKNOWNERR
from adapters.smpp.pdu import Bind


class Door(StrEnum):
    """How a bind is met."""

    ANSWER = "answer"
    CLOSE = "close"
    """The connection ends instead of an answer."""
    SILENCE = "silence"
    """The connection stays, without an answer."""


@dataclass(slots=True)
class SmscOptions:
    """May be changed while the SMSC runs. Delays are seconds.

    system_id, password: who may bind, None for anybody. sessions: so many at a time per system_id, 0 for any.
    bind_status: refuse every bind with this; door: or how else it is met. first_binds: only so many of the first
    binds meet these two, None for all. name: our system_id in bind_resp.
    flap: end a session so long after its bind; idle: end one that says nothing for so long; enquire_gap: end one whose
    enquire_links follow each other faster; 0 for never. bodies: errors are answered with a body too.
    late: how much later the answer comes where the behaviour says late.
    refuse: refuse every submit_sm with this status.
    id_form: how ids are written; id_in_receipt: in receipts, None for the same.
    behaviour: the ending (see `behaviour`) that holds for numbers with none of their own, "" to deliver.
    throttle: submits per second and system_id, beyond a burst of one second 0x58; 0 for no limit.
    credit: how many submits are accepted before all are refused with no_credit, None for no limit; see Smsc.refill.
    window: unanswered deliver_sm per session; resend: after how long one is sent again.
    pending: receipts kept per system_id while nobody takes them; the oldest go first.
    keep: remember what was submitted and delivered. mute: read, but send nothing.
    first_id: where message ids start, None for somewhere.
    """

    system_id: str | None = None
    password: str | None = None
    sessions: int = 0
    bind_status: int = ESME_ROK
    door: Door = Door.ANSWER
    first_binds: int | None = None
    name: str = "simulator"
    flap: float = 0.0
    idle: float = 0.0
    enquire_gap: float = 0.0
    bodies: bool = False
    response_delay: float = 0.0
    late: float = 3.0
    receipt_delay: float = 0.05
    refuse: int = ESME_ROK
    id_form: IdForm = IdForm.DECIMAL
    id_in_receipt: IdForm | None = None
    behaviour: str = ""
    throttle: float = 0.0
    credit: int | None = None
    no_credit: int = ESME_RUNKNOWNERR
    window: int = 100
    resend: float = 5.0
    pending: int = 500_000
    keep: bool = True
    mute: bool = False
    first_id: int | None = None

    def judge(self, pdu: Bind, tries: int, sessions: int) -> tuple[Door, int]:
        """How a bind is met and the command_status of its bind_resp, after so many `tries` of anybody and with so many
        `sessions` of this system_id."""
        if self.first_binds is None or tries < self.first_binds:
            if self.door is not Door.ANSWER:
                return self.door, ESME_ROK
            if self.bind_status != ESME_ROK:
                return Door.ANSWER, self.bind_status
        return Door.ANSWER, self._credentials(pdu) or self._crowd(sessions)

    def _credentials(self, pdu: Bind) -> int:
        if self.system_id is not None and pdu.system_id != self.system_id:
            return ESME_RINVSYSID
        if self.password is not None and not secrets.compare_digest(pdu.password.encode(), self.password.encode()):
            return ESME_RINVPASWD
        return ESME_ROK

    def _crowd(self, sessions: int) -> int:
        return ESME_RALYBND if self.sessions and sessions >= self.sessions else ESME_ROK
