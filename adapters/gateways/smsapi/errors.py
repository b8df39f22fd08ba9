"""What smsapi says when something is not done."""

from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

from aiohttp.web import BaseRequest
from msgspec.json import Encoder

from adapters.web.reply import Reply
from adapters.web.routes import MethodNotAllowed
from router.refusal import Refusal

JSON = (
    b"Content-Type: application/json\r\nCache-Control: no-cache, private\r\nAccess-Control-Allow-Origin: *\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
)
"""SA-2: the header lines of every JSON answer."""

V2 = "/api/v2/"
"""What every path begins with that takes an API key and counts requests."""

_SENDS = (f"{V2}sms/send",)
_KEYS = ("/api/generate-key", "/api/revoke-key", "/api/regenerate-key")


class _Kind(NamedTuple):
    """`text` None: what the refusal says."""

    status: int
    text: str | None = None


_INVALID = _Kind(400)
_UNAUTHORIZED = _Kind(401, "Unauthorized.")

_KINDS = {
    "account_suspended": _Kind(403, "Account is not active"),
    "forbidden": _Kind(403, "Account is not active"),
    "invalid_number": _Kind(400, "Invalid phone number format."),
    "unroutable": _Kind(400, "No route to destination."),
    "sender_not_allowed": _Kind(403, "Sender ID is not approved."),
    "insufficient_credit": _Kind(402, "Insufficient balance"),
    "key_exists": _Kind(409, "An active API key already exists"),
    "no_key": _Kind(404, "No active API key"),
    "not_found": _Kind(404, "Not Found"),
    "method_not_allowed": _Kind(405, "Method Not Allowed"),
    "request_timeout": _Kind(408),
    "payload_too_large": _Kind(413),
    "unsupported_media_type": _Kind(415),
    "rate_limited": _Kind(429, "Too Many Requests"),
    "queue_full": _Kind(503),
    "store_unavailable": _Kind(503),
    "overloaded": _Kind(503),
}
_WITH_PASSWORD = {
    "no_credentials": _UNAUTHORIZED,
    "wrong_credentials": _UNAUTHORIZED,
    "key_expired": _UNAUTHORIZED,
}
_WITH_KEY = {
    "no_credentials": _Kind(401, "API key is required"),
    "wrong_credentials": _Kind(401, "Invalid API key"),
    "key_expired": _Kind(401, "API key has expired"),
}
_HELP = "Provide X-API-Key header or api_key parameter"

# What clients of a send read as `message` (SA-15); who may not come in at all is told in one field.
_OF_THE_SEND = (400, 402)

encode = Encoder().encode


def refuse(refusal: Refusal, request: BaseRequest) -> Reply:
    path = request.path.rstrip("/")
    with_key = path.startswith(V2)
    code = refusal.code
    kind = (_WITH_KEY if with_key else _WITH_PASSWORD).get(code) or _KINDS.get(code, _INVALID)
    headers = JSON
    if refusal.retry_after is not None:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(refusal.retry_after))
    if isinstance(refusal, MethodNotAllowed):
        headers += b"Allow: %b\r\n" % refusal.allow.encode()
    if code == "internal_error":
        return Reply(500, b'{"message":"Server Error"}', headers)
    said = _with_words(refusal)
    if code == "invalid_request" and path in _KEYS:
        field = {refusal.field: [said]} if refusal.field is not None else {}
        return Reply(422, encode({"message": said, "errors": field}), headers)
    body: Mapping[str, Any] = {"error": kind.text or said}
    if with_key and code == "no_credentials":
        body = {**body, "help": _HELP}
    if path in _SENDS and (kind.status in _OF_THE_SEND or code == "sender_not_allowed"):
        body = {**body, "success": False, "message": body["error"]}
    return Reply(kind.status, encode(body), headers)


def _with_words(refusal: Refusal) -> str:
    """What a refusal says, with its field's name as the framework of this API writes it."""
    field = refusal.field
    return refusal.detail if field is None else refusal.detail.replace(field, field.replace("_", " "))
