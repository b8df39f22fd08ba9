"""One request as the calls see it: its body, its query, who sent it."""

import asyncio
from typing import Any, TypeVar

from aiohttp.web import BaseRequest, RequestPayloadError
from msgspec import DecodeError, ValidationError, convert
from msgspec.json import Decoder

from adapters.web.room import Room
from router.account import Account
from router.refusal import Refusal

SLOW_SENDER = 30.0
"""Seconds a client may take to send a body."""

T = TypeVar("T")


class Incoming:
    """A request that found its call. `account` is set on calls of accounts only; `started` is a monotonic second.

    Its body takes of `room` until `done`.
    """

    __slots__ = ("_held", "_room", "_who", "account", "params", "raw", "started")

    account: Account

    def __init__(self, raw: BaseRequest, started: float, params: dict[str, str], room: Room) -> None:
        self.raw = raw
        self.started = started
        self.params = params
        self._room = room
        self._who = ""
        self._held = 0

    def done(self) -> None:
        """It was answered."""
        if self._held:
            self._room.give_back(self._who, self._held)

    async def body(self, limit: int) -> bytes:
        """The body, at most `limit` octets. Raises Refusal unsupported_media_type, payload_too_large, overloaded,
        request_timeout, invalid_json (where it never came whole)."""
        if encoded(self.raw):
            # What is not JSON will not parse: a Content-Type is not worth refusing a `curl -d` for. Compression is.
            raise Refusal("unsupported_media_type", "compressed bodies are not taken")
        content = self.raw.content
        account = getattr(self, "account", None)
        self._who = "" if account is None else account.name
        try:
            if content.is_eof():
                body = content.read_nowait()
                if len(body) > limit:
                    raise _too_large(limit)
                self._take(len(body))
                return body
            async with asyncio.timeout(SLOW_SENDER):
                return await self._read(limit)
        except RequestPayloadError:
            raise Refusal("invalid_json", "the body is not framed as its headers say") from None
        except TimeoutError:
            raise Refusal("request_timeout", f"the body did not come within {SLOW_SENDER:.0f} seconds") from None

    async def _read(self, limit: int) -> bytes:
        request = self.raw
        announced = request.content_length
        if announced is not None and announced > limit:
            raise _too_large(limit)
        invite(request)
        body = bytearray()
        while piece := await request.content.readany():
            if len(body) + len(piece) > limit:
                raise _too_large(limit)
            self._take(len(piece))
            body += piece
        return bytes(body)

    def _take(self, octets: int) -> None:
        self._room.take(self._who, octets)
        self._held += octets

    def query(self, shape: type[T]) -> T:
        """The query parameters as a value of `shape`, a Struct. Raises Refusal invalid_request."""
        return query_of(self.raw, shape)


def invite(request: BaseRequest) -> None:
    """Tell a client that waits for it to send its body (RFC 9110 section 10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def encoded(request: BaseRequest) -> bool:
    """Whether its body is not what it says, but packed."""
    return request.headers.get("Content-Encoding", "identity").lower() != "identity"


def _too_large(limit: int) -> Refusal:
    return Refusal("payload_too_large", f"the body is larger than the {limit} octets that are taken")


def query_of(request: BaseRequest, shape: type[T], blank: bool = True) -> T:
    """The query parameters as a value of `shape`, a Struct; without `blank` those that hold nothing are absent. Raises
    Refusal invalid_request."""
    given = request.query
    values = {name: value for name, value in given.items() if value or blank}
    if len(set(given)) != len(given):
        raise Refusal("invalid_request", "a query parameter is given twice")
    for name, value in values.items():
        if "\0" in value:
            raise Refusal("invalid_request", "a query parameter holds a NUL character", name)
        # A number written as +237... in a query means a space; nobody means a number that begins with one.
        if name in ("to", "from") and value.startswith(" "):
            values[name] = "+" + value[1:]
    try:
        return convert(values, shape, strict=False)
    except ValidationError as error:
        raise shape_refusal(error) from None


def decode(decoder: Decoder[T], body: Any) -> T:
    """A body in its shape. Raises Refusal invalid_json, or invalid_request with the field."""
    try:
        return decoder.decode(body)
    except ValidationError as error:
        raise shape_refusal(error) from None
    except UnicodeDecodeError:
        raise Refusal("invalid_json", "the body is not valid UTF-8") from None
    except RecursionError:
        raise Refusal("invalid_json", "the body is nested too deeply") from None
    except DecodeError as error:
        raise Refusal("invalid_json", str(error)) from None


def shape_refusal(error: ValidationError) -> Refusal:
    """What the message of msgspec says, with the path of the field apart from the sentence."""
    sentence, _, place = str(error).partition(" - at `$")
    path = place.rstrip("`").lstrip(".")
    # A missing or an unknown field is named in the sentence, its parent in the path.
    if sentence.startswith(("Object missing required field `", "Object contains unknown field `")):
        name = sentence.split("`")[1]
        path = f"{path}.{name}" if path else name
    if " matching regex " in sentence:
        # A pattern is for programs, and stands in the document of the API.
        sentence = "this has a form that is not allowed here; the document of the API says which is"
    return Refusal("invalid_request", sentence[:1].lower() + sentence[1:], path or None)
