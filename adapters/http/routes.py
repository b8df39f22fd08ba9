"""The table of calls, and finding the one that a request means."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp.web import BaseRequest, StreamResponse

from adapters.http.incoming import Incoming
from adapters.http.problem import MethodNotAllowed
from router.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API: how it is reached, who may, what goes in and out. Its documentation is made of this.

    `answer` is the type of a JSON answer, `media` the kind of any other; `codes` are the problems of its own,
    beside those that its `auth`, its body and its query bring; `submits` marks those that take messages and an
    Idempotency-Key; `audit` is the name under which whatever comes of it goes on record.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    handler: Callable[[Incoming], Awaitable[StreamResponse]]
    auth: Literal["none", "account", "admin"]
    answer: Any = None
    media: str = "application/json"
    status: int = 200
    request: Any = None
    body_needed: bool = True
    query: Any = None
    codes: tuple[str, ...] = ()
    submits: bool = False
    audit: str | None = None


class Routes:
    """Finds calls by method and path: fixed paths by a dictionary, those with a {name} by their pieces."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self._fixed: dict[str, dict[str, Call]] = {}
        self._patterns: list[tuple[list[str], dict[str, Call]]] = []
        for call in calls:
            if "{" not in call.path:
                self._fixed.setdefault(call.path, {})[call.method] = call
                continue
            pieces = call.path.split("/")
            for known, methods in self._patterns:
                if known == pieces:
                    methods[call.method] = call
                    break
            else:
                self._patterns.append((pieces, {call.method: call}))

    def find(self, request: BaseRequest) -> tuple[Call, dict[str, str]]:
        """The call and the named pieces of the path. Raises Refusal not_found, invalid_request, MethodNotAllowed."""
        path = request.raw_path
        methods = self._fixed.get(path)
        params: dict[str, str] = {}
        if methods is None:
            if not path.isascii():
                raise Refusal("invalid_request", "the address has to be percent-encoded")
            path = request.path
            methods = self._fixed.get(path)
            if methods is None:
                methods, params = self._match(path.split("/"))
        method = request.method
        call = methods.get("GET" if method == "HEAD" else method)
        if call is None:
            raise MethodNotAllowed(", ".join([*methods, "HEAD"] if "GET" in methods else methods))
        return call, params

    def _match(self, given: list[str]) -> tuple[dict[str, Call], dict[str, str]]:
        for pieces, methods in self._patterns:
            if len(pieces) == len(given) and all(
                wanted == got or (wanted.startswith("{") and got) for wanted, got in zip(pieces, given, strict=True)
            ):
                return methods, {
                    wanted[1:-1]: got for wanted, got in zip(pieces, given, strict=True) if wanted.startswith("{")
                }
        raise _not_found()


def _not_found() -> Refusal:
    return Refusal("not_found", "there is nothing at this path")
