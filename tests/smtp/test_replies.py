"""Replies of servers as they are met in the field, and what each means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smtp.replies import Stage, outcome_of
from router.outcome import Fault, OutcomeKind

RETRY = (OutcomeKind.FAILED, Fault.OPERATOR)
SLOWER = (OutcomeKind.THROTTLED, Fault.RATE)
NEXT = (OutcomeKind.REJECTED, Fault.OPERATOR)
REJECT = (OutcomeKind.REJECTED, Fault.MESSAGE)
UNCLEAR = (OutcomeKind.REJECTED, Fault.UNCLEAR)
ACCOUNT = (OutcomeKind.REJECTED, Fault.ACCOUNT)

REPLIES = [
    # too fast
    (Stage.MAIL, 421, "4.7.0 [TSS04] Messages temporarily deferred", SLOWER, "421 4.7.0"),
    (Stage.RCPT, 421, "Service not available", SLOWER, "421"),
    (Stage.CONTENT, 421, "4.7.28 Our system has detected an unusual rate of unsolicited mail", SLOWER, "421 4.7.28"),
    (Stage.RCPT, 450, "4.7.1 Error: too much mail from 192.0.2.1", SLOWER, "450 4.7.1"),
    (Stage.RCPT, 452, "4.5.3 Too many recipients", SLOWER, "452 4.5.3"),
    (Stage.MAIL, 432, "4.3.2 Concurrent connections limit exceeded", SLOWER, "432 4.3.2"),
    (Stage.MAIL, 454, "Throttling failure: Maximum sending rate exceeded.", SLOWER, "454"),
    (Stage.CONTENT, 451, "4.4.5 congested", SLOWER, "451 4.4.5"),
    # later
    (Stage.RCPT, 450, "4.2.0 <ann@shop.example>: Recipient address rejected: Greylisted", RETRY, "450 4.2.0"),
    (Stage.RCPT, 451, "4.7.1 Greylisting in action, please come back later", RETRY, "451 4.7.1"),
    (Stage.RCPT, 452, "4.2.2 Mailbox full", RETRY, "452 4.2.2"),
    (Stage.CONTENT, 452, "4.3.1 Insufficient system storage", RETRY, "452 4.3.1"),
    (Stage.DATA, 451, "separate deliverability", RETRY, "451"),
    (Stage.RCPT, 450, "mailbox unavailable", RETRY, "450"),
    # nobody there, wherever one asks
    (Stage.RCPT, 550, "5.1.1 The email account that you tried to reach does not exist.", REJECT, "550 5.1.1"),
    (Stage.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", REJECT, "550 5.1.10"),
    (Stage.RCPT, 550, "5.1.2 unknown domain", REJECT, "550 5.1.2"),
    (Stage.RCPT, 550, "5.2.1 mailbox disabled", REJECT, "550 5.2.1"),
    # not by this operator
    (Stage.MAIL, 550, "5.1.1 at another place it says nothing of the recipient", NEXT, "550 5.1.1"),
    (Stage.MAIL, 550, "5.1.8 Sender address rejected: Domain not found", NEXT, "550 5.1.8"),
    (Stage.MAIL, 552, "5.3.4 Message size exceeds fixed limit", NEXT, "552 5.3.4"),
    (Stage.RCPT, 550, "No such user", NEXT, "550"),
    (Stage.RCPT, 552, "5.2.2 Over quota", NEXT, "552 5.2.2"),
    (Stage.CONTENT, 554, "5.6.0 malformed", NEXT, "554 5.6.0"),
    (Stage.CONTENT, 554, "rate limit exceeded", NEXT, "554"),
    # this mail or all of ours
    (Stage.RCPT, 554, "5.7.1 <ann@shop.example>: Relay access denied", UNCLEAR, "554 5.7.1"),
    (Stage.CONTENT, 550, "5.7.26 unauthenticated sender", UNCLEAR, "550 5.7.26"),
    (Stage.MAIL, 530, "5.7.0 Must issue a STARTTLS command first", ACCOUNT, "530 5.7.0"),
    (Stage.MAIL, 535, "5.7.8 Credentials expired", ACCOUNT, "535 5.7.8"),
    # what only looks like an enhanced code
    (Stage.RCPT, 550, "5.1.1.1 what", NEXT, "550"),
    (Stage.RCPT, 550, "15.1.1 what", NEXT, "550"),
]


@pytest.mark.parametrize(("stage", "code", "text", "means", "shown"), REPLIES)
def test_a_reply(stage: Stage, code: int, text: str, means: tuple[OutcomeKind, Fault], shown: str) -> None:
    outcome = outcome_of(stage, code, text, {})
    assert (outcome.kind, outcome.fault) == means
    assert (outcome.code or outcome.status) == shown
    assert outcome.status == str(code)
    assert outcome.detail == f"{stage} was answered with {code} {text}"


@pytest.mark.parametrize(
    ("word", "means"),
    [("retry", RETRY), ("next", NEXT), ("reject", REJECT), ("throttle", SLOWER), ("account", ACCOUNT)],
)
def test_overrides(word: str, means: tuple[OutcomeKind, Fault]) -> None:
    outcome = outcome_of(Stage.RCPT, 550, "5.1.1 no", {550: word})  # type: ignore[dict-item]
    assert (outcome.kind, outcome.fault) == means
    assert outcome_of(Stage.RCPT, 551, "no", {550: word}).fault is Fault.OPERATOR  # type: ignore[dict-item]


@given(st.sampled_from(Stage), st.integers(400, 599), st.text())
def test_any_text(stage: Stage, code: int, text: str) -> None:
    outcome = outcome_of(stage, code, text, {})
    assert outcome.kind in (OutcomeKind.FAILED, OutcomeKind.THROTTLED, OutcomeKind.REJECTED)
    assert outcome.detail.isprintable()
    assert len(outcome.detail) < 300
    assert outcome.status == str(code)
    assert outcome.code is None or outcome.code.startswith(str(code))
