"""What is said when something is not done: RFC 9457 problems, each with a stable code."""

from math import ceil
from typing import NamedTuple

from msgspec import Struct
from msgspec.json import Encoder

from adapters.web.reply import PROBLEM_HEADERS, Reply
from adapters.web.routes import MethodNotAllowed
from router.refusal import InvalidConfig, Refusal


class Kind(NamedTuple):
    status: int
    title: str


KINDS = {
    "invalid_json": Kind(400, "Not valid JSON"),
    "unauthorized": Kind(401, "Not authorized"),
    "insufficient_credit": Kind(402, "Not enough credit"),
    "forbidden": Kind(403, "Not allowed"),
    "not_found": Kind(404, "Not found"),
    "method_not_allowed": Kind(405, "Method not allowed"),
    "request_timeout": Kind(408, "The request came too slowly"),
    "too_late": Kind(409, "Too late"),
    "not_submitted": Kind(409, "Not submitted yet"),
    "number_taken": Kind(409, "This id is taken"),
    "idempotency_in_progress": Kind(409, "The first request is still in progress"),
    "payload_too_large": Kind(413, "Body too large"),
    "unsupported_media_type": Kind(415, "Plain JSON is understood"),
    "invalid_request": Kind(422, "Not a valid request"),
    "invalid_config": Kind(422, "The configuration is not valid"),
    "invalid_number": Kind(422, "Not a valid number"),
    "invalid_address": Kind(422, "Not a valid address"),
    "unroutable": Kind(422, "No operator reaches this number"),
    "sender_not_allowed": Kind(422, "Sender not allowed"),
    "too_long": Kind(422, "Too long"),
    "not_encodable": Kind(422, "Not encodable"),
    "destination_not_allowed": Kind(422, "Destination not allowed"),
    "loop": Kind(422, "The message would come back"),
    "opted_out": Kind(422, "The recipient has opted out"),
    "duplicate_message": Kind(422, "The same message was sent just now"),
    "price_too_high": Kind(422, "Price too high"),
    "idempotency_mismatch": Kind(422, "Idempotency-Key used for another request"),
    "wallet_off": Kind(422, "The account has no wallet"),
    "rate_limited": Kind(429, "Too many messages"),
    "internal_error": Kind(500, "Internal error"),
    "queue_full": Kind(503, "Queue full"),
    "store_unavailable": Kind(503, "Store unavailable"),
    "not_ready": Kind(503, "Not ready"),
    "overloaded": Kind(503, "Overloaded"),
    "too_many_connections": Kind(503, "Too many connections"),
}

# A rule of the routes may refuse with a code of its own.
_BY_RULE = Kind(422, "Refused")


class FieldError(Struct, frozen=True):
    """`field` is the path of the offending field, e.g. `messages[3].to`."""

    field: str
    code: str
    detail: str


class FileError(Struct, frozen=True):
    """One error of the configuration files."""

    file: str
    line: int
    detail: str


class Problem(Struct, frozen=True):
    """RFC 9457; `code` never changes, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []


class ConfigProblem(Struct, frozen=True):
    """The problem of a refused reload."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FileError] = []


_encode = Encoder().encode


def refused(refusal: Refusal, more: bytes = b"") -> Reply:
    """The answer to a refused request; `more` are header lines to add."""
    code, detail = refusal.code, refusal.detail
    kind = KINDS.get(code, _BY_RULE)
    errors = [] if refusal.field is None else [FieldError(refusal.field, code, detail)]
    headers = PROBLEM_HEADERS + more
    if refusal.retry_after is not None:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(refusal.retry_after))
    if code == "unauthorized":
        headers += b'WWW-Authenticate: Bearer realm="carrier-router"\r\n'
    if isinstance(refusal, MethodNotAllowed):
        headers += b"Allow: %b\r\n" % refusal.allow.encode()
    body = _encode(Problem(_type(code), kind.title, kind.status, detail, code, errors))
    # What is left of such a body is not worth reading.
    return Reply(kind.status, body, headers, close=code in ("payload_too_large", "request_timeout"))


def invalid_config(error: InvalidConfig) -> Reply:
    """The answer to a reload of files that are not a plan."""
    kind = KINDS["invalid_config"]
    errors = [FileError(file, line, detail) for file, line, detail in error.errors]
    problem = ConfigProblem(_type(error.code), kind.title, kind.status, error.detail, error.code, errors)
    return Reply(kind.status, _encode(problem), PROBLEM_HEADERS)


def malformed() -> Reply:
    """The answer to bytes that are not an HTTP request; the connection is of no more use."""
    kind = KINDS["invalid_json"]
    detail = "this is not a well-formed HTTP/1.1 request"
    problem = Problem(_type("invalid_json"), kind.title, kind.status, detail, "invalid_json")
    return Reply(kind.status, _encode(problem), PROBLEM_HEADERS, close=True)


def full() -> Reply:
    """The answer to a connection more than there may be."""
    return refused(
        Refusal("too_many_connections", "there are too many connections; use fewer and keep them", None, 1.0)
    )


def _type(code: str) -> str:
    return f"urn:carrier-router:problem:{code}"
