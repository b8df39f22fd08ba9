"""Sessions of the console: what stands for the admin token in a browser, so that the token is never kept there."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from time import monotonic

from aiohttp.web import BaseRequest

COOKIE = "carrier_router_console"
HEADER = "X-Carrier-Router-Console"
"""A page of another origin cannot send this header (Fetch standard, CORS): a cookie without it counts for nothing."""

IDLE = 15 * 60.0
LONGEST = 8 * 3600.0
"""Seconds without a request, and in all, after which a session is over."""

MOST = 100


@dataclass(slots=True)
class _Session:
    key: bytes
    ends: float
    idle_at: float


class Sessions:
    """At most a hundred, in memory only: the oldest goes for a new one, and a restart ends them all. They end too when
    the admin token is changed. `admin_key` gives the SHA-256 of the one in force."""

    def __init__(self, admin_key: Callable[[], bytes | None], now: Callable[[], float] = monotonic) -> None:
        self._admin_key = admin_key
        self._now = now
        self._open: dict[bytes, _Session] = {}

    @property
    def enabled(self) -> bool:
        """Whether there is an admin token to open one with."""
        return self._admin_key() is not None

    def open(self) -> str:
        """A new session's id; whoever asks has shown the admin token in force."""
        key, now = self._admin_key(), self._now()
        assert key is not None
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        id = secrets.token_urlsafe(32)
        self._open[_name(id)] = _Session(key, now + LONGEST, now + IDLE)
        return id

    def close(self, request: BaseRequest) -> None:
        """End the session of a request, if it has one."""
        self._open.pop(_name(request.cookies.get(COOKIE, "")), None)

    def admits(self, request: BaseRequest) -> bool:
        """Whether the request comes from our page in a session; that keeps it open."""
        name = _name(request.cookies.get(COOKIE, ""))
        session = self._open.get(name)
        if session is None or not from_our_page(request):
            return False
        key, now = self._admin_key(), self._now()
        if key is None or not compare_digest(key, session.key) or now >= min(session.ends, session.idle_at):
            del self._open[name]
            return False
        session.idle_at = now + IDLE
        return True


def from_our_page(request: BaseRequest) -> bool:
    """Whether no page but ours can have made this request."""
    return request.headers.get(HEADER) == "1" and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _name(id: str) -> bytes:
    # By its hash, so that the time a look-up takes tells nothing of the ids there are.
    return sha256(id.encode("utf-8", "surrogateescape")).digest()
