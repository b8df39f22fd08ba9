"""Who is asking: bearer tokens (RFC 6750) of accounts and of the administrator, and sessions of the console."""

from collections.abc import Callable

from aiohttp.web import BaseRequest

from adapters.http.services import Services
from adapters.http.sessions import Sessions
from router.account import Account
from router.refusal import Refusal

ACCOUNT_HEADER = "X-Account"
"""Names the account in whose place an administrator asks, on the calls that allow it."""


class Authority:
    """Turns what a request shows into an account, or a refusal. A session counts where there is no token."""

    def __init__(self, services: Services, sessions: Sessions) -> None:
        self._account_of: Callable[[str], Account | None] = services.account_of
        self._account_named = services.account_named
        self._is_admin = services.is_admin
        self._sessions = sessions

    def account(self, request: BaseRequest) -> Account:
        """The account of the request. Raises Refusal unauthorized, forbidden."""
        return self.of_token(bearer(request))

    def of_token(self, token: str) -> Account:
        """The same by the token of the request."""
        account = self._account_of(token)
        if account is None:
            raise Refusal("unauthorized", "this token is not known")
        if account.status != "active":
            raise Refusal("forbidden", f"the account is {account.status}")
        return account

    def account_or_named(self, request: BaseRequest) -> Account:
        """As `account`; of an administrator the one that the header X-Account names, whatever its status. Raises
        Refusal invalid_request too."""
        name = request.headers.get(ACCOUNT_HEADER)
        if not self._by_session(request) and not self._is_admin(bearer(request)):
            account = self.account(request)
            if name is not None:
                raise Refusal("invalid_request", "an account asks for itself only", ACCOUNT_HEADER)
            return account
        named = None if name is None else self._account_named(name)
        if named is None:
            raise Refusal("invalid_request", "an administrator names an account there is in X-Account", ACCOUNT_HEADER)
        return named

    def check_admin(self, request: BaseRequest) -> None:
        """Let only the administrator pass. Raises Refusal unauthorized, forbidden."""
        if self._by_session(request):
            return
        token = bearer(request)
        if not self._sessions.enabled:
            raise Refusal("forbidden", "no admin token is configured, so this call is refused")
        if self._is_admin(token):
            return
        if self._account_of(token) is not None:
            raise Refusal("forbidden", "this call needs the admin token")
        raise Refusal("unauthorized", "this token is not known")

    def _by_session(self, request: BaseRequest) -> bool:
        return "Authorization" not in request.headers and self._sessions.admits(request)


def bearer(request: BaseRequest) -> str:
    """The token of a request. Raises Refusal unauthorized."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if not token or scheme.lower() != "bearer" or not token.isascii():
        raise Refusal("unauthorized", "send the header Authorization: Bearer TOKEN")
    return token
