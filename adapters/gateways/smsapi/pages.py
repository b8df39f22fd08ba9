"""smsapi's two pages: what describes it, and what that page's sign-in would come back to."""

from collections.abc import Callable
from functools import cached_property
from html import escape

from msgspec.json import encode

from adapters.gateways.openapi import document
from adapters.gateways.operation import Asked, Face
from adapters.gateways.smsapi.errors import JSON
from adapters.web.reply import Reply

_HTML = (
    b"Content-Type: text/html; charset=UTF-8\r\nCache-Control: no-cache, private\r\n"
    b"X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'self'; style-src 'unsafe-inline'\r\n"
)
_CALLBACK = b"""\
<!doctype html>
<html lang="en-US">
<head><title>OAuth2 Redirect</title></head>
<body><script src="oauth2-redirect.js"></script></body>
</html>
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 60em }} td {{ padding: .2em 1em }}</style></head>
<body>
<h1>{title}</h1>
<p>The same as OpenAPI: ask for this address with <code>Accept: application/json</code>.</p>
<table>
{rows}
</table>
</body>
</html>
"""


class Pages:
    def __init__(self, face: Callable[[], Face]) -> None:
        self._face = face

    async def description(self, asked: Asked) -> Reply:
        """SA-17."""
        if "application/json" in asked.raw.headers.get("Accept", "").lower():
            return Reply(200, self._document, JSON)
        return Reply(200, self._page, _HTML)

    async def callback(self, asked: Asked) -> Reply:
        """SA-18."""
        return Reply(200, _CALLBACK, _HTML)

    @cached_property
    def _document(self) -> bytes:
        return encode(document(self._face()))

    @cached_property
    def _page(self) -> bytes:
        face = self._face()
        rows = "\n".join(
            f"<tr><td><code>{one.method}</code></td><td><code>{escape(one.path)}</code></td>"
            f"<td>{escape(one.summary)}</td></tr>"
            for one in face.operations
        )
        return _PAGE.format(title=escape(face.title), rows=rows).encode()
