"""What TextDigo says when something is not done: one shape, the codes of TD-11, and some that it lacks (TD-13)."""

from math import ceil
from typing import NamedTuple

from aiohttp.web import BaseRequest
from msgspec import Struct
from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.textdigo import words
from adapters.gateways.textdigo.checking import BODY, Code, Invalid, Problem
from adapters.gateways.textdigo.words import Locale, Said
from adapters.web.reply import Reply
from adapters.web.routes import MethodNotAllowed
from router.ports.clock import Clock
from router.refusal import Refusal


class About(Refusal):
    """A Refusal whose sentence names `what`: the number, the address, the channel."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(code, what)
        self.what = what


class Kind(NamedTuple):
    status: int
    code: str
    said: Said


_INVALID = Kind(422, "VALIDATION_FAILED", words.INVALID)
_UNSUPPORTED = Kind(422, "PUBLIC_API_UNSUPPORTED_PHONE_NUMBER", words.UNSUPPORTED)
_WRONG = Kind(401, "API_KEY_INVALID_CREDENTIALS", words.WRONG_CREDENTIALS)
_NOT_ACTIVE = Kind(403, "API_KEY_ORG_NOT_ACTIVE", words.NOT_ACTIVE)
_RATE = Kind(429, "RATE_LIMITED", words.RATE)
_NO_CODE = Kind(404, "PUBLIC_API_OTP_CONTACT_NOT_FOUND", words.OTP_CONTACT)
_LATER = Kind(503, "SERVICE_UNAVAILABLE", words.UNAVAILABLE)

_KINDS = {
    "no_credentials": Kind(401, "API_KEY_MISSING_CREDENTIALS", words.NO_CREDENTIALS),
    "wrong_credentials": _WRONG,
    "key_expired": _WRONG,
    "account_suspended": _NOT_ACTIVE,
    "forbidden": _NOT_ACTIVE,
    "invalid_number": Kind(422, "PUBLIC_API_INVALID_PHONE_NUMBER", words.PHONE_NUMBER),
    "invalid_address": Kind(422, "PUBLIC_API_INVALID_EMAIL", words.EMAIL),
    "no_recipients": Kind(422, "PUBLIC_API_INVALID_RECIPIENTS", words.RECIPIENTS),
    "unroutable": _UNSUPPORTED,
    "price_too_high": _UNSUPPORTED,
    "destination_not_allowed": _UNSUPPORTED,
    "loop": _UNSUPPORTED,
    "opted_out": _UNSUPPORTED,
    "sender_not_allowed": Kind(422, "PUBLIC_API_SENDER_NOT_APPROVED", words.SENDER),
    "channel_off": Kind(422, "PUBLIC_API_CANAL_NOT_ACTIVE", words.CANAL),
    "insufficient_credit": Kind(402, "PUBLIC_API_INSUFFICIENT_BALANCE", words.BALANCE),
    "message_not_found": Kind(404, "PUBLIC_API_MESSAGE_NOT_FOUND", words.MESSAGE),
    "code_not_found": _NO_CODE,
    "code_not_active": _NO_CODE,
    "code_failed": _NO_CODE,
    "line_not_found": Kind(404, "PUBLIC_API_WAB_ACCOUNT_NOT_FOUND", words.WHATSAPP_ACCOUNT),
    "template_not_found": Kind(404, "PUBLIC_API_TEMPLATE_NOT_FOUND", words.TEMPLATE),
    "group_not_found": Kind(404, "PUBLIC_API_PROFILE_NOT_FOUND", words.PROFILE),
    "file_too_large": Kind(413, "PUBLIC_API_FILE_TOO_LARGE", words.FILE_TOO_LARGE),
    "payload_too_large": Kind(422, "VALIDATION_FAILED", words.TOO_LARGE),
    "not_found": Kind(404, "NOT_FOUND", words.NOT_FOUND),
    "method_not_allowed": Kind(405, "METHOD_NOT_ALLOWED", words.METHOD),
    "rate_limited": _RATE,
    "duplicate_message": _RATE,
    "code_too_soon": _RATE,
    "too_many_codes": _RATE,
    "internal_error": Kind(500, "INTERNAL_ERROR", words.INTERNAL),
    "queue_full": _LATER,
    "store_unavailable": _LATER,
    "overloaded": _LATER,
}

# Of what the engine refuses in a field, what is wrong with it.
_CODES: dict[str, Code] = {"too_long": "too_long", "payload_too_large": "too_long"}


class Detail(Struct):
    """TD-8."""

    field: str
    message: str
    code: str


class Error(Struct):
    """TD-7."""

    statusCode: int
    errorCode: str
    message: str
    details: list[Detail]
    timestamp: str
    path: str


_encode = Encoder().encode
_CHALLENGE = b'WWW-Authenticate: Basic realm="api"\r\n'


def code_of(refusal: Refusal) -> str:
    """The errorCode of a refusal."""
    return _KINDS.get(refusal.code, _INVALID).code


def locale_of(request: BaseRequest) -> Locale:
    """TD-2."""
    return "fr" if request.headers.get("x-locale", "").strip().lower() == "fr" else "en"


def refuse(clock: Clock, refusal: Refusal, request: BaseRequest) -> Reply:
    kind = _KINDS.get(refusal.code, _INVALID)
    locale = locale_of(request)
    headers = JSON
    if kind.status == 401:
        headers += _CHALLENGE
    wait = refusal.retry_after
    if wait is not None or kind.status == 429:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(wait or 1))
    if isinstance(refusal, MethodNotAllowed):
        headers += b"Allow: %b\r\n" % refusal.allow.encode()
    what = refusal.what if isinstance(refusal, About) else ""
    details = [
        Detail(problem.field, words.of_problem(problem, locale), problem.code) for problem in _problems(kind, refusal)
    ]
    message = " ".join(kind.said.of(locale).format(what).split())
    error = Error(kind.status, kind.code, message, details, milliseconds_utc(clock.now()), request.path)
    return Reply(kind.status, _encode(error), headers)


def _problems(kind: Kind, refusal: Refusal) -> tuple[Problem, ...]:
    if isinstance(refusal, Invalid):
        return refusal.problems
    if kind.code != "VALIDATION_FAILED":
        return ()
    return (Problem(refusal.field or BODY, _CODES.get(refusal.code, "format")),)
