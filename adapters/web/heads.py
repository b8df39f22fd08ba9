"""Request heads that were judged before: a head that comes again means what it meant."""

import re
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import HttpVersion11
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy

from adapters.web.reply import Reply

MOST = 1024
"""Heads that are remembered; the oldest goes first."""

LONGEST = 2048
"""Octets of a head that is worth remembering."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r")
_IDEMPOTENCY_KEY = re.compile(rb"(?i)\r\nidempotency-key:[ \t]*([!-~]{1,255})[ \t]*\r")

Direct = Callable[[bytes, Callable[[Reply], None]], bool]
"""Takes the body of a request and who is told the answer; False, and nothing was done, where it has to be answered by a
task after all."""


class Framed(NamedTuple):
    """A request in what a client has sent: `key` is its head without what may differ, its length and the value of its
    Idempotency-Key (`idempotency`, nothing where it has none), or nothing where it is no POST or no length is given;
    its body begins at `body` and ends at `end`."""

    key: bytes
    idempotency: bytes
    body: int
    end: int


class Known(NamedTuple):
    """What a head means. `direct`, where there is one, answers its requests without a task each."""

    message: RawRequestMessage
    direct: Direct | None

    def of(self, length: int, idempotency: bytes) -> RawRequestMessage:
        """The head of a request with this length and this Idempotency-Key, if it has one."""
        headers = CIMultiDict(self.message.headers)
        headers["Content-Length"] = str(length)
        if idempotency:
            headers["Idempotency-Key"] = idempotency.decode()
        return self.message._replace(headers=CIMultiDictProxy(headers))


def framed(data: bytes, at: int = 0) -> Framed | None:
    """The request that begins at `at`; None where its head is not complete."""
    body = data.find(b"\r\n\r\n", at) + 4
    if body < 4:
        return None
    length = _LENGTH.search(data, at, body)
    if length is None:
        return Framed(b"", b"", body, body)
    start, stop = length.span(1)
    end = body + int(length[1])
    if not data.startswith(b"POST ", at):
        return Framed(b"", b"", body, end)
    given = _IDEMPOTENCY_KEY.search(data, at, body)
    if given is None:
        return Framed(data[at:start] + data[stop:body], b"", body, end)
    (first, behind), (second, last) = sorted([(start, stop), given.span(1)])
    # No head without a key begins like this, also where the value of its key is empty.
    return Framed(b"key " + data[at:first] + data[behind:second] + data[last:body], given[1], body, end)


class Heads:
    """Remembers heads of POST requests that leave their connection open.

    Only aiohttp's parser judges a head, once; the same octets again are not parsed again. What may differ is read here.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def find(self, key: bytes) -> Known | None:
        return self._known.get(key)

    def wants(self, key: bytes, message: RawRequestMessage) -> bool:
        """Whether the head of `message` is worth remembering and is not known yet."""
        return 0 < len(key) <= LONGEST and key not in self._known and _plain(message)

    def learn(self, key: bytes, known: Known) -> None:
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[key] = known


def _plain(message: RawRequestMessage) -> bool:
    """Whether nothing but its length frames the body, and more requests may follow."""
    return message.version == HttpVersion11 and not (message.should_close or message.upgrade or message.chunked)
