"""One request and what came of it, for every message that was in it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from adapters.http_operator.answer import Reader
from adapters.http_operator.client import NoAnswer, NotSent
from adapters.http_operator.fields import Fields
from adapters.http_operator.reach import Reach
from adapters.http_operator.request import Kind, Prepared, prepare, render
from router.http_calls import Template
from router.operator import HttpLink
from router.outcome import Outcome, OutcomeKind

_AGAIN: Final = (0.5, 2.0)
"""Seconds before an unanswered request is sent again that the carrier knows by its key."""


async def exchange(reach: Reach, link: HttpLink, reader: Reader, kind: Kind, every: Sequence[Fields]) -> list[Outcome]:
    """Send what is for `every` of these messages and read the answer. Raises NotSent, NoAnswer."""
    try:
        prepared = prepare(kind.request, every, link.batch, link.auth)
    except (ValueError, TypeError, RecursionError) as error:
        # Nothing was sent, and nothing will be the next time.
        detail = f"the request for it cannot be written: {type(error).__name__}"
        return [Outcome(OutcomeKind.REJECTED, detail=detail)] * len(every)
    numbers = [fields.submission.message.to for fields in every]
    if kind.key:
        outcomes = await _persist(reach, reader, prepared, every, numbers)
    else:
        outcomes = reader.outcomes(await reach.send(prepared), numbers)
    return [_with_own_id(one, link.answer.own_id, of) for one, of in zip(outcomes, every, strict=True)]


async def _persist(
    reach: Reach, reader: Reader, prepared: Prepared, every: Sequence[Fields], numbers: list[str]
) -> list[Outcome]:
    """The same for a request that the carrier knows by its key: it does no harm when it comes twice."""
    pauses = [*_AGAIN]
    in_doubt = ""
    while True:
        try:
            outcomes = reader.outcomes(await reach.send(prepared), numbers)
            outcomes = [
                one if _is_believed(one, in_doubt, of) else _unknown(one)
                for one, of in zip(outcomes, every, strict=True)
            ]
            if not pauses or any(one.kind is not OutcomeKind.UNKNOWN for one in outcomes):
                return outcomes
            in_doubt = outcomes[0].detail or "no usable answer"
        except NoAnswer as error:
            in_doubt = str(error)
            if not pauses:
                raise
        except NotSent as error:
            if not in_doubt:
                raise
            if not pauses:
                raise NoAnswer(str(error)) from None
        await asyncio.sleep(pauses.pop(0))


def _is_believed(outcome: Outcome, in_doubt: str, fields: Fields) -> bool:
    """Once the carrier may have the message, a refusal of the same request tells nothing: a gateway that has no time,
    a token that ended, or a conflict with the first. 409 is one also with the attempt before."""
    if outcome.kind is OutcomeKind.ACCEPTED:
        return True
    return not in_doubt and not (outcome.status == "409" and _was_unanswered(fields))


def _was_unanswered(fields: Fields) -> bool:
    attempts = fields.submission.part.attempts
    return any(one.outcome is OutcomeKind.UNKNOWN for one in attempts if one is not fields.submission.attempt)


def _unknown(outcome: Outcome) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, status=outcome.status, detail=outcome.detail)


def _with_own_id(outcome: Outcome, own: Template | None, fields: Fields) -> Outcome:
    if own is None or outcome.kind is not OutcomeKind.ACCEPTED:
        return outcome
    return Outcome(OutcomeKind.ACCEPTED, render(own, fields), outcome.status)
