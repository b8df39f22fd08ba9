"""What TextDigo tells its accounts' webhooks (TD-48 to TD-51): pure, of an account and one of its events."""

from decimal import Decimal
from hmac import digest
from uuid import UUID, uuid5

from msgspec import Struct, field
from msgspec.json import Encoder

from adapters.gateways.domain.channels import line_of
from adapters.gateways.domain.hook import Hook
from adapters.gateways.textdigo.enumerations import Status
from adapters.gateways.textdigo.statuses import STATUS
from router.account import Account
from router.event import Event, EventType, ReceivedEvent
from router.gateway.records import Notice
from router.inbound import Media
from router.message import State

NAME = "textdigo"

_encode = Encoder(decimal_format="number").encode
_CHATS = UUID("6f1d4c52-8f0e-4c3a-9d2b-5a7e1c9b3f60")

_STATES = {
    EventType.SUBMITTED: State.SUBMITTED,
    EventType.DELIVERED: State.DELIVERED,
    EventType.UNDELIVERED: State.UNDELIVERED,
    EventType.EXPIRED: State.EXPIRED,
    EventType.REJECTED: State.REJECTED,
    EventType.FAILED: State.FAILED,
    EventType.CANCELLED: State.CANCELLED,
    EventType.UNKNOWN: State.UNKNOWN,
}


class Report(Struct):
    """TD-49."""

    msgId: str
    sender: str | None = field(name="from")
    status: Status
    partCount: int
    amount: Decimal
    operator: str | None
    externalId: str | None
    currency: str
    subject: str
    type: str


class ReceivedMedia(Struct):
    url: str
    mimeType: str


class ReceivedMessage(Struct):
    """TD-50."""

    event: str
    type: str
    lineId: str
    phoneNumber: str
    chatId: str
    message: str
    medias: list[ReceivedMedia]


def hooks_of(account: Account) -> dict[str, Hook]:
    """The webhooks of an account by channel; without a secret of their own they are signed with the API key."""
    settings = account.gateways.get(NAME)
    if settings is None:
        return {}
    secret = settings.get("webhook_secret", settings["key"].encode())
    return {channel: Hook(url, secret, sign) for channel, url in settings.get("webhooks", {}).items()}


def sign(secret: bytes, body: bytes) -> dict[str, str]:
    """TD-48: HMAC-SHA-256 (RFC 2104) of the exact octets, in lower-case hexadecimal."""
    return {"X-TextDigo-Signature": f"sha256={digest(secret, body, 'sha256').hex()}"}


def report(account: Account, event: Event, at: int) -> Notice:
    """TD-49: what became of a message, to be told from `at` (ms) on."""
    body = Report(
        event.message_id,
        event.sender,
        STATUS[_STATES[event.type]],
        event.segments,
        event.price.amount if event.price is not None else Decimal(0),
        event.operator,
        event.reference,
        event.price.currency if event.price is not None else account.currency,
        "dlr",
        event.channel,
    )
    return Notice(account.name, event.channel, event.message_id, at, _encode(body))


def received(account: Account, event: ReceivedEvent, at: int) -> Notice:
    """TD-50: what a handset wrote, to be told from `at` (ms) on."""
    line = line_of(account, event.channel, event.to)
    line_id = line.id if line is not None else event.channel
    chat = str(uuid5(_CHATS, f"{account.name}\n{line_id}\n{event.sender}"))
    body = ReceivedMessage(
        "inbound-message", event.channel, line_id, event.sender, chat, event.text or "", _medias(event.media or None)
    )
    return Notice(account.name, event.channel, chat, at, _encode(body))


def _medias(media: Media | None) -> list[ReceivedMedia]:
    if media is None or media.url is None:
        return []
    return [ReceivedMedia(media.url, media.type or "application/octet-stream")]
