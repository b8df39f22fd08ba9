"""Finding the call that a request means."""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from aiohttp.web import BaseRequest

from router.refusal import Refusal


class Routed(Protocol):
    """What is reached by a method and a path; a piece of the path may be a {name}."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


C = TypeVar("C", bound=Routed)


class MethodNotAllowed(Refusal):
    """`allow` lists the methods that this path knows."""

    def __init__(self, allow: str) -> None:
        super().__init__("method_not_allowed", f"this path answers to {allow}")
        self.allow = allow


class Routes(Generic[C]):
    """Finds calls by method and path: fixed paths by a dictionary, those with a {name} by their pieces."""

    def __init__(self, calls: Iterable[C]) -> None:
        self._fixed: dict[str, dict[str, C]] = {}
        self._patterns: list[tuple[list[str], dict[str, C]]] = []
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

    def find(self, request: BaseRequest) -> tuple[C, dict[str, str]]:
        """The call and the named pieces of the path. Raises Refusal not_found, invalid_request, MethodNotAllowed."""
        path = request.raw_path
        if path not in self._fixed:
            if not path.isascii():
                raise Refusal("invalid_request", "the address has to be percent-encoded")
            path = request.path
        return self.at(request.method, path)

    def at(self, method: str, path: str) -> tuple[C, dict[str, str]]:
        """The same by method and decoded path. Raises Refusal not_found, MethodNotAllowed."""
        params: dict[str, str] = {}
        methods = self._fixed.get(path)
        if methods is None:
            methods, params = self._match(path.split("/"))
        call = methods.get("GET" if method == "HEAD" else method)
        if call is None:
            raise MethodNotAllowed(", ".join([*methods, "HEAD"] if "GET" in methods else methods))
        return call, params

    def _match(self, given: list[str]) -> tuple[dict[str, C], dict[str, str]]:
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
