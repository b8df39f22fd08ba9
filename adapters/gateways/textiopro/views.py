"""Messages as TextioPro shows them (TP-32)."""

from msgspec import UNSET

from adapters.gateways.textiopro.shapes import MessageView
from adapters.gateways.textiopro.words import (
    STATUS,
    bare,
    kind_of,
    microseconds,
    minutes,
    received_kind,
    received_uid,
    sent_uid,
)
from router.gateway.records import InboundMessage
from router.message import Message


def sent(message: Message, time_zone: str) -> MessageView:
    """What an account sent; a text that is not kept any more is empty."""
    changed = max(message.created_at, message.submitted_at or 0, message.done_at or 0)
    return MessageView(
        sent_uid(message.no),
        bare(message.to),
        bare(message.sender) if message.sender is not None else None,
        message.text or "",
        STATUS[message.state],
        str(message.segments),
        kind_of(message),
        message.segments,
        "outgoing",
        "api",
        microseconds(message.created_at),
        microseconds(changed),
        minutes(message.send_at, time_zone) if message.send_at is not None else UNSET,
    )


def received(message: InboundMessage) -> MessageView:
    """What a handset wrote to it."""
    at = microseconds(message.at)
    return MessageView(
        received_uid(message.no),
        bare(message.to),
        bare(message.sender),
        message.text or "",
        "Delivered",
        "0",
        received_kind(message.channel),
        message.segments,
        "incoming",
        "api",
        at,
        at,
    )
