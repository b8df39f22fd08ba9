"""All binds to one SMPP operator as one pool: the port OperatorGateway."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from adapters.smpp.bind import Bind, Kind
from adapters.smpp.codec import LocalProtocolError
from adapters.smpp.connection import Connection
from adapters.smpp.constants import DATA_SM, DELIVER_SM
from adapters.smpp.happenings import Answered, Bound, Closed, Delivered, Event, Replied, Unanswered
from adapters.smpp.inbound import read_inbound
from adapters.smpp.message_pdu import SubmitForm
from adapters.smpp.pdu import DataSm, QuerySmResp
from adapters.smpp.receipts import read_query, read_receipt
from adapters.smpp.status_map import outcome_of
from adapters.smpp.timers import Patience
from router.operator import Operator, SmppLink
from router.outcome import Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.operators import BindView, LinkState, OperatorSink, Question, Reply, Submission
from router.receipt import Receipt

_KINDS: Final[dict[str, tuple[Kind, ...]]] = {"transceiver": ("trx",), "transmitter+receiver": ("tx", "rx")}

_FAREWELL: Final = 2.0
"""Seconds a stop waits for the answers to its unbinds."""

_FIRST_GRACE: Final = 5.0
_GRACE: Final = 2.0
"""Seconds that messages wait for binds which are being tried for the first time, or again after all were lost. An SMSC
that accepts the connection and then says nothing would keep them for the whole handshake, which goes on. The first time
there is more, for all that waited before the start would go elsewhere, and does not come back."""

_ROK: Final = 0
# Looking a member up in its enumeration takes longer than the rest of an answer's reading.
_ACCEPTED: Final = OutcomeKind.ACCEPTED

Token = tuple[Connection, int, int]
"""Where to answer a delivery: the connection it came on, its command_id and its sequence_number."""


class SmppGateway:
    """See the port for the contract. `handshake`: seconds each for connecting, binding and unbinding.

    `log` takes `info` and `warning` with an event and keywords, as structlog's.
    Raises LocalProtocolError for credentials that do not fit into a bind.
    """

    def __init__(
        self, operator: Operator, sink: OperatorSink, clock: Clock, log: Any, *, handshake: float = 10.0
    ) -> None:
        link = operator.link
        if not isinstance(link, SmppLink):
            raise TypeError(f"operator {operator.name} has no SMPP link")
        self._sink = sink
        self._clock = clock
        self._log = log
        self.operator = operator
        self._form = SubmitForm(operator)
        patience = Patience(link.enquire_link, link.response_timeout, handshake)
        kinds = _KINDS[link.mode]
        self._binds = [
            Bind(operator.name, id, kind, link, patience, clock, log, self._hear)
            for number in range(1, link.binds + 1)
            for kind in kinds
            for id in (f"{number}" if len(kinds) == 1 else f"{number}-{kind}",)
        ]
        self._pause = min(max(min(link.enquire_link, link.response_timeout, handshake) / 4, 0.02), 1.0)
        self._ticked_at = clock.monotonic()
        self._ticking: asyncio.TimerHandle | None = None
        self._ready: list[Bind] = []
        self._untried = set(self._binds)
        self._waiting: asyncio.TimerHandle | None = None
        self._link = LinkState(up=False, settled=False)
        self._stopping = False
        self._drained = asyncio.Event()
        self._warned = False

    # --- the port ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        for bind in self._binds:
            bind.start()
        self._wait(_FIRST_GRACE)
        self._ticking = asyncio.get_running_loop().call_later(self._pause, self._tick)

    async def stop(self, timeout: float) -> None:
        self._stopping = True
        self._ready = []
        if self._waiting is not None:
            self._waiting.cancel()
        self._check_drained()
        try:
            async with asyncio.timeout(timeout):
                await self._drained.wait()
        except TimeoutError:
            pass
        await asyncio.gather(*[bind.stop(_FAREWELL) for bind in self._binds])
        if self._ticking is not None:
            self._ticking.cancel()

    def reconfigure(self, operator: Operator) -> None:
        self.operator = operator
        self._form = SubmitForm(operator)
        link = operator.link
        assert isinstance(link, SmppLink)
        for bind in self._binds:
            bind.resize(link.window)

    def link(self) -> LinkState:
        return self._link

    def room(self) -> int:
        return sum([max(bind.window - bind.in_use, 0) for bind in self._ready])

    def reserve(self, like: Bind | None = None) -> Bind | None:
        best: Bind | None = None
        if like is not None and like in self._ready:
            if like.in_use >= like.window:
                return None
            like.in_use += 1
            return like
        for bind in self._ready:
            if bind.in_use < bind.window and (best is None or bind.in_use < best.in_use):
                best = bind
        if best is not None:
            best.in_use += 1
        return best

    def release(self, slot: Bind) -> None:
        slot.in_use -= 1

    def submit(self, submission: Submission) -> bool:
        connection: Connection | None = submission.slot.connection
        if connection is None or self._stopping:
            return False
        clock = self._clock
        submission.written_at = clock.monotonic()
        try:
            written = connection.session.submit(submission, self._form.fill(submission, clock.now()))
        except LocalProtocolError as error:
            # The engine hears of it as of any other result, not while it is still submitting.
            refusal = Outcome(OutcomeKind.REJECTED, detail=str(error))
            asyncio.get_running_loop().call_soon(self._sink.settled, [(submission, refusal)])
            return True
        if written:
            submission.slot.submits.count += 1
            connection.touch()
        return written

    def ask(self, question: Question) -> bool:
        pdu = self._form.question(question)
        for bind in self._ready:
            connection = bind.connection
            if connection is not None and not self._stopping:
                question.written_at = self._clock.monotonic()
                if connection.session.ask(question, pdu):
                    connection.touch()
                    return True
        return False

    def acknowledge(self, tokens: Sequence[Token], stored: bool) -> None:
        for connection, command_id, sequence in tokens:
            connection.acknowledge(command_id, sequence, stored)
        if self._stopping:
            self._check_drained()

    def views(self) -> list[BindView]:
        return [bind.view() for bind in self._binds]

    # --- what the binds say --------------------------------------------------------------------------------------

    def _hear(self, bind: Bind, events: list[Event]) -> None:
        """Tell the engine in the order of the events, those of one kind that follow one another together."""
        sink = self._sink
        results: list[tuple[Submission, Outcome]] = []
        receipts: list[tuple[Receipt, Token]] = []
        now = self._clock.now()
        for event in events:
            if isinstance(event, Answered) and not event.late:
                if receipts:
                    sink.received(self.operator.name, receipts)
                    receipts = []
                results.append((event.submission, self._outcome(event)))
                continue
            if results:
                sink.settled(results)
                results = []
            if isinstance(event, Delivered):
                receipt = self._delivered(bind, event, now)
                if receipt is not None:
                    receipts.append(receipt)
                continue
            if receipts:
                sink.received(self.operator.name, receipts)
                receipts = []
            if isinstance(event, Answered):
                sink.answered_late(event.submission, self._outcome(event))
            elif isinstance(event, Replied):
                event.question.answered(self._reply(event))
            elif isinstance(event, Unanswered):
                sink.settled([(event.submission, Outcome(OutcomeKind.UNKNOWN, detail=event.reason))])
            else:
                self._changed(bind, event)
        if results:
            sink.settled(results)
        if receipts:
            sink.received(self.operator.name, receipts)
        if self._stopping:
            self._check_drained()

    def _outcome(self, event: Answered) -> Outcome:
        if event.status != _ROK:
            return outcome_of(event.status, self.operator.errors)
        if not event.message_id and not self._warned:
            self._warned = True
            self._log.warning("accepted_without_id", operator=self.operator.name)
        return Outcome(_ACCEPTED, event.message_id or None, _ROK)

    def _reply(self, event: Replied) -> Reply | None:
        pdu = event.pdu
        if pdu is None:
            return None
        if isinstance(pdu, QuerySmResp):
            to = event.question.message.to.removeprefix("+")
            return Reply(pdu.status == _ROK, read_query(pdu, self.operator.name, to, self._clock.now()))
        return Reply(pdu.status == _ROK)

    def _delivered(self, bind: Bind, event: Delivered, now: int) -> tuple[Receipt, Token] | None:
        """The receipt that it is and where to answer it; None for a message from a handset, which is passed on."""
        operator = self.operator
        bind.deliveries.count += 1
        pdu = event.pdu
        connection = bind.connection
        assert connection is not None
        token = (connection, DATA_SM if isinstance(pdu, DataSm) else DELIVER_SM, event.sequence)
        receipt = read_receipt(pdu, operator.name, now, operator.receipts)
        if receipt is not None:
            return receipt, token
        self._sink.inbound(operator.name, read_inbound(pdu, operator, now), token)
        return None

    def _changed(self, bind: Bind, event: Bound | Closed) -> None:
        was_up = bool(self._ready)
        self._ready = [] if self._stopping else [bind for bind in self._binds if bind.can_submit]
        up = bool(self._ready)
        self._untried.discard(bind)
        if was_up and not up:
            self._untried.add(bind)
            self._wait(_GRACE)
        self._link = LinkState(up=up, settled=not self._untried)
        if isinstance(event, Closed) and event.lost:
            unknown = Outcome(OutcomeKind.UNKNOWN, detail=event.reason)
            self._sink.settled([(submission, unknown) for submission in event.lost])
        self._sink.link_changed(self.operator.name)

    # --- inside --------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = asyncio.get_running_loop().call_later(seconds, self._waited)

    def _waited(self) -> None:
        self._waiting = None
        if self._untried:
            self._untried.clear()
            self._link = LinkState(self._link.up, settled=True)
            self._sink.link_changed(self.operator.name)

    def _tick(self) -> None:
        now = self._clock.monotonic()
        passed, self._ticked_at = now - self._ticked_at, now
        for bind in self._binds:
            if passed > 0:
                bind.submits.measure(passed)
                bind.deliveries.measure(passed)
            if bind.connection is not None:
                bind.connection.tick()
        if self._stopping:
            # What came here last may have been acknowledged through the operator's next gateway.
            self._check_drained()
        self._ticking = asyncio.get_running_loop().call_later(self._pause, self._tick)

    def _check_drained(self) -> None:
        if all(bind.connection is None or bind.connection.session.idle for bind in self._binds):
            self._drained.set()
