"""One ESME's connection to the simulated SMSC."""

import asyncio
import time
from typing import Final, Protocol, cast

from adapters.simulator.observed import Counts
from adapters.simulator.options import Door, SmscOptions
from adapters.simulator.receipt_pdu import Delivery
from adapters.simulator.records import Records
from adapters.smpp.codec import Decoder, FramingLost, encode
from adapters.smpp.constants import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    CANCEL_SM_RESP,
    DATA_SM,
    DATA_SM_RESP,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    ESME_RALYBND,
    ESME_RINVBNDSTS,
    ESME_RINVCMDID,
    ESME_RINVCMDLEN,
    ESME_ROK,
    GENERIC_NACK,
    RESPONSE,
    SUBMIT_SM,
    SUBMIT_SM_RESP,
    TAG_SC_INTERFACE_VERSION,
    UNBIND,
    UNBIND_RESP,
)
from adapters.smpp.pdu import BadBody, Bind, BindResp, CancelSm, DataSm, MessageResp, Pdu, QuerySm, ShortMessage, Simple

_VERSION: Final = {TAG_SC_INTERFACE_VERSION: b"\x34"}


class Centre(Protocol):
    """What a session tells its SMSC. `dirty` collects the sessions with something to write."""

    options: SmscOptions
    counts: Counts
    records: Records
    dirty: "list[Session]"

    def opened(self, session: "Session") -> None: ...

    def bound(self, session: "Session") -> None: ...

    def bound_as(self, system_id: str) -> int:
        """How many sessions of a system_id are bound."""

    def closed(self, session: "Session") -> None: ...

    def writable(self, session: "Session") -> None:
        """Its peer reads again."""

    def answered(self, session: "Session", sequence: int, status: int) -> None:
        """A deliver_sm_resp or data_sm_resp on a bound session."""

    def submit(self, session: "Session", sequence: int, pdu: ShortMessage) -> None:
        """A submit_sm on a session that may submit."""

    def settle(self) -> None:
        """All that was read is told: write what came of it."""


class Session(asyncio.Protocol):
    """Reads PDUs and gives submits and answers to its SMSC; what it sends is written once per batch, by `flush`.

    `unanswered` are the deliveries under way: sequence_number to the moment of sending and the delivery, oldest first.
    """

    def __init__(self, smsc: Centre) -> None:
        self.number = 0
        self.is_bound = False
        self.system_id = ""
        self.can_submit = False
        self.can_receive = False
        self.unanswered: dict[int, tuple[float, Delivery]] = {}
        self._smsc = smsc
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._blocked = False
        self._sequence = 0
        self._heard = False
        self._asked_at = float("-inf")

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._smsc.opened(self)
        self._listen()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._smsc.closed(self)

    def pause_writing(self) -> None:
        # A peer that does not read gets no more to answer, and no more to read.
        self._blocked = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._blocked = False
        if self._transport is not None:
            self._transport.resume_reading()
            self._smsc.writable(self)

    def data_received(self, data: bytes) -> None:
        lost = False
        self._heard = True
        try:
            frames = self._decoder.feed(data)
        except FramingLost as error:
            frames, lost = error.frames, True
        if self._smsc.options.mute:
            self._smsc.counts.ignored += len(frames)
            self._smsc.counts.ignored_submits += sum(isinstance(pdu, ShortMessage) for _, pdu in frames)
            return
        for sequence, pdu in frames:
            if self._transport is None or self._transport.is_closing():
                break
            if isinstance(pdu, ShortMessage):
                self._submitted(sequence, pdu)
            elif isinstance(pdu, MessageResp):
                if pdu.command_id in (DELIVER_SM_RESP, DATA_SM_RESP) and self.is_bound:
                    self._smsc.answered(self, sequence, pdu.status)
            else:
                self._other(sequence, pdu)
        if lost:
            self._smsc.counts.bad += 1
            self.send(Simple(GENERIC_NACK, ESME_RINVCMDLEN), 0)
            self.close()
        self._smsc.settle()

    # --- for the SMSC ---

    def room(self) -> int:
        """How many deliveries may be sent now."""
        if self._blocked or self._smsc.options.mute or self._transport is None or self._transport.is_closing():
            return 0
        return max(self._smsc.options.window - len(self.unanswered), 0)

    def oldest(self) -> float | None:
        """When the oldest unanswered delivery was sent."""
        for sent_at, _ in self.unanswered.values():
            return sent_at
        return None

    def overdue(self, sent_before: float) -> list[Delivery]:
        """Give up waiting for what was sent until then."""
        late = []
        for sequence, (sent_at, delivery) in self.unanswered.items():
            if sent_at > sent_before:
                break
            late.append((sequence, delivery))
        for sequence, _ in late:
            del self.unanswered[sequence]
        return [delivery for _, delivery in late]

    def deliver(self, delivery: Delivery, now: float) -> None:
        sequence = self._next_sequence()
        self.unanswered[sequence] = (now, delivery)
        self.send_octets(delivery.octets(sequence))

    def request(self, pdu: Simple) -> None:
        self.send(pdu, self._next_sequence())

    def send(self, pdu: Pdu, sequence: int) -> None:
        self.send_octets(encode(pdu, sequence))

    def send_octets(self, octets: bytes) -> None:
        if not self._out:
            self._smsc.dirty.append(self)
        self._out.append(octets)

    def flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def close(self) -> None:
        """Write what is to be written, then close."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        """End the connection without a word."""
        self.flush()
        if self._transport is not None:
            self._transport.abort()

    # --- requests ---

    def _submitted(self, sequence: int, pdu: ShortMessage) -> None:
        if pdu.command_id != SUBMIT_SM:
            self.send(MessageResp(pdu.command_id | RESPONSE, ESME_RINVCMDID), sequence)
        elif self.can_submit:
            self._smsc.submit(self, sequence, pdu)
        else:
            self.send(MessageResp(SUBMIT_SM_RESP, ESME_RINVBNDSTS), sequence)

    def _other(self, sequence: int, pdu: Pdu | BadBody) -> None:
        if isinstance(pdu, Simple):
            if pdu.command_id == ENQUIRE_LINK:
                self._smsc.counts.enquire_links += 1
                self.send(Simple(ENQUIRE_LINK_RESP), sequence)
                now = time.monotonic()
                if now - self._asked_at < self._smsc.options.enquire_gap:
                    self.close()
                self._asked_at = now
            elif pdu.command_id == UNBIND:
                self.send(Simple(UNBIND_RESP), sequence)
                self.close()
            elif pdu.command_id == UNBIND_RESP:
                self.close()
        elif isinstance(pdu, Bind):
            self._bind(sequence, pdu)
        elif isinstance(pdu, QuerySm):
            self._smsc.counts.queries += 1
            self.send(self._smsc.records.query(pdu), sequence)
        elif isinstance(pdu, CancelSm):
            self._smsc.counts.cancels += 1
            self.send(Simple(CANCEL_SM_RESP, self._smsc.records.cancel(pdu)), sequence)
        elif isinstance(pdu, DataSm):
            self.send(MessageResp(DATA_SM_RESP, ESME_RINVCMDID), sequence)
        elif isinstance(pdu, BadBody):
            self._smsc.counts.bad += 1
            if pdu.command_id in (SUBMIT_SM, DATA_SM):
                self.send(MessageResp(pdu.command_id | RESPONSE, pdu.status), sequence)
            elif not pdu.command_id & RESPONSE:
                self.send(Simple(GENERIC_NACK, pdu.status), sequence)

    def _bind(self, sequence: int, pdu: Bind) -> None:
        response = pdu.command_id | RESPONSE
        smsc = self._smsc
        options = smsc.options
        tries = smsc.counts.binds + smsc.counts.binds_refused
        door, status = options.judge(pdu, tries, smsc.bound_as(pdu.system_id))
        if self.is_bound:
            door, status = Door.ANSWER, ESME_RALYBND
        if door is not Door.ANSWER:
            smsc.counts.binds_refused += 1
            if door is Door.CLOSE:
                self.close()
        elif status != ESME_ROK:
            smsc.counts.binds_refused += 1
            self.send(BindResp(response, status, options.name if options.bodies else ""), sequence)
        else:
            self.is_bound = True
            self.system_id = pdu.system_id
            self.can_submit = pdu.command_id != BIND_RECEIVER
            self.can_receive = pdu.command_id != BIND_TRANSMITTER
            self.send(BindResp(response, ESME_ROK, options.name, _VERSION), sequence)
            smsc.bound(self)
            if options.flap:
                asyncio.get_running_loop().call_later(options.flap, self.close)

    # --- inside ---

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    def _listen(self) -> None:
        """Look again later whether the peer said something."""
        idle = self._smsc.options.idle
        if idle:
            asyncio.get_running_loop().call_later(idle, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._transport is None:
            return
        if self._heard:
            self._heard = False
            self._listen()
        else:
            self._smsc.counts.idle += 1
            self.close()
