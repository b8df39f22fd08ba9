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

from adapters.simulator.behaviour import BY_ENDING, DELIVERED, Behaviour
from adapters.simulator.deliveries import Deliveries
from adapters.simulator.observed import Counts, Submitted
from adapters.simulator.options import SmscOptions
from adapters.simulator.receipt_pdu import content, receipts_for, written_id
from adapters.simulator.session import Session
from adapters.smpp.constants import DELIVER_SM, ESME_ROK, ESME_RTHROTTLED, SUBMIT_SM_RESP, TAG_MESSAGE_PAYLOAD
from adapters.smpp.pdu import MessageResp, ShortMessage, Tlvs

__all__ = ["Smsc", "SmscOptions"]

_MAX_REMEMBERED: Final = 100_000
_RECEIPT_LEAD: Final = 0.05
"""Seconds by which a receipt comes before its response, where it does."""


class Smsc:
    """Start it and look at `submitted`, `delivered` (each deliver_sm with the status of its answer), `counts` and
    `sessions`. `on_submit` is called for every submit_sm as it is answered."""

    def __init__(
        self, options: SmscOptions | None = None, on_submit: Callable[[Submitted], None] | None = None
    ) -> None:
        self.options = options or SmscOptions()
        self.on_submit = on_submit
        self.counts = Counts()
        self.sessions: set[Session] = set()
        self.submitted: list[Submitted] = []
        self.delivered: list[tuple[ShortMessage, int]] = []
        self.dirty: list[Session] = []
        first_id = self.options.first_id
        self._next_id = secrets.randbelow(3_000_000_000) + 1_000_000_000 if first_id is None else first_id
        self._deliveries = Deliveries(self.options, self.counts)
        self._throttled_until: dict[str, float] = {}
        self._faults: dict[tuple[str, bytes], int] = {}
        self._responses: deque[tuple[float, Session, int, MessageResp]] = deque()
        self._receipts: deque[tuple[float, str, ShortMessage, int, Behaviour]] = deque()
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
        self._deliveries.add(system_id, [pdu])
        self.settle()

    # --- what sessions tell ---

    def opened(self, session: Session) -> None:
        self.sessions.add(session)

    def bound(self, session: Session) -> None:
        self.counts.binds += 1
        self._deliveries.join(session.system_id, session)

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
        """A deliver_sm_resp on a bound session."""
        pdu = self._deliveries.answered(session.system_id, session, sequence, status)
        if pdu is not None and self.options.keep:
            self.delivered.append((pdu, status))

    def submit(self, session: Session, sequence: int, pdu: ShortMessage) -> None:
        """A submit_sm on a session that may submit."""
        options = self.options
        self.counts.submits += 1
        behaviour = BY_ENDING.get(pdu.destination_addr[-3:])
        if behaviour is None:
            behaviour = BY_ENDING[options.behaviour] if options.behaviour else DELIVERED
        if options.throttle and self._too_fast(session.system_id):
            self._respond(session, sequence, pdu, ESME_RTHROTTLED, "")
        elif behaviour.times != 0 and self._meets_fault(pdu, behaviour):
            if behaviour.status:
                self._respond(session, sequence, pdu, behaviour.status, "")
            else:
                self._leave_unanswered(session, sequence, pdu, behaviour)
        else:
            number = self._take(session.system_id, pdu, behaviour)
            message_id = written_id(number, behaviour.id_in_response or options.id_form)
            self._respond(session, sequence, pdu, ESME_ROK, message_id, behaviour.receipt_first)

    def settle(self) -> None:
        """The end of a batch: send what may be sent, write it, and plan what comes later."""
        self._deliveries.pump()
        for session in self.dirty:
            session.flush()
        self.dirty.clear()
        self._plan()

    # --- submits ---

    def _too_fast(self, system_id: str) -> bool:
        now = time.monotonic()
        begin = max(self._throttled_until.get(system_id, 0.0), now)
        if begin - now > 1.0:
            return True
        self._throttled_until[system_id] = begin + 1.0 / self.options.throttle
        return False

    def _meets_fault(self, pdu: ShortMessage, behaviour: Behaviour) -> bool:
        if behaviour.times is None:
            return True
        key = (pdu.destination_addr, content(pdu))
        met = self._faults.pop(key, 0)
        if met >= behaviour.times:
            return False
        if len(self._faults) >= _MAX_REMEMBERED:
            self._faults.clear()
        self._faults[key] = met + 1
        return True

    def _leave_unanswered(self, session: Session, sequence: int, pdu: ShortMessage, behaviour: Behaviour) -> None:
        self.counts.unanswered += 1
        self._note(session, sequence, pdu, None, "")
        if behaviour.taken:
            self._take(session.system_id, pdu, behaviour)
        if behaviour.cut:
            self.counts.cut += 1
            session.cut()

    def _take(self, system_id: str, pdu: ShortMessage, behaviour: Behaviour) -> int:
        number = self._next_id
        self._next_id = number + 1
        if pdu.registered_delivery:
            self._receipts.append((time.monotonic() + self.options.receipt_delay, system_id, pdu, number, behaviour))
        return number

    def _respond(
        self,
        session: Session,
        sequence: int,
        pdu: ShortMessage,
        status: int,
        message_id: str,
        behind_receipt: bool = False,
    ) -> None:
        if status == ESME_ROK:
            self.counts.accepted += 1
        else:
            self.counts.refused += 1
        self._note(session, sequence, pdu, status, message_id)
        response = MessageResp(SUBMIT_SM_RESP, status, message_id)
        delay = self.options.response_delay
        if behind_receipt and self._loop is not None:
            delay += self.options.receipt_delay + _RECEIPT_LEAD
            self._loop.call_later(delay, self._respond_late, session, sequence, response)
        elif delay:
            self._responses.append((time.monotonic() + delay, session, sequence, response))
        else:
            session.send(response, sequence)

    def _respond_late(self, session: Session, sequence: int, response: MessageResp) -> None:
        session.send(response, sequence)
        self.settle()

    def _note(self, session: Session, sequence: int, pdu: ShortMessage, status: int | None, message_id: str) -> None:
        if self.options.keep or self.on_submit is not None:
            note = Submitted(time.time(), session.system_id, sequence, pdu, status, message_id)
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
            due = min(due, self._receipts[0][0])
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
            _, session, sequence, response = self._responses.popleft()
            session.send(response, sequence)
        form = self.options.id_in_receipt or self.options.id_form
        while self._receipts and self._receipts[0][0] <= now:
            _, system_id, submit, number, behaviour = self._receipts.popleft()
            self._deliveries.add(system_id, receipts_for(submit, number, behaviour, form, wall))
        self._deliveries.wake(now)
        self.settle()
