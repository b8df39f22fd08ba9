"""A simulated SMSC: binds, submits, receipts and messages from handsets, with the faults of `behaviour`.

It takes tens of thousands of submits a second on one core: no task per message, one write per batch, and queues in
order of time in place of timers (a delay is the same for all, so first in is first due).
"""

import asyncio
import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from adapters.simulator.behaviour import Behaviour, Reply
from adapters.simulator.damage import stray_nul
from adapters.simulator.deliveries import Deliveries
from adapters.simulator.ids import written_id
from adapters.simulator.observed import Counts, Submitted
from adapters.simulator.options import SmscOptions
from adapters.simulator.receipt_pdu import Delivery, receipts_for
from adapters.simulator.records import Record, Records
from adapters.simulator.session import Session
from adapters.simulator.verdicts import Verdicts
from adapters.smpp.codec import encode
from adapters.smpp.constants import (
    DELIVER_SM,
    ESME_ROK,
    GENERIC_NACK,
    SUBMIT_SM_RESP,
    TAG_MESSAGE_PAYLOAD,
    UNBIND,
)
from adapters.smpp.pdu import DataSm, MessageResp, ShortMessage, Simple, Tlvs

__all__ = ["Smsc", "SmscOptions"]

_RECEIPT_LEAD: Final = 0.05
"""Seconds by which a receipt comes before its response, where it does."""


class Smsc:
    """Start it and look at `submitted`, `delivered` (each deliver_sm or data_sm with the status of its answer),
    `counts` and `sessions`. `on_submit` is called for every submit_sm as it is answered."""

    def __init__(
        self, options: SmscOptions | None = None, on_submit: Callable[[Submitted], None] | None = None
    ) -> None:
        self.options = options or SmscOptions()
        self.on_submit = on_submit
        self.counts = Counts()
        self.sessions: set[Session] = set()
        self.submitted: list[Submitted] = []
        self.delivered: list[tuple[ShortMessage | DataSm, int]] = []
        self.dirty: list[Session] = []
        first_id = self.options.first_id
        self._next_id = secrets.randbelow(3_000_000_000) + 1_000_000_000 if first_id is None else first_id
        self._deliveries = Deliveries(self.options, self.counts)
        self._verdicts = Verdicts(self.options)
        self._responses: deque[tuple[float, Session, bytes]] = deque()
        self._receipts: deque[tuple[Record, Session, int, Behaviour]] = deque()
        self.records = Records()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at = 0.0
        self._empty = asyncio.Event()

    # --- the outside's handles ---

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port. Raises OSError. May be called again after `stop`: what waited for receivers
        still does."""
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(lambda: Session(self), host, port, ssl=tls)
        self._plan()
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut all links."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.sessions:
            self._empty.clear()
            self.cut()
            await self._empty.wait()

    def cut(self) -> None:
        """Cut all links without a word."""
        for session in list(self.sessions):
            session.cut()

    def unbind_all(self) -> None:
        """Ask all bound sessions to end."""
        for session in self.sessions:
            if session.is_bound:
                session.request(Simple(UNBIND))
        self.settle()

    def inject(self, octets: bytes) -> None:
        """Send these octets to all bound sessions, whatever they are."""
        for session in self.sessions:
            if session.is_bound:
                session.send_octets(octets)
        self.settle()

    def refill(self) -> None:
        """Full credit again, as the options say."""
        self._verdicts.refill()

    def send_mo(
        self,
        source: str,
        destination: str,
        text: bytes,
        data_coding: int = 0,
        esm_class: int = 0,
        system_id: str | None = None,
        tlvs: Tlvs | None = None,
    ) -> None:
        """A message from a handset, to any bound receiver of `system_id` (None: of the only account ever bound).

        It waits while nobody can receive. Over 254 octets travel in message_payload, beside `tlvs`.
        Raises LookupError for an account that never was bound, or where it must be named.
        """
        accounts = self._deliveries.accounts
        if system_id is None:
            if len(accounts) != 1:
                raise LookupError(f"{len(accounts)} accounts were bound: name one")
            (system_id,) = accounts
        long = len(text) > 254
        pdu = ShortMessage(
            DELIVER_SM,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=source,
            destination_addr=destination,
            esm_class=esm_class,
            data_coding=data_coding,
            short_message=b"" if long else text,
            tlvs={**(tlvs or {}), **({TAG_MESSAGE_PAYLOAD: text} if long else {})},
        )
        self._deliveries.add(system_id, [Delivery(pdu)])
        self.settle()

    # --- what sessions tell ---

    def opened(self, session: Session) -> None:
        self.counts.connections += 1
        session.number = self.counts.connections
        self.sessions.add(session)

    def bound(self, session: Session) -> None:
        self.counts.binds += 1
        self._deliveries.join(session.system_id, session)

    def bound_as(self, system_id: str) -> int:
        """How many sessions of a system_id are bound."""
        return sum(session.is_bound and session.system_id == system_id for session in self.sessions)

    def closed(self, session: Session) -> None:
        self.sessions.discard(session)
        if session.is_bound:
            self._deliveries.leave(session.system_id, session)
        self.settle()
        if not self.sessions:
            self._empty.set()

    def writable(self, session: Session) -> None:
        """Its peer reads again."""
        if session.is_bound:
            self._deliveries.has_room(session.system_id)
        self.settle()

    def answered(self, session: Session, sequence: int, status: int) -> None:
        """A deliver_sm_resp or data_sm_resp on a bound session."""
        delivery = self._deliveries.answered(session.system_id, session, sequence, status)
        if delivery is not None and self.options.keep:
            self.delivered.append((delivery.pdu, status))

    def submit(self, session: Session, sequence: int, pdu: ShortMessage) -> None:
        """A submit_sm on a session that may submit."""
        self.counts.submits += 1
        behaviour, status = self._verdicts.on(session.system_id, pdu)
        if status is None:
            self._leave_unanswered(session, sequence, pdu, behaviour)
        elif status != ESME_ROK:
            self._respond(session, sequence, pdu, behaviour, status)
        else:
            number, record = self._take(session, pdu, behaviour)
            message_id = written_id(number, behaviour.id_in_response or self.options.id_form)
            self.records.add(message_id, record)
            self._respond(session, sequence, pdu, behaviour, ESME_ROK, message_id)

    def settle(self) -> None:
        """The end of a batch: send what may be sent, write it, and plan what comes later."""
        self._deliveries.pump()
        for session in self.dirty:
            session.flush()
        self.dirty.clear()
        self._plan()

    # --- submits ---

    def _leave_unanswered(self, session: Session, sequence: int, pdu: ShortMessage, behaviour: Behaviour) -> None:
        self.counts.unanswered += 1
        self._note(session, sequence, pdu, None, "")
        if behaviour.taken:
            self._take(session, pdu, behaviour)
        if behaviour.reply is Reply.CUT:
            self.counts.cut += 1
            session.cut()

    def _take(self, session: Session, pdu: ShortMessage, behaviour: Behaviour) -> tuple[int, Record]:
        number = self._next_id
        self._next_id = number + 1
        stats = behaviour.receipts.stats
        record = Record(pdu, time.monotonic() + self.options.receipt_delay, stats[-1] if stats else None)
        if pdu.registered_delivery:
            self._receipts.append((record, session, number, behaviour))
        return number, record

    def _respond(
        self,
        session: Session,
        sequence: int,
        pdu: ShortMessage,
        behaviour: Behaviour,
        status: int,
        message_id: str = "",
    ) -> None:
        if status == ESME_ROK:
            self.counts.accepted += 1
        else:
            self.counts.refused += 1
        self._note(session, sequence, pdu, status, message_id)
        nack = behaviour.reply is Reply.NACK and status != ESME_ROK
        octets = encode(
            Simple(GENERIC_NACK, status) if nack else MessageResp(SUBMIT_SM_RESP, status, message_id), sequence
        )
        options = self.options
        if behaviour.damage is not None:
            octets = behaviour.damage(octets)
        elif options.bodies and status != ESME_ROK:
            octets = stray_nul(octets)
        delay = options.response_delay
        if (behaviour.late or behaviour.receipt_first) and self._loop is not None:
            delay += options.late if behaviour.late else options.receipt_delay + _RECEIPT_LEAD
            self._loop.call_later(delay, self._respond_late, session, octets)
        elif delay:
            self._responses.append((time.monotonic() + delay, session, octets))
        else:
            session.send_octets(octets)

    def _respond_late(self, session: Session, octets: bytes) -> None:
        session.send_octets(octets)
        self.settle()

    def _note(self, session: Session, sequence: int, pdu: ShortMessage, status: int | None, message_id: str) -> None:
        if self.options.keep or self.on_submit is not None:
            note = Submitted(time.time(), session.system_id, sequence, pdu, status, message_id, session.number)
            if self.options.keep:
                self.submitted.append(note)
            if self.on_submit is not None:
                self.on_submit(note)

    # --- time ---

    def _plan(self) -> None:
        """Wake up when the next thing is due."""
        if self._server is None or self._loop is None:
            return
        due = self._deliveries.due()
        if self._responses:
            due = min(due, self._responses[0][0])
        if self._receipts:
            due = min(due, self._receipts[0][0].ended_at)
        if due == float("inf") or (self._timer is not None and self._wake_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wake_at = due
        # A short wait gathers what is due at nearly the same moment.
        self._timer = self._loop.call_later(max(due - time.monotonic(), 0.002), self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = time.monotonic()
        wall = int(time.time())
        while self._responses and self._responses[0][0] <= now:
            _, session, octets = self._responses.popleft()
            session.send_octets(octets)
        form = self.options.id_in_receipt or self.options.id_form
        while self._receipts and self._receipts[0][0].ended_at <= now:
            record, session, number, behaviour = self._receipts.popleft()
            if record.cancelled:
                continue
            receipts = receipts_for(record.submit, number, behaviour.receipts, form, wall)
            if behaviour.receipts.elsewhere:
                self._deliveries.add_elsewhere(session.system_id, receipts, session)
            else:
                self._deliveries.add(session.system_id, receipts)
        self._deliveries.wake(now)
        self.settle()
