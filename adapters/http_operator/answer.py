"""What an answer means for the messages that were sent: a table of statuses, and what the link says. Pure."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from adapters.http_operator.documents import Unreadable, find, follow, items, read_json, text_of
from router.http_calls import Answer, Batch, Pick
from router.operator import HttpLink, Operator
from router.outcome import Fault, Outcome, OutcomeKind

LONGEST_WAIT: Final = 3600.0
"""Seconds of a Retry-After that are believed."""

_LONGEST_ID: Final = 255
_CODE: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class Action(StrEnum):
    THROTTLE = "throttle"
    """Slow down; the part goes back first and no attempt is counted."""
    ACCOUNT = "account"
    """Nothing of ours is taken for now; the part goes back, or to another operator, at no cost."""
    RETRY = "retry"
    """The same operator may be tried again."""
    NEXT = "next"
    """Not through this operator."""
    VENDOR = "vendor"
    """Not through this operator; what it says to one message after the other it says to our account."""
    REJECT = "reject"
    """Not through any operator."""
    UNKNOWN = "unknown"
    """It may have been taken, or not."""


# RFC 9110 section 15 and RFC 6585 give the meanings, common practice of providers the actions.
STATUSES: Final[dict[int, tuple[Action, str]]] = {
    400: (Action.VENDOR, "the provider found the request wrong"),
    401: (Action.ACCOUNT, "the provider refused our credentials"),
    402: (Action.ACCOUNT, "the provider wants to be paid"),
    403: (Action.ACCOUNT, "the provider does not allow us to send"),
    407: (Action.ACCOUNT, "a proxy refused our credentials"),
    408: (Action.RETRY, "the request came too slowly for the provider"),
    413: (Action.NEXT, "the request is too large for the provider"),
    414: (Action.NEXT, "the address is too long for the provider"),
    425: (Action.RETRY, "the provider wants the request again"),
    429: (Action.THROTTLE, "too many requests for the agreed rate"),
    500: (Action.RETRY, "an error at the provider"),
    502: (Action.RETRY, "an error behind the provider's gateway"),
    503: (Action.RETRY, "the provider is not available"),
    504: (Action.UNKNOWN, "the provider's gateway had no answer in time"),
    524: (Action.UNKNOWN, "the provider's gateway had no answer in time"),
}
_OTHER: Final = (Action.VENDOR, "the provider did not take the message")

_OUTCOMES: Final = {
    Action.THROTTLE: (OutcomeKind.THROTTLED, Fault.RATE),
    Action.ACCOUNT: (OutcomeKind.REJECTED, Fault.ACCOUNT),
    Action.RETRY: (OutcomeKind.FAILED, Fault.OPERATOR),
    Action.NEXT: (OutcomeKind.REJECTED, Fault.OPERATOR),
    Action.VENDOR: (OutcomeKind.REJECTED, Fault.UNCLEAR),
    Action.REJECT: (OutcomeKind.REJECTED, Fault.MESSAGE),
    Action.UNKNOWN: (OutcomeKind.UNKNOWN, Fault.OPERATOR),
}


class Answered:
    """An answer as it came; names of `headers` are in small letters."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @cached_property
    def document(self) -> Any:
        """The JSON of the body, None where it is none."""
        try:
            return read_json(self.body)
        except Unreadable:
            return None

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def wait(self, now: datetime) -> float | None:
        """Seconds that Retry-After asks for (RFC 9110 section 10.2.3), None where it does not."""
        written = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", written):
            seconds = float(written)
        else:
            try:
                at = parsedate_to_datetime(written)
            except (ValueError, TypeError, IndexError, OverflowError):
                return None
            seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
        return min(max(seconds, 0.0), LONGEST_WAIT)


class Reader:
    """Reads the answers of one operator."""

    def __init__(self, operator: Operator, link: HttpLink) -> None:
        self._answer = link.answer
        self._codes = link.codes
        self._errors = operator.errors
        self._batch = link.batch
        picks = (self._answer.check, self._answer.id, self._answer.code)
        self._patterns = {pick.word: re.compile(pick.word) for pick in picks if pick and pick.kind == "regex"}

    def outcomes(self, answered: Answered, numbers: list[str]) -> list[Outcome]:
        """What each message came to; `numbers` are theirs, in E.164."""
        results = self._results(answered, numbers)
        if results is None:
            return [self._outcome(answered, answered.document)] * len(numbers)
        return [
            self._outcome(answered, result)
            if result is not None
            else Outcome(OutcomeKind.UNKNOWN, detail="the answer to a batch says nothing of this message")
            for result in results
        ]

    def _results(self, answered: Answered, numbers: list[str]) -> list[Any] | None:
        """The piece of the answer that is about each message; None where it is all about all of them."""
        batch: Batch | None = self._batch
        if batch is None or batch.results is None or not self._fits(answered.status):
            return None
        found = [scopes[0] for scopes in items(answered.document, (*batch.results, "*"))]
        if not found:
            return None
        if batch.to is None:
            return [found[place] if place < len(found) else None for place in range(len(numbers))]
        by_number: dict[str, list[Any]] = {}
        for result in found:
            number = text_of(follow(result, batch.to), 32)
            if number is not None:
                by_number.setdefault(_digits(number), []).append(result)
        # A number that stands twice in a batch has its results in order.
        return [queue.pop(0) if (queue := by_number.get(_digits(number))) else None for number in numbers]

    def _outcome(self, answered: Answered, document: Any) -> Outcome:
        answer: Answer = self._answer
        status = answered.status
        code = self._pick(answer.code, answered, document)
        if self._fits(status):
            said = self._pick(answer.check, answered, document) if answer.check is not None else None
            if answer.check is None or _says_yes(said, answer.values):
                found = self._pick(answer.id, answered, document) if answer.id is not None else None
                return Outcome(
                    OutcomeKind.ACCEPTED, found if found and len(found) <= _LONGEST_ID else None, str(status)
                )
            if said is None and code is None:
                # Not even a refusal can be read in it.
                return Outcome(
                    OutcomeKind.UNKNOWN, status=str(status), detail=f"HTTP {status}, and the answer cannot be read"
                )
            code = code or said
        return self._refusal(status, code)

    def _refusal(self, status: int, code: str | None) -> Outcome:
        word = code if code is not None and _CODE.fullmatch(code) else None
        action, reason = STATUSES.get(status, _OTHER)
        if 500 <= status <= 599 and status not in STATUSES:
            action, reason = Action.RETRY, "an error at the provider"
        override = self._codes.get(code) if code is not None else None
        override = override or self._errors.get(status)
        kind, fault = _OUTCOMES[Action(override) if override is not None else action]
        detail = f"HTTP {status}, code {word}: {reason}" if word else f"HTTP {status}: {reason}"
        return Outcome(kind, status=str(status), detail=detail, fault=fault, code=word)

    def _fits(self, status: int) -> bool:
        return any(first <= status <= last for first, last in self._answer.statuses)

    def _pick(self, pick: Pick | None, answered: Answered, document: Any) -> str | None:
        """What stands there, as text; None for nothing."""
        if pick is None:
            return None
        if pick.kind == "header":
            return answered.headers.get(pick.word.lower())
        if pick.kind == "regex":
            found = self._patterns[pick.word].search(answered.text)
            return found[found.re.groups] if found else None
        # Of one result of a batch also what the whole answer says.
        scopes = (document,) if document is answered.document else (document, answered.document)
        return text_of(find(scopes, pick.way))


def _says_yes(said: str | None, values: tuple[str, ...]) -> bool:
    if values:
        return said in values
    return said not in (None, "", "false")


def _digits(number: str) -> str:
    return "".join([one for one in number if one.isascii() and one.isdigit()])


def utc(now: int) -> datetime:
    """Milliseconds since the epoch as a time."""
    return datetime.fromtimestamp(now / 1000, UTC)
