"""The API's description of itself: the OpenAPI document, and a page that shows it."""

from collections.abc import Callable, Iterable
from functools import partial

from adapters.http.call import Call
from adapters.http.openapi import document
from adapters.web.incoming import Incoming
from adapters.web.openapi import Written
from adapters.web.page import page, script, style
from adapters.web.reply import Reply


class _Fixed:
    """Answers the same each time."""

    def __init__(self, answer: Callable[[], Reply]) -> None:
        self._answer = answer

    async def __call__(self, incoming: Incoming) -> Reply:
        return self._answer()


def documentation_calls(calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls that describe `calls` and the page; the page's own files are not worth describing."""
    shown = _Fixed(partial(page, "Carrier Router API", "/openapi.json"))
    described = Call("GET", "/docs", "This API for people", shown, "none", media="text/html")
    written = Written(lambda: document((*calls, described)))
    return (
        described,
        Call("GET", "/openapi.json", "The OpenAPI document", _Fixed(written), "none"),
        Call("GET", "/docs/docs.js", "Script of the page", _Fixed(script), "none"),
        Call("GET", "/docs/docs.css", "Style of the page", _Fixed(style), "none"),
    )
