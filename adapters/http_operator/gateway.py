"""One HTTP carrier as an operator: the port OperatorGateway."""

import asyncio
import random
from collections import deque
from typing import Any, Final

from adapters.http_operator.answer import Answered, Reader, utc
from adapters.http_operator.callbacks import CallbackReader, Forged, Read, read_receipt
from adapters.http_operator.client import Client, NoAnswer, NotSent
from adapters.http_operator.documents import Unreadable
from adapters.http_operator.fields import Fields, fits
from adapters.http_operator.login import Login
from adapters.http_operator.meter import Meter
from adapters.http_operator.request import is_keyed, outside_fields, prepare, prepare_question, render
from router.http_calls import HttpRequest
from router.operator import HttpLink, Operator
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports import (
    BindView,
    Callback,
    CallbackReply,
    Clock,
    LinkState,
    OperatorSink,
    Question,
    Reply,
    Submission,
)
from router.text.segment import Segment

_AGAIN: Final = (0.5, 2.0)
"""Seconds before an unanswered request is sent again that the carrier knows by its key."""

_LONG: Final = 5.0
"""Seconds of a Retry-After for which others may take the messages."""

_MOST_QUESTIONS: Final = 1000
_STORING: Final = 30.0
"""Seconds that storing what a callback held may take."""


class Waiting:
    """What a callback waits for: so many receipts and messages to be stored."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._all = True
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def acknowledge(self, stored: bool) -> None:
        self._left -= 1
        self._all = self._all and stored
        if self._left <= 0 and not self.done.done():
            self.done.set_result(self._all)


class Group:
    """Messages that go in one request."""

    __slots__ = ("request", "submissions")

    def __init__(self, request: HttpRequest, submissions: list[Submission]) -> None:
        self.request = request
        self.submissions = submissions


_NO_SEGMENT: Final = Segment(b"", 0)
_NO_REQUEST: Final = Outcome(OutcomeKind.REJECTED, detail="none of the operator's requests is for such a message")


def _not_sent(reason: str) -> Outcome:
    """Nothing was written: the message goes back as if it had not been tried."""
    return Outcome(OutcomeKind.FAILED, detail=reason, fault=Fault.BIND)


class HttpGateway:
    """See the port for the contract. A slot is this gateway itself; there are `window` of them for each message that a
    request may have. `log` takes `info` and `warning` with an event and keywords, as structlog's."""

    def __init__(self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any) -> None:
        if not isinstance(operator.link, HttpLink):
            raise TypeError(f"operator {operator.name} has no HTTP link")
        self._sink = sink
        self._clock = clock
        self._log = log
        self._client: Client | None = None
        self._login: Login | None = None
        self.in_use = 0
        self._up = False
        self._settled = False
        self._stopping = False
        self._last_error: str | None = None
        self._since = clock.now()
        self._paused_until = 0.0
        self._gathering: dict[tuple[Any, ...], Group] = {}
        self._ready: deque[Group] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._asked: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(operator.link.window)
        self._reaching: asyncio.Task[None] | None = None
        self._submits = Meter()
        self._deliveries = Meter()
        self.reconfigure(operator)

    # --- the port ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._reach(0.0)

    async def stop(self, timeout: float) -> None:
        self._stopping = True
        self._up = False
        for group in [*self._gathering.values(), *self._ready]:
            self._settle_all(group, _not_sent("the link was closed"))
        self._gathering.clear()
        self._ready.clear()
        if self._reaching is not None:
            self._reaching.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=timeout)
        left = [*self._calls, *self._asked]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        if self._client is not None:
            await self._client.close()

    def reconfigure(self, operator: Operator) -> None:
        link = operator.link
        assert isinstance(link, HttpLink)
        self.operator = operator
        self._link = link
        self._reader = Reader(operator, link)
        self._callbacks = CallbackReader(operator.name, link.callbacks) if link.callbacks is not None else None
        self._most = link.batch.most if link.batch is not None else 1
        self._outside = [outside_fields(request) for request in link.requests]

    def link(self) -> LinkState:
        paused = self._paused_until - self._clock.monotonic() > _LONG
        return LinkState(up=self._up and not paused, settled=self._settled)

    def room(self) -> int:
        if not self._up or self._clock.monotonic() < self._paused_until:
            return 0
        return max(self._link.window * self._most - self.in_use, 0)

    def reserve(self, like: "HttpGateway | None" = None) -> "HttpGateway | None":
        if self.room() <= 0:
            return None
        self.in_use += 1
        return self

    def release(self, slot: "HttpGateway") -> None:
        slot.in_use -= 1

    def submit(self, submission: Submission) -> bool:
        if not self._up or self._stopping or self._clock.monotonic() < self._paused_until:
            return False
        submission.written_at = self._clock.monotonic()
        self._submits.count(submission.written_at)
        fields = self._fields(submission)
        for number, request in enumerate(self._link.requests):
            if all(fits(condition, fields) for condition in request.when):
                self._gather(number, request, submission, fields)
                return True
        # The engine hears of it as of any other result, not while it is still submitting.
        asyncio.get_running_loop().call_soon(self._sink.settled, submission, _NO_REQUEST)
        return True

    def ask(self, question: Question) -> bool:
        if (
            question.kind != "query"
            or self._link.status is None
            or not self._up
            or self._stopping
            or len(self._asked) >= _MOST_QUESTIONS
        ):
            return False
        question.written_at = self._clock.monotonic()
        self._begin(self._asked, self._answer(question))
        return True

    def acknowledge(self, token: Waiting, stored: bool) -> None:
        token.acknowledge(stored)

    def views(self) -> list[BindView]:
        link = self._link
        now = self._clock.monotonic()
        if now < self._paused_until:
            state = "paused"
        elif self._up:
            state = "open"
        else:
            state = "closed" if self._stopping else "waiting" if self._settled else "connecting"
        return [
            BindView(
                id="1",
                state=state,
                window=link.window * self._most,
                in_use=self.in_use,
                last_error=self._last_error,
                since=self._since,
                submits_per_second=round(self._submits.rate(now), 1),
                deliveries_per_second=round(self._deliveries.rate(now), 1),
            )
        ]

    # --- requests ------------------------------------------------------------------------------------------------

    def _fields(self, submission: Submission) -> Fields:
        url = self._callbacks.url if self._callbacks is not None else None
        return Fields(submission, self.operator, self._link.values, url, self._clock.now())

    def _gather(self, number: int, request: HttpRequest, submission: Submission, fields: Fields) -> None:
        """Send a message, at once or together with others that come in a moment."""
        batch = self._link.batch
        if batch is None:
            self._launch(Group(request, [submission]))
            return
        key = (number, *[str(fields.get(name)) for name in self._outside[number]])
        group = self._gathering.get(key)
        if group is None:
            group = self._gathering[key] = Group(request, [submission])
            asyncio.get_running_loop().call_later(batch.wait, self._close, key, group)
        else:
            group.submissions.append(submission)
        if len(group.submissions) >= batch.most:
            self._close(key, group)

    def _close(self, key: tuple[Any, ...], group: Group) -> None:
        """A batch is full, or has waited long enough."""
        if self._gathering.get(key) is group:
            del self._gathering[key]
            self._launch(group)

    def _launch(self, group: Group) -> None:
        if len(self._calls) >= self._link.window:
            self._ready.append(group)
        else:
            self._begin(self._calls, self._call(group))

    def _begin(self, tasks: set[asyncio.Task[None]], work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        self._asked.discard(task)
        if self._ready and len(self._calls) < self._link.window:
            self._launch(self._ready.popleft())

    async def _call(self, group: Group) -> None:
        """Send one request and settle what it was for."""
        numbers = [submission.message.to for submission in group.submissions]
        try:
            outcomes = await self._exchange(group, numbers)
        except NotSent as error:
            self._lost(str(error))
            outcomes = [_not_sent(str(error))] * len(numbers)
        except NoAnswer as error:
            outcomes = [Outcome(OutcomeKind.UNKNOWN, detail=str(error))] * len(numbers)
        except asyncio.CancelledError:
            outcomes = [Outcome(OutcomeKind.UNKNOWN, detail="the link was closed before the answer")] * len(numbers)
        except Exception as error:
            # Whatever it is, the messages must not hang; what they were in it for is not to be logged.
            self._log.error("http_call_broken", operator=self.operator.name, error=type(error).__name__)
            outcomes = [Outcome(OutcomeKind.UNKNOWN, detail="the request broke here")] * len(numbers)
        for submission, outcome in zip(group.submissions, outcomes, strict=True):
            self._sink.settled(submission, outcome)

    async def _exchange(self, group: Group, numbers: list[str]) -> list[Outcome]:
        """The outcomes by the carrier's answer. Raises NotSent, NoAnswer."""
        link, reader = self._link, self._reader
        assert self._login is not None
        every = [self._fields(submission) for submission in group.submissions]
        prepared = prepare(group.request, every, link.batch, link.auth)
        # What the carrier knows by its key does no harm when it comes twice.
        pauses = [*_AGAIN] if is_keyed(group.request) else []
        perhaps_taken = False
        while True:
            try:
                answered = await self._login.send(prepared)
                outcomes = reader.outcomes(answered, numbers)
                if not pauses or any(one.kind is not OutcomeKind.UNKNOWN for one in outcomes):
                    self._heed(answered)
                    return [self._with_own_id(one, fields) for one, fields in zip(outcomes, every, strict=True)]
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

    def _with_own_id(self, outcome: Outcome, fields: Fields) -> Outcome:
        own = self._link.answer.own_id
        if own is None or outcome.kind is not OutcomeKind.ACCEPTED:
            return outcome
        return Outcome(OutcomeKind.ACCEPTED, render(own, fields))

    def _heed(self, answered: Answered) -> None:
        """Send nothing for as long as the carrier wants."""
        self._last_error = None if answered.status < 400 else f"HTTP {answered.status}"
        wait = answered.wait(utc(self._clock.now())) if answered.status in (429, 503) else None
        if not wait:
            return
        until = self._clock.monotonic() + wait
        if until > self._paused_until:
            self._paused_until = until
            loop = asyncio.get_running_loop()
            loop.call_later(wait + 0.001, self._sink.link_changed, self.operator.name)
            loop.call_soon(self._sink.link_changed, self.operator.name)

    def _settle_all(self, group: Group, outcome: Outcome) -> None:
        for submission in group.submissions:
            self._sink.settled(submission, outcome)

    # --- the link ------------------------------------------------------------------------------------------------

    def _lost(self, reason: str) -> None:
        """The carrier cannot be reached: others may take the messages until it can."""
        self._last_error = reason
        if not self._up or self._stopping:
            return
        self._log.warning("link_lost", operator=self.operator.name, reason=reason)
        self._reach(self._link.reconnect.initial)
        self._sink.link_changed(self.operator.name)

    def _reach(self, wait: float) -> None:
        self._up = False
        self._since = self._clock.now()
        self._reaching = asyncio.get_running_loop().create_task(self._keep_reaching(wait))

    async def _keep_reaching(self, wait: float) -> None:
        """Try to connect, first after `wait` seconds, until that succeeds."""
        pauses = self._link.reconnect
        pause = pauses.initial
        await asyncio.sleep(wait)
        while True:
            try:
                await self._connect()
                break
            except NotSent as error:
                if self._last_error != str(error) or not self._settled:
                    self._log.warning("link_down", operator=self.operator.name, reason=str(error))
                self._last_error = str(error)
            except Exception as error:
                # Whatever it is, the link must not stay down for good.
                self._log.error("link_broken", operator=self.operator.name, error=type(error).__name__)
                self._last_error = type(error).__name__
            if not self._settled:
                self._settled = True
                self._sink.link_changed(self.operator.name)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(pause * 2, pauses.max)
        self._up = self._settled = True
        self._last_error = None
        self._since = self._clock.now()
        self._log.info("link_up", operator=self.operator.name)
        self._sink.link_changed(self.operator.name)

    async def _connect(self) -> None:
        """Raises NotSent."""
        if self._client is None or self._login is None:
            try:
                self._client = Client(self._link)
            except OSError as error:
                raise NotSent(f"certificates: {error.strerror or type(error).__name__}") from None
            self._login = Login(self._link.auth, self._client, self._clock)
        await self._client.reach()
        await self._login.get_ready()

    # --- questions -----------------------------------------------------------------------------------------------

    async def _answer(self, question: Question) -> None:
        reply: Reply | None = None
        try:
            async with self._turns:
                reply = await self._status(question)
        except (NotSent, NoAnswer):
            pass
        finally:
            question.answered(reply)

    async def _status(self, question: Question) -> Reply | None:
        status = self._link.status
        assert status is not None
        assert self._login is not None
        message, attempt = question.message, question.attempt
        part = next(part for part in message.parts if any(one is attempt for one in part.attempts))
        fields = self._fields(Submission(message, part, attempt, _NO_SEGMENT, None, question.sender))
        smsc_message_id = attempt.smsc_message_id or ""
        prepared = prepare_question(status.request, fields, smsc_message_id, self._link.auth)
        answered = await self._login.send(prepared)
        self._heed(answered)
        if not 200 <= answered.status <= 299:
            return None
        receipt = read_receipt(
            status.receipt,
            (answered.document,),
            self.operator.name,
            self._clock.now(),
            ids=(smsc_message_id,),
            to=message.to.removeprefix("+"),
        )
        return Reply(receipt is not None, receipt)

    # --- callbacks -----------------------------------------------------------------------------------------------

    async def called(self, callback: Callback) -> CallbackReply:
        reader = self._callbacks
        if reader is None:
            return CallbackReply(404, ())
        try:
            read = reader.read(callback, self._clock.now())
        except Forged:
            return CallbackReply(403, ("forged",))
        except Unreadable:
            return CallbackReply(400, ("unreadable",))
        if read.challenge is not None:
            return CallbackReply(200, ("challenge",), read.challenge.encode())
        return await self._take(read, reader.answer)

    async def _take(self, read: Read, answer: bytes) -> CallbackReply:
        count = len(read.receipts) + len(read.inbound)
        if not count:
            return CallbackReply(200, ("ignored",), answer)
        name = self.operator.name
        waiting = Waiting(count)
        self._deliveries.count(self._clock.monotonic())
        for receipt in read.receipts:
            self._sink.received(name, receipt, waiting)
        for message in read.inbound:
            self._sink.inbound(name, message, waiting)
        try:
            async with asyncio.timeout(_STORING):
                stored = await waiting.done
        except TimeoutError:
            stored = False
        if not stored:
            return CallbackReply(503, ("not_stored",))
        results = ["receipt"] * len(read.receipts) + ["inbound"] * len(read.inbound)
        return CallbackReply(200, tuple(results), answer)
