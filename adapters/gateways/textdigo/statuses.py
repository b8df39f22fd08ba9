"""The four words for what became of a message (TD-28; section 7.1 of the contract)."""

from adapters.gateways.textdigo.enumerations import Status
from router.message import State

STATUS: dict[State, Status] = {
    State.SCHEDULED: "SENT",
    State.QUEUED: "SENT",
    State.SUBMITTED: "SENT",
    State.DELIVERED: "DELIVERED",
    State.UNDELIVERED: "UNDELIVERED",
    State.EXPIRED: "UNDELIVERED",
    State.UNKNOWN: "UNDELIVERED",
    State.REJECTED: "FAILED",
    State.FAILED: "FAILED",
    State.CANCELLED: "FAILED",
}
