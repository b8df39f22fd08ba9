"""The API's description of itself: the OpenAPI document, and a page that shows it without any other host."""

from collections.abc import Iterable
from pathlib import Path

from msgspec.json import Encoder

from adapters.http.call import Call
from adapters.http.openapi import document
from adapters.web.incoming import Incoming
from adapters.web.reply import Reply

_FOLDER = Path(__file__).parent / "docs"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _File:
    """Answers with one file of the package, read once."""

    def __init__(self, name: str, media: str) -> None:
        self._content = (_FOLDER / name).read_bytes()
        self._headers = (
            f"Content-Type: {media}; charset=utf-8\r\nContent-Security-Policy: {_POLICY}\r\n"
            "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-cache\r\n"
        ).encode()

    async def __call__(self, incoming: Incoming) -> Reply:
        return Reply(200, self._content, self._headers)


class _Document:
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __call__(self, incoming: Incoming) -> Reply:
        return Reply(200, self._content)


def documentation_calls(calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls that describe `calls` and the page; the page's own files are not worth describing."""
    page = Call("GET", "/docs", "This API for people", _File("index.html", "text/html"), "none", media="text/html")
    described = (*calls, page)
    encoded = Encoder().encode(document(described))
    return (
        page,
        Call("GET", "/openapi.json", "The OpenAPI document", _Document(encoded), "none"),
        Call("GET", "/docs/docs.js", "Script of the page", _File("docs.js", "text/javascript"), "none"),
        Call("GET", "/docs/docs.css", "Style of the page", _File("docs.css", "text/css"), "none"),
    )
