"""In and out of the console."""

from time import monotonic
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import Decoder, Encoder

from adapters.http.console.attempts import Attempts
from adapters.http.services import Services
from adapters.http.sessions import COOKIE, HEADER, LONGEST, Sessions, from_our_page
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import JSON_HEADERS, Reply
from router.refusal import Refusal

_LARGEST = 4096


class LoginRequest(Struct, forbid_unknown_fields=True):
    token: Annotated[str, Meta(min_length=1, max_length=1024)]


class SessionView(Struct):
    """`state` is open, closed (nobody is logged in here) or off (there is no admin token to log in with)."""

    state: str


_decoder = Decoder(LoginRequest)
_encode = Encoder().encode


class LoginCalls:
    """`secure` where the browser comes by TLS: then the cookie goes by nothing else."""

    def __init__(self, services: Services, sessions: Sessions, secure: bool) -> None:
        self._is_admin = services.is_admin
        self._audit = services.audit
        self._sessions = sessions
        self._attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
        self._attempts = Attempts()

    async def session(self, incoming: Incoming) -> Reply:
        """GET /console/session"""
        if not self._sessions.enabled:
            return self._reply("off")
        return self._reply("open" if self._sessions.admits(incoming.raw) else "closed")

    async def login(self, incoming: Incoming) -> Reply:
        """POST /console/session"""
        _check_page(incoming)
        if not self._sessions.enabled:
            raise Refusal("forbidden", "the console is off: set http.admin_token in router.yaml")
        peer, now = incoming.raw.remote or "", monotonic()
        wait = self._attempts.wait(peer, now)
        if wait > 0:
            raise Refusal("rate_limited", "too many wrong tokens came from your address; wait a little", None, wait)
        token = decode(_decoder, await incoming.body(_LARGEST)).token.strip()
        if not token.isascii() or not self._is_admin(token):
            self._attempts.wrong(peer, now)
            await self._note(peer, "unauthorized")
            raise Refusal("unauthorized", "this is not the admin token")
        id = self._sessions.open()
        await self._note(peer, "done")
        return self._reply("open", f"{COOKIE}={id}; Max-Age={LONGEST:.0f}{self._attributes}")

    async def logout(self, incoming: Incoming) -> Reply:
        """DELETE /console/session"""
        _check_page(incoming)
        self._sessions.close(incoming.raw)
        return self._reply("closed", f"{COOKIE}=; Max-Age=0{self._attributes}")

    def _reply(self, state: str, cookie: str = "") -> Reply:
        more = f"Set-Cookie: {cookie}\r\n".encode() if cookie else b""
        return Reply(200, _encode(SessionView(state)), JSON_HEADERS + more)

    async def _note(self, peer: str, outcome: str) -> None:
        self._audit.note("admin", "console.login", peer, outcome)
        await self._audit.noted()


def _check_page(incoming: Incoming) -> None:
    if not from_our_page(incoming.raw):
        raise Refusal("forbidden", f"this is for the console's own page, which sends {HEADER}")
