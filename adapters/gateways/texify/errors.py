"""What Texify says when something is not done; its document shows no error at all."""

from math import ceil
from typing import NamedTuple

from aiohttp.web import BaseRequest
from msgspec import Struct
from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.web.reply import Reply
from adapters.web.routes import MethodNotAllowed
from router.refusal import Refusal


class _Kind(NamedTuple):
    status: int
    code: str


_INVALID = _Kind(400, "VALIDATION_ERROR")
_NOBODY = _Kind(400, "NO_VALID_RECIPIENTS")
_LATER = _Kind(503, "SERVICE_UNAVAILABLE")

_KINDS = {
    "no_credentials": _Kind(401, "API_KEY_REQUIRED"),
    "wrong_credentials": _Kind(401, "INVALID_API_KEY"),
    "key_expired": _Kind(401, "INVALID_API_KEY"),
    "missing_scope": _Kind(403, "INSUFFICIENT_SCOPE"),
    "account_suspended": _Kind(403, "ACCOUNT_SUSPENDED"),
    "forbidden": _Kind(403, "ACCOUNT_SUSPENDED"),
    "sender_not_allowed": _Kind(403, "SENDER_NOT_APPROVED"),
    "no_recipients": _NOBODY,
    "insufficient_credit": _Kind(402, "INSUFFICIENT_CREDITS"),
    "not_found": _Kind(404, "NOT_FOUND"),
    "group_not_found": _Kind(404, "NOT_FOUND"),
    "campaign_not_found": _Kind(404, "NOT_FOUND"),
    "method_not_allowed": _Kind(405, "METHOD_NOT_ALLOWED"),
    "idempotency_mismatch": _Kind(409, "IDEMPOTENCY_CONFLICT"),
    "idempotency_in_progress": _Kind(409, "IDEMPOTENCY_CONFLICT"),
    "not_pending": _Kind(409, "NOT_PENDING"),
    "duplicate_contact": _Kind(409, "DUPLICATE_CONTACT"),
    "payload_too_large": _Kind(413, "VALIDATION_ERROR"),
    "rate_limited": _Kind(429, "RATE_LIMITED"),
    "internal_error": _Kind(500, "INTERNAL_ERROR"),
    "queue_full": _LATER,
    "store_unavailable": _LATER,
    "overloaded": _LATER,
}


class FieldError(Struct):
    field: str
    message: str


class Error(Struct, omit_defaults=True):
    """TX-5."""

    status: str
    message: str
    code: str
    errors: list[FieldError] = []


_encode = Encoder().encode


def refuse(refusal: Refusal, request: BaseRequest) -> Reply:
    kind = _KINDS.get(refusal.code, _INVALID)
    headers = JSON
    if refusal.retry_after is not None:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(refusal.retry_after))
    if isinstance(refusal, MethodNotAllowed):
        headers += b"Allow: %b\r\n" % refusal.allow.encode()
    errors = [FieldError(refusal.field, refusal.detail)] if refusal.field is not None else []
    # `status` of the document is a word, and first.
    body = b'{"status":"error",' + _encode(Error("", refusal.detail, kind.code, errors))[len(b'{"status":"",') :]
    return Reply(kind.status, body, headers)
