"""What a carrier is asked about messages that it has: what became of them, and to deliver them no more."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from adapters.http_operator.answer import Answered, Reader
from adapters.http_operator.callbacks import read_receipt
from adapters.http_operator.client import NoAnswer, NotSent
from adapters.http_operator.fields import Fields
from adapters.http_operator.reach import Reach
from adapters.http_operator.request import prepare_question
from router.address import bare
from router.http_calls import HttpRequest
from router.operator import HttpLink, Operator
from router.outcome import OutcomeKind
from router.ports.clock import Clock
from router.ports.operators import Question, Reply, Submission
from router.text.segment import Segment

_MOST: Final = 1000
_NO_SEGMENT: Final = Segment(b"", 0)


class Questions:
    """Puts the questions of one operator, `most` at a time; `fields` are those of a submission. To be configured before
    it is used."""

    def __init__(self, most: int, reach: Reach, clock: Clock, fields: Callable[[Submission], Fields]) -> None:
        self._reach = reach
        self._clock = clock
        self._fields = fields
        self._turns = asyncio.Semaphore(most)
        self._asked: set[asyncio.Task[None]] = set()

    def reconfigure(self, operator: Operator, link: HttpLink) -> None:
        self._operator = operator
        self._link = link
        cancel = link.cancel
        self._cancelled = Reader(operator, replace(link, answer=cancel.answer, batch=None)) if cancel else None

    def put(self, question: Question) -> bool:
        """False when nobody can be asked now."""
        call = self._link.status if question.kind == "query" else self._link.cancel
        if call is None or not self._reach.open or len(self._asked) >= _MOST:
            return False
        question.written_at = self._clock.monotonic()
        task = asyncio.get_running_loop().create_task(self._answer(question, call.request))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return True

    async def close(self) -> None:
        """Whoever still waits for an answer gets none."""
        left = list(self._asked)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _answer(self, question: Question, request: HttpRequest) -> None:
        reply: Reply | None = None
        try:
            async with self._turns:
                answered = await self._send(question, request)
                reply = self._status(question, answered) if question.kind == "query" else self._gone(question, answered)
        except (NotSent, NoAnswer, ValueError):
            pass
        finally:
            question.answered(reply)

    async def _send(self, question: Question, request: HttpRequest) -> Answered:
        message, attempt = question.message, question.attempt
        part = next(part for part in message.parts if any(one is attempt for one in part.attempts))
        fields = self._fields(Submission(message, part, attempt, _NO_SEGMENT, None, question.sender))
        prepared = prepare_question(request, fields, attempt.smsc_message_id or "", self._link.auth)
        return await self._reach.send(prepared)

    def _status(self, question: Question, answered: Answered) -> Reply | None:
        status = self._link.status
        if status is None or not 200 <= answered.status <= 299:
            return None
        receipt = read_receipt(
            status.receipt,
            (answered.document,),
            self._operator.name,
            self._clock.now(),
            ids=(question.attempt.smsc_message_id or "",),
            to=bare(question.message.to),
        )
        return Reply(receipt is not None, receipt)

    def _gone(self, question: Question, answered: Answered) -> Reply | None:
        if self._cancelled is None:
            return None
        (outcome,) = self._cancelled.outcomes(answered, [question.message.to])
        return Reply(outcome.kind is OutcomeKind.ACCEPTED)
