"""What TextioPro says when something is not done: always a status and a sentence, nothing else (TP-5, TP-7, TP-8)."""

from math import ceil
from typing import NamedTuple

from aiohttp.web import BaseRequest
from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.textiopro.shapes import Error
from adapters.web.reply import Reply
from adapters.web.routes import MethodNotAllowed
from router.refusal import Refusal


class _Kind(NamedTuple):
    """`text` None: what the refusal says."""

    status: int
    text: str | None = None


_INVALID = _Kind(422)
_UNAUTHENTICATED = _Kind(401, "Unauthenticated.")
_NOT_COVERED = _Kind(403, "Phone coverage not active")

_KINDS = {
    "no_credentials": _UNAUTHENTICATED,
    "wrong_credentials": _UNAUTHENTICATED,
    "key_expired": _UNAUTHENTICATED,
    "account_suspended": _Kind(403, "Account is not active"),
    "forbidden": _Kind(403, "Account is not active"),
    "unroutable": _NOT_COVERED,
    "destination_not_allowed": _NOT_COVERED,
    "sender_not_allowed": _Kind(403),
    "insufficient_credit": _Kind(403, "Insufficient balance"),
    "channel_off": _Kind(403, "Gateway not active"),
    "not_found": _Kind(404),
    "group_not_found": _Kind(404, "Group not found"),
    "contact_not_found": _Kind(404, "Contact not found"),
    "campaign_not_found": _Kind(404, "Campaign not found"),
    "method_not_allowed": _Kind(405, "Method not allowed"),
    "request_timeout": _Kind(408),
    "payload_too_large": _Kind(413),
    "unsupported_media_type": _Kind(415),
    "duplicate_contact": _Kind(422, "The phone number has already been taken."),
    "rate_limited": _Kind(429, "Too Many Attempts."),
    "internal_error": _Kind(500, "Internal server error"),
    "queue_full": _Kind(503),
    "store_unavailable": _Kind(503),
    "overloaded": _Kind(503),
}

_encode = Encoder().encode


def said(refusal: Refusal) -> str:
    """A refusal in the words of this API."""
    return _KINDS.get(refusal.code, _INVALID).text or refusal.detail


def refuse(refusal: Refusal, request: BaseRequest) -> Reply:
    headers = JSON
    if refusal.retry_after is not None:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(refusal.retry_after))
    if isinstance(refusal, MethodNotAllowed):
        headers += b"Allow: %b\r\n" % refusal.allow.encode()
    status = _KINDS.get(refusal.code, _INVALID).status
    return Reply(status, _encode(Error("error", said(refusal))), headers)
