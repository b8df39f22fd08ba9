"""How a simulated SMSC is set up."""

import secrets
from dataclasses import dataclass

from adapters.simulator.behaviour import IdForm
from adapters.smpp.constants import ESME_RINVPASWD, ESME_RINVSYSID, ESME_ROK
from adapters.smpp.pdu import Bind


@dataclass(slots=True)
class SmscOptions:
    """May be changed while the SMSC runs. Delays are seconds.

    system_id, password: who may bind, None for anybody. bind_status: refuse every bind with this.
    name: our system_id in bind_resp.
    id_form: how ids are written; id_in_receipt: in receipts, None for the same.
    behaviour: the ending (see `behaviour`) that holds for numbers with none of their own, "" to deliver.
    throttle: submits per second and system_id, beyond a burst of one second 0x58; 0 for no limit.
    window: unanswered deliver_sm per session; resend: after how long one is sent again.
    pending: receipts kept per system_id while nobody takes them; the oldest go first.
    keep: remember what was submitted and delivered. mute: read, but send nothing.
    first_id: where message ids start, None for somewhere.
    """

    system_id: str | None = None
    password: str | None = None
    bind_status: int = ESME_ROK
    name: str = "simulator"
    response_delay: float = 0.0
    receipt_delay: float = 0.05
    id_form: IdForm = IdForm.DECIMAL
    id_in_receipt: IdForm | None = None
    behaviour: str = ""
    throttle: float = 0.0
    window: int = 100
    resend: float = 5.0
    pending: int = 500_000
    keep: bool = True
    mute: bool = False
    first_id: int | None = None

    def judge(self, pdu: Bind) -> int:
        """The command_status of a bind_resp."""
        if self.bind_status != ESME_ROK:
            return self.bind_status
        if self.system_id is not None and pdu.system_id != self.system_id:
            return ESME_RINVSYSID
        if self.password is not None and not secrets.compare_digest(pdu.password.encode(), self.password.encode()):
            return ESME_RINVPASWD
        return ESME_ROK
