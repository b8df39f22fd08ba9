"""What FullSMS says when something is not done: 403 for credentials, 422 for fields, each condition its own body."""

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from aiohttp.web import BaseRequest
from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.fullsms.shapes import Error
from adapters.web.reply import Reply
from adapters.web.routes import MethodNotAllowed
from router.refusal import Refusal


class Invalid(Refusal):
    """Fields that are wrong: what is said of each, by its name (`to_numbers.0` for an item)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("invalid_request", "the request is not valid")
        self.errors = {name: [text] for name, text in errors.items()}


class _Kind(NamedTuple):
    """`text` None: what the refusal says. `code`: whether the body has its status as `code` too."""

    status: int
    text: str | None = None
    code: bool = False
    declined: bool = False


_UNAUTHENTICATED = _Kind(403, "Unauthenticated - Missing/Invalid API key")
_DENIED = _Kind(403, "Access Denied")
_LATER = _Kind(503)

# FS-2 to FS-10.
_KINDS = {
    "no_credentials": _UNAUTHENTICATED,
    "wrong_credentials": _UNAUTHENTICATED,
    "key_expired": _UNAUTHENTICATED,
    "account_suspended": _DENIED,
    "forbidden": _DENIED,
    "number_not_allowed": _Kind(403, "Number invalid, inactive or unknown"),
    "sender_not_allowed": _Kind(403, "Sender ID is not approved"),
    "short_link": _Kind(403, "Shortlinks are not allowed in your account. You may use templates without shortlinks."),
    "template_not_found": _Kind(404, "Template not found or not valid", declined=True),
    "code_not_found": _Kind(404, "OTP_ID does not exist", declined=True),
    "code_not_active": _Kind(422, "OTP is not active"),
    "code_too_soon": _Kind(
        429,
        "Two active requests to the same number are not allowed. You may try again when 30 seconds has passed from the"
        " first OTP verification was created",
        code=True,
    ),
    "too_many_codes": _Kind(429, code=True),
    "code_failed": _Kind(429, "Wrong code too many times", code=True),
    "rate_limited": _Kind(429, "Too Many Requests", code=True),
    "not_found": _Kind(404, "Not Found"),
    "method_not_allowed": _Kind(405, "Method Not Allowed"),
    "request_timeout": _Kind(408),
    "payload_too_large": _Kind(413),
    "unsupported_media_type": _Kind(415),
    "queue_full": _LATER,
    "store_unavailable": _LATER,
    "overloaded": _LATER,
    "internal_error": _Kind(500, "Internal Error"),
}

_encode = Encoder().encode


def refuse(refusal: Refusal, request: BaseRequest) -> Reply:
    headers = JSON
    if refusal.retry_after is not None:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(refusal.retry_after))
    if isinstance(refusal, MethodNotAllowed):
        headers += b"Allow: %b\r\n" % refusal.allow.encode()
    kind = _KINDS.get(refusal.code)
    if refusal.code == "insufficient_credit":
        error = Error(refusal.detail, 422, "declined", "balance_low")
    elif kind is None:
        of_codes = request.path.startswith("/otp")
        error = Error("422 Unprocessable Content", 422, code=422 if of_codes else None, errors=_errors_of(refusal))
    else:
        error = Error(
            kind.text or refusal.detail,
            kind.status,
            status="declined" if kind.declined else None,
            code=kind.status if kind.code else None,
        )
    return Reply(error.status_code, _encode(error), headers)


def _errors_of(refusal: Refusal) -> dict[str, list[str]]:
    if isinstance(refusal, Invalid):
        return refusal.errors
    return {refusal.field or "body": [refusal.detail]}
