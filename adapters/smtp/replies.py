"""What a server's reply means for the mail it was given (RFC 5321 section 4.2, RFC 3463)."""

import re
from enum import StrEnum
from typing import Final

from router.operator import Override
from router.outcome import Fault, Outcome, OutcomeKind

_LONGEST: Final = 200
"""Characters of a reply's text that are kept."""

_ENHANCED: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)\s*")
_TOO_FAST: Final = re.compile(
    r"\brates?\b|too (?:many|fast|much|frequent)|throttl|\blimit(?:s|ed)?\b.{0,20}exceed|exceed.{0,30}\blimit"
    r"|slow(?:ing)? down|concurren",
    re.IGNORECASE | re.DOTALL,
)


class Stage(StrEnum):
    """What the server replied to."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "the message"


class Action(StrEnum):
    """What is done: the words of `errors` in an operator's file, and one more."""

    RETRY = "retry"
    NEXT = "next"
    REJECT = "reject"
    THROTTLE = "throttle"
    ACCOUNT = "account"
    UNCLEAR = "unclear"
    """As `next`; but what it says to one message after the other it says to our account."""


_OUTCOMES: Final = {
    Action.RETRY: (OutcomeKind.FAILED, Fault.OPERATOR),
    Action.NEXT: (OutcomeKind.REJECTED, Fault.OPERATOR),
    Action.REJECT: (OutcomeKind.REJECTED, Fault.MESSAGE),
    Action.THROTTLE: (OutcomeKind.THROTTLED, Fault.RATE),
    Action.ACCOUNT: (OutcomeKind.REJECTED, Fault.ACCOUNT),
    Action.UNCLEAR: (OutcomeKind.REJECTED, Fault.UNCLEAR),
}

_NOBODY: Final = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
"""Subjects and details of RFC 3463 that say that there is no such mailbox, wherever one asks."""

_CONGESTED: Final = frozenset({"4.5", "7.28"})

_CREDENTIALS: Final = frozenset({530, 534, 535, 538})


def outcome_of(stage: Stage, code: int, text: str, overrides: dict[int, Override]) -> Outcome:
    """The outcome of a mail that got this reply, which is none of success; an operator's `overrides` win.

    `Outcome.code` has the reply's code with its enhanced status code, such as `550 5.1.1`, where there is one.
    """
    said = " ".join(text.split())
    enhanced = _ENHANCED.match(said)
    status = f"{enhanced[1]}.{enhanced[2]}.{enhanced[3]}" if enhanced else None
    detail = f"{stage} was answered with {code} {_shown(said)}".rstrip()
    known = overrides.get(code) if overrides else None
    action = Action(known) if known is not None else _action(stage, code, status, said)
    kind, fault = _OUTCOMES[action]
    return Outcome(kind, None, str(code), detail, fault, f"{code} {status}" if status else None)


def _action(stage: Stage, code: int, status: str | None, said: str) -> Action:
    topic = status.partition(".")[2] if status else ""
    if code == 421 or (400 <= code < 500 and (topic in _CONGESTED or _TOO_FAST.search(said))):
        # 421 closes the connection: the server is busy with us, or with itself.
        return Action.THROTTLE
    if 400 <= code < 500:
        return Action.RETRY
    if code in _CREDENTIALS:
        return Action.ACCOUNT
    if stage is Stage.RCPT and topic in _NOBODY:
        return Action.REJECT
    if topic.startswith("7."):
        return Action.UNCLEAR
    return Action.NEXT


def _shown(said: str) -> str:
    """Of what the server wrote as much as is good to show, in one line."""
    return "".join(one if one.isprintable() else "?" for one in said[:_LONGEST])
