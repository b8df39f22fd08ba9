"""Texify's sends and what became of them."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import groupby

from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, seconds_utc
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.sending import Decision, Result, Sending
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.web.incoming import decode
from adapters.web.reply import Reply
from router.engine.intake import Via
from router.gateway.ids import HEX24
from router.message import Encoding, Message, State
from router.refusal import Refusal
from router.submit import Submit
from router.wallet import Tariff

_encode = Encoder().encode
_send = Decoder(shapes.SendRequest)
_VIA = Via("texify", Tariff.UNIT)
_BATCH = 1000
_REPLAYED = JSON + b"Idempotency-Replayed: true\r\n"

# 7.1 of the contract: what an engine state is called for a recipient.
_RECIPIENT = {
    State.SCHEDULED: "pending",
    State.QUEUED: "pending",
    State.SUBMITTED: "sent",
    State.DELIVERED: "delivered",
    State.UNDELIVERED: "failed",
    State.EXPIRED: "failed",
    State.REJECTED: "failed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
    State.UNKNOWN: "failed",
}


class MessageCalls:
    def __init__(self, services: Services, sending: Sending) -> None:
        self._book = services.book
        self._current = services.current
        self._sending = sending

    async def send(self, asked: Asked) -> Reply:
        """TX-9 to TX-13."""
        wanted = decode(_send, asked.body)
        account = asked.caller.account
        submits: dict[str, Submit] = {}
        invalid: list[str] = []
        for written in wanted.recipients:
            try:
                to = number_of(written)
            except Refusal:
                invalid.append(written)
                continue
            submits.setdefault(to, Submit(to=to, sender=wanted.senderId, text=wanted.message))

        def decide(results: list[Result]) -> Decision:
            messages = [result for result in results if isinstance(result, Message)]
            if not messages:
                raise Refusal("no_recipients", "none of the recipients can be reached")
            batches: list[shapes.SendResult] = []
            riders = []
            for alike in _alike(messages):
                no = self._book.next_no()
                riders.append(self._sending.record(no, account, "texify", alike))
                batches.append(_result(HEX24.write(no), alike, [] if batches else invalid))
            data = shapes.SendData(len(batches), len(messages), sum(message.segments for message in messages), batches)
            answer = shapes.SendAnswer("success", "SMS sent successfully", data)
            return Decision(_encode(answer), messages, riders)

        key = asked.raw.headers.get("Idempotency-Key")
        digest = sha256(asked.raw.path.encode() + b"\n" + asked.body).digest() if key else b""
        answer = await self._sending.send(
            account, list(submits.values()), _VIA, decide, key and f"texify:{key}", digest
        )
        return Reply(answer.status, answer.body, _REPLAYED if answer.replayed else JSON)

    async def one(self, asked: Asked) -> Reply:
        """TX-15."""
        no = HEX24.read(asked.params["id"])
        send = await self._book.sends.find(asked.caller.account.name, "texify", no) if no is not None else None
        if send is None:
            raise Refusal("not_found", "there is no such message")
        messages = [self._current(message) for message in await self._book.sends.messages(send)]
        first = messages[0]
        data = shapes.MessageData(
            asked.params["id"],
            first.text or "",
            first.sender,
            _encoding(first),
            len(messages),
            sum(message.segments for message in messages),
            _status(messages),
            [_recipient(message) for message in messages],
            seconds_utc(send.at),
        )
        return Reply(200, _encode(shapes.MessageAnswer("success", data)), JSON)


def _alike(messages: Iterable[Message]) -> Iterable[list[Message]]:
    """Messages with the same segmentation that follow each other, at most so many at a time."""
    for _, group in groupby(messages, key=lambda message: (message.encoding, message.segments)):
        alike = list(group)
        for start in range(0, len(alike), _BATCH):
            yield alike[start : start + _BATCH]


def _result(id: str, messages: list[Message], invalid: list[str]) -> shapes.SendResult:
    first = messages[0]
    segmentation = shapes.Segmentation(_encoding(first), first.segments, len(first.text or ""))
    return shapes.SendResult(id, len(messages), invalid, sum(one.segments for one in messages), segmentation)


def _encoding(message: Message) -> str:
    return "GSM-7" if message.encoding is Encoding.GSM7 else "UCS-2"


def _status(messages: list[Message]) -> str:
    """`pending` until the first recipient is submitted; `failed` where no operator was given any."""
    if any(message.submitted_at is not None for message in messages):
        return "sent"
    return "failed" if all(message.state is State.FAILED for message in messages) else "pending"


def _recipient(message: Message) -> shapes.RecipientView:
    status = _RECIPIENT[message.state]
    return shapes.RecipientView(
        message.to,
        status,
        seconds_utc(message.done_at) if message.state is State.DELIVERED and message.done_at is not None else None,
        message.segments,
        message.state.value if status == "failed" else None,
    )
