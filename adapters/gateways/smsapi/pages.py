"""smsapi's two pages: what describes it, and what that page's sign-in would come back to."""

from collections.abc import Callable

from adapters.gateways.openapi import document
from adapters.gateways.operation import Asked, Face
from adapters.gateways.smsapi.errors import JSON
from adapters.web.openapi import Written
from adapters.web.page import page
from adapters.web.reply import Reply

_HTML = (
    b"Content-Type: text/html; charset=UTF-8\r\nCache-Control: no-cache, private\r\n"
    b"X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'self'\r\n"
)
_CALLBACK = b"""\
<!doctype html>
<html lang="en-US">
<head><title>OAuth2 Redirect</title></head>
<body><script src="oauth2-redirect.js"></script></body>
</html>
"""


class Pages:
    def __init__(self, face: Callable[[], Face]) -> None:
        self._face = face
        self._written = Written(lambda: document(face()), JSON)

    async def description(self, asked: Asked) -> Reply:
        """SA-17."""
        if "application/json" in asked.raw.headers.get("Accept", "").lower():
            return self._written()
        face = self._face()
        return page(face.title, f"/openapi/{face.name}.json")

    async def callback(self, asked: Asked) -> Reply:
        """SA-18."""
        return Reply(200, _CALLBACK, _HTML)
