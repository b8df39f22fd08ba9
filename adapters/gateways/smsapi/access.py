"""Who may use smsapi: a password for its first version and for keys, a key that the account made for its second."""

from base64 import b64decode
from collections.abc import Iterator
from math import ceil

from msgspec import Struct

from adapters.gateways.domain.issued import IssuedKeys
from adapters.gateways.domain.keys import Caller, Key, Keys, caller_of, hashed
from adapters.gateways.domain.limits import Limits
from adapters.gateways.domain.parameters import Parameters, parameters
from adapters.gateways.operation import Asked, Operation
from adapters.gateways.services import Services
from adapters.gateways.smsapi.errors import V2
from router.account import Account, RateLimit
from router.refusal import Refusal

NAME = "smsapi"
_USUAL = RateLimit(60, 60.0)


class _Count(Struct, frozen=True, gc=False):
    """What a request counts against; `reset` is when (Unix seconds) it may come again where it came too soon."""

    bucket: str
    rate: RateLimit
    reset: int | None = None


class Access:
    def __init__(self, services: Services, issued: IssuedKeys) -> None:
        self._running = services.running
        self._clock = services.clock
        self._issued = issued
        self._pairs = Keys(NAME, _pairs_of, services.running, services.clock)
        self._limits = Limits(services.clock)

    def admit(self, asked: Asked, operation: Operation) -> Caller:
        """SA-8, SA-12, SA-13, SA-23. Leaves the parameters in `asked.read`."""
        given = parameters(asked.raw, asked.body)
        asked.read = given
        if operation.path.startswith(V2):
            return self._by_key(asked, given)
        name, password = given.text("username"), given.text("password")
        if name is None and password is None and operation.path != "/v1/sms/send":
            name, password = _basic(asked.raw.headers.get("Authorization", ""))
            token = _token(asked, given)
            if name is None and token is not None and operation.path != "/api/generate-key":
                return self._pairs.let_in(self._key(token), asked.address)
        if name is None or password is None:
            raise Refusal("no_credentials", "username and password are missing")
        return self._pairs.by_pair(name, password, asked.address)

    def headers(self, asked: Asked) -> bytes:
        """SA-3. What did not get as far as `admit` counts too."""
        path = asked.raw.path.rstrip("/")
        if not path.startswith(V2):
            return b""
        if asked.count is None:
            try:
                self._count(asked, self._key(_token(asked, Parameters(asked.raw.query)) or ""))
            except Refusal:
                pass  # it is refused already
        count = asked.count
        quota = self._limits.quota(count.bucket, count.rate)
        lines = b"x-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\n" % (quota.most, quota.left)
        return lines if count.reset is None else lines + b"x-ratelimit-reset: %d\r\n" % count.reset

    def _by_key(self, asked: Asked, given: Parameters) -> Caller:
        token = _token(asked, given)
        key = self._key(token) if token is not None else None
        self._count(asked, key)
        if token is None:
            raise Refusal("no_credentials", "the header X-API-Key and the parameter api_key are missing")
        if key is None:
            raise Refusal("wrong_credentials", "this API key is not known")
        return caller_of(key, self._running, self._clock.now())

    def _key(self, token: str) -> Key | None:
        """The key of an account that still uses this API."""
        issued = self._issued.find(token)
        account = self._running.plan.accounts.get(issued.account) if issued is not None else None
        if issued is None or account is None or NAME not in account.gateways:
            return None
        rate = account.gateways[NAME].get("rate", _USUAL)
        return Key(issued.account, issued.digest, None, issued.expires, rate)

    def _count(self, asked: Asked, key: Key | None) -> None:
        """Raises Refusal `rate_limited`."""
        bucket, rate = (key.bucket, key.rate or _USUAL) if key is not None else (f"address:{asked.address}", _USUAL)
        try:
            self._limits.take(bucket, rate)
        except Refusal as refusal:
            wait = max(1, ceil(refusal.retry_after or 0))
            asked.count = _Count(bucket, rate, self._clock.now() // 1000 + wait)
            raise
        asked.count = _Count(bucket, rate)


def _pairs_of(account: Account) -> Iterator[tuple[str, Key]]:
    settings = account.gateways.get(NAME)
    if settings is not None:
        yield settings["username"], Key(account.name, hashed(settings["password"]), rate=settings.get("rate"))


def _token(asked: Asked, given: Parameters) -> str | None:
    return asked.raw.headers.get("X-API-Key") or given.text("api_key")


def _basic(header: str) -> tuple[str | None, str | None]:
    """User name and password of HTTP Basic (RFC 7617)."""
    scheme, _, value = header.partition(" ")
    try:
        name, colon, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None, None
    return (name, password) if scheme.lower() == "basic" and colon else (None, None)
