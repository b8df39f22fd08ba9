"""Who is asking: bearer tokens (RFC 6750) of accounts and of the administrator."""

from collections.abc import Callable

from aiohttp.web import BaseRequest

from router.account import Account
from router.refusal import Refusal


class Authority:
    """Turns the Authorization header into an account or a refusal. `admin` is whether an admin token is configured."""

    def __init__(
        self, account_of: Callable[[str], Account | None], is_admin: Callable[[str], bool], admin: bool
    ) -> None:
        self._account_of = account_of
        self._is_admin = is_admin
        self._admin = admin

    def account(self, request: BaseRequest) -> Account:
        """The account of the request. Raises Refusal unauthorized, forbidden."""
        account = self._account_of(_token(request))
        if account is None:
            raise Refusal("unauthorized", "this token is not known")
        if account.status != "active":
            raise Refusal("forbidden", f"the account is {account.status}")
        return account

    def check_admin(self, request: BaseRequest) -> None:
        """Let only the administrator pass. Raises Refusal unauthorized, forbidden."""
        token = _token(request)
        if not self._admin:
            raise Refusal("forbidden", "no admin token is configured, so this call is refused")
        if self._is_admin(token):
            return
        if self._account_of(token) is not None:
            raise Refusal("forbidden", "this call needs the admin token")
        raise Refusal("unauthorized", "this token is not known")


def _token(request: BaseRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if not token or scheme.lower() != "bearer" or not token.isascii():
        raise Refusal("unauthorized", "send the header Authorization: Bearer TOKEN")
    return token
