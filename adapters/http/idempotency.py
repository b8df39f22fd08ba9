"""Idempotency-Key: a request that is sent again is answered, not done, again."""

from hashlib import sha256

from adapters.web.incoming import Incoming
from adapters.web.reply import JSON_HEADERS
from router.refusal import Refusal

REPLAYED = JSON_HEADERS + b"Idempotency-Replayed: true\r\n"


def idempotency_key(incoming: Incoming) -> str | None:
    """The key of a request, if it has one. Raises Refusal invalid_request."""
    key = incoming.raw.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise Refusal("invalid_request", "a key is 1 to 255 printable ASCII characters", "Idempotency-Key")
    return key


def digest_of(key: str | None, incoming: Incoming, body: bytes) -> bytes:
    """What tells one request from another under the same key; nobody asks without a key."""
    if key is None:
        return b""
    request = incoming.raw
    return sha256(f"{request.method} {request.path}\n".encode() + body).digest()
