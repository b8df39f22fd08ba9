"""Submitting messages: the hot path."""

from time import monotonic

from msgspec.json import Encoder

from adapters.http.idempotency import REPLAYED, digest_of, idempotency_key
from adapters.http.parse import parse_batch, parse_submit, refused_item
from adapters.http.quota import quota_headers
from adapters.http.schema.messages import BatchAnswer, MessageView, RefusedItem, view
from adapters.web.incoming import Incoming
from adapters.web.reply import JSON_HEADERS, Reply
from router.account import Account
from router.engine.intake import Answer, Intake, Prepared
from router.message import Message
from router.ports.watching import Metrics
from router.refusal import Refusal
from router.submit import Submit

_encode = Encoder().encode


class SubmitCalls:
    """`max_body` is in octets."""

    def __init__(self, intake: Intake, metrics: Metrics, max_body: int) -> None:
        self._intake = intake
        self._metrics = metrics
        self._max_body = max_body

    async def one(self, incoming: Incoming) -> Reply:
        """POST /v1/messages"""
        body = await incoming.body(self._max_body)
        submit = parse_submit(body)
        account = incoming.account

        async def make() -> Prepared:
            answers = await self._intake.look_up(account, (submit,))
            (taken,) = self._intake.prepare(account, (submit,), answers)
            if isinstance(taken, Refusal):
                raise taken
            return Prepared([taken], 202, _encode(view(taken)))

        key = idempotency_key(incoming)
        answer = await self._intake.answer(account, key, digest_of(key, incoming, body), make)
        if not answer.replayed:
            self._metrics.accept_seconds(monotonic() - incoming.started)
        return self._reply(account, answer)

    async def batch(self, incoming: Incoming) -> Reply:
        """POST /v1/batches"""
        body = await incoming.body(self._max_body)
        items = parse_batch(body)
        account = incoming.account
        submits = [item for item in items if isinstance(item, Submit)]
        accepted = 0

        async def make() -> Prepared:
            nonlocal accepted
            answers = await self._intake.look_up(account, submits)
            taken = iter(self._intake.prepare(account, submits, answers) if submits else ())
            messages: list[Message] = []
            results: list[MessageView | RefusedItem] = []
            for item in items:
                if isinstance(item, Submit):
                    result = next(taken)
                    if isinstance(result, Message):
                        messages.append(result)
                        results.append(view(result))
                        continue
                    item = refused_item(result, item.to, item.reference)
                self._metrics.refused(item.error.code)
                results.append(item)
            accepted = len(messages)
            return Prepared(messages, 202, _encode(BatchAnswer(accepted, len(items) - accepted, results)))

        key = idempotency_key(incoming)
        answer = await self._intake.answer(account, key, digest_of(key, incoming, body), make)
        if accepted and not answer.replayed:
            self._metrics.accept_seconds(monotonic() - incoming.started)
        return self._reply(account, answer)

    def _reply(self, account: Account, answer: Answer) -> Reply:
        headers = REPLAYED if answer.replayed else JSON_HEADERS
        if account.rate is not None:
            headers += quota_headers(self._intake.quota(account))
        return Reply(answer.status, answer.body, headers)
