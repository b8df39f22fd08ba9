"""Submitting messages: the hot path."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from time import monotonic

from msgspec.json import Encoder

from adapters.http.call import Told
from adapters.http.idempotency import REPLAYED, digest_of, idempotency_key
from adapters.http.parse import parse_batch, parse_submit, refused_item
from adapters.http.quota import quota_headers
from adapters.http.schema.messages import BatchAnswer, MessageView, RefusedItem, view, views
from adapters.web.incoming import Incoming
from adapters.web.reply import JSON_HEADERS, Reply
from router.account import Account
from router.engine.intake import Answer, Intake, Prepared, unavailable
from router.engine.lookups import NO_ANSWERS, Answers
from router.message import Message
from router.ports.store import StoreUnavailable
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
            return self._prepared(account, submit, await self._intake.look_up(account, (submit,)))

        key = idempotency_key(incoming)
        answer = await self._intake.answer(account, key, digest_of(key, incoming, body), make)
        if not answer.replayed:
            self._metrics.accept_seconds(monotonic() - incoming.started)
        return self._reply(account, answer)

    def one_at_once(self, account: Account, body: bytes, started: float, told: Told) -> bool:
        """POST /v1/messages without an Idempotency-Key and without awaiting: `told` is called once the message is on
        disk, or is not. False, and nothing was done, where something has to be awaited. Raises as `one`."""
        if self._intake.looks_up or len(body) > self._max_body:
            return False
        prepared = self._prepared(account, parse_submit(body), NO_ANSWERS)
        self._intake.keep(account, prepared, partial(self._kept, account, prepared.body, started, told))
        return True

    def _kept(self, account: Account, body: bytes, started: float, told: Told, error: StoreUnavailable | None) -> None:
        if error is not None:
            told(unavailable())
            return
        self._metrics.accept_seconds(monotonic() - started)
        told(self._reply(account, Answer(202, body, False)))

    def _prepared(self, account: Account, submit: Submit, answers: Answers) -> Prepared:
        (taken,) = self._intake.prepare(account, (submit,), answers)
        if isinstance(taken, Refusal):
            raise taken
        return Prepared([taken], 202, _encode(view(taken)))

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
            taken = self._intake.prepare(account, submits, answers) if submits else []
            messages = [one for one in taken if isinstance(one, Message)]
            accepted = len(messages)
            results: list[MessageView | RefusedItem] = [*views(messages)]
            if accepted < len(items):
                for place, refused in _refused(items, taken):
                    self._metrics.refused(refused.error.code)
                    results.insert(place, refused)
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


def _refused(
    items: Sequence[Submit | RefusedItem], taken: Iterable[Message | Refusal]
) -> Iterator[tuple[int, RefusedItem]]:
    """The items of a batch that were not taken, with their places; `taken` is what became of its submits."""
    results = iter(taken)
    for place, item in enumerate(items):
        if isinstance(item, RefusedItem):
            yield place, item
        elif isinstance(result := next(results), Refusal):
            yield place, refused_item(result, item.to, item.reference)
