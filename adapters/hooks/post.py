"""One POST to a webhook: only to addresses that may be reached, without following where it leads."""

from collections.abc import Mapping, Sequence
from io import BytesIO

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver

from adapters.hooks.addresses import Network, guarded_socket

_CONNECT = 5.0  # seconds
_ANSWER = 64 * 1024  # octets of an answer that are read, to keep the connection


def open_session(
    allowed: Sequence[Network], resolver: AbstractResolver | None, connections: int, total: float
) -> ClientSession:
    """For POSTs of JSON that take at most `total` seconds each, by so many connections at once. `allowed` are the
    private networks that may be reached; `resolver` replaces the system's name look-up."""
    return ClientSession(
        connector=TCPConnector(socket_factory=guarded_socket(allowed), resolver=resolver, limit=connections),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(connect=_CONNECT, total=total),
        auto_decompress=False,  # answers are dropped unread
        headers={"User-Agent": "carrier-router", "Content-Type": "application/json"},
    )


async def post(session: ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    """None when it was acknowledged (2xx), else the reason, which does not hold the URL."""
    try:
        async with session.post(
            url,
            data=BytesIO(body),  # aiohttp writes a stream in pieces, bytes at once
            headers=headers,
            allow_redirects=False,
        ) as response:
            acknowledged = 200 <= response.status < 300
            await _drop(response)
            return None if acknowledged else f"status {response.status}"
    except TimeoutError:
        return "no answer in time"
    except InvalidURL:
        return "the URL is not valid"
    except ClientResponseError:  # its own words hold the whole URL, and that may hold a key
        return "the answer is not HTTP"
    except (ClientError, OSError) as error:
        return str(error) or type(error).__name__


async def _drop(response: ClientResponse) -> None:
    """Read a short answer to its end, so that the connection can be used again; cut a long one off.

    The status has decided already: whatever goes wrong here does not matter.
    """
    left = _ANSWER
    try:
        while left > 0:
            piece = await response.content.read(left)
            if not piece:
                return
            left -= len(piece)
    except (ClientError, OSError, TimeoutError):
        pass
    response.close()
