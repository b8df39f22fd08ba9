"""One HTTP carrier as an operator: the port OperatorGateway."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from adapters.http_operator.answer import Reader
from adapters.http_operator.client import NoAnswer, NotSent
from adapters.http_operator.exchange import exchange
from adapters.http_operator.fields import Fields, fits
from adapters.http_operator.questions import Questions
from adapters.http_operator.reach import Reach
from adapters.http_operator.request import Kind, kind_of
from adapters.http_operator.taking import Taker, Waiting
from router.delivery.meter import Meter
from router.message import Encoding
from router.operator import HttpLink, Operator
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.operators import BindView, Callback, CallbackReply, LinkState, OperatorSink, Question, Submission


class Group:
    """Messages that go in one request."""

    __slots__ = ("kind", "submissions")

    def __init__(self, kind: Kind, submissions: list[Submission]) -> None:
        self.kind = kind
        self.submissions = submissions


_NO_REQUEST: Final = Outcome(OutcomeKind.REJECTED, detail="none of the operator's requests is for such a message")


def _not_sent(reason: str) -> Outcome:
    """Nothing was written: the message goes back as if it had not been tried."""
    return Outcome(OutcomeKind.FAILED, detail=reason, fault=Fault.BIND)


def _unknown(reason: str) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, detail=reason)


def _has_place(kind: Kind, submission: Submission) -> bool:
    """Whether a request can carry all of a message: octets that have no place in it would not arrive."""
    message = submission.message
    return (kind.data or message.encoding is not Encoding.BINARY) and (kind.header or not message.udh)


def _is_of_the_batch(outcomes: list[Outcome]) -> bool:
    """Whether one refusal stands for several messages, and tells nothing of any one of them."""
    first = outcomes[0]
    return (
        len(outcomes) > 1
        and first.kind is OutcomeKind.REJECTED
        and first.fault is not Fault.ACCOUNT
        and all(one is first for one in outcomes)
    )


class HttpGateway:
    """See the port for the contract. A slot is this gateway itself; there are `window` of them for each message that a
    request may have. `log` takes `info`, `warning` and `error` with an event and keywords, as structlog's."""

    def __init__(self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any) -> None:
        if not isinstance(operator.link, HttpLink):
            raise TypeError(f"operator {operator.name} has no HTTP link")
        self._sink = sink
        self._clock = clock
        self._log = log
        self._reach = Reach(operator.name, operator.link, clock, log, lambda: sink.link_changed(operator.name))
        self.in_use = 0
        self._stopping = False
        self._gathering: dict[tuple[Any, ...], Group] = {}
        self._ready: deque[Group] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._submits = Meter()
        self._deliveries = Meter()
        self._questions = Questions(operator.link.window, self._reach, clock, self._fields)
        self.reconfigure(operator)

    # --- the port ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._reach.start()

    async def stop(self, timeout: float) -> None:
        self._stopping = True
        self._reach.leave()
        for group in [*self._gathering.values(), *self._ready]:
            self._settle_all(group, _not_sent("the link was closed"))
        self._gathering.clear()
        self._ready.clear()
        if self._calls:
            await asyncio.wait(self._calls, timeout=timeout)
        left = list(self._calls)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        await self._questions.close()
        await self._reach.close()

    def reconfigure(self, operator: Operator) -> None:
        link = operator.link
        assert isinstance(link, HttpLink)
        self.operator = operator
        self._link = link
        self._reader = Reader(operator, link)
        self._questions.reconfigure(operator, link)
        self._taker = Taker(operator.name, link.callbacks, self._sink) if link.callbacks is not None else None
        self._most = link.batch.most if link.batch is not None else 1
        self._kinds = [kind_of(request) for request in link.requests]

    def link(self) -> LinkState:
        return self._reach.state()

    def room(self) -> int:
        return max(self._link.window * self._most - self.in_use, 0) if self._reach.open else 0

    def reserve(self, like: "HttpGateway | None" = None) -> "HttpGateway | None":
        if self.room() <= 0:
            return None
        self.in_use += 1
        return self

    def release(self, slot: "HttpGateway") -> None:
        slot.in_use -= 1

    def submit(self, submission: Submission) -> bool:
        if self._stopping or not self._reach.open:
            return False
        submission.written_at = self._clock.monotonic()
        self._submits.count(submission.written_at)
        fields = self._fields(submission)
        for kind in self._kinds:
            if _has_place(kind, submission) and all(fits(condition, fields) for condition in kind.request.when):
                self._gather(kind, submission, fields)
                return True
        # The engine hears of it as of any other result, not while it is still submitting.
        asyncio.get_running_loop().call_soon(self._sink.settled, [(submission, _NO_REQUEST)])
        return True

    def ask(self, question: Question) -> bool:
        return not self._stopping and self._questions.put(question)

    def acknowledge(self, tokens: Sequence[Waiting], stored: bool) -> None:
        for token in tokens:
            token.acknowledge(stored)

    def views(self) -> list[BindView]:
        link = self._link
        now = self._clock.monotonic()
        return [
            BindView(
                id="1",
                state=self._reach.word(),
                window=link.window * self._most,
                in_use=self.in_use,
                last_error=self._reach.last_error,
                since=self._reach.since,
                submits_per_second=round(self._submits.rate(now), 1),
                deliveries_per_second=round(self._deliveries.rate(now), 1),
            )
        ]

    # --- requests ------------------------------------------------------------------------------------------------

    def _fields(self, submission: Submission) -> Fields:
        url = self._taker.url if self._taker is not None else None
        return Fields(submission, self.operator, self._link.values, url, self._clock.now())

    def _gather(self, kind: Kind, submission: Submission, fields: Fields) -> None:
        """Send a message, at once or together with others that come in a moment."""
        batch = self._link.batch
        if batch is None:
            self._launch(Group(kind, [submission]))
            return
        key = (id(kind), *[str(fields.get(name)) for name in kind.same])
        group = self._gathering.get(key)
        if group is None:
            group = self._gathering[key] = Group(kind, [submission])
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
            task = asyncio.get_running_loop().create_task(self._call(group))
            self._calls.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        if self._ready and len(self._calls) < self._link.window:
            self._launch(self._ready.popleft())

    async def _call(self, group: Group) -> None:
        """Send one request and settle what it was for."""
        submissions = group.submissions
        try:
            every = [self._fields(submission) for submission in submissions]
            outcomes = await exchange(self._reach, self._link, self._reader, group.kind, every)
            if _is_of_the_batch(outcomes):
                self._halve(group)
                return
        except NotSent as error:
            self._reach.lost(str(error))
            outcomes = [_not_sent(str(error))] * len(submissions)
        except NoAnswer as error:
            outcomes = [_unknown(str(error))] * len(submissions)
        except asyncio.CancelledError:
            outcomes = [_unknown("the link was closed before the answer")] * len(submissions)
        except Exception as error:
            # Whatever it is, the messages must not hang; what they were in it for is not to be logged.
            self._log.error("http_call_broken", operator=self.operator.name, error=type(error).__name__)
            outcomes = [_unknown("the request broke here")] * len(submissions)
        self._sink.settled(list(zip(submissions, outcomes, strict=True)))

    def _halve(self, group: Group) -> None:
        """A batch was refused as a whole, perhaps for one message that is in it: the others shall not suffer."""
        submissions = group.submissions
        middle = len(submissions) // 2
        for half in (Group(group.kind, submissions[:middle]), Group(group.kind, submissions[middle:])):
            if self._stopping:
                self._settle_all(half, _not_sent("the link was closed"))
            else:
                self._launch(half)

    def _settle_all(self, group: Group, outcome: Outcome) -> None:
        self._sink.settled([(submission, outcome) for submission in group.submissions])

    # --- callbacks -----------------------------------------------------------------------------------------------

    async def called(self, callback: Callback) -> CallbackReply:
        if self._taker is None:
            return CallbackReply(404, ())
        self._deliveries.count(self._clock.monotonic())
        return await self._taker.take(callback, self._clock.now())
