"""How a load is written as HTTP requests, and what says that a request was taken: for us, and for Kannel's smsbox."""

from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from router.cli.bench.messages import number


class Dialect(Protocol):
    """`batch` messages travel in one request."""

    batch: int

    def writer(self) -> Callable[[int, int, int], bytes]:
        """Makes request number `ordinal` with `count` messages from index `first` on, as octets."""

    def taken(self, status: bytes, body: bytes, count: int) -> bool:
        """Whether the answer says that all of them were taken."""


class ToRouter(msgspec.Struct, frozen=True, tag="router"):
    """Our own API. Requests go to the accounts of `tokens` in turn; a batch of 1 is a single submit."""

    tokens: list[str]
    text: str
    encoding: str
    batch: int

    def writer(self) -> Callable[[int, int, int], bytes]:
        path = b"/v1/messages" if self.batch == 1 else b"/v1/batches"
        heads = [
            b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %b\r\n"
            b"Content-Type: application/json\r\nContent-Length: " % (path, token.encode())
            for token in self.tokens
        ]
        tail = msgspec.json.encode({"from": "ACME", "text": self.text, "encoding": self.encoding}).decode()[1:]
        message = '{"to":"%s","reference":"%d",' + tail.replace("%", "%%")
        accounts = len(heads)

        def single(ordinal: int, first: int, count: int) -> bytes:
            body = (message % (number(first), first)).encode()
            return b"%b%d\r\n\r\n%b" % (heads[ordinal % accounts], len(body), body)

        def batch(ordinal: int, first: int, count: int) -> bytes:
            messages = ",".join([message % (number(index), index) for index in range(first, first + count)])
            body = f'{{"messages":[{messages}]}}'.encode()
            return b"%b%d\r\n\r\n%b" % (heads[ordinal % accounts], len(body), body)

        return single if self.batch == 1 else batch

    def taken(self, status: bytes, body: bytes, count: int) -> bool:
        return status == b"202" and (self.batch == 1 or body.startswith(b'{"accepted":%d,' % count))


class ToKannel(msgspec.Struct, frozen=True, tag="kannel"):
    """smsbox's sendsms, one message a request; the receipt comes to `receipts`, a URL without a query."""

    username: str
    password: str
    text: str
    encoding: str
    receipts: str
    batch: int = 1

    def writer(self) -> Callable[[int, int, int], bytes]:
        fields = {"username": self.username, "password": self.password, "from": "ACME", "text": self.text}
        fields |= {"charset": "UTF-8", "coding": "2" if self.encoding == "ucs2" else "0", "dlr-mask": "3"}
        head = f"GET /cgi-bin/sendsms?{urlencode(fields)}".replace("%", "%%")
        # %d in a dlr-url is what smsbox replaces by the kind of the receipt.
        url = urlencode({"dlr-url": f"{self.receipts}?type=%d&reference="}).replace("%", "%%")
        line = f"{head}&to=%s&{url}%d HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n"
        return lambda ordinal, first, count: (line % (number(first)[1:], first)).encode()

    def taken(self, status: bytes, body: bytes, count: int) -> bool:
        return status == b"202"
