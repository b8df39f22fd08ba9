"""What is asked of operators about parts that they have: what became of them, and to deliver them no more."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from router.delivery.correlate import Match
from router.delivery.settle import next_look
from router.engine.desk import Desk
from router.engine.ledger import resolve
from router.message import Message, State
from router.operator import HttpLink, SmppLink
from router.outcome import OutcomeKind
from router.ports.operators import Question, Reply
from router.receipt import Receipt

Kind = Literal["query", "cancel"]


class Questions:
    def __init__(self, desks: dict[str, Desk], told: Callable[[Desk, Match, Receipt], None]) -> None:
        self._desks = desks
        self._told = told

    def query(self, message: Message) -> bool:
        """Ask once what became of the parts that no receipt came for, where their operator may be asked. Whether anyone
        was; what they say comes as a receipt does."""
        if message.queried:
            return False
        for match in _open(message):
            desk = self._desks.get(match.attempt.operator)
            if desk is not None and desk.operator.receipts.query:
                answered = partial(self._answered, desk, match)
                message.queried = self._ask(desk, "query", match, answered) or message.queried
        return message.queried

    def poll(self, message: Message, now: int) -> int | None:
        """Ask again, before its receipts are overdue, what became of a message whose operator is asked so; when to look
        at it again, None where nobody is asked (any more). Both in ms."""
        desk = self._desks.get(message.operator or "")
        if desk is None or desk.operator.receipts.poll is None or message.submitted_at is None:
            return None
        rules = desk.operator.receipts
        if now >= message.submitted_at + round(rules.timeout * 1000):
            return None
        for match in _open(message):
            self._ask(desk, "query", match, partial(self._answered, desk, match))
        return next_look(message, rules, now)

    def patience(self, message: Message) -> float:
        """Seconds that an answer may take."""
        desk = self._desks.get(message.operator or "")
        link = desk.operator.link if desk is not None else None
        return link.response_timeout + 1.0 if isinstance(link, SmppLink | HttpLink) else 1.0

    async def cancel(self, message: Message) -> bool:
        """Ask the operator to deliver none of a submitted message. Whether it does not any more, not even in part;
        False also where it may not be asked."""
        desk = self._desks.get(message.operator or "")
        if desk is None or not desk.operator.cancel:
            return False
        loop = asyncio.get_running_loop()
        parts = list(_open(message))
        if len(parts) != len(message.parts):
            return False
        replies: list[asyncio.Future[Reply | None]] = []
        for match in parts:
            reply: asyncio.Future[Reply | None] = loop.create_future()
            if not self._ask(desk, "cancel", match, partial(resolve, reply)):
                reply.set_result(None)
            replies.append(reply)
        done = [reply is not None and reply.done for reply in await asyncio.gather(*replies)]
        for match, cancelled in zip(parts, done, strict=True):
            if cancelled and match.part.state is State.SUBMITTED:
                match.part.state = State.CANCELLED
        return any(done)

    def _ask(self, desk: Desk, kind: Kind, match: Match, answered: Callable[[Reply | None], None]) -> bool:
        message = match.message
        question = Question(kind, message, match.attempt, message.sent_as or message.sender, answered)
        return desk.gateway is not None and desk.gateway.ask(question)

    def _answered(self, desk: Desk, match: Match, reply: Reply | None) -> None:
        if reply is not None and reply.receipt is not None:
            self._told(desk, match, reply.receipt)


def _open(message: Message) -> Iterator[Match]:
    """The attempts that were accepted with an id, of parts whose end nobody knows."""
    for part in message.parts:
        if part.state is State.SUBMITTED:
            for attempt in part.attempts:
                if attempt.outcome is OutcomeKind.ACCEPTED and attempt.smsc_message_id is not None:
                    yield Match(message, part, attempt)
