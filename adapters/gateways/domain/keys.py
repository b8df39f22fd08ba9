"""Who is asking: the credentials that accounts have in the public APIs, and how often each may be used."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest

from msgspec import Struct

from adapters.gateways.domain.limits import Limits
from router.account import Account, RateLimit
from router.engine.running import Running
from router.ports.clock import Clock
from router.refusal import Refusal

_GUESSING = RateLimit(60, 60.0)
"""How often an address may come with credentials that are nobody's."""

_NOBODY = sha256(b"").digest()


class Key(Struct, frozen=True, gc=False):
    """A credential as configured: whose, what it opens (None: everything), until when (ms), how often (requests)."""

    account: str
    secret: bytes
    scopes: frozenset[str] | None = None
    expires: int | None = None
    rate: RateLimit | None = None

    @property
    def bucket(self) -> str:
        """What its requests count against."""
        return f"{self.account}:{self.secret.hex()}"


class Caller(Struct, frozen=True, gc=False):
    """An account that was let in. `bucket` is what its requests count against."""

    account: Account
    scopes: frozenset[str] | None
    bucket: str


class Keys:
    """The credentials of the plan in force, by the hash of what is presented.

    `keys_of` reads those of one face from an account: (what is looked up, the key). A token is looked up by itself,
    a pair by its name.
    """

    def __init__(
        self, face: str, keys_of: Callable[[Account], Iterable[tuple[str, Key]]], running: Running, clock: Clock
    ) -> None:
        self._face = face
        self._keys_of = keys_of
        self._running = running
        self._clock = clock
        self._limits = Limits(clock)
        self._plan: object = None
        self._keys: dict[bytes, Key] = {}

    def by_token(self, token: str, address: str) -> Caller:
        """Raises Refusal `wrong_credentials`, `key_expired`, `account_suspended`, `rate_limited`."""
        return self.let_in(self._find(token), address)

    def by_pair(self, name: str, secret: str, address: str) -> Caller:
        """As `by_token`; a wrong name and a wrong secret are the same, in the time they take too."""
        key = self._find(name)
        given = hashed(secret)
        right = compare_digest(given, key.secret if key is not None else _NOBODY)
        return self.let_in(key if right else None, address)

    def _find(self, what: str) -> Key | None:
        plan = self._running.plan
        if self._plan is not plan:
            accounts = plan.accounts.values()
            self._keys = {hashed(name): key for account in accounts for name, key in self._keys_of(account)}
            self._plan = plan
        return self._keys.get(hashed(what))

    def let_in(self, key: Key | None, address: str) -> Caller:
        """As `by_token`, with the key that was found by it."""
        if key is None:
            self._limits.take(f"address:{address}", _GUESSING)
            raise Refusal("wrong_credentials", "these credentials are not known")
        caller = caller_of(key, self._running, self._clock.now())
        self._limits.take(caller.bucket, key.rate)
        return caller


def caller_of(key: Key, running: Running, now: int) -> Caller:
    """Who comes with a key. Raises Refusal `wrong_credentials`, `key_expired`, `account_suspended`."""
    account = running.plan.accounts.get(key.account)
    if account is None:
        raise Refusal("wrong_credentials", "these credentials are not known")
    if key.expires is not None and key.expires <= now:
        raise Refusal("key_expired", "this key has expired")
    if account.status != "active":
        raise Refusal("account_suspended", f"the account is {account.status}")
    return Caller(account, key.scopes, key.bucket)


@lru_cache(maxsize=1024)
def hashed(secret: str) -> bytes:
    """What is kept of a secret. Octets of a header that are no UTF-8 stand in it as lone surrogates."""
    return sha256(secret.encode(errors="surrogatepass")).digest()


def end_of(day: date) -> int:
    """The end of a key's last day, ms."""
    return round(datetime.combine(day + timedelta(days=1), time(), UTC).timestamp() * 1000)
