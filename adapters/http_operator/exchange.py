"""One request and what came of it, for every message that was in it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from adapters.http_operator.answer import Reader
from adapters.http_operator.client import NoAnswer, NotSent
from adapters.http_operator.fields import Fields
from adapters.http_operator.reach import Reach
from adapters.http_operator.request import is_keyed, prepare, render
from router.http_calls import HttpRequest, Template
from router.operator import HttpLink
from router.outcome import Outcome, OutcomeKind

_AGAIN: Final = (0.5, 2.0)
"""Seconds before an unanswered request is sent again that the carrier knows by its key."""


async def exchange(
    reach: Reach, link: HttpLink, reader: Reader, request: HttpRequest, every: Sequence[Fields]
) -> list[Outcome]:
    """Send what is for `every` of these messages and read the answer. Raises NotSent, NoAnswer."""
    prepared = prepare(request, every, link.batch, link.auth)
    numbers = [fields.submission.message.to for fields in every]
    # What the carrier knows by its key does no harm when it comes twice.
    pauses = [*_AGAIN] if is_keyed(request) else []
    perhaps_taken = False
    while True:
        try:
            outcomes = reader.outcomes(await reach.send(prepared), numbers)
            if not pauses or any(one.kind is not OutcomeKind.UNKNOWN for one in outcomes):
                return [_with_own_id(one, link.answer.own_id, of) for one, of in zip(outcomes, every, strict=True)]
            perhaps_taken = True
        except NoAnswer:
            perhaps_taken = True
            if not pauses:
                raise
        except NotSent as error:
            if not perhaps_taken:
                raise
            if not pauses:
                raise NoAnswer(str(error)) from None
        await asyncio.sleep(pauses.pop(0))


def _with_own_id(outcome: Outcome, own: Template | None, fields: Fields) -> Outcome:
    if own is None or outcome.kind is not OutcomeKind.ACCEPTED:
        return outcome
    return Outcome(OutcomeKind.ACCEPTED, render(own, fields), outcome.status)
