"""TextioPro's one way to send, in its six types."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from adapters.gateways.domain.answers import JSON
from adapters.gateways.domain.channels import active_channel
from adapters.gateways.domain.dates import local
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.domain.senders import sender_of
from adapters.gateways.domain.sending import Decision, Result, Sending
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.access import NAME
from adapters.gateways.textiopro.answers import encode
from adapters.gateways.textiopro.errors import said
from adapters.gateways.textiopro.shapes import Kind, MessageView, Said
from adapters.gateways.textiopro.views import sent
from adapters.gateways.textiopro.words import bare, microseconds
from adapters.web.reply import Reply
from router.account import Account
from router.engine.intake import Via
from router.message import Message, TrafficClass
from router.refusal import Refusal
from router.submit import Channel, Submit
from router.wallet import Tariff

VIA = Via(NAME, Tariff.UNIT)

_MOST = 1000
_LONGEST_NAME = 11
_LONGEST_NUMBER = 15
_LONGEST = {"media_url": 2048}
_USUAL = 64
_SHOWN = 40
_SAID = "Your message was successfully delivered"

_KINDS: dict[str, Kind] = {
    "plain": "plain",
    "unicode": "plain",
    "otp": "otp",
    "voice": "voice",
    "mms": "mms",
    "whatsapp": "whatsapp",
    "viber": "viber",
}
_CHANNELS: dict[Kind, Channel] = {
    "voice": Channel.VOICE,
    "mms": Channel.MMS,
    "whatsapp": Channel.WHATSAPP,
    "viber": Channel.VIBER,
}
_GENDERS = frozenset({"male", "female"})
_LANGUAGES = frozenset(
    """
    cy-gb da-dk de-de el-gr en-au en-gb en-gb-wls en-in en-us es-es es-mx es-us fr-ca fr-fr id-id is-is it-it ja-jp
    ko-kr ms-my nb-no nl-nl pl-pl pt-br pt-pt ro-ro ru-ru sv-se ta-in th-th tr-tr vi-vn zh-cn zh-hk
    """.split()  # noqa: SIM905
)
"""TP-28."""


class Content(Struct, frozen=True, gc=False):
    """What is sent, whoever to."""

    kind: Kind
    sender: str
    text: str
    send_at: int | None
    options: dict[str, Any] | None


class SendCalls:
    def __init__(self, services: Services, sending: Sending) -> None:
        self._clock = services.clock
        self._sending = sending

    async def send(self, asked: Asked) -> Reply:
        """TP-24 to TP-34."""
        account = asked.caller.account
        given: Parameters = asked.read
        written = given.required("recipient")
        content = content_of(given, account, self._clock.now())
        recipients = _recipients(written)
        submits = [submit_of(content, to) for to in recipients.values() if isinstance(to, str)]

        def decide(results: list[Result]) -> Decision:
            found = iter(results)
            told = [next(found) if isinstance(to, str) else to for to in recipients.values()]
            messages = [result for result in told if isinstance(result, Message)]
            if not messages:
                assert isinstance(told[0], Refusal)
                raise named(told[0], content)
            views = [self._view(account, content, *one) for one in zip(recipients, told, strict=True)]
            answer = Said("success", _SAID, views if "," in written else views[0])
            return Decision(encode(answer), messages)

        answer = await self._sending.send(account, submits, VIA, decide)
        return Reply(answer.status, answer.body, JSON)

    def _view(self, account: Account, content: Content, written: str, result: Result) -> MessageView:
        if isinstance(result, Message):
            return sent(result, account.time_zone)
        now = microseconds(self._clock.now())
        return MessageView(
            None,
            bare(written),
            bare(content.sender),
            content.text,
            "Rejected",
            "0",
            content.kind,
            0,
            "outgoing",
            "api",
            now,
            now,
            status_detail=said(named(result, content)),
        )


def content_of(given: Parameters, account: Account, now: int) -> Content:
    """What a request wants sent. Raises Refusal `invalid_request`, naming the field, and `channel_off`."""
    kind = _KINDS.get(given.text("type") or "plain")
    if kind is None:
        raise Refusal("invalid_request", f"The selected type is invalid: use {', '.join(_KINDS)}.", "type")
    text = given.required("message")
    written = _short(given, "sender_id")
    if written is not None and kind not in ("whatsapp", "viber"):
        _check_sender(written)
    options = _options(given, kind)
    send_at = _time(given, account, now)
    return Content(kind, _sender(account, kind, written), text, send_at, options)


def submit_of(content: Content, to: str) -> Submit:
    return Submit(
        to=to,
        sender=content.sender,
        text=content.text,
        traffic_class=class_of(content.kind),
        channel=channel_of(content.kind),
        send_at=datetime.fromtimestamp(content.send_at / 1000, UTC) if content.send_at is not None else None,
        options=content.options,
    )


def channel_of(kind: Kind) -> Channel:
    return _CHANNELS.get(kind, Channel.SMS)


def class_of(kind: Kind) -> TrafficClass:
    return TrafficClass.OTP if kind == "otp" else TrafficClass.TRANSACTIONAL


def _recipients(written: str) -> dict[str, str | Refusal]:
    """Each number once as it was written, with what it is in E.164 or why it is none. Raises Refusal
    `invalid_request`."""
    items = [one for one in map(str.strip, written.split(",")) if one]
    if not items:
        raise Refusal("invalid_request", "The recipient field is required.", "recipient")
    if len(items) > _MOST:
        raise Refusal("invalid_request", f"The recipient must not have more than {_MOST} numbers.", "recipient")
    found: dict[str, str | Refusal] = {}
    seen = set()
    for one in items:
        try:
            to = number_of(one)
        except Refusal:
            found[one] = Refusal("invalid_number", f"Invalid phone number: {one[:_SHOWN]}", "recipient")
            continue
        if to not in seen:
            seen.add(to)
            found[one] = to
    return found


def _check_sender(written: str) -> None:
    """TP-24. Raises Refusal `invalid_request`."""
    digits = written.removeprefix("+")
    longest = _LONGEST_NUMBER if digits.isascii() and digits.isdigit() else _LONGEST_NAME
    if len(digits) > longest:
        what = "digits" if longest == _LONGEST_NUMBER else "characters"
        raise Refusal("invalid_request", f"The sender_id must not be greater than {longest} {what}.", "sender_id")


def _sender(account: Account, kind: Kind, written: str | None) -> str:
    """By which of its senders an account sends; what it has a channel for may be named by that. Raises Refusal
    `channel_off`, `invalid_request`."""
    type = channel_of(kind).value
    line = next((one for one in account.channels if one.type == type and one.id == written), None)
    if line is None:
        line = active_channel(account, type)
        if written is not None:
            return sender_of(account, written)
    elif not line.active:
        raise Refusal("channel_off", f"the channel {line.id!r} is not active")
    sender = line.sender or account.default_sender
    if sender is None:
        raise Refusal("invalid_request", "The sender_id field is required.", "sender_id")
    return sender


def _options(given: Parameters, kind: Kind) -> dict[str, Any] | None:
    """TP-24, TP-28. Raises Refusal `invalid_request`."""
    options: dict[str, Any] = {}
    if kind == "voice":
        options["language"] = _one_of(given, "language", _LANGUAGES)
        options["gender"] = _one_of(given, "gender", _GENDERS)
    if kind in ("mms", "whatsapp", "viber"):
        url = given.required("media_url").strip() if kind == "mms" else _short(given, "media_url")
        if url is not None:
            options["media_url"] = _url(url)
    template = _short(given, "dlt_template_id")
    if template is not None:
        options["dlt_template_id"] = template
    return options or None


def _time(given: Parameters, account: Account, now: int) -> int | None:
    """TP-29. Raises Refusal `invalid_request`."""
    written = _short(given, "schedule_time")
    if written is None:
        return None
    try:
        at = local(written, account.time_zone, "schedule_time")
    except Refusal as refusal:
        detail = "The schedule_time must be YYYY-MM-DD HH:MM or RFC 3339."
        raise Refusal(refusal.code, detail, refusal.field) from None
    if at <= now:
        raise Refusal("invalid_request", "The schedule_time must be in the future.", "schedule_time")
    return at


def _one_of(given: Parameters, name: str, values: frozenset[str]) -> str:
    value = given.required(name).strip().lower()
    if value not in values:
        raise Refusal("invalid_request", f"The selected {name} is invalid.", name)
    return value


def _url(written: str) -> str:
    try:
        parts = urlsplit(written)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(written) <= _LONGEST["media_url"]
    except ValueError:
        good = False
    if not good or not written.isprintable() or " " in written:
        raise Refusal("invalid_request", "The media_url must be a valid http or https URL.", "media_url")
    return written


def _short(given: Parameters, name: str) -> str | None:
    """A text without what stands around it. Raises Refusal `invalid_request`."""
    value = (given.text(name) or "").strip()
    longest = _LONGEST.get(name, _USUAL)
    if len(value) > longest:
        detail = f"The {name} must not be greater than {longest} characters."
        raise Refusal("invalid_request", detail, name)
    return value or None


def named(refusal: Refusal, content: Content) -> Refusal:
    """A refusal of the engine; one about the sender names it."""
    if refusal.code != "sender_not_allowed":
        return refusal
    return Refusal(refusal.code, f'Sender ID "{content.sender}" is not authorized', "sender_id")
