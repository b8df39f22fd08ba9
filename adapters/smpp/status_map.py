"""What a command_status means for the part that was submitted, and for the bind: one table, walked by its test."""

from enum import StrEnum
from functools import lru_cache
from typing import Final

from adapters.smpp import constants as c
from router.operator import Override
from router.outcome import Fault, Outcome, OutcomeKind


class Action(StrEnum):
    THROTTLE = "throttle"
    """Slow down; the part goes back first and no attempt is counted."""
    FULL = "full"
    """The same, or this recipient only is to wait."""
    REBIND = "rebind"
    """The bind is at fault: it is reopened, and the part goes back first at no cost."""
    ACCOUNT = "account"
    """Nothing of ours is taken: stop sending for a while; the part goes back, or to another operator, at no cost."""
    RETRY = "retry"
    """The same operator may be tried again."""
    NEXT = "next"
    """Not through this operator."""
    VENDOR = "vendor"
    """Not through this operator; what it says to one message after the other it says to our account."""
    REJECT = "reject"
    """Not through any operator: the message itself is at fault."""


# SMPP 3.4 section 5.1.3 gives the meanings, common practice of operators the actions.
STATUSES: Final[tuple[tuple[int, Action, str], ...]] = (
    (c.ESME_RTHROTTLED, Action.THROTTLE, "too many messages for the agreed rate"),
    (c.ESME_RMSGQFUL, Action.FULL, "the message queue is full"),
    (c.ESME_RSYSERR, Action.RETRY, "system error at the operator"),
    (c.ESME_RX_T_APPN, Action.RETRY, "temporary application error at the operator"),
    (c.ESME_RINVBNDSTS, Action.REBIND, "the operator says that the bind is not open"),
    (c.ESME_RINVCMDLEN, Action.NEXT, "the operator found the command length invalid"),
    (c.ESME_RINVCMDID, Action.NEXT, "the operator does not know the command"),
    (c.ESME_RALYBND, Action.NEXT, "the operator says that the bind is open already"),
    (c.ESME_RINVSRCADR, Action.NEXT, "the sender is not allowed at this operator"),
    (c.ESME_RINVMSGID, Action.NEXT, "the operator found a message id invalid"),
    (c.ESME_RBINDFAIL, Action.NEXT, "the operator refused the bind"),
    (c.ESME_RINVPASWD, Action.NEXT, "the operator refused the password"),
    (c.ESME_RINVSYSID, Action.NEXT, "the operator refused the system_id"),
    (c.ESME_RCANCELFAIL, Action.NEXT, "cancelling failed at the operator"),
    (c.ESME_RREPLACEFAIL, Action.NEXT, "replacing failed at the operator"),
    (c.ESME_RINVSERTYP, Action.NEXT, "the operator does not take this service type"),
    (0x22, Action.NEXT, "the operator does not cover this network"),
    (c.ESME_RSUBMITFAIL, Action.NEXT, "the operator could not take the message"),
    (c.ESME_RINVSYSTYP, Action.NEXT, "the operator refused the system_type"),
    (c.ESME_RQUERYFAIL, Action.NEXT, "a query failed at the operator"),
    (c.ESME_RDELIVERYFAILURE, Action.NEXT, "the operator could not deliver the message"),
    (c.ESME_RUNKNOWNERR, Action.VENDOR, "unknown error at the operator"),
    (0x100, Action.VENDOR, "the operator refused the message (status 0x100)"),
    (0x101, Action.VENDOR, "the operator refused the message (status 0x101)"),
    (0x102, Action.VENDOR, "the operator refused the message (status 0x102)"),
    (0x103, Action.VENDOR, "the operator refused the message (status 0x103)"),
    (c.ESME_RINVMSGLEN, Action.REJECT, "invalid message length"),
    (c.ESME_RINVPRTFLG, Action.REJECT, "invalid priority"),
    (c.ESME_RINVREGDLVFLG, Action.REJECT, "invalid request for receipts"),
    (c.ESME_RINVDSTADR, Action.REJECT, "invalid destination address"),
    (c.ESME_RINVNUMDESTS, Action.REJECT, "invalid number of destinations"),
    (c.ESME_RINVDLNAME, Action.REJECT, "invalid distribution list"),
    (c.ESME_RINVDESTFLAG, Action.REJECT, "invalid destination flag"),
    (c.ESME_RINVSUBREP, Action.REJECT, "replacing is not possible"),
    (c.ESME_RINVESMCLASS, Action.REJECT, "invalid esm_class"),
    (c.ESME_RCNTSUBDL, Action.REJECT, "no messages to distribution lists"),
    (c.ESME_RINVSRCTON, Action.REJECT, "invalid type of number of the sender"),
    (c.ESME_RINVSRCNPI, Action.REJECT, "invalid numbering plan of the sender"),
    (c.ESME_RINVDSTTON, Action.REJECT, "invalid type of number of the destination"),
    (c.ESME_RINVDSTNPI, Action.REJECT, "invalid numbering plan of the destination"),
    (c.ESME_RINVREPFLAG, Action.REJECT, "invalid replace flag"),
    (c.ESME_RINVNUMMSGS, Action.REJECT, "invalid number of messages"),
    (c.ESME_RINVSCHED, Action.REJECT, "invalid scheduled delivery time"),
    (c.ESME_RINVEXPIRY, Action.REJECT, "invalid validity period"),
    (c.ESME_RINVDFTMSGID, Action.REJECT, "no such predefined message"),
    (c.ESME_RX_P_APPN, Action.REJECT, "permanent application error at the operator"),
    (c.ESME_RX_R_APPN, Action.REJECT, "the operator rejects the message"),
    (c.ESME_RINVOPTPARSTREAM, Action.REJECT, "invalid optional parameters"),
    (c.ESME_ROPTPARNOTALLWD, Action.REJECT, "an optional parameter is not allowed"),
    (c.ESME_RINVPARLEN, Action.REJECT, "a parameter's length is invalid"),
    (c.ESME_RMISSINGOPTPARAM, Action.REJECT, "an optional parameter is missing"),
    (c.ESME_RINVOPTPARAMVAL, Action.REJECT, "an optional parameter's value is invalid"),
)

CLOSES_BIND: Final = frozenset({c.ESME_RINVBNDSTS})
"""On the answer to any request but a bind (whose every error ends the session): close and bind anew."""

WRONG_CREDENTIALS: Final = frozenset({c.ESME_RINVPASWD, c.ESME_RINVSYSID, c.ESME_RINVSYSTYP})
"""On a bind_resp: asking again soon will not help, and may lock the account."""

_TABLE: Final = {status: (action, reason) for status, action, reason in STATUSES}


_OUTCOMES: Final = {
    Action.THROTTLE: (OutcomeKind.THROTTLED, Fault.RATE),
    Action.FULL: (OutcomeKind.THROTTLED, Fault.QUEUE),
    Action.REBIND: (OutcomeKind.FAILED, Fault.BIND),
    Action.ACCOUNT: (OutcomeKind.REJECTED, Fault.ACCOUNT),
    Action.RETRY: (OutcomeKind.FAILED, Fault.OPERATOR),
    Action.NEXT: (OutcomeKind.REJECTED, Fault.OPERATOR),
    Action.VENDOR: (OutcomeKind.REJECTED, Fault.UNCLEAR),
    Action.REJECT: (OutcomeKind.REJECTED, Fault.MESSAGE),
}


def outcome_of(status: int, overrides: dict[int, Override]) -> Outcome:
    """The outcome of an answered submit_sm by its command_status; an operator's `overrides` win over the table.

    An unknown status, the vendors' 0x400-0x4FF among them, is rejected for this operator only: their meanings
    contradict each other. Status 0 is accepted; its smsc_message_id is the caller's to add.
    """
    return _outcome(status, overrides.get(status) if overrides else None)


# Bounded, because a peer may send any of 2**32 values.
@lru_cache(maxsize=1024)
def _outcome(status: int, override: Override | None) -> Outcome:
    if status == c.ESME_ROK:
        return Outcome(OutcomeKind.ACCEPTED, status=status)
    action, reason = _TABLE.get(status, (Action.VENDOR, f"the operator's own status 0x{status:08X}"))
    kind, fault = _OUTCOMES[Action(override or action)]
    return Outcome(kind, status=status, detail=reason, fault=fault)
