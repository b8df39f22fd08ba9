"""What the outcome of an attempt means for its message: the state machine's way out and back."""

from enum import Enum

from router.delivery.fold import message_state
from router.delivery.retry import pause
from router.message import FINAL, Attempt, Message, MessageError, Part, ReceiptWish, State
from router.operator import Operator, ReceiptRules
from router.outcome import NO_ATTEMPT, Fault, Outcome, OutcomeKind, shown_status

_WAITS_FOR = {Fault.RATE: "throttled", Fault.QUEUE: "throttled", Fault.BIND: "bind", Fault.ACCOUNT: "circuit"}


# Looking a member up in its enumeration takes longer than comparing it.
_QUEUED, _WITH_OPERATOR = State.QUEUED, State.SUBMITTED
_ACCEPTED = OutcomeKind.ACCEPTED
_NO_RECEIPTS = ReceiptWish.NONE


class Step(Enum):
    """What the engine has to do next for the message."""

    REST = "send the parts that are left"
    AWAIT = "all parts are out; wait for receipts, or nothing more"
    FRONT = "the part goes back, first in line at the same operator"
    LATER = "wait until due_at, then stand in line again"
    NEXT = "choose another operator"
    FINAL = "the message ended"
    IGNORE = "nothing changes"


_AWAIT = Step.AWAIT


def next_part(message: Message) -> Part | None:
    """The part to submit next, in order. The others wait until the operator has accepted the first one: a refusal
    mostly meets the first, and then the whole message can still go elsewhere."""
    for part in message.parts:
        if part.state is _QUEUED:
            last = part.attempts[-1] if part.attempts else None
            if last is not None and last.outcome is None:
                if part.number == 1:
                    return None
                continue
            return part
    return None


def committed_to(message: Message) -> str | None:
    """The operator that has, or may have, a part of the message: nobody else may get the rest."""
    for part in message.parts:
        for attempt in part.attempts:
            if attempt.outcome in (OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN, None):
                return attempt.operator
    return None


def _all_out(message: Message) -> bool:
    """Whether no part is left to send."""
    return all(part.state is not State.QUEUED for part in message.parts)


def settle(
    message: Message, part: Part, attempt: Attempt, outcome: Outcome, operator: Operator, now: int, jitter: float
) -> Step:
    """Apply the outcome of `attempt` to its part and message, in place; say what comes next.

    `now` is milliseconds since the epoch, `jitter` in [0, 1).
    """
    if outcome.kind is _ACCEPTED and message.state is _QUEUED:
        # Nearly always.
        _record(attempt, outcome, now)
        if part.state is _QUEUED:
            part.state = _WITH_OPERATOR
        return _submitted(message, operator, now)
    if outcome.fault in NO_ATTEMPT:
        part.attempts.remove(attempt)
    else:
        _record(attempt, outcome, now)
    if message.state is not State.QUEUED:
        return Step.IGNORE
    if part.state is State.QUEUED and any(one.outcome is OutcomeKind.ACCEPTED for one in part.attempts):
        part.state = State.SUBMITTED
    if part.state is not State.QUEUED:
        # It is with the operator, by this attempt or by one before it that was answered late.
        return _submitted(message, operator, now)
    if outcome.fault in NO_ATTEMPT:
        message.waiting_for = _WAITS_FOR[outcome.fault]
        return Step.FRONT
    match outcome.kind:
        case OutcomeKind.UNKNOWN:
            if operator.on_unanswered == "resend" and not part.resent:
                part.resent = True
                message.possible_duplicate = True
                message.waiting_for = "unanswered"
                return Step.FRONT
            part.state = State.SUBMITTED
            return _submitted(message, operator, now)
        case OutcomeKind.FAILED:
            tries = sum(1 for one in part.attempts if one.operator == operator.name)
            if tries < operator.retry.attempts:
                hold_back(message, now + round(pause(operator.retry, tries, jitter) * 1000), "retry")
                return Step.LATER
            return _refused(message, part, operator, outcome, State.FAILED)
        case _:
            return _refused(message, part, operator, outcome, State.REJECTED)


def settle_late(message: Message, part: Part, attempt: Attempt, outcome: Outcome, operator: Operator, now: int) -> Step:
    """Apply an answer that came after its attempt was already taken as unknown.

    An acceptance stands. A refusal counts only while nobody has sent the part again. In place, as `settle`.
    """
    accepted = outcome.kind is OutcomeKind.ACCEPTED
    if message.state not in FINAL and (part.attempts[-1] is attempt or (accepted and _refused_since(part, attempt))):
        if part.state is State.QUEUED:
            # It was to be sent again, but was not yet: no duplicate after all.
            part.resent = False
            message.possible_duplicate = any(other.resent for other in message.parts)
            return settle(message, part, attempt, outcome, operator, now, 0.0)
        if part.state is State.SUBMITTED and not accepted:
            message.recalled = message.recalled or message.state is State.SUBMITTED
            part.state = message.state = State.QUEUED
            message.submitted_at = None
            message.due_at = message.expires_at
            return settle(message, part, attempt, outcome, operator, now, 0.0)
    if accepted:
        _record(attempt, outcome, now)
    return Step.IGNORE


def hold_back(message: Message, until: int, waits_for: str) -> None:
    """Take a message out of its line until a time (ms), in place; nothing is counted."""
    message.waiting_for = waits_for
    message.position = None
    message.due_at = _sooner(until, message.expires_at)


def stop_sending(message: Message, operator: Operator, now: int) -> Step:
    """Nothing more of a queued message will be sent to its operator, in place.

    IGNORE while an answer is due; AWAIT where the operator may have all of it, for what it may have waits for its
    receipt; FINAL where a part never got there, and the caller says how it ends.
    """
    waiting = [part for part in message.parts if part.state is State.QUEUED]
    if any(attempt.outcome is None for part in waiting for attempt in part.attempts):
        return Step.IGNORE
    for part in waiting:
        perhaps_there = sum(attempt.outcome in (OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN) for attempt in part.attempts)
        if perhaps_there:
            part.state = State.SUBMITTED
            part.resent = perhaps_there > 1
    message.possible_duplicate = any(part.resent for part in message.parts)
    return _submitted(message, operator, now) if _all_out(message) else Step.FINAL


def _record(attempt: Attempt, outcome: Outcome, now: int) -> None:
    attempt.outcome = outcome.kind
    attempt.answered_at = now
    attempt.status = outcome.status
    attempt.detail = outcome.detail
    attempt.smsc_message_id = outcome.smsc_message_id


def _refused_since(part: Part, attempt: Attempt) -> bool:
    """Whether the operator has none of the other attempts."""
    refused = (OutcomeKind.FAILED, OutcomeKind.REJECTED)
    return all(other is attempt or other.outcome in refused for other in part.attempts)


def _submitted(message: Message, operator: Operator, now: int) -> Step:
    message.waiting_for = None
    message.error = None
    parts = message.parts
    if len(parts) > 1 and not _all_out(message):
        return Step.REST
    message.state = parts[0].state if len(parts) == 1 else message_state(parts)
    message.submitted_at = now
    message.position = None
    rules = operator.receipts
    wanted = message.receipts is not _NO_RECEIPTS and rules.request != "none"
    message.due_at = next_look(message, rules, now) if wanted else None
    return _AWAIT


def next_look(message: Message, rules: ReceiptRules, now: int) -> int:
    """When to see again to a message that waits for receipts: at their timeout, or before it to ask the operator, the
    later the longer it has waited. Milliseconds since the epoch."""
    since = message.submitted_at if message.submitted_at is not None else now
    end = since + round(rules.timeout * 1000)
    if rules.poll is None:
        return end
    return min(now + max(round(rules.poll * 1000), (now - since) // 2), end)


def _refused(message: Message, part: Part, operator: Operator, outcome: Outcome, ending: State) -> Step:
    smsc_error = outcome.code or shown_status(outcome.status)
    code = "retries_exhausted" if ending is State.FAILED else "rejected_by_operator"
    message.error = MessageError(code, outcome.detail or f"{operator.name} did not take the message", smsc_error)
    if outcome.fault is Fault.MESSAGE or committed_to(message) is not None:
        # Half of it is out, or nobody else would take it: the rest must not follow.
        part.state = ending
        return Step.FINAL
    message.refused_by.append(operator.name)
    return Step.NEXT


def _sooner(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)
