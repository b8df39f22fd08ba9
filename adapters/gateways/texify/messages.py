"""Texify's sends and what became of them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import sha256

from msgspec import UNSET
from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, seconds_utc
from adapters.gateways.domain.dates import since, until
from adapters.gateways.domain.recipients import recipients_of
from adapters.gateways.domain.sending import Decision, Result, Sending, line_up
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.gateways.texify.content import check, content_of, texts_for
from adapters.gateways.texify.pages import Wanted
from adapters.web.incoming import decode, query_of
from adapters.web.reply import Reply
from router.engine.intake import Prepared
from router.engine.preparing import Via
from router.gateway.ids import HEX24
from router.gateway.progress import Progress, progress
from router.gateway.records import SendQuery
from router.message import Encoding, Message, State
from router.refusal import Refusal
from router.submit import Submit
from router.text.counting import units
from router.wallet import Tariff

NAME = "texify"
VIA = Via(NAME, Tariff.UNIT)

_encode = Encoder().encode
_send = Decoder(shapes.SendRequest)
_BATCH = 1000
MOST_SEGMENTS = 10
_LONGEST_KEY = 255
_REPLAYED = JSON + b"Idempotency-Replayed: true\r\n"

# What is wrong with a request, and not with one of its recipients.
_OF_ALL = frozenset({"too_long", "not_encodable", "sender_not_allowed", "invalid_request"})

# 7.1 of the contract: what an engine state is called for a recipient; what failed has its state as the reason.
_RECIPIENT: dict[State, shapes.Reached] = {
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
        caller = asked.caller
        account = caller.account
        check(caller, wanted.message, wanted.templateId, wanted.senderId)

        async def make() -> Prepared:
            content = await content_of(self._book, account.name, wanted.message, wanted.templateId, wanted.variables)
            given = await recipients_of(self._book, account.name, wanted.recipients, HEX24.read, "recipients")
            submits = [
                Submit(to=to, sender=wanted.senderId, text=text)
                for to, text in zip(given.found, texts_for(content, given.found), strict=True)
            ]

            def decide(results: list[Result]) -> Decision:
                messages, refused = _sorted_out(submits, results)
                batches = _batches(messages)
                line_up([message for batch in batches for message in batch])
                shown: list[shapes.SendResult] = []
                riders = []
                for batch in batches:
                    no = self._book.next_no()
                    riders.append(self._sending.record(no, account, NAME, batch))
                    shown.append(_result(HEX24.write(no), batch, [] if shown else given.invalid + refused))
                data = shapes.SendData(len(shown), len(messages), sum(one.creditsUsed for one in shown), shown)
                answer = shapes.SendAnswer("success", "SMS sent successfully", data)
                ordered = [message for batch in batches for message in batch]
                return Decision(_encode(answer), ordered, riders)

            return await self._sending.prepare(account, submits, VIA, decide)

        return await once(self._sending, asked, make)

    async def one(self, asked: Asked) -> Reply:
        """TX-15."""
        no = HEX24.read(asked.params["id"])
        send = await self._book.sends.find(asked.caller.account.name, NAME, no) if no is not None else None
        messages = [self._current(message) for message in await self._book.sends.messages(send)] if send else []
        if send is None or not messages:
            raise Refusal("not_found", "there is no such message")
        first = messages[0]
        data = shapes.MessageData(
            asked.params["id"],
            first.text or "",
            first.sender,
            _encoding(first),
            send.count,
            send.parts,
            progress(message.state for message in messages).value,
            [_recipient(message) for message in messages],
            seconds_utc(send.at),
        )
        return Reply(200, _encode(shapes.MessageAnswer("success", data)), JSON)

    async def page(self, asked: Asked) -> Reply:
        """TX-16."""
        wanted = query_of(asked.raw, shapes.MessagesQuery, blank=False)
        cut = Wanted(wanted.page, wanted.limit)
        query = SendQuery(
            asked.caller.account.name,
            NAME,
            since(wanted.dateFrom, "dateFrom") if wanted.dateFrom is not None else None,
            until(wanted.dateTo, "dateTo") if wanted.dateTo is not None else None,
            Progress(wanted.status) if wanted.status is not None else None,
        )
        sends, total = await self._book.sends.page(query, cut.offset, cut.limit)
        far = await self._book.sends.progress(sends)
        first = await self._book.sends.first_messages(sends)
        items = [
            shapes.MessageItem(
                HEX24.write(send.no),
                first[send.no].text or "",
                send.count,
                send.parts,
                far[send.no].value,
                seconds_utc(send.at),
            )
            for send in sends
            if send.no in first and send.no in far
        ]
        return Reply(200, _encode(shapes.MessagesAnswer("success", items, cut.paging(total))), JSON)


async def once(sending: Sending, asked: Asked, make: Callable[[], Awaitable[Prepared]]) -> Reply:
    """Have done what `make` prepares, once for each Idempotency-Key (TX-8)."""
    key = asked.raw.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
        raise Refusal("invalid_request", f"the header has 1 to {_LONGEST_KEY} characters", "Idempotency-Key")
    path = asked.raw.path.rstrip("/")
    digest = sha256(path.encode() + b"\n" + asked.body).digest() if key else b""
    answer = await sending.once(asked.caller.account, key and f"{NAME}:{key}", digest, make)
    return Reply(answer.status, answer.body, _REPLAYED if answer.replayed else JSON)


def _sorted_out(submits: Sequence[Submit], results: Iterable[Result]) -> tuple[list[Message], list[str]]:
    """What is sent, and the numbers that are not reached. Raises Refusal for what is wrong with all, `no_recipients`
    where nothing is left."""
    messages: list[Message] = []
    refused: list[str] = []
    for submit, result in zip(submits, results, strict=True):
        if isinstance(result, Message):
            if result.segments > MOST_SEGMENTS:
                detail = f"the message takes {result.segments} segments; at most {MOST_SEGMENTS} are allowed"
                raise Refusal("too_long", detail, "message")
            messages.append(result)
        elif result.code in _OF_ALL:
            raise Refusal(result.code, result.detail, _FIELDS.get(result.field or ""))
        else:
            refused.append(submit.to)
    if not messages:
        raise Refusal("no_recipients", "none of the recipients can be reached", "recipients")
    return messages, refused


_FIELDS = {"text": "message", "from": "senderId"}


def _batches(messages: Iterable[Message]) -> list[list[Message]]:
    """Those with the same segmentation together, at most so many at a time."""
    alike: dict[tuple[Encoding, int, int], list[Message]] = {}
    counted: dict[tuple[str | None, Encoding], int] = {}
    for message in messages:
        said = (message.text, message.encoding)
        length = counted.get(said)
        if length is None:
            length = counted[said] = units(message)
        alike.setdefault((message.encoding, message.segments, length), []).append(message)
    return [batch[start : start + _BATCH] for batch in alike.values() for start in range(0, len(batch), _BATCH)]


def _result(id: str, messages: list[Message], invalid: list[str]) -> shapes.SendResult:
    first = messages[0]
    segmentation = shapes.Segmentation(_encoding(first), first.segments, units(first))
    return shapes.SendResult(id, len(messages), invalid, first.segments * len(messages), segmentation)


def _encoding(message: Message) -> shapes.Coding:
    return "GSM-7" if message.encoding is Encoding.GSM7 else "UCS-2"


def _recipient(message: Message) -> shapes.RecipientView:
    status = _RECIPIENT[message.state]
    delivered = message.done_at if message.state is State.DELIVERED else None
    return shapes.RecipientView(
        message.to,
        status,
        seconds_utc(delivered) if delivered is not None else None,
        message.segments,
        _reason(message) if status == "failed" else UNSET,
    )


def _reason(message: Message) -> str:
    if message.state is State.FAILED and message.error is not None and message.error.code == "unroutable":
        return "no_route"
    return message.state.value
