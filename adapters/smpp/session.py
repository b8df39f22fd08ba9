"""One SMPP session towards an SMSC: the state machine, without IO and without a clock.

Theory of operation
-------------------
A Session lives as long as one transport connection. It is given what happens (bytes that came, the time, a
submission, the wish to unbind, the loss of the connection) and answers in two places that the caller empties after
each call: `out`, bytes to be written in order, and `events`, what the pool has to know, in order. A call that meets
a session it does not fit (a submit after the peer's unbind) says so by its result; nothing here raises for what the
peer does.

    state       entered by                 we may submit   a deliver_sm is        tick looks at
    ----------  -------------------------  --------------  ---------------------  --------------------------
    open        construction               no              refused (0x04)         nothing
    binding     bind()                     no              refused (0x04)         the bind's deadline
    bound_tx    bind_transmitter_resp 0    yes             given out              silence, unanswered submits
    bound_rx    bind_receiver_resp 0       no              given out              silence
    bound_trx   bind_transceiver_resp 0    yes             given out              silence, unanswered submits
    unbinding   unbind() while bound       no              given out              its deadline, unanswered submits
    closed      see below                  no              not read               nothing

closed is the end, reached by exactly one Closed event: the bind was refused or not answered, the unbind was answered
or not, the peer unbound or cut the connection, it stayed silent through two enquire_links, its framing was lost, or it
said that we are not bound (0x04). What was written and not answered by then is in `Closed.lost`.

In every state but closed: enquire_link is answered, a request with an unreadable body is answered with its error and
costs only itself, an unknown request is answered with generic_nack, and a response is never answered. A deliver_sm is
given out even on a transmitter: a receipt counts wherever it arrives.

A submission ends in exactly one of: Answered (late=False), Unanswered, or `Closed.lost`. After Unanswered by time, one
Answered with late=True may follow. A question (query_sm, cancel_sm) ends in exactly one Replied.
"""

from typing import Final

from adapters.smpp.codec import Decoder, FramingLost, encode
from adapters.smpp.constants import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    CANCEL_SM_RESP,
    DATA_SM,
    DATA_SM_RESP,
    DELIVER_SM,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    ESME_RINVBNDSTS,
    ESME_RINVCMDID,
    ESME_RINVCMDLEN,
    ESME_ROK,
    ESME_RSYSERR,
    ESME_RUNKNOWNERR,
    GENERIC_NACK,
    RESPONSE,
    UNBIND,
    UNBIND_RESP,
)
from adapters.smpp.happenings import (
    Answered,
    Bound,
    Closed,
    Delivered,
    Event,
    Replied,
    SessionState,
    Unanswered,
)
from adapters.smpp.pdu import (
    BadBody,
    Bind,
    BindResp,
    CancelSm,
    DataSm,
    MessageResp,
    Pdu,
    QuerySm,
    QuerySmResp,
    ShortMessage,
    Simple,
)
from adapters.smpp.status_map import CLOSES_BIND, WRONG_CREDENTIALS
from adapters.smpp.timers import Due, Patience, Timers
from adapters.smpp.window import Window
from router.ports.operators import Question, Submission

_BOUND_AS: Final = {
    BIND_TRANSMITTER: SessionState.BOUND_TX,
    BIND_RECEIVER: SessionState.BOUND_RX,
    BIND_TRANSCEIVER: SessionState.BOUND_TRX,
}
BOUND: Final = frozenset(_BOUND_AS.values())
# Looking a member up in its enumeration takes longer than comparing it.
_CLOSED: Final = SessionState.CLOSED
_DELIVERIES: Final = (ShortMessage, DataSm)
_CAN_DELIVER: Final = BOUND | {SessionState.UNBINDING}
_WITHOUT_RESPONSE: Final = frozenset({0x0000000B, 0x00000102})
"""outbind and alert_notification: requests to which the standard knows no answer (sections 4.1.7, 4.12)."""


def _around_sequence(pdu: Pdu) -> tuple[bytes, bytes]:
    """The octets of a PDU before and after its sequence_number, to write it often."""
    octets = encode(pdu, 1)
    return octets[:12], octets[16:]


_ACKNOWLEDGEMENTS: Final = {
    (request, stored): _around_sequence(MessageResp(response, ESME_ROK if stored else ESME_RSYSERR))
    for request, response in ((DELIVER_SM, DELIVER_SM_RESP), (DATA_SM, DATA_SM_RESP))
    for stored in (True, False)
}


class Session:
    """See the theory above. `now` is monotonic seconds; `pdu` is the bind to ask for.

    `owed` counts the deliveries given out and not acknowledged.
    """

    __slots__ = (
        "_bind",
        "_decoder",
        "_timers",
        "_was_bound",
        "_window",
        "can_submit",
        "events",
        "out",
        "owed",
        "state",
    )

    def __init__(self, pdu: Bind, patience: Patience, now: float, window: Window | None = None) -> None:
        self.state = SessionState.OPEN
        self.can_submit = False
        self.out = bytearray()
        self.events: list[Event] = []
        self.owed = 0
        self._bind = pdu
        self._was_bound = False
        self._timers = Timers(patience, now)
        self._window = Window() if window is None else window
        self._decoder = Decoder()

    @property
    def idle(self) -> bool:
        """Nothing is unanswered, on either side."""
        return self.state is SessionState.CLOSED or (not len(self._window) and self.owed <= 0)

    # --- what we do --------------------------------------------------------------------------------------------

    def bind(self, now: float) -> None:
        """Ask for the bind, once. Raises LocalProtocolError when the credentials do not fit into the PDU."""
        if self.state is not SessionState.OPEN:
            return
        self._request(self._bind)
        self.state = SessionState.BINDING
        self._timers.begin_handshake(now)

    def submit(self, submission: Submission, pdu: ShortMessage) -> bool:
        """Write one submit_sm; `submission.written_at` is now. False when this session cannot submit.

        Raises LocalProtocolError when the PDU cannot be written; then nothing was.
        """
        if not self.can_submit:
            return False
        window = self._window
        sequence = window.next_sequence()
        self.out += encode(pdu, sequence)
        window.add(sequence, submission)
        return True

    def ask(self, question: Question, pdu: QuerySm | CancelSm) -> bool:
        """Write one question; `question.written_at` is now. False, and as `submit`."""
        if not self.can_submit:
            return False
        sequence = self._window.next_sequence()
        self.out += encode(pdu, sequence)
        self._window.add(sequence, question)
        return True

    def acknowledge(self, command_id: int, sequence: int, stored: bool) -> None:
        """Answer a deliver_sm or data_sm: it is stored, or temporarily not.

        Of the temporary errors ESME_RSYSERR makes every SMSC known to us send it again; ESME_RX_T_APPN does not.
        """
        if self.state in _CAN_DELIVER:
            self.owed -= 1
            head, tail = _ACKNOWLEDGEMENTS[command_id, stored]
            self.out += head + sequence.to_bytes(4, "big") + tail

    def unbind(self, now: float) -> None:
        """Take leave: Closed follows with the answer or the deadline, or at once when there is no bind."""
        if self.state in BOUND:
            self._request(Simple(UNBIND))
            self._enter(SessionState.UNBINDING)
            self._timers.begin_handshake(now)
        elif self.state is not SessionState.UNBINDING:
            self.close("stopped")

    def close(self, reason: str, credentials: bool = False) -> None:
        """End it here, for whatever reason; also to be called when the connection is lost."""
        if self.state is not SessionState.CLOSED:
            self._enter(SessionState.CLOSED)
            lost: list[Submission] = []
            for asked in self._window.lose():
                if isinstance(asked, Question):
                    self.events.append(Replied(asked, None))
                else:
                    lost.append(asked)
            self.events.append(Closed(reason, credentials, self._was_bound, lost))

    def tick(self, now: float) -> None:
        """Let time pass; to be called a few times within the shortest patience."""
        if self.state is SessionState.OPEN or self.state is SessionState.CLOSED:
            return
        for asked in self._window.expire(now - self._timers.patience.response):
            self._unanswered(asked, "no answer in time")
        due = self._timers.due(now)
        if due is Due.ENQUIRE:
            self._request(Simple(ENQUIRE_LINK))
        elif due is Due.DEAD:
            self.close("the peer went silent")
        elif due is Due.OVERDUE:
            self.close(f"{'unbind' if self.state is SessionState.UNBINDING else 'bind'} not answered in time")

    # --- what the peer does ------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes in any chunks."""
        self._timers.heard(now)
        lost: str | None = None
        try:
            frames = self._decoder.feed(data)
        except FramingLost as error:
            frames = error.frames
            lost = str(error)
        for sequence, pdu in frames:
            if self.state is _CLOSED:
                return
            if isinstance(pdu, MessageResp):
                self._answered(sequence, pdu.status, pdu.message_id)
            elif isinstance(pdu, _DELIVERIES):
                self._delivered(sequence, pdu)
            elif isinstance(pdu, Simple):
                self._control(sequence, pdu)
            elif isinstance(pdu, BindResp):
                self._bind_answered(pdu.command_id, pdu.status)
            elif isinstance(pdu, BadBody):
                self._unreadable(sequence, pdu)
            elif isinstance(pdu, QuerySmResp):
                self._replied(sequence, pdu)
            else:
                self._respond(sequence, Simple(GENERIC_NACK, ESME_RINVCMDID))
        if lost is not None and self.state is not SessionState.CLOSED:
            self._respond(0, Simple(GENERIC_NACK, ESME_RINVCMDLEN))
            self.close(lost)

    def _answered(self, sequence: int, status: int, message_id: str) -> None:
        asked = self._window.settle(sequence)
        late = asked is None
        if asked is None:
            asked = self._window.settle_late(sequence)
        if isinstance(asked, Submission):
            self.events.append(Answered(asked, status, message_id, late))
        elif asked is None:
            return
        elif not late:
            self.events.append(Replied(asked, None))
        if status in CLOSES_BIND:
            self.close(f"the peer says that we are not bound (0x{status:08X})")

    def _delivered(self, sequence: int, pdu: ShortMessage | DataSm) -> None:
        if isinstance(pdu, ShortMessage) and pdu.command_id != DELIVER_SM:
            self._respond(sequence, Simple(GENERIC_NACK, ESME_RINVCMDID))
        elif self.state in _CAN_DELIVER:
            self.owed += 1
            self.events.append(Delivered(pdu, sequence))
        else:
            response = DELIVER_SM_RESP if isinstance(pdu, ShortMessage) else DATA_SM_RESP
            self._respond(sequence, MessageResp(response, ESME_RINVBNDSTS))

    def _bind_answered(self, command_id: int, status: int) -> None:
        if self.state is not SessionState.BINDING or command_id != self._bind.command_id | RESPONSE:
            return
        if status:
            self.close(f"bind refused with 0x{status:08X}", credentials=status in WRONG_CREDENTIALS)
            return
        self._timers.end_handshake()
        self._was_bound = True
        self._enter(_BOUND_AS[self._bind.command_id])
        self.events.append(Bound())

    def _control(self, sequence: int, pdu: Simple) -> None:
        command_id = pdu.command_id
        if command_id == ENQUIRE_LINK:
            self._respond(sequence, Simple(ENQUIRE_LINK_RESP))
        elif command_id == GENERIC_NACK:
            # A nack without an error would read as success.
            status = pdu.status or ESME_RUNKNOWNERR
            if self.state is SessionState.BINDING:
                self.close(f"bind refused with 0x{status:08X}")
            else:
                self._answered(sequence, status, "")
        elif command_id == UNBIND:
            self._respond(sequence, Simple(UNBIND_RESP))
            self.close("the peer unbound")
        elif command_id == CANCEL_SM_RESP:
            self._replied(sequence, pdu)
        elif command_id == UNBIND_RESP and self.state is SessionState.UNBINDING:
            self.close("unbound")

    def _replied(self, sequence: int, pdu: QuerySmResp | Simple) -> None:
        asked = self._window.settle(sequence)
        if isinstance(asked, Question):
            self.events.append(Replied(asked, pdu))
        elif asked is not None:
            self._unanswered(asked, "answered by the response to another command")

    def _unanswered(self, asked: Submission | Question, reason: str) -> None:
        if isinstance(asked, Question):
            self.events.append(Replied(asked, None))
        else:
            self.events.append(Unanswered(asked, reason))

    def _unreadable(self, sequence: int, pdu: BadBody) -> None:
        command_id = pdu.command_id
        if command_id & RESPONSE:
            if self.state is SessionState.BINDING and command_id == self._bind.command_id | RESPONSE:
                self.close("bind answered with an unreadable body")
                return
            asked = self._window.settle(sequence)
            if asked is not None:
                self._unanswered(asked, "answered with an unreadable body")
        elif command_id in (DELIVER_SM, DATA_SM):
            self._respond(sequence, MessageResp(command_id | RESPONSE, pdu.status))
        elif command_id not in _WITHOUT_RESPONSE:
            self._respond(sequence, Simple(GENERIC_NACK, pdu.status))

    def _enter(self, state: SessionState) -> None:
        self.state = state
        self.can_submit = state is SessionState.BOUND_TX or state is SessionState.BOUND_TRX

    def _request(self, pdu: Pdu) -> None:
        self.out += encode(pdu, self._window.next_sequence())

    def _respond(self, sequence: int, pdu: Pdu) -> None:
        self.out += encode(pdu, sequence)
