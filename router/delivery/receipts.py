"""What a receipt means for its part and message."""

from enum import Enum

from router.delivery.fold import message_state
from router.message import FINAL, Attempt, Message, MessageError, Part, State
from router.outcome import OutcomeKind
from router.receipt import Receipt, ReceiptState

_PART_STATE: dict[ReceiptState, State] = {
    ReceiptState.DELIVERED: State.DELIVERED,
    ReceiptState.UNDELIVERED: State.UNDELIVERED,
    ReceiptState.DELETED: State.UNDELIVERED,
    ReceiptState.EXPIRED: State.EXPIRED,
    ReceiptState.REJECTED: State.REJECTED,
    ReceiptState.UNKNOWN: State.UNKNOWN,
}

_DETAIL = {
    State.UNDELIVERED: "the operator could not deliver it",
    State.EXPIRED: "its validity ended at the operator before it could be delivered",
    State.REJECTED: "the operator rejected it after taking it",
    State.UNKNOWN: "the operator does not know what became of it",
}


class Reading(Enum):
    """What a matched receipt did."""

    FINAL = "the message ended"
    NOTED = "recorded; the message goes on"
    DUPLICATE = "nothing new"


# Looking a member up in its enumeration takes longer than comparing it.
_DELIVERED, _UNKNOWN = State.DELIVERED, State.UNKNOWN
_FINAL = Reading.FINAL


def apply_receipt(message: Message, part: Part, attempt: Attempt, receipt: Receipt) -> Reading:
    """Record `receipt` on the attempt, the part and the message, in place.

    Intermediate states are only noted. A final state is never replaced, but `unknown` by the true one, once.
    Of a part that was sent twice the first delivery counts, and a failure only when no other attempt is still open.
    """
    if attempt.receipt is receipt.state:
        return Reading.DUPLICATE
    state = _PART_STATE.get(receipt.state)
    if state is None:
        if attempt.receipt is not None or part.state in FINAL:
            return Reading.DUPLICATE
        attempt.receipt, attempt.receipt_error, attempt.receipt_at = receipt.state, receipt.error, receipt.received_at
        return Reading.NOTED
    if part.state in FINAL and part.state is not _UNKNOWN:
        return Reading.DUPLICATE
    attempt.receipt, attempt.receipt_error, attempt.receipt_at = receipt.state, receipt.error, receipt.received_at
    if state is not _DELIVERED and _open_elsewhere(part, attempt):
        return Reading.NOTED
    part.state = state
    if message.state in FINAL and message.state is not _UNKNOWN:
        return Reading.NOTED
    folded = state if len(message.parts) == 1 else message_state(message.parts)
    if folded not in FINAL or folded is message.state:
        return Reading.NOTED
    message.state = folded
    message.done_at = receipt.received_at
    if folded is _DELIVERED:
        message.error = None
    elif state is folded:
        detail = f"{_DETAIL[state]} ({receipt.stat})" if receipt.stat else _DETAIL[state]
        message.error = MessageError(f"receipt_{state.value}", detail, receipt.error)
    else:
        # This part arrived, but it was the last one that was waited for.
        message.error = MessageError(f"receipt_{folded.value}", _DETAIL[folded])
    return _FINAL


def give_up_waiting(message: Message, now: int) -> bool:
    """The receipts' time is over: open parts become `unknown`, in place. True when the message ended by it."""
    for part in message.parts:
        if part.state is State.SUBMITTED:
            part.state = State.UNKNOWN
    state = message_state(message.parts)
    if state not in FINAL:
        return False
    message.state = state
    message.done_at = now
    if state is State.UNKNOWN:
        message.error = MessageError("no_receipt", "no receipt came within the operator's receipts.timeout")
    return True


def _open_elsewhere(part: Part, attempt: Attempt) -> bool:
    return any(
        other is not attempt and other.receipt not in _PART_STATE and other.outcome in (OutcomeKind.ACCEPTED, None)
        for other in part.attempts
    )
