"""What became of TextDigo's messages."""

from typing import Any, get_args

from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers
from adapters.gateways.textdigo.checking import Invalid, Problem
from adapters.gateways.textdigo.enumerations import MessageType
from adapters.gateways.textdigo.sends import amount_of
from adapters.gateways.textdigo.statuses import STATUS
from adapters.web.reply import Reply
from router.message import Message, State, TrafficClass
from router.refusal import Refusal

_encode = Encoder(decimal_format="number").encode
_CHANNELS = get_args(MessageType)


class MessageCalls:
    def __init__(self, services: Services) -> None:
        self._messages = services.messages

    async def status(self, asked: Asked) -> Reply:
        """TD-26."""
        channel = asked.params["channel"]
        if channel not in _CHANNELS:
            raise Invalid(Problem("channel", "enum", " | ".join(_CHANNELS)))
        message = await self._find(asked, channel)
        answer = answers.StatusAnswer(
            message.id,
            channel,  # type: ignore[arg-type]
            STATUS[message.state],
            message.reference,
            milliseconds_utc(message.done_at or message.submitted_at or message.created_at),
        )
        return Reply(200, _encode(answer), JSON)

    async def details(self, asked: Asked) -> Reply:
        """TD-27. What a one-time password says is shown to nobody (XA-4)."""
        message = await self._find(asked, "sms")
        delivered = message.state is State.DELIVERED
        status = STATUS[message.state]
        answer = answers.SmsDetails(
            message.id,
            "sms",
            status,
            message.to,
            message.sender,
            message.segments,
            amount_of(message),
            asked.caller.account.currency,
            message.reference,
            milliseconds_utc(message.created_at),
            "" if message.confidential else message.text or "",
            "MARKETING" if message.traffic_class is TrafficClass.MARKETING else "TRANSACTIONAL",
            message.operator,
            _time(message.submitted_at),
            _time(message.done_at) if delivered else None,
            _reason(message) if status in ("UNDELIVERED", "FAILED") else None,
        )
        return Reply(200, _encode(answer), JSON)

    async def _find(self, asked: Asked, channel: str) -> Message:
        message = await self._messages.find(asked.caller.account.name, asked.params["msgId"])
        if message is None or message.channel != channel:
            raise Refusal("message_not_found", "there is no such message")
        return message


def _time(at: int | None) -> Any:
    return milliseconds_utc(at) if at is not None else None


def _reason(message: Message) -> str:
    return message.error.code if message.error is not None else message.state.value
