"""A POST's body and headers after the Standard Webhooks convention (standardwebhooks.com, specification 1.0)."""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from router.event import LoggedEvent


def join(events: Sequence[LoggedEvent]) -> bytes:
    """The body `{"events": [...]}` from payloads that are JSON already."""
    return b'{"events":[' + b",".join([event.payload for event in events]) + b"]}"


def sign(secret: bytes, name: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of "name.timestamp.body", base64, with its version."""
    digest = hmac.digest(secret, b".".join((name.encode(), timestamp.encode(), body)), "sha256")
    return "v1," + b64encode(digest).decode()


def headers(body: bytes, secret: bytes, now: int) -> dict[str, str]:
    """The three headers of a POST; `now` is milliseconds since the epoch.

    `webhook-id` is a digest of the body: the same events carry the same id at every try, also after a restart, and
    another selection of events another one.
    """
    name = "msg_" + sha256(body).hexdigest()[:32]
    timestamp = str(now // 1000)
    return {
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(secret, name, timestamp, body),
    }
