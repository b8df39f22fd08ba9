"""What tells a carrier who we are; for OAuth2 a token that is kept until it ends."""

import asyncio
from base64 import b64encode
from typing import Final
from urllib.parse import quote_plus

from adapters.http_operator.answer import Answered
from adapters.http_operator.client import Client, NoAnswer, NotSent
from adapters.http_operator.request import Prepared, form_encoded
from router.http_calls import Auth, BasicAuth, HeaderAuth, OAuth2
from router.ports.clock import Clock

_EARLY: Final = 30.0
"""Seconds before its end a token is not used any more."""
_UNSAID: Final = 300.0
"""Seconds a token lives that does not say how long."""


class Login:
    """Signs requests. Used from one event loop."""

    def __init__(self, auth: Auth, client: Client, clock: Clock) -> None:
        self._auth = auth
        self._client = client
        self._clock = clock
        self._token: str | None = None
        self._ends = 0.0
        self._asking: asyncio.Task[str] | None = None

    async def send(self, prepared: Prepared) -> Answered:
        """The answer to a request. Raises NotSent, NoAnswer."""
        auth = self._auth
        if isinstance(auth, HeaderAuth):
            prepared.headers[auth.name] = auth.value
        elif isinstance(auth, BasicAuth):
            prepared.headers["Authorization"] = _basic(auth.username, auth.password)
        elif isinstance(auth, OAuth2):
            return await self._send_with_token(prepared, auth)
        return await self._client.send(prepared)

    async def get_ready(self) -> None:
        """Have a token, where one is needed. Raises NotSent."""
        if isinstance(self._auth, OAuth2):
            await self._get_token(self._auth)

    async def _send_with_token(self, prepared: Prepared, auth: OAuth2) -> Answered:
        token = await self._get_token(auth)
        prepared.headers["Authorization"] = f"Bearer {token}"
        answered = await self._client.send(prepared)
        if answered.status != 401:
            return answered
        # It was taken back before its time: what is refused so was not taken.
        if self._token == token:
            self._token = None
        prepared.headers["Authorization"] = f"Bearer {await self._get_token(auth)}"
        return await self._client.send(prepared)

    async def _get_token(self, auth: OAuth2) -> str:
        """Raises NotSent."""
        if self._token is not None and self._clock.monotonic() < self._ends:
            return self._token
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask(auth))
            self._asking.add_done_callback(self._asked)
        # Who waits shares what comes of it, also a failure: one after the other would wait for as many.
        return await asyncio.shield(self._asking)

    def _asked(self, task: asyncio.Task[str]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait((self._asking,))

    async def _ask(self, auth: OAuth2) -> str:
        form = [("grant_type", "client_credentials")]
        form += [(name, value) for name, value in (("scope", auth.scope), ("audience", auth.audience)) if value]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if auth.credentials == "header":
            # RFC 6749 section 2.3.1 wants both of them form-encoded.
            headers["Authorization"] = _basic(quote_plus(auth.client_id), quote_plus(auth.client_secret))
        else:
            form += [("client_id", auth.client_id), ("client_secret", auth.client_secret)]
        try:
            answered = await self._client.send(Prepared("POST", auth.token_url, headers, form_encoded(form).encode()))
        except NoAnswer as error:
            raise NotSent(f"no token: {error}") from None
        document = answered.document
        token = document.get("access_token") if isinstance(document, dict) else None
        if answered.status != 200 or not isinstance(token, str) or not (token.isascii() and token.isprintable()):
            raise NotSent(f"no token: HTTP {answered.status}")
        lives = document.get("expires_in")
        # Some write the number as text.
        if isinstance(lives, str) and lives.isascii() and lives.isdigit() and len(lives) < 10:
            lives = int(lives)
        seconds = float(lives) if isinstance(lives, int | float) and not isinstance(lives, bool) else _UNSAID
        self._ends = self._clock.monotonic() + max(seconds - _EARLY, seconds / 2)
        self._token = token
        return token


def _basic(username: str, password: str) -> str:
    """RFC 7617."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
