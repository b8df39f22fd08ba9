"""Keys that accounts make for themselves: one that lives per account, kept as its hash."""

import asyncio
from secrets import token_urlsafe

from adapters.gateways.domain.keys import hashed
from router.book import Book
from router.gateway.records import IssuedKey
from router.ports.clock import Clock
from router.refusal import Refusal

_OCTETS = 32
_DAY_MS = 24 * 3_600_000


class IssuedKeys:
    """What is told to a client is on disk, and what memory says is what is on disk."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._of: dict[str, IssuedKey] = {key.account: key for key in book.keys.found}
        self._by_digest = {key.digest: key for key in self._of.values()}
        # Two that come at once would both find no key.
        self._changing = asyncio.Lock()

    def find(self, secret: str) -> IssuedKey | None:
        """The key of this secret, also one that has expired."""
        return self._by_digest.get(hashed(secret))

    async def generate(self, account: str, days: int | None) -> tuple[str, IssuedKey]:
        """A first key; its secret is known to nobody afterwards. `days` is its life, None for no end.

        Raises Refusal `key_exists` where one is alive, and StoreUnavailable.
        """
        async with self._changing:
            if self._alive(account):
                raise Refusal("key_exists", "the account has an API key: revoke or regenerate it")
            return await self._issue(account, days)

    async def regenerate(self, account: str, days: int | None) -> tuple[str, IssuedKey]:
        """A key in place of the one there is, if any, which opens nothing from now on. Raises StoreUnavailable."""
        async with self._changing:
            return await self._issue(account, days)

    async def revoke(self, account: str) -> None:
        """Raises Refusal `no_key` where none is alive, and StoreUnavailable."""
        async with self._changing:
            if not self._alive(account):
                raise Refusal("no_key", "the account has no API key")
            await self._book.keys.remove(account)
            self._forget(account)

    def _alive(self, account: str) -> bool:
        key = self._of.get(account)
        return key is not None and (key.expires is None or key.expires > self._clock.now())

    async def _issue(self, account: str, days: int | None) -> tuple[str, IssuedKey]:
        secret = token_urlsafe(_OCTETS)
        # In whole seconds, as it is shown.
        now = self._clock.now() // 1000 * 1000
        key = IssuedKey(account, hashed(secret), now, now + days * _DAY_MS if days is not None else None)
        await self._book.keys.put(key)
        self._forget(account)
        self._of[account] = self._by_digest[key.digest] = key
        return secret, key

    def _forget(self, account: str) -> None:
        before = self._of.pop(account, None)
        if before is not None:
            del self._by_digest[before.digest]
