"""Who may use TextioPro: one token, as a parameter under one base, as a Bearer under the other (TP-2, TP-3)."""

from collections.abc import Iterator

from adapters.gateways.domain.keys import Caller, Key, Keys, hashed
from adapters.gateways.domain.parameters import Parameters, parameters
from adapters.gateways.operation import Asked, Operation
from adapters.gateways.services import Services
from router.account import Account
from router.refusal import Refusal

NAME = "textiopro"
HTTP = "/api/http"
V3 = "/api/v3"


class Access:
    def __init__(self, services: Services) -> None:
        self._keys = Keys(NAME, _keys_of, services.running, services.clock)

    def admit(self, asked: Asked, operation: Operation) -> Caller:
        """Leaves the parameters in `asked.read`, without the token."""
        if operation.path.startswith(HTTP):
            given = parameters(asked.raw, asked.body)
            caller = self._by_token(given.text("api_token"), asked)
        else:
            caller = self._by_token(_bearer(asked), asked)
            given = parameters(asked.raw, asked.body)
        asked.read = Parameters({name: value for name, value in given.values.items() if name != "api_token"})
        return caller

    def _by_token(self, token: str | None, asked: Asked) -> Caller:
        if token is None:
            raise Refusal("no_credentials", "the token is missing")
        return self._keys.by_token(token, asked.address)


def _keys_of(account: Account) -> Iterator[tuple[str, Key]]:
    settings = account.gateways.get(NAME)
    if settings is not None:
        yield settings["token"], Key(account.name, hashed(settings["token"]), rate=settings.get("rate"))


def _bearer(asked: Asked) -> str | None:
    scheme, _, token = asked.raw.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
