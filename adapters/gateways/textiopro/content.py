"""What a request of TextioPro wants said: the fields of its sends and campaigns (TP-24)."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from adapters.gateways.domain.channels import active_channel
from adapters.gateways.domain.dates import local
from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.domain.senders import sender_of
from adapters.gateways.textiopro.shapes import Kind
from router.account import Account
from router.message import TrafficClass
from router.refusal import Refusal
from router.submit import Channel, Submit

_LONGEST_NAME = 11
_LONGEST_NUMBER = 15
_LONGEST = {"media_url": 2048}
_USUAL = 64

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
# Their sender_id is an id at the provider: of a channel of the account, where it has that.
_BY_LINE = frozenset({"whatsapp", "viber"})
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
    sender: str | None
    text: str
    send_at: int | None
    options: dict[str, Any] | None


def content_of(given: Parameters, account: Account, now: int) -> Content:
    """What a request wants sent. Raises Refusal `invalid_request`, naming the field, and `channel_off`."""
    kind = _KINDS.get(given.text("type") or "plain")
    if kind is None:
        raise Refusal("invalid_request", f"The selected type is invalid: use {', '.join(_KINDS)}.", "type")
    text = given.required("message")
    written = _short(given, "sender_id")
    if written is not None and kind not in _BY_LINE:
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


def _check_sender(written: str) -> None:
    """TP-24. Raises Refusal `invalid_request`."""
    digits = written.removeprefix("+")
    longest = _LONGEST_NUMBER if digits.isascii() and digits.isdigit() else _LONGEST_NAME
    if len(digits) > longest:
        what = "digits" if longest == _LONGEST_NUMBER else "characters"
        raise Refusal("invalid_request", f"The sender_id must not be greater than {longest} {what}.", "sender_id")


def _sender(account: Account, kind: Kind, written: str | None) -> str | None:
    """By which of its senders an account sends, None for the one that it has by default. Raises Refusal `channel_off`,
    `invalid_request`."""
    type = channel_of(kind).value
    if kind in _BY_LINE:
        line = next((one for one in account.channels if one.type == type and one.id == written), None)
        if line is not None and line.active:
            return line.sender
        if line is not None:
            raise Refusal("channel_off", f"the channel {line.id!r} is not active")
    line = active_channel(account, type)
    if written is not None:
        return sender_of(account, written)
    if line.sender is None and account.default_sender is None:
        raise Refusal("invalid_request", "The sender_id field is required.", "sender_id")
    return line.sender


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
