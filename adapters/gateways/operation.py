"""What a face is made of, and a request as its operations see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp.web import BaseRequest

from adapters.gateways.domain.keys import Caller
from adapters.web.reply import Reply
from router.refusal import Refusal


class Asked:
    """A request: `params` from its path once it found its operation, `body` whole, `caller` once it was let in."""

    __slots__ = ("body", "caller", "count", "params", "raw", "read", "started")

    caller: Caller

    def __init__(self, raw: BaseRequest, started: float) -> None:
        self.raw = raw
        self.started = started
        self.params: dict[str, str] = {}
        self.body = b""
        # What a face that has its credentials among the parameters has read of them, and what it counted.
        self.read: Any = None
        self.count: Any = None

    @property
    def address(self) -> str:
        """The client's, without port."""
        return self.raw.remote or ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a public API. `scopes`: any of them opens it; `open` needs no credentials; `largest` is the most
    octets of its body where that is not the server's; a `streamed` body is read by the handler. For the API's
    description: `request` and `answer` are the types of bodies (no answer: a page), `query` of the parameters, `takes`
    the media types of the request, `status` that of success."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    summary: str
    handler: Callable[[Asked], Awaitable[Reply]]
    scopes: tuple[str, ...] = ()
    open: bool = False
    largest: int | None = None
    request: Any = None
    query: Any = None
    answer: Any = None
    takes: tuple[str, ...] = ("application/json",)
    status: int = 200
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """One public API. Paths under one of its `bases` are its own, also those that it does not know. `admit` lets a
    request in or raises Refusal; `refuse` says a Refusal in the words of this API; `headers` are lines that every
    answer has beside its own, also a refusal. For its description: `failure` is the type of an error's body, `security`
    the OpenAPI security schemes that open an operation, by name."""

    name: str
    title: str
    bases: tuple[str, ...]
    operations: tuple[Operation, ...]
    admit: Callable[[Asked, Operation], Caller]
    refuse: Callable[[Refusal, BaseRequest], Reply]
    failure: Any
    security: dict[str, Any]
    description: str
    media: str = "application/json"
    headers: Callable[[Asked], bytes] | None = None
