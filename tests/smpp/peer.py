"""An SMSC that does exactly what a test tells it, on a real socket; and a sink that writes everything down."""

import asyncio
import ssl
import time
from collections.abc import Sequence
from typing import Any, Self

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.pdu import BadBody, Bind, BindResp, DataSm, MessageResp, Pdu, ShortMessage, Simple
from router.inbound import Inbound
from router.outcome import Outcome
from router.ports.operators import OperatorGateway, Submission
from router.receipt import Receipt
from tests.turns import until


class WallClock:
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class PeerSession(asyncio.Protocol):
    """One connection as the SMSC sees it."""

    def __init__(self, peer: "Peer") -> None:
        self.peer = peer
        self.bind: Bind | None = None
        self.received: list[tuple[int, Pdu | BadBody]] = []
        self.open = True
        self._decoder = Decoder()
        self._ids = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.peer.sessions.append(self)
        if self.peer.slams_door:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False

    def data_received(self, data: bytes) -> None:
        peer = self.peer
        for sequence, pdu in self._decoder.feed(data):
            self.received.append((sequence, pdu))
            match pdu:
                case Bind():
                    self.bind = pdu
                    if peer.answers_bind:
                        self.send(BindResp(pdu.command_id | c.RESPONSE, peer.bind_status, "smsc"), sequence)
                case ShortMessage() if peer.answers_submit:
                    self._ids += 1
                    self.send(MessageResp(c.SUBMIT_SM_RESP, 0, f"{id(self):x}-{self._ids}"), sequence)
                case Simple(command_id=c.ENQUIRE_LINK) if peer.answers_enquire_link:
                    self.send(Simple(c.ENQUIRE_LINK_RESP), sequence)
                case Simple(command_id=c.UNBIND) if peer.answers_unbind:
                    self.send(Simple(c.UNBIND_RESP), sequence)
                    self.transport.close()

    def send(self, *what: Any) -> None:
        """pdu, sequence, pdu, sequence ... in one write."""
        self.transport.write(b"".join(encode(what[at], what[at + 1]) for at in range(0, len(what), 2)))

    def got(self, kind: type | int) -> list[tuple[int, Any]]:
        """What came of one class, or of one command_id."""
        if isinstance(kind, int):
            return [one for one in self.received if getattr(one[1], "command_id", c.DATA_SM) == kind]
        return [one for one in self.received if isinstance(one[1], kind)]

    def submits(self) -> list[tuple[int, ShortMessage]]:
        return self.got(ShortMessage)

    def cut(self) -> None:
        self.transport.abort()


class Peer:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.sessions: list[PeerSession] = []
        self.answers_bind = True
        self.bind_status = 0
        self.answers_submit = True
        self.answers_enquire_link = True
        self.answers_unbind = True
        self.slams_door = False
        self.port = 0
        self._tls = tls

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: PeerSession(self), "127.0.0.1", self.port, ssl=self._tls, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for session in self.sessions:
            session.cut()
        await self._server.wait_closed()
        await until(lambda: not any(session.open for session in self.sessions))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def last(self) -> PeerSession:
        return self.sessions[-1]


class Sink:
    """Writes down what it is told; stores, acknowledges and releases at once unless told to hold."""

    def __init__(self) -> None:
        self.gateway: OperatorGateway | None = None
        self.holds_slots = False
        self.acknowledges: bool | None = True
        self.results: list[tuple[Submission, Outcome]] = []
        self.late: list[tuple[Submission, Outcome]] = []
        self.receipts: list[tuple[Receipt, Any]] = []
        self.inbounds: list[tuple[Inbound, Any]] = []
        self.changes = 0

    def settled(self, results: Sequence[tuple[Submission, Outcome]]) -> None:
        self.results += results
        if not self.holds_slots:
            for submission, _ in results:
                self._port.release(submission.slot)

    def answered_late(self, submission: Submission, outcome: Outcome) -> None:
        self.late.append((submission, outcome))

    def received(self, operator: str, receipts: Sequence[tuple[Receipt, Any]]) -> None:
        self.receipts += receipts
        for _, token in receipts:
            self._answer(token)

    def inbound(self, operator: str, message: Inbound, token: Any) -> None:
        self.inbounds.append((message, token))
        self._answer(token)

    def link_changed(self, operator: str) -> None:
        self.changes += 1

    def kinds(self) -> list[str]:
        return [outcome.kind.value for _, outcome in self.results]

    @property
    def _port(self) -> OperatorGateway:
        assert self.gateway is not None
        return self.gateway

    def _answer(self, token: Any) -> None:
        if self.acknowledges is not None:
            self._port.acknowledge((token,), self.acknowledges)


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.lines.append(("error", event, fields))

    def warnings(self) -> list[str]:
        return [event for level, event, _ in self.lines if level == "warning"]


DELIVER_RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:DELIVRD err:000 text:x"


def receipt_pdu(smsc_message_id: str, source: str = "237670000000") -> ShortMessage:
    return ShortMessage(
        c.DELIVER_SM,
        source_addr=source,
        destination_addr="ACME",
        esm_class=c.ESM_TYPE_RECEIPT,
        short_message=DELIVER_RECEIPT.format(smsc_message_id).encode(),
    )


def data_receipt_pdu(smsc_message_id: str) -> DataSm:
    return DataSm(
        source_addr="237670000000",
        esm_class=c.ESM_TYPE_RECEIPT,
        tlvs={c.TAG_RECEIPTED_MESSAGE_ID: smsc_message_id.encode() + b"\0", c.TAG_MESSAGE_STATE: b"\x02"},
    )
